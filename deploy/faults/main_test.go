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
	verdicts := map[string]verdict{}
	for _, name := range names() {
		verdicts[name] = verdict{passed: true}
	}
	verdicts["TestKilledAtEachArrow"] = verdict{failed: true}
	verdicts["TestTheLedgersDiskIsFull"] = verdict{skipped: true}
	delete(verdicts, "TestAllCarriersDownForAnHourLosesNobody")
	page := render(verdicts, map[string]counted{"TestRedisIsDisposable": {Recipients: 100, Lost: 1, Duplicated: 2, Resent: 3, InDoubt: 4}}, time.Now())
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
