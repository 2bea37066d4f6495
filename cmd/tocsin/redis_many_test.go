package main

import (
	"regexp"
	"testing"

	"tocsin/dispatcher/queue/redistest"
)

// over makes the fleet's queue the Redis at url.
func (f *fleet) over(t *testing.T, url string) *fleet {
	t.Helper()
	write(t, f.config, regexp.MustCompile(`queue: \S+`).ReplaceAllLiteralString(read(t, f.config), "queue: "+url), 0o600)
	return f
}

// TestARedisOfManyIsLostInTheMiddle: under sentinels another becomes the master; of a
// cluster a third is gone, and pages are claimed from the ledger.
func TestARedisOfManyIsLostInTheMiddle(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a failover takes seconds: in make test, not in make check")
	}
	const count = 20_000
	for _, tt := range []struct {
		name string
		run  func(t *testing.T) (url string, lose func())
	}{
		{"sentinels", func(t *testing.T) (string, func()) {
			s := redistest.NewSentinels(t)
			return s.URL(), s.Master.Kill
		}},
		{"a cluster", func(t *testing.T) (string, func()) {
			c := redistest.NewCluster(t)
			return c.URL(), c.Nodes[1].Kill
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url, lose := tt.run(t)
			f := newFleet(t, 2, count, []string{"--latency", "10ms"}, "    connections: 1\n    window: 4\n    batch: 10\n    rate: 2000", "receipts: {wait: 1m}").over(t, url).begin(t)
			f.carrier.hasTaken(t, 300_000)
			lose()
			f.finished(t)
			a := f.audited(t, f.carrier.journal)
			f.whole(t, count, a)
			if r := f.report(t); r.Recipients.Delivered != count || a.duplicates+a.inDoubt > 0 {
				t.Errorf("got %+v, %d taken twice, want everybody delivered once", r.Recipients, a.duplicates)
			}
			if most := mostInASecond(t, f.carrier.journal); most > 2000*102/100 {
				t.Errorf("got %d segments in one second, want at most %d", most, 2000*102/100)
			}
			for i := range f.ships {
				if n := f.sent(i); n == "" || n == "0" {
					t.Errorf("process %d has sent nothing", i)
				}
			}
		})
	}
}

// mostInASecond is the most segments that the carrier took in one second.
func mostInASecond(t *testing.T, journal string) int {
	t.Helper()
	all := takenAt(t, journal)
	most, from := 0, 0
	for i := range all {
		for all[i].Sub(all[from]).Seconds() >= 1 {
			from++
		}
		most = max(most, i-from+1)
	}
	if most == 0 {
		t.Fatal("nothing stands in the journal")
	}
	return most
}
