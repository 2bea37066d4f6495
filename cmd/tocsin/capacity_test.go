package main

import (
	"encoding/json"
	"testing"

	"tocsin/dispatcher/ledger"
)

// TestProcessesLearnTogetherWhatACarrierTakes: each measures what it was taken itself,
// and what is kept is of the account.
func TestProcessesLearnTogetherWhatACarrierTakes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a carrier's throttling for half a minute: in make test, not in make check")
	}
	const count, takes = 20_000, 800
	f := newFleet(t, 2, count, []string{"--latency", "5ms", "--rate", "800"}, "    connections: 1\n    window: 20\n    batch: 1\n    rate: 2000", "receipts: {wanted: false}").sail(t)
	f.finished(t)
	f.whole(t, count, f.audited(t, f.carrier.journal))
	for i := range f.ships {
		if n := f.sent(i); n == "" || n == "0" {
			t.Errorf("process %d has sent nothing", i)
		}
	}
	var all []ledger.Standing
	if err := json.Unmarshal(f.tocsin(t, "provider", "list", "--json"), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || len(all[0].Hours) == 0 {
		t.Fatalf("got %+v, want an hour of one provider", all)
	}
	for _, h := range all[0].Hours {
		if h.Rate < takes/2 || h.Rate > takes*3/2 {
			t.Errorf("got %d segments a second in hour %d, want about %d: the account's, not a process's part nor its double", h.Rate, h.Hour, takes)
		}
	}
}
