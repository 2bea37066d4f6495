package sgip

import (
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
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

const batches, batch = 10, 84

func rehearse(t testing.TB) *rehearsed {
	t.Helper()
	s := &speaker{c: Config{Node: ours.Node, CorpID: "12345", FeeValue: "0", Packet: MaxPacket}, valid: wire.Validity{InBeijing: true}}
	r := &rehearsed{Rehearsal: link.Rehearse(s, 16, MaxBatch), msgs: crowd(batches*batch, 140)}
	r.acks = make([]sms.Ack, len(r.msgs))
	r.answer = AppendAnswer(nil, SubmitID, ours, ResultOK)
	report, err := Append(nil, ReportID, smgs, &Report{Submit: ours, To: b("8613000000000"), State: StateDelivered})
	if err != nil {
		t.Fatal(err)
	}
	r.report = report
	return r
}

// submit offers all and answers every Submit.
func (r *rehearsed) submit(t testing.TB) {
	r.Offer(r.msgs, r.acks)
	for r.Open() > 0 {
		out := r.Written()
		if len(out) == 0 {
			t.Fatalf("%d messages have no answer, and nothing is written", r.Open())
		}
		for len(out) > 0 {
			h, _ := Split(out)
			copy(r.answer[8:], out[8:20])
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

func BenchmarkReport(b *testing.B) {
	r := rehearse(b)
	b.ReportAllocs()
	for b.Loop() {
		r.hear(b)
	}
}

func TestTheHotPathAllocatesNothingForARecipient(t *testing.T) {
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
