package campaigns

import (
	"os"
	"path/filepath"
	"testing"

	"tocsin/providers/sms"
)

func TestAnOverrideReachesThoseWhoOptedOutAndCountsThem(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte("number\n13800138000\n13800138001\n13800138002\n13800138001\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const plain = "key: k\nclass: emergency\ntext: t\naudience: {files: [a.csv]}\n"
	for _, c := range []struct {
		name, source                    string
		planned, suppressed, overridden int
	}{
		{"without", plain, 2, 2, 0},
		{"with", plain + "override_suppression: true\noverride_reason: the dam\n", 3, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse(filepath.Join(dir, "c.yaml"), []byte(c.source))
			if err != nil {
				t.Fatal(err)
			}
			sum, err := d.Plan(t.Context(), PlanOptions{
				Router: everywhere{}, Country: "CN", Suppressed: func(n sms.Number) bool { return n == 8613800138001 },
			}, &forgetful{})
			if err != nil {
				t.Fatal(err)
			}
			if sum.Planned != c.planned || sum.Excluded["suppressed"] != c.suppressed || sum.Overridden != c.overridden {
				t.Errorf("got %d planned, %d suppressed, %d overridden, want %d, %d, %d",
					sum.Planned, sum.Excluded["suppressed"], sum.Overridden, c.planned, c.suppressed, c.overridden)
			}
			if (sum.Override != "") != (c.overridden > 0) {
				t.Errorf("got override %q", sum.Override)
			}
		})
	}
}

func TestAnOverrideIsPartOfWhatDecidesTheContent(t *testing.T) {
	const plain = "key: k\nclass: emergency\ntext: t\naudience: {files: [a.csv]}\n"
	without, err := Parse("c.yaml", []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	with, err := Parse("c.yaml", []byte(plain+"override_suppression: true\noverride_reason: the dam\n"))
	if err != nil {
		t.Fatal(err)
	}
	if without.Hash() == with.Hash() {
		t.Error("got one hash for a campaign with and one without, want two")
	}
}

type everywhere struct{}

func (everywhere) Route(sms.Number) sms.Route { return "a" }

type forgetful struct{}

func (*forgetful) AddBatch(*Batch) error           { return nil }
func (*forgetful) AddExclusions([]Exclusion) error { return nil }
