package campaigns

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// manifold is a sink that writes down everything it gets.
type manifold struct{ b strings.Builder }

func (m *manifold) AddBatch(b *Batch) error {
	fmt.Fprintf(&m.b, "batch %d of series %d, %s %s, %d segments\n", b.Sequence, b.Series, b.Route, b.Language, b.Segments)
	for i, n := range b.Numbers {
		fmt.Fprintf(&m.b, "%d %d", uint64(n), b.Lines[i])
		for c := range b.Fields.Columns() {
			fmt.Fprintf(&m.b, " %q", b.Fields.Value(c, i))
		}
		m.b.WriteByte('\n')
	}
	return nil
}

func (m *manifold) AddExclusions(e []Exclusion) error {
	fmt.Fprintln(&m.b, e)
	return nil
}

// Wherever they are sorted, in memory or on disk in a few runs or in many, the same
// recipients are in the same batches, the same rows are excluded, and the file is gone.
func TestAPlanSortedOnDiskIsThatSortedInMemory(t *testing.T) {
	const people = 12_000
	rows := func(seed uint64, columns string) string {
		var b bytes.Buffer
		if err := audience.Generate(&b, audience.GenerateOptions{Count: people, Dirty: 0.3, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		for i := range lines {
			language := []string{"zh", "en", "fr"}[i%3]
			long := ""
			if i%500 == 7 {
				long = strings.Repeat("长", 1200) // its text is too long
			}
			if i == 0 {
				language, long = "lang", columns
			}
			lines[i] += "," + language + "," + long
		}
		return strings.Join(lines, "\n") + "\n"
	}
	files := map[string]string{"a.csv": rows(1, "note"), "b.csv": rows(2, "note"), "empty.csv": "number,lang,note\n"}
	files["c.csv"] = files["a.csv"] // everybody of it stands twice
	d := campaign(t, "key: k\nlanguage: lang\ntexts: {zh: 你好((note)), en: hello ((note))}\naudience: {files: [a.csv, empty.csv, b.csv, c.csv], missing: send}", files)

	type outcome struct {
		plan    string
		rejects string
		summary *Summary
	}
	plan := func(memory int) outcome {
		dir := t.TempDir()
		var rejects bytes.Buffer
		sink := &manifold{}
		s, err := d.Plan(t.Context(), PlanOptions{
			Router: carriers{}, Country: "CN", Memory: memory, Scratch: dir, Rejects: &rejects,
			Suppressed: func(n sms.Number) bool { return n%97 == 0 },
		}, sink)
		if err != nil {
			t.Fatal(err)
		}
		checkBalance(t, s)
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("got %v (%v) left in the folder, want nothing", left, err)
		}
		return outcome{sink.b.String(), rejects.String(), s}
	}
	want := plan(0)
	if s := want.summary; len(s.Routes) < 2 || len(s.Languages) < 2 || s.Excluded["duplicate"] < people/2 || s.Excluded["text_too_long"] < 10 || s.Excluded["suppressed"] == 0 {
		t.Fatalf("got %+v: this audience tries nothing", s)
	}
	for _, runOf := range []int{100, 700, 20_000} {
		t.Run(fmt.Sprintf("in runs of %d", runOf), func(t *testing.T) {
			got := plan(chunkSize + runOf*entrySize)
			if got.plan != want.plan {
				a, b := strings.Split(got.plan, "\n"), strings.Split(want.plan, "\n")
				i := 0
				for i < min(len(a), len(b))-1 && a[i] == b[i] {
					i++
				}
				t.Errorf("line %d of the plan: got %.200s, want %.200s", i+1, a[i], b[i])
			}
			if got.rejects != want.rejects {
				t.Error("other rejects, or in another order")
			}
			if diff := gocmp.Diff(want.summary, got.summary); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What cannot be sorted on disk is no plan, and the error says where.
func TestADiskThatCannotSortRefusesThePlan(t *testing.T) {
	d := campaign(t, "key: k\ntext: t\naudience: {files: [a.csv]}", map[string]string{"a.csv": "number\n13800138000\n"})
	dir := t.TempDir() + "/none"
	_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN", Memory: 1, Scratch: dir}, discard{})
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "sort the audience on disk") || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want that it could not be sorted in %s", err, dir)
	}
}

// A run that is cut is an error and no end.
func TestRecordsThatAreCutAreNoEnd(t *testing.T) {
	s, err := newSpill(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	k := kept{number: -1, columns: 1}
	var sorted []entry
	for i := range 3 {
		ref, _ := k.add(i, 0, [][]byte{[]byte("value")})
		sorted = append(sorted, entry{uint64(i), ref, uint32(i)})
	}
	if err := s.addRun(&k, sorted); err != nil {
		t.Fatal(err)
	}
	whole := s.runs[0].size
	for cut := int64(1); cut < whole; cut++ {
		s.runs[0].size = cut
		var keys []uint64
		err := s.merge(func(e entry, row []byte) error { keys = append(keys, e.key); return nil })
		if one := whole / 3; (err == nil) != (cut%one == 0) || !slices.Equal(keys, []uint64{0, 1, 2}[:cut/one]) {
			t.Fatalf("cut at %d of %d: got %v and %v", cut, whole, keys, err)
		}
	}
}
