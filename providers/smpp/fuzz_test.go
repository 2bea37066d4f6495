package smpp

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

func FuzzBind(f *testing.F) {
	codec.Seed(f, BindReceiver, BindTransmitter, BindTransceiver)
	f.Fuzz(func(t *testing.T, data []byte) { wiretest.Same(t, data, &Bind{}) })
}

func FuzzBindAnswer(f *testing.F) {
	codec.Seed(f, BindReceiver|Response, BindTransmitter|Response, BindTransceiver|Response)
	f.Fuzz(func(t *testing.T, data []byte) {
		var b BindAnswer
		if wiretest.Same(t, data, &b) && b.Version() != 0 && !bytes.Contains(data, []byte{0x02, 0x10, 0, 1, b.Version()}) {
			t.Fatalf("got version %x out of %x", b.Version(), data)
		}
	})
}

func FuzzSubmit(f *testing.F) {
	codec.Seed(f, SubmitSM)
	f.Fuzz(func(t *testing.T, data []byte) { wiretest.Same(t, data, &Submit{}) })
}

func FuzzMulti(f *testing.F) {
	codec.Seed(f, SubmitMulti)
	f.Fuzz(func(t *testing.T, data []byte) { wiretest.Same(t, data, &Multi{}) })
}

func FuzzAnswers(f *testing.F) {
	codec.Seed(f, SubmitSM|Response, DeliverSM|Response, DataSM|Response, SubmitMulti|Response)
	f.Fuzz(func(t *testing.T, data []byte) {
		wiretest.Same(t, data, &Answer{})
		wiretest.Same(t, data, &MultiAnswer{})
		sameAnswers(t, data)
	})
}

func FuzzQueryAndCancel(f *testing.F) {
	codec.Seed(f, QuerySM, QuerySM|Response, CancelSM)
	f.Fuzz(func(t *testing.T, data []byte) {
		wiretest.Same(t, data, &Query{})
		wiretest.Same(t, data, &QueryAnswer{})
		wiretest.Same(t, data, &Cancel{})
		wire.Absolute(data)
	})
}

func FuzzAlert(f *testing.F) {
	codec.Seed(f, AlertNotification)
	f.Fuzz(func(t *testing.T, data []byte) { wiretest.Same(t, data, &Alert{}) })
}

func FuzzDeliver(f *testing.F) {
	codec.Seed(f, DeliverSM, DataSM)
	f.Fuzz(func(t *testing.T, data []byte) {
		hand, ok := deliverByHand(data)
		list, err := deliverByList(data)
		if accepted := wiretest.Same(t, data, &Deliver{}); accepted != ok || accepted != (err == nil) {
			t.Fatalf("accepted: %v, by hand %v, by the list %v", accepted, ok, err)
		}
		if ok {
			if diff := cmp.Diff(list, hand); diff != "" {
				t.Fatalf("by hand it is not the list's (-list +hand):\n%s", diff)
			}
			checkArrival(t, data, &hand)
		}
		a, err := ParseData(data)
		if wiretest.Same(t, data, &Data{}) != (err == nil) {
			t.Fatalf("ParseData: %v, the list the other way", err)
		} else if err == nil {
			checkArrival(t, data, &a)
		}
	})
}

func checkArrival(t *testing.T, data []byte, a *Arrival) {
	t.Helper()
	var reader receiptReader
	if r, ok := reader.read(a); ok {
		checkRead(t, data, &r)
	}
	decodeText(a.Coding, a.Text)
}

// checkRead fails unless what is read of a receipt can be.
func checkRead(t *testing.T, data []byte, r *sms.Receipt) {
	t.Helper()
	linktest.ReceiptStands(t, r)
	if !bytes.Contains(data, r.Ref) {
		t.Fatalf("reference %q is not in %q", r.Ref, data)
	}
}

func FuzzReceiptText(f *testing.F) {
	for _, text := range []string{
		textReceipt, receipt, "", ":", "::", "id:", "text:", " id : 7", "done date:", "date:2611251516", "id:7 stat:DELIVRD\x00", "\xff:\xff",
		"id:7 done date:99999999999999 stat:UNDELIV err:ffffffff",
		"id:7 sub:001 dlvrd:000 submit date:2611251516 done date:2611251517 stat:UNDELIV err:01a text:id:8", "id:7 sub: a: dlvrd:id: submit date:x done date:y stat:z err:",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := scanText(text)
		var twice receiptReader
		for range 2 { // read, and as it was kept
			id, state, code, at := twice.scan(text, false)
			if string(id) != string(s.id) || state != s.state || code != s.code || at != wire.Date(s.done, time.Local) {
				t.Fatalf("%q: got id %q, state %d, code %d, at %d, want %+v", text, id, state, code, at, s)
			}
		}
		for _, part := range [][]byte{s.id, s.done} {
			if !bytes.Contains(text, part) || bytes.ContainsAny(part, " \n") {
				t.Fatalf("got %q out of %q", part, text)
			}
		}
		if int(s.state) >= len(states) {
			t.Fatalf("got state %d", s.state)
		}
		var reader receiptReader
		first := reader.time(s.done)
		if kept := reader.time(s.done); kept != first || first != wire.Date(s.done, time.Local) {
			t.Fatalf("got %d and %d for %q, want %d", first, kept, s.done, wire.Date(s.done, time.Local))
		}
		if r, ok := reader.read(&Arrival{From: []byte("8613800138000"), Class: typeReceipt, Text: text}); ok {
			checkRead(t, text, &r)
		}
	})
}

// FuzzHandle gives a session with four PDUs in flight any PDU, twice: nothing
// panics, and no place in the window is free twice.
func FuzzHandle(f *testing.F) {
	for _, frame := range wiretest.Frames(f, "SMPP ") {
		f.Add(frame)
		if h, body := Split(frame); h.ID&Response != 0 {
			for _, sequence := range []uint32{0, 0x1000, 0x2001, 0x4001} { // a batch is the first
				f.Add(End(append(Begin(nil, h.ID, h.Status, sequence), body...), 0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if len(frame) < HeaderSize {
			return
		}
		msgs := append(warnings(10), texts(5)...)
		h, _ := Split(frame)
		answers := h.ID == SubmitSM|Response || h.ID == SubmitMulti|Response || h.ID == GenericNack
		acks := linktest.Survives(t, link.Rehearse(&speaker{log: slog.New(slog.DiscardHandler)}, 4, 10), msgs, frame, answers)
		for i := range acks {
			if acks[i].Outcome == sms.Taken && h.Status != StatusOK {
				t.Fatalf("message %d is taken, the status was %#x", i, h.Status)
			}
		}
	})
}
