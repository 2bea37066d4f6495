package providers

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"tocsin/providers/sms"
)

func TestTheBuiltInPrefixesAreSortedAndSayWhereTheyAreFrom(t *testing.T) {
	p, err := ReadPrefixes("prefixes.csv", strings.NewReader(builtInPrefixes))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(p.rows, func(a, b Prefix) int { return strings.Compare(a.Digits, b.Digits) }) {
		t.Error("they are out of order")
	}
	if p.Source == "" || p.Date == "" || p.Len() < 70 {
		t.Errorf("got %d prefixes of %q, %q", p.Len(), p.Source, p.Date)
	}
	virtual := map[string]Carrier{
		"162": ChinaTelecom, "165": ChinaMobile, "167": ChinaUnicom, "171": ChinaUnicom,
		"1700": ChinaTelecom, "1701": ChinaTelecom, "1702": ChinaTelecom, "1703": ChinaMobile, "1704": ChinaUnicom,
		"1705": ChinaMobile, "1706": ChinaMobile, "1707": ChinaUnicom, "1708": ChinaUnicom, "1709": ChinaUnicom,
	}
	for _, row := range p.rows {
		if host, ok := virtual[row.Digits]; ok != row.Virtual || ok && host != row.Carrier {
			t.Errorf("%s: got %v, virtual %v, want %v, %v", row.Digits, row.Carrier, row.Virtual, host, ok)
		}
		delete(virtual, row.Digits)
	}
	if len(virtual) > 0 {
		t.Errorf("virtual operators' prefixes are missing: %v", virtual)
	}
}

// What libphonenumber says is a second witness: it confirms each row that is not
// marked, and is silent about the others.
func TestTheBuiltInPrefixesAgreeWithLibphonenumber(t *testing.T) {
	p := BuiltInPrefixes()
	for five := firstFive; five < firstFive+fives; five++ {
		n := sms.Number(chinaBase + five*perFive)
		row, known := p.Find(n)
		if !known {
			continue // it has more: 154, and 174 as a whole
		}
		parsed, err := phonenumbers.Parse("+"+n.Digits(), "CN")
		if err != nil {
			t.Fatal(err)
		}
		said, err := phonenumbers.GetCarrierForNumber(parsed, "en")
		if err != nil {
			t.Fatal(err)
		}
		want := row.Carrier.String()
		if row.Unconfirmed {
			want = ""
		}
		if said != want {
			t.Errorf("%d: libphonenumber says %q, want %q", five, said, want)
		}
	}
}

const prefixHead = "# source: a test\n# date: 2026-01-02\n"

const fourCarriers = "130,China Unicom\n133,China Telecom,,\n135,中国移动,,unconfirmed\n192,China Broadnet,virtual,\n"

func TestReadPrefixes(t *testing.T) {
	p, err := ReadPrefixes("p.csv", strings.NewReader("\uFEFF"+prefixHead+"prefix,carrier,virtual,unconfirmed\r\n\r\n"+fourCarriers))
	if err != nil {
		t.Fatal(err)
	}
	if p.Source != "a test" || p.Date != "2026-01-02" || p.Len() != 4 {
		t.Errorf("got %d prefixes of %q, %q", p.Len(), p.Source, p.Date)
	}
	if got, ok := p.Find(8613512345678); !ok || got != (Prefix{"135", ChinaMobile, false, true}) {
		t.Errorf("got %+v, %v", got, ok)
	}
	if got, ok := p.Find(8619212345678); !ok || !got.Virtual {
		t.Errorf("got %+v, %v", got, ok)
	}
	if got, ok := p.Find(8613612345678); ok {
		t.Errorf("got %+v for a number that no row has", got)
	}
}

func TestReadPrefixesRefuses(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"a carrier that is none":      {prefixHead + "130,China Pigeon\n", `p.csv:3: the prefixes cannot be used: "China Pigeon" is not a carrier`},
		"a prefix with its 86":        {prefixHead + "86130,China Unicom\n", `p.csv:3: the prefixes cannot be used: "86130" is not three to five digits`},
		"a prefix of two digits":      {prefixHead + "13,China Unicom\n", "p.csv:3: "},
		"a prefix of six":             {prefixHead + "130123,China Unicom\n", "p.csv:3: "},
		"a prefix before 130":         {prefixHead + "1299,China Unicom\n", "p.csv:3: "},
		"letters":                     {prefixHead + "1x0,China Unicom\n", "p.csv:3: "},
		"the same prefix twice":       {prefixHead + "130,China Unicom\n130,China Mobile\n", "p.csv:4: the prefixes cannot be used: prefix 130 overlaps with 130 above"},
		"a prefix inside another":     {prefixHead + "1349,China Telecom\n134,China Mobile\n", "p.csv:4: the prefixes cannot be used: prefix 134 overlaps with 1349 above"},
		"another word than virtual":   {prefixHead + "165,China Mobile,yes\n", "p.csv:3: "},
		"another word in column four": {prefixHead + "165,China Mobile,,maybe\n", "p.csv:3: "},
		"too many cells":              {prefixHead + "165,China Mobile,,,\n", "p.csv:3: "},
		"a date that is none":         {"# source: a\n# date: May\n", "p.csv:2: "},
		"no date":                     {"# source: a\n" + fourCarriers, "p.csv: the prefixes cannot be used: a line \"# source:"},
		"half a file":                 {prefixHead + "130,China Unicom\n", "p.csv: the prefixes cannot be used: China Mobile has no prefix: is the file whole?"},
		"nothing":                     {"", "p.csv: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadPrefixes("p.csv", strings.NewReader(c.file))
			if !errors.Is(err, ErrPrefixes) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func FuzzReadPrefixes(f *testing.F) {
	f.Add(builtInPrefixes)
	f.Add(prefixHead + fourCarriers)
	f.Fuzz(func(t *testing.T, file string) {
		p, err := ReadPrefixes("f.csv", strings.NewReader(file))
		if err == nil && (p.Len() < 4 || p.Len() > fives) {
			t.Errorf("got %d prefixes", p.Len())
		}
	})
}
