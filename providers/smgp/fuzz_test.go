package smgp

import (
	"bytes"
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

func FuzzLogin(f *testing.F) {
	codec.Seed(f, LoginID, LoginID|Response)
	f.Fuzz(func(t *testing.T, data []byte) {
		wiretest.Same(t, data, &Login{})
		wiretest.Same(t, data, &LoginAnswer{})
	})
}

func FuzzSubmit(f *testing.F) {
	codec.Seed(f, SubmitID)
	f.Fuzz(func(t *testing.T, data []byte) { wiretest.Same(t, data, &Submit{}) })
}

func FuzzDeliver(f *testing.F) {
	codec.Seed(f, DeliverID)
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Deliver
		if wiretest.Same(t, data, &d) {
			var reader receiptReader
			if r, ok := reader.read(d.Content, d.From); ok {
				checkRead(t, &r)
			}
			sms.ReadText(d.Format, len(d.Options) > 0, d.Content)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	codec.Seed(f, SubmitID|Response, QueryID, QueryID|Response)
	f.Fuzz(func(t *testing.T, data []byte) {
		var a Answer
		if wiretest.Same(t, data, &a) {
			for _, i := range []int{0, 1, 99, 999_999, 1_000_000} {
				if id, ok := InRange([idSize]byte(a.ID), i); !ok && !bytes.Equal(id[:], a.ID) || !bytes.Equal(id[:7], a.ID[:7]) {
					t.Fatalf("%x + %d is %x", a.ID, i, id)
				}
			}
		}
		wiretest.Same(t, data, &Query{})
		wiretest.Same(t, data, &QueryAnswer{})
	})
}

// checkRead fails unless what is read of a receipt can be.
func checkRead(t *testing.T, r *sms.Receipt) {
	t.Helper()
	linktest.ReceiptStands(t, r)
	if len(r.Ref) != 2*idSize {
		t.Fatalf("got reference %q", r.Ref)
	}
}

func FuzzReport(f *testing.F) {
	for _, content := range []string{
		realReport, "", "id:", "id:stat:DELIVstat:DELIVRD", "id:0123456789sStat:BWLISTSsErr:163sDone_Date:2401032038s",
		"id:0123456789 done date:99999999999999 stat:UNDELIV err:fff", "id:0123456789:::::::stat:", "id:0123456789stat:DELIVRDstat:UNDELIV",
	} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var d receiptReader
		if r, ok := d.read(content, []byte("13300000000")); ok {
			checkRead(t, &r)
		}
	})
}

// FuzzHear gives a session with batches, texts and a long text in flight any PDU,
// twice: nothing panics, and no place in the window is free twice.
func FuzzHear(f *testing.F) {
	for _, frame := range wiretest.Frames(f, "SMGP ") {
		f.Add(frame)
		if h, body := Split(frame); h.ID&Response != 0 {
			for _, sequence := range []uint32{0, 0x1000, 0x2001, 0x3002, 0x4003} { // a batch is the first
				f.Add(End(append(Begin(nil, h.ID, sequence), body...), 0))
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
		linktest.Survives(t, link.Rehearse(&speaker{valid: wire.Validity{InBeijing: true}}, 4, 10), msgs, frame, h.ID == SubmitID|Response)
	})
}
