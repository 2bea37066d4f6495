package cmpp

import (
	"encoding/binary"
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A rehearsed is a session without a connection, with ten batches to send at a time and
// a report of each of their people to hear.
type rehearsed struct {
	*link.Rehearsal
	version Version
	msgs    []sms.Message
	acks    []sms.Ack
	answer  []byte
	report  []byte
}

const batches = 10

func rehearse(v Version) *rehearsed {
	s := &speaker{c: Config{Version: v, SourceAddr: "900001", MsgSrc: "900001", FeeType: "01", FeeCode: "0", BatchReports: true}, valid: wire.Validity{InBeijing: true}}
	r := &rehearsed{Rehearsal: link.Rehearse(s, 16, MaxBatch), version: v, msgs: crowd(batches*MaxBatch, 140)}
	r.acks = make([]sms.Ack, len(r.msgs))
	r.answer = Begin(nil, SubmitID|Response, 0)
	r.answer = binary.BigEndian.AppendUint64(r.answer, 0xb2b9da8000010000)
	r.answer = append(r.answer, make([]byte, map[bool]int{false: 1, true: 4}[v.wide()])...)
	r.answer = End(r.answer, 0)
	content := report60("DELIVRD", "13800138000")
	if v.wide() {
		content = report71("DELIVRD", "13800138000")
	}
	report, err := Append(nil, DeliverID, 7, &Deliver{
		Version: v, ID: 0xb2b9da8000010000, To: b("10690000"), From: b("13800138000"), Registered: 1, Content: content,
	})
	if err != nil {
		panic(err)
	}
	r.report = report
	return r
}

// submit offers all and answers every SUBMIT.
func (r *rehearsed) submit(t testing.TB) {
	r.Offer(r.msgs, r.acks)
	for r.Open() > 0 {
		out := r.Written()
		if len(out) == 0 {
			t.Fatalf("%d messages have no answer, and nothing is written", r.Open())
		}
		for len(out) > 0 {
			h, _ := Split(out)
			copy(r.answer[8:], out[8:12])
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
	for _, v := range []struct {
		name string
		Version
	}{{"2.0", V20}, {"3.0", V30}} {
		b.Run(v.name, func(b *testing.B) {
			r := rehearse(v.Version)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				r.submit(b)
				n += len(r.msgs)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/recipient")
		})
	}
}

func BenchmarkReport(b *testing.B) {
	for _, v := range []struct {
		name string
		Version
	}{{"2.0", V20}, {"3.0", V30}} {
		b.Run(v.name, func(b *testing.B) {
			r := rehearse(v.Version)
			b.ReportAllocs()
			for b.Loop() {
				r.hear(b)
			}
		})
	}
}

func TestTheHotPathAllocatesNothingForARecipient(t *testing.T) {
	for _, v := range []Version{V20, V30} {
		r := rehearse(v)
		r.submit(t)
		r.hear(t)
		// An offer makes its job, the channel that ends it, and room for a thousand
		// references of 16 octets, twice at times.
		if n := testing.AllocsPerRun(50, func() { r.submit(t) }); n > 4 {
			t.Errorf("%#x: got %v allocations for %d recipients, want those of the offer", v, n, len(r.msgs))
		}
		for i := range r.acks {
			if r.acks[i].Outcome != sms.Taken {
				t.Fatalf("%#x: message %d is %v", v, i, r.acks[i].Outcome)
			}
		}
		if n := testing.AllocsPerRun(100, func() { r.hear(t) }); n != 0 {
			t.Errorf("%#x: got %v allocations for a report, want none", v, n)
		}
	}
}
