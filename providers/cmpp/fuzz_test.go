package cmpp

import (
	"bytes"
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

var versions = []Version{V20, V21, V30}

func FuzzConnect(f *testing.F) {
	codec.Seed(f, ConnectID, ConnectID|Response)
	f.Fuzz(func(t *testing.T, data []byte) {
		wiretest.Same(t, data, &Connect{})
		for _, wide := range []bool{false, true} {
			a := ConnectAnswer{Wide: wide}
			if wiretest.Same(t, data, &a) {
				if got, err := ReadConnectAnswer(data); err != nil || got.Status != a.Status || got.Wide != wide {
					t.Fatalf("got %+v, %v, want %+v", got, err, a)
				}
			}
		}
	})
}

func FuzzSubmit(f *testing.F) {
	codec.Seed(f, SubmitID)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range versions {
			wiretest.Same(t, data, &Submit{Version: v})
		}
	})
}

func FuzzDeliver(f *testing.F) {
	codec.Seed(f, DeliverID)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range versions {
			d := Deliver{Version: v}
			if wiretest.Same(t, data, &d) {
				var reader receiptReader
				if r, ok := reader.read(d.Content, d.From); ok {
					checkRead(t, &r)
				}
				sms.ReadText(d.Format, d.UDHI != 0, d.Content)
			}
		}
	})
}

func FuzzAnswers(f *testing.F) {
	codec.Seed(f, SubmitID|Response, DeliverID|Response, CancelID, CancelID|Response, QueryID, QueryID|Response)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range versions {
			wiretest.Same(t, data, &SubmitAnswer{Version: v})
			wiretest.Same(t, data, &DeliverAnswer{Version: v})
			wiretest.Same(t, data, &CancelAnswer{Version: v})
		}
		wiretest.Same(t, data, &Cancel{})
		wiretest.Same(t, data, &Query{})
		wiretest.Same(t, data, &QueryAnswer{})
	})
}

// checkRead fails unless what is read of a receipt can be.
func checkRead(t *testing.T, r *sms.Receipt) {
	t.Helper()
	linktest.ReceiptStands(t, r)
	if len(r.Ref) != 16 {
		t.Fatalf("got reference %q", r.Ref)
	}
}

func FuzzReport(f *testing.F) {
	for _, content := range [][]byte{
		[]byte(realReport), report60("DELIVRD", "13800138000"), report71("MA:0041", "8613800138000"), nil, make([]byte, 71),
		bytes.Repeat([]byte{':'}, 71), bytes.Repeat([]byte{'9'}, 60),
	} {
		f.Add(content, []byte("8613800138000"))
	}
	f.Fuzz(func(t *testing.T, content, from []byte) {
		var d receiptReader
		if r, ok := d.read(content, from); ok {
			checkRead(t, &r)
		}
		for _, short := range []bool{false, true} {
			wiretest.Same(t, content, &Report{Short: short})
		}
	})
}

// FuzzHear gives a session with batches, texts and a long text in flight any PDU,
// twice: nothing panics, and no place in the window is free twice.
func FuzzHear(f *testing.F) {
	for name, frame := range wiretest.Frames(f, "CMPP ") {
		f.Add(frame, uint8(versionOf(name)))
		if h, body := Split(frame); h.ID&Response != 0 {
			for _, sequence := range []uint32{0, 0x1000, 0x2001, 0x3002, 0x4003} { // a batch is the first
				f.Add(End(append(Begin(nil, h.ID, sequence), body...), 0), uint8(versionOf(name)))
			}
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte, version uint8) {
		if len(frame) < HeaderSize {
			return
		}
		msgs := append(crowd(10, 20), crowd(1, 300)...)
		msgs[10].Content.Segments = 3
		h, _ := Split(frame)
		linktest.Survives(t, link.Rehearse(&speaker{c: Config{Version: Version(version), BatchReports: true}, valid: wire.Validity{InBeijing: true}}, 4, 10), msgs, frame, h.ID == SubmitID|Response)
	})
}
