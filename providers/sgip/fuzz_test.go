package sgip

import (
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

func FuzzBind(f *testing.F) {
	codec.Seed(f, BindID)
	f.Fuzz(func(t *testing.T, data []byte) { wiretest.Same(t, data, &Bind{}) })
}

func FuzzSubmit(f *testing.F) {
	codec.Seed(f, SubmitID)
	f.Fuzz(func(t *testing.T, data []byte) { wiretest.Same(t, data, &Submit{}) })
}

func FuzzDeliver(f *testing.F) {
	codec.Seed(f, DeliverID, UserRptID)
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Deliver
		if wiretest.Same(t, data, &d) {
			sms.ReadText(d.Coding, d.UDHI != 0, d.Content)
		}
		wiretest.Same(t, data, &UserRpt{})
	})
}

func FuzzAnswers(f *testing.F) {
	codec.Seed(f, BindID|Response, SubmitID|Response, TraceID)
	f.Fuzz(func(t *testing.T, data []byte) {
		wiretest.Same(t, data, &Answer{})
		wiretest.Same(t, data, &Trace{})
	})
}

func FuzzReport(f *testing.F) {
	codec.Seed(f, ReportID)
	f.Fuzz(func(t *testing.T, data []byte) {
		var m Report
		if !wiretest.Same(t, data, &m) {
			return
		}
		r := link.Rehearse(&speaker{called: true}, 4, 10)
		if err := r.Hear(End(append(Begin(nil, ReportID, smgs), data...), 0)); err != nil {
			t.Fatal(err)
		}
		receipts, _, answers := r.Delivered()
		if h, _ := Split(answers); len(answers) != 29 || h.ID != ReportID|Response || h.Sequence != smgs {
			t.Fatalf("answered by %x", answers)
		}
		for i := range receipts {
			checkRead(t, &receipts[i])
		}
	})
}

// checkRead fails unless what is read of a receipt can be.
func checkRead(t *testing.T, r *sms.Receipt) {
	t.Helper()
	linktest.ReceiptStands(t, r)
	if len(r.Ref) != 24 {
		t.Fatalf("got reference %q", r.Ref)
	}
}

// FuzzHear gives a session with batches, texts and a long text in flight any PDU,
// twice: nothing panics, and no place in the window is free twice.
func FuzzHear(f *testing.F) {
	for _, frame := range wiretest.Frames(f, "SGIP ") {
		f.Add(frame)
		if h, body := Split(frame); h.ID&Response != 0 {
			for _, count := range []uint32{0, 0x1000, 0x2001, 0x3002, 0x4003} { // a batch is the first
				f.Add(End(append(Begin(nil, h.ID, Sequence{ours.Node, ours.Stamp, count}), body...), 0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if len(frame) < HeaderSize {
			return
		}
		msgs := append(crowd(10, 20), crowd(1, 300)...)
		msgs[10].Content.Segments = 3
		h, _ := Split(frame)
		linktest.Survives(t, link.Rehearse(&speaker{c: Config{Node: ours.Node, Packet: MaxPacket}, valid: wire.Validity{InBeijing: true}}, 4, 10), msgs, frame, h.ID == SubmitID|Response)
	})
}
