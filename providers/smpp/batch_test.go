package smpp

import (
	"slices"
	"testing"

	"tocsin/providers/link/linktest"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

func TestACarrierWithoutBatchesIsSentOneByOne(t *testing.T) {
	for _, tt := range []struct {
		name   string
		refuse func(p *peer, h Header)
		multis int // PDUs until it is known
	}{
		{"by a generic_nack", func(p *peer, h Header) { p.Say(AppendEmpty(nil, GenericNack, StatusInvCmdID, h.Sequence)) }, 1},
		{"by a generic_nack that says nothing", func(p *peer, h Header) { p.Say(AppendEmpty(nil, GenericNack, 0, h.Sequence)) }, 1},
		{"by a generic_nack for its length", func(p *peer, h Header) { p.Say(AppendEmpty(nil, GenericNack, StatusInvCmdLen, h.Sequence)) }, 1},
		{"by a submit_multi_resp", func(p *peer, h Header) { p.answer(h, StatusInvCmdID, nil) }, 1},
		{"by the number of destinations", func(p *peer, h Header) { p.answer(h, StatusInvNumDests, nil) }, 1},
		{"for one bad destination: the next batch may go", func(p *peer, h Header) { p.answer(h, StatusInvDest, nil) }, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			multis, singles := 0, 0
			play(t, Config{Window: 4, Batch: 10}, func(p *peer) {
				p.login()
				p.serveSubmits(func(h Header, body []byte) {
					if h.ID == SubmitMulti {
						multis++
						tt.refuse(p, h)
						return
					}
					singles++
					p.usual(h, body)
				})
			}, func(s *stage) {
				for range 2 {
					for _, a := range s.Submit(warnings(10)) {
						linktest.WantAck(t, a, sms.Taken, sms.None)
						if ref, _ := a.Refs.Next(); a.Batch || len(ref) == 0 {
							t.Errorf("got batch %v, reference %q, want one of its own", a.Batch, ref)
						}
					}
				}
				if multis != tt.multis || singles != 20 {
					t.Errorf("got %d submit_multi and %d submit_sm, want %d and 20", multis, singles, tt.multis)
				}
				s.WantDials(1)
			})
		})
	}
}

func TestABatchIsAnsweredRecipientByRecipient(t *testing.T) {
	addr := func(s string) Address { return Address{1, 1, []byte(s)} }
	type ack struct {
		outcome sms.Outcome
		reason  sms.Reason
	}
	taken, doubt := ack{sms.Taken, sms.None}, ack{sms.Unknown, sms.CarrierFault}
	for _, tt := range []struct {
		name   string
		status uint32
		body   wire.Body
		want   [3]ack // numbers end in 000, 001, 002
	}{
		{"all taken", 0, &MultiAnswer{ID: []byte("7")}, [3]ack{taken, taken, taken}},
		{"all taken, without a list", 0, &MultiAnswer{ID: []byte("7"), Unlisted: true}, [3]ack{taken, taken, taken}},
		{"all taken, without a body", 0, nil, [3]ack{taken, taken, taken}},
		{
			"two refused, each for its reason", 0,
			&MultiAnswer{ID: []byte("7"), Refused: []Refusal{{addr("8613800138002"), StatusMsgQFul}, {addr("8613800138000"), StatusInvDest}}},
			[3]ack{{sms.Refused, sms.InvalidNumber}, taken, {sms.NotNow, sms.QueueFull}},
		},
		{
			"refused by its national number", 0,
			&MultiAnswer{ID: []byte("7"), Refused: []Refusal{{addr("13800138001"), StatusInvDest}}},
			[3]ack{taken, {sms.Refused, sms.InvalidNumber}, taken},
		},
		{
			"listed with status 0: taken", 0,
			&MultiAnswer{ID: []byte("7"), Refused: []Refusal{{addr("8613800138001"), 0}}},
			[3]ack{taken, taken, taken},
		},
		{
			"a stranger is refused: somebody was, and nobody knows who", 0,
			&MultiAnswer{ID: []byte("7"), Refused: []Refusal{{addr("8613999999999"), StatusInvDest}, {addr("8613800138000"), StatusInvDest}}},
			[3]ack{{sms.Refused, sms.InvalidNumber}, doubt, doubt},
		},
		{"throttled whole", StatusThrottled, nil, [3]ack{{sms.NotNow, sms.Throttled}, {sms.NotNow, sms.Throttled}, {sms.NotNow, sms.Throttled}}},
		{
			"refused whole", 0x0A, &MultiAnswer{ID: []byte("7")},
			[3]ack{{sms.Refused, sms.BadSender}, {sms.Refused, sms.BadSender}, {sms.Refused, sms.BadSender}},
		},
		{"cut: nobody knows", 0, &Answer{ID: []byte("7"), Options: tlv(0x1400, "x")}, [3]ack{doubt, doubt, doubt}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, Config{Batch: 3}, func(p *peer) {
				p.login()
				p.serveSubmits(func(h Header, body []byte) {
					var m Multi
					if err := wire.Decode(body, &m); h.ID != SubmitMulti || err != nil || len(m.To) != 3 {
						t.Errorf("got PDU %#x to %d, %v, want a batch of 3", h.ID, len(m.To), err)
					}
					p.answer(h, tt.status, tt.body)
				})
			}, func(s *stage) {
				for i, a := range s.Submit(warnings(3)) {
					linktest.WantAck(t, a, tt.want[i].outcome, tt.want[i].reason)
					ref, _ := a.Refs.Next()
					if (a.Outcome == sms.Taken) != (a.Done == 1) || a.Outcome != sms.Taken && len(ref) > 0 {
						t.Errorf("message %d: got done %b, reference %q with %v", i, a.Done, ref, a.Outcome)
					}
				}
			})
		})
	}
}

func TestALongTextIsAnsweredSegmentBySegment(t *testing.T) {
	var sent []byte // numbers of the segments
	play(t, Config{Window: 1}, func(p *peer) {
		p.login()
		p.serveSubmits(func(h Header, body []byte) {
			var d Submit
			if err := wire.Decode(body, &d); err != nil || d.Class != UDHI || len(d.Text) < 6 || string(d.Text[:3]) != "\x05\x00\x03" || d.Text[4] != 3 {
				t.Errorf("got %+v, %v, want a segment of 3", d, err)
				return
			}
			if sent = append(sent, d.Text[5]); d.Text[5] == 3 {
				p.answer(h, StatusThrottled, nil)
				return
			}
			p.usual(h, body)
		})
	}, func(s *stage) {
		msgs := texts(1)
		msgs[0].Content = sms.Content{Octets: make([]byte, 2*sms.ManyGSM7+1), Segments: 3}
		msgs[0].Done = 1
		a := s.Submit(msgs)[0]
		linktest.WantAck(t, a, sms.NotNow, sms.Throttled)
		if !slices.Equal(sent, []byte{2, 3}) || a.Done != 3 || a.Code != StatusThrottled {
			t.Errorf("got segments %v sent, done %b, code %#x, want 2 and 3, the first two done", sent, a.Done, a.Code)
		}
	})
}
