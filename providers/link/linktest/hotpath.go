// Package linktest is what the benchmarks of all protocols on a link share: batches that
// are sent and answered, and reports that are heard, without a connection.
package linktest

import (
	"encoding/binary"
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Batches is how many batches are offered at a time.
const Batches = 10

// A HotPath is a session without a connection, with messages to send and a report to
// hear, again and again.
type HotPath struct {
	*link.Rehearsal
	Msgs   []sms.Message
	Answer []byte // to a submit, as if all were taken
	Report []byte // that one of them was delivered
	// Sequence is where a frame has its sequence number: the octets from the first to
	// before the second. The first four octets are its length.
	Sequence [2]int

	acks []sms.Ack
}

// A long text of so many segments, and what an offer of it to a thousand may allocate: room
// for references three times and once more together, and the answers that are gathered.
const (
	longSegments    = 3
	longAllocations = 16
)

// lengthen gives everybody a long text.
func (h *HotPath) lengthen() {
	content := sms.Content{Octets: make([]byte, 2*2*sms.ManyUCS2+10), Coding: sms.UCS2, Segments: longSegments}
	for i := range h.Msgs {
		h.Msgs[i].Content = content
	}
}

// BenchmarkLong is sending a long text in batches, answers included, a recipient with all
// segments.
func (h *HotPath) BenchmarkLong(b *testing.B) {
	h.lengthen()
	h.BenchmarkBatch(b)
}

// submit offers all and answers every request.
func (h *HotPath) submit(t testing.TB) {
	if len(h.acks) != len(h.Msgs) {
		h.acks = make([]sms.Ack, len(h.Msgs))
	}
	h.Offer(h.Msgs, h.acks)
	from, to := h.Sequence[0], h.Sequence[1]
	for h.Open() > 0 {
		out := h.Written()
		if len(out) == 0 {
			t.Fatalf("%d messages have no answer, and nothing is written", h.Open())
		}
		for len(out) > 0 {
			copy(h.Answer[from:], out[from:to])
			if err := h.Hear(h.Answer); err != nil {
				t.Fatal(err)
			}
			out = out[binary.BigEndian.Uint32(out):]
		}
	}
}

// hear takes the report and looks what came of it.
func (h *HotPath) hear(t testing.TB) {
	if err := h.Hear(h.Report); err != nil {
		t.Fatal(err)
	}
	if receipts, _, answers := h.Delivered(); len(receipts) != 1 || receipts[0].State != sms.Delivered || len(answers) == 0 {
		t.Fatalf("got %d receipts, %d octets of answers", len(receipts), len(answers))
	}
}

// BenchmarkBatch is sending in batches, answers included.
func (h *HotPath) BenchmarkBatch(b *testing.B) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		h.submit(b)
		n += len(h.Msgs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/recipient")
}

// BenchmarkReport is hearing a report.
func (h *HotPath) BenchmarkReport(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		h.hear(b)
	}
}

// offerAllocations is what an offer of a thousand may allocate: its job, the channel that
// ends it, and room for a thousand references of 16 octets, twice at times.
const offerAllocations = 4

// AllocatesNothing holds that nothing is made for a recipient.
func (h *HotPath) AllocatesNothing(t *testing.T) {
	t.Helper()
	h.submit(t)
	h.hear(t)
	if n := testing.AllocsPerRun(50, func() { h.submit(t) }); n > offerAllocations {
		t.Errorf("got %v allocations for %d recipients, want at most the %d of the offer", n, len(h.Msgs), offerAllocations)
	}
	for i := range h.acks {
		if h.acks[i].Outcome != sms.Taken {
			t.Fatalf("message %d is %v", i, h.acks[i].Outcome)
		}
	}
	h.lengthen()
	if n := testing.AllocsPerRun(50, func() { h.submit(t) }); n > longAllocations {
		t.Errorf("got %v allocations for %d recipients of a text of %d segments, want at most the %d of the offer", n, len(h.Msgs), longSegments, longAllocations)
	}
	for i := range h.acks {
		if h.acks[i].Outcome != sms.Taken || h.acks[i].Done != 1<<longSegments-1 {
			t.Fatalf("message %d is %v, done %b", i, h.acks[i].Outcome, h.acks[i].Done)
		}
	}
	if n := testing.AllocsPerRun(100, func() { h.hear(t) }); n != 0 {
		t.Errorf("got %v allocations for a report, want none", n)
	}
}
