package sgip

import (
	"bytes"
	"strings"
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// rehearsal is a session without a connection.
func rehearsal(c Config, batch int) *link.Rehearsal {
	c.Node = ours.Node
	if c.Packet == 0 {
		c.Packet = MaxPacket
	}
	return link.Rehearse(&speaker{c: c, valid: wire.Validity{InBeijing: true}}, 16, batch)
}

// written are the Submits that are written now.
func written(t *testing.T, r *link.Rehearsal) (all []Submit, headers []Header) {
	t.Helper()
	out := bytes.Clone(r.Written())
	for len(out) > 0 {
		h, _ := Split(out)
		var m Submit
		if err := wire.Decode(out[HeaderSize:h.Length], &m); err != nil || h.ID != SubmitID || h.Node != ours.Node {
			t.Fatalf("got PDU %#x of %d, %v", h.ID, h.Node, err)
		}
		all, headers = append(all, m), append(headers, h)
		out = out[h.Length:]
	}
	return all, headers
}

func TestABatchFitsItsPacket(t *testing.T) {
	for _, tt := range []struct {
		name            string
		packet, content int
		want            []int // numbers of each Submit
	}{
		{"84 of a full segment in 2 KiB", 0, 140, []int{84, 84, 32}},
		{"85 of 120 octets", 0, 120, []int{85, 85, 30}},
		{"100 where the gateway takes more", 4096, 140, []int{100, 100}},
		{"10 in half a KiB", 512, 140, []int{10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10}}, // as the window has room
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rehearsal(Config{Packet: tt.packet}, MaxBatch)
			msgs := crowd(200, tt.content)
			r.Offer(msgs, make([]sms.Ack, len(msgs)))
			all, headers := written(t, r)
			if len(all) != len(tt.want) {
				t.Fatalf("got %d Submits, want %d", len(all), len(tt.want))
			}
			for i, m := range all {
				if len(m.To) != tt.want[i] || int(headers[i].Length) > max(tt.packet, MaxPacket) || !bytes.HasPrefix(m.To[0], b("86")) {
					t.Errorf("Submit %d: got %d numbers in %d octets, want %d", i, len(m.To), headers[i].Length, tt.want[i])
				}
			}
		})
	}
}

// A submit's own twelve octets are the id of all its messages.
func TestTheIDOfAMessageIsItsSubmitsSequence(t *testing.T) {
	r := rehearsal(Config{}, MaxBatch)
	msgs := crowd(84, 140)
	acks := make([]sms.Ack, len(msgs))
	r.Offer(msgs, acks)
	_, headers := written(t, r)
	if err := r.Hear(AppendAnswer(nil, SubmitID, headers[0].Sequence, ResultOK)); err != nil {
		t.Fatal(err)
	}
	want := headers[0].Sequence.ref()
	for i, a := range acks {
		if ref, _ := a.Refs.Next(); a.Outcome != sms.Taken || string(ref) != string(want[:]) || !a.Batch {
			t.Fatalf("message %d: got %v %q, want %s of a batch", i, a.Outcome, ref, want)
		}
	}
	report, err := Append(nil, ReportID, smgs, &Report{Submit: headers[0].Sequence, To: b(msgs[3].To.Digits())})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Hear(report); err != nil {
		t.Fatal(err)
	}
	if receipts, _, _ := r.Delivered(); len(receipts) != 1 || string(receipts[0].Ref) != string(want[:]) || receipts[0].To != msgs[3].To {
		t.Errorf("got receipts %v", receipts)
	}
}

func TestResultsOfASubmit(t *testing.T) {
	for _, tt := range []struct {
		result  byte
		outcome sms.Outcome
		reason  sms.Reason
	}{
		{0, sms.Taken, sms.None},
		{1, sms.NotNow, sms.LineDown},
		{3, sms.NotNow, sms.LineDown},
		{5, sms.Refused, sms.BadRequest},
		{6, sms.Refused, sms.InvalidNumber},
		{8, sms.Refused, sms.BadRequest},
		{9, sms.NotNow, sms.CarrierFault},
		{11, sms.NotNow, sms.Throttled},
		{21, sms.NotNow, sms.Unreachable},
		{23, sms.Refused, sms.NotPermitted},
		{24, sms.Refused, sms.BadRequest},
		{29, sms.Refused, sms.InvalidNumber},
		{32, sms.NotNow, sms.CarrierFault},
		{33, sms.NotNow, sms.QueueFull},
		{88, sms.NotNow, sms.Throttled},
		{200, sms.NotNow, sms.CarrierFault},
	} {
		r := rehearsal(Config{}, 1)
		acks := make([]sms.Ack, 1)
		r.Offer(crowd(1, 20), acks)
		_, headers := written(t, r)
		if err := r.Hear(AppendAnswer(nil, SubmitID, headers[0].Sequence, tt.result)); err != nil {
			t.Fatal(err)
		}
		if a := acks[0]; a.Outcome != tt.outcome || a.Reason != tt.reason || a.Code != uint32(tt.result) {
			t.Errorf("result %d: got %v %v %d, want %v %v", tt.result, a.Outcome, a.Reason, a.Code, tt.outcome, tt.reason)
		}
	}
}

// The carrier puts the signature there itself: it is counted and not sent.
func TestTheSignatureThatTheCarrierPutsThereIsNotSent(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		first      string // content of the first Submit, behind its header
		segments   int
	}{
		{"of one segment", "【县防汛办】" + strings.Repeat("洪", 64), strings.Repeat("\x6d\x2a", 64), 1},
		{"of two segments: the first has room for it", "【县防汛办】" + strings.Repeat("洪", 65), strings.Repeat("\x6d\x2a", 61), 2},
		{"without one", strings.Repeat("洪", 70), strings.Repeat("\x6d\x2a", 70), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			content, err := sms.Octets.Encode(nil, tt.text)
			if err != nil || int(content.Segments) != tt.segments {
				t.Fatalf("got %d segments, %v", content.Segments, err)
			}
			r := rehearsal(Config{CarrierSigns: true}, MaxBatch)
			r.Offer([]sms.Message{{To: 8613300000000, Content: content, Envelope: &sms.Envelope{}}}, make([]sms.Ack, 1))
			all, _ := written(t, r)
			if len(all) != tt.segments {
				t.Fatalf("got %d Submits", len(all))
			}
			got := all[0].Content
			if tt.segments > 1 {
				if got = got[6:]; string(all[1].Content[6:]) != string(content.Part(1)) {
					t.Errorf("the second segment is %x, want %x", all[1].Content[6:], content.Part(1))
				}
			}
			if string(got) != tt.first {
				t.Errorf("got %x, want %x", got, tt.first)
			}
		})
	}
}

func TestTheBatchThatALineNamesFitsItsPacket(t *testing.T) {
	for _, tt := range []struct{ packet, batch, want int }{{0, 100, 84}, {0, 50, 50}, {4096, 100, 100}, {512, 84, 10}} {
		p, err := New(Options{Config: Config{Node: ours.Node, Packet: tt.packet, Batch: tt.batch}})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Line().Batch; got != tt.want {
			t.Errorf("packets of %d, batches of %d: got %d, want %d", tt.packet, tt.batch, got, tt.want)
		}
	}
}
