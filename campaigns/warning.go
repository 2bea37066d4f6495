package campaigns

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Warning is something that people should know of a plan before it is sent. It refuses
// nothing. It holds no number and nothing that a file says of a person.
type Warning struct {
	Kind  string `json:"kind"`
	Count int    `json:"count,omitempty"` // of rows or recipients
	What  string `json:"what,omitempty"`  // columns, values, times: by the kind
	Text  string `json:"text,omitempty"`  // all of it in words
}

// The kinds of warnings.
const (
	WarnLanguages       = "other_languages"  // Count recipients have a language without a text
	WarnMissing         = "missing"          // rows without a value are sent; What: columns
	WarnMissingExcluded = "missing_excluded" // Count rows without a value are excluded; What: columns
	WarnFillers         = "fillers"          // Count values are fillers such as NULL; What: which

	WarnHiddenRows    = "hidden_rows"    // Count rows that a workbook hides are read; What: files
	WarnFilteredRows  = "filtered_rows"  // Count rows that a filter hides are read; What: files
	WarnHiddenColumns = "hidden_columns" // Count columns that a workbook hides are read; What: files, columns
	WarnMerged        = "merged_cells"   // Count merged cells of a workbook cover several rows; What: files, places

	WarnEmergencyWindow = "emergency_window" // an emergency is sent in a window alone; What: the window
	WarnEmergencyWaits  = "emergency_waits"  // an emergency waits; What: until when
	WarnLateStart       = "late_start"       // its start is over, within the tolerance; What: the start
	WarnExpired         = "expired"          // its time is over; What: when it was
	WarnZone            = "zone_sign"        // the name of a zone has its sign turned round; What: the zone and its offset
)

// Warnings are all kinds, for packages that translate them.
var Warnings = []string{
	WarnLanguages, WarnMissing, WarnMissingExcluded, WarnFillers, WarnHiddenRows, WarnFilteredRows, WarnHiddenColumns, WarnMerged,
	WarnEmergencyWindow, WarnEmergencyWaits, WarnLateStart, WarnExpired, WarnZone,
}

// Warnings are what the plan warns of.
func (s *Summary) Warnings() (all []Warning) {
	if n := s.OtherLanguages; n > 0 {
		all = append(all, Warning{Kind: WarnLanguages, Count: n})
	}
	if n := s.Excluded[Missing.String()]; n > 0 {
		all = append(all, Warning{Kind: WarnMissingExcluded, Count: n, What: counted(s.Missing)})
	} else if len(s.Missing) > 0 {
		all = append(all, Warning{Kind: WarnMissing, Count: most(s.Missing), What: counted(s.Missing)})
	}
	if len(s.Fillers) > 0 {
		n := 0
		for _, k := range s.Fillers {
			n += k
		}
		all = append(all, Warning{Kind: WarnFillers, Count: n, What: counted(s.Fillers)})
	}
	return append(all, bookWarnings(s.Books)...)
}

// counted are names with how many there are of each, the most frequent first.
func counted(m map[string]int) string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s: %d", name, m[name])
	}
	return strings.Join(names, ", ")
}

// most is the largest count.
func most(m map[string]int) (n int) {
	for _, k := range m {
		n = max(n, k)
	}
	return n
}
