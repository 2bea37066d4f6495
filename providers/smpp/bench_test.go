package smpp

import (
	"log/slog"
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
)

const batch = 100

// rehearse has ten batches to send at a time, and a report of one of their people in a
// form of arrivals.
func rehearse(t testing.TB, form string) *linktest.HotPath {
	t.Helper()
	s := &speaker{sender: "10690000", log: slog.New(slog.DiscardHandler)}
	r := &linktest.HotPath{Sequence: [2]int{12, 16}, Rehearsal: link.Rehearse(s, 16, batch), Msgs: warnings(linktest.Batches * batch)}
	answer, err := Append(nil, SubmitMulti|Response, StatusOK, 0, &MultiAnswer{ID: []byte("1234567890")})
	if err != nil {
		t.Fatal(err)
	}
	r.Answer = answer
	r.Report = End(append(Begin(nil, DeliverSM, 0, 7), arrivals(t)[form]...), 0)
	return r
}

func BenchmarkBatch(b *testing.B) { rehearse(b, "both").BenchmarkBatch(b) }

func BenchmarkLong(b *testing.B) { rehearse(b, "both").BenchmarkLong(b) }

func BenchmarkDelivered(b *testing.B) {
	for form := range arrivals(b) {
		b.Run(form, rehearse(b, form).BenchmarkReport)
	}
}

func TestASessionAllocatesNothingForARecipient(t *testing.T) {
	for form := range arrivals(t) {
		t.Run(form, rehearse(t, form).AllocatesNothing)
	}
}
