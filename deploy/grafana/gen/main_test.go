package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheCommittedDashboardIsTheGeneratedOne(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../dashboards/tocsin.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("deploy/grafana/dashboards/tocsin.json is not what gen writes: go run ./deploy/grafana/gen > deploy/grafana/dashboards/tocsin.json")
	}
}

func TestPanelsFillTheirRows(t *testing.T) {
	for _, r := range rows {
		width := 0
		for _, p := range r.panels {
			width += p.width
		}
		if width%24 != 0 {
			t.Errorf("the row %s is %d wide, want a multiple of 24", r.title, width)
		}
	}
}
