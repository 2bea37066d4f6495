package ledger

import (
	"fmt"
	"strings"
	"testing"

	"tocsin/campaigns"
)

// TestAFlippedBitInAPackedColumnIsFound flips each bit of one row of each packed column, in
// the database, behind the back of whatever looks after its file.
func TestAFlippedBitInAPackedColumnIsFound(t *testing.T) { // D10
	l := open(t, t.TempDir())
	defer l.Close()
	work(t, l)
	if err := l.Fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	receive(t, l, 2, "r2", 4) // a journal behind the status
	if _, err := l.Plan(t.Context(), Draft{Key: "x"}, func(s campaigns.Sink) (*campaigns.Summary, error) {
		return &campaigns.Summary{Rows: 2, Excluded: map[string]int{"invalid": 2}}, s.AddExclusions([]campaigns.Exclusion{{Line: 2}, {Line: 3}})
	}); err != nil {
		t.Fatal(err)
	}
	r := &Reader{db: l.db, contents: l.contents}
	findings := func() []Finding {
		done, err := r.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return done.Findings
	}
	if found := findings(); len(found) > 0 {
		t.Fatalf("got %v before anything is damaged", found)
	}
	for _, k := range []struct{ table, column, key string }{
		{"content", "numbers", "page"},
		{"content", "fields", "page"},
		{"status", "data", "page"},
		{"journal", "data", "page"},
		{"exclusion", "data", "campaign"},
	} {
		t.Run(k.table+"."+k.column, func(t *testing.T) {
			var key int64
			var good []byte
			if err := l.db.QueryRow(fmt.Sprintf("SELECT %s, %s FROM %s ORDER BY 1 LIMIT 1", k.key, k.column, k.table)).Scan(&key, &good); err != nil {
				t.Fatal(err)
			}
			set := fmt.Sprintf("UPDATE %s SET %s = $1 WHERE %s = $2", k.table, k.column, k.key)
			for bit := 0; bit < 8*len(good); bit += 1 + len(good)/30 {
				bad := append([]byte(nil), good...)
				bad[bit/8] ^= 1 << (bit % 8)
				if _, err := l.db.Exec(set, bad, key); err != nil {
					t.Fatal(err)
				}
				if found := findings(); len(found) != 1 || !strings.Contains(found[0].What, ErrDamaged.Error()) {
					t.Errorf("bit %d of %d: got %v, want one finding that says it is damaged", bit, 8*len(good), found)
				}
			}
			if _, err := l.db.Exec(set, good, key); err != nil {
				t.Fatal(err)
			}
		})
	}
	// Content that moves to another row is not that row's.
	if _, err := l.db.Exec(`UPDATE content SET fields = (SELECT fields FROM content WHERE page = 1) WHERE page = 2`); err != nil {
		t.Fatal(err)
	}
	if found := findings(); len(found) != 1 || found[0].Page != 2 {
		t.Errorf("got %v, want that page 2 has content that is not its own", found)
	}
}
