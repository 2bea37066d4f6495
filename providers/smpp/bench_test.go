package smpp

import (
	"log/slog"
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// A rehearsed is a session without a connection, with ten batches to send at a time and
// a report of each of their people to hear.
type rehearsed struct {
	*link.Rehearsal
	msgs   []sms.Message
	acks   []sms.Ack
	answer []byte
	report []byte
}

const batches, batch = 10, 100

func rehearse(t testing.TB) *rehearsed {
	t.Helper()
	s := &speaker{sender: "10690000", log: slog.New(slog.DiscardHandler)}
	r := &rehearsed{Rehearsal: link.Rehearse(s, 16, batch), msgs: warnings(batches * batch)}
	r.acks = make([]sms.Ack, len(r.msgs))
	answer, err := Append(nil, SubmitMulti|Response, StatusOK, 0, &MultiAnswer{ID: []byte("1234567890")})
	if err != nil {
		t.Fatal(err)
	}
	r.answer = answer
	r.report = End(append(Begin(nil, DeliverSM, 0, 7), arrivals(t)["both"]...), 0)
	return r
}

// submit offers all and answers every submit_multi.
func (r *rehearsed) submit(t testing.TB) {
	r.Offer(r.msgs, r.acks)
	for r.Open() > 0 {
		out := r.Written()
		if len(out) == 0 {
			t.Fatalf("%d messages have no answer, and nothing is written", r.Open())
		}
		for len(out) > 0 {
			h, _ := Split(out)
			copy(r.answer[12:], out[12:16])
			if err := r.Hear(r.answer); err != nil {
				t.Fatal(err)
			}
			out = out[h.Length:]
		}
	}
}

// hear takes a report and counts what came of it.
func (r *rehearsed) hear(t testing.TB) {
	if err := r.Hear(r.report); err != nil {
		t.Fatal(err)
	}
	if receipts, _, answers := r.Delivered(); len(receipts) != 1 || receipts[0].State != sms.Delivered || len(answers) == 0 {
		t.Fatalf("got %d receipts, %d octets of answers", len(receipts), len(answers))
	}
}

func BenchmarkBatch(b *testing.B) {
	r := rehearse(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r.submit(b)
		n += len(r.msgs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/recipient")
}

func BenchmarkDelivered(b *testing.B) {
	r := rehearse(b)
	b.ReportAllocs()
	for b.Loop() {
		r.hear(b)
	}
}

func TestASessionAllocatesNothingForARecipient(t *testing.T) {
	r := rehearse(t)
	r.submit(t)
	r.hear(t)
	// An offer makes its job, the channel that ends it and, at times, room for
	// references.
	if n := testing.AllocsPerRun(50, func() { r.submit(t) }); n > 4 {
		t.Errorf("got %v allocations for %d recipients, want those of the offer", n, len(r.msgs))
	}
	for i := range r.acks {
		if r.acks[i].Outcome != sms.Taken {
			t.Fatalf("message %d is %v", i, r.acks[i].Outcome)
		}
	}
	if n := testing.AllocsPerRun(100, func() { r.hear(t) }); n != 0 {
		t.Errorf("got %v allocations for a report, want none", n)
	}
}
