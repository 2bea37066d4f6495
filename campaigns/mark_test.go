package campaigns

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

func TestAChangedFileIsKnownFromThatOfThePlan(t *testing.T) { // B31
	d := campaign(t, "key: k\ntext: t\naudience: {files: [a.csv, b.csv], exclude: [x.csv]}", map[string]string{
		"a.csv": "number\n13800138000\n", "b.csv": "number\n13800138001\n", "x.csv": "number\n13800138009\n",
	})
	sum, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(sum) // as the ledger keeps it
	if err != nil {
		t.Fatal(err)
	}
	var kept Summary
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	if got := d.Changed(t.Context(), &kept); len(got) > 0 {
		t.Errorf("got %v before anything was changed", got)
	}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(d.Audience.Files[1], "number\n13800138002\n") // as long as before
	write(d.Audience.Exclude[0], "number\n13800138009\n13800138008\n")
	if got := d.Changed(t.Context(), &kept); !slices.Equal(got, []string{d.Audience.Files[1], d.Audience.Exclude[0]}) {
		t.Errorf("got %v", got)
	}
	if err := os.Remove(d.Audience.Files[0]); err != nil {
		t.Fatal(err)
	}
	if got := d.Changed(t.Context(), &kept); len(got) != 2 {
		t.Errorf("got %v, want none more for a file that is not there", got)
	}
	if got := d.Changed(t.Context(), &Summary{}); len(got) > 0 {
		t.Errorf("got %v for a plan of an earlier version", got)
	}
}
