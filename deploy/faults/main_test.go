package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestEveryTestOfTheMatrixExists(t *testing.T) {
	there := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(data), -1) {
			there[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names() {
		if !there[name] {
			t.Errorf("the matrix names %s, which is not there", name)
		}
	}
	for _, r := range rows {
		if (len(r.tests) == 0) == (r.without == "") {
			t.Errorf("row %d wants tests, or a word on why there are none", r.number)
		}
	}
}

func TestThePageSaysWhatCameOfEachRow(t *testing.T) {
	ended := verdicts{}
	for _, name := range names() {
		ended[name] = verdict{passed: true}
	}
	ended["TestKilledAtEachArrow"] = verdict{failed: true}
	ended["TestTheLedgersDiskIsFull"] = verdict{skipped: true}
	delete(ended, "TestAllCarriersDownForAnHourLosesNobody")
	page := render(ended, map[string]counted{"TestRedisIsDisposable": {Recipients: 100, Lost: 1, Duplicated: 2, Resent: 3, InDoubt: 4}}, time.Now())
	for _, want := range []string{
		"| 1 | killed before an intent is written | its chunk waits again, nobody in doubt | **fails** | | | | | |",
		"| 22 |", "skipped here", "| 57 | all carriers down for an hour | nobody lost | not run |",
		"| 15 | Redis stopped | as 12 | holds | 100 | 1 | 2 | 3 | 4 |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
}

func TestTheCasesOfAProtocolsLineAreCounted(t *testing.T) {
	name := "TestEveryCallAsksAnewWhereTheCarrierIs"
	ended := verdicts{
		name: {passed: true}, name + "/smpp": {passed: true}, name + "/smpp/in_memory": {passed: true}, name + "/smpp/over_TCP": {skipped: true},
		name + "/cmpp_2.0": {failed: true}, name + "/cmpp_2.0/in_memory": {failed: true}, name + "/cmpp_2.0/over_TCP": {passed: true},
		name + "/sgip": {passed: true},
	}
	want := "| 46 | the carrier moves | 1 | **1 of 2 fail** | | 1 | |\n"
	if page := render(ended, nil, time.Now()); !strings.Contains(page, want) {
		t.Errorf("the page does not say %q:\n%s", want, page)
	}
}
