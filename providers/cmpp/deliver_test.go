package cmpp

import (
	"testing"
	"testing/synctest"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

func TestWhatADeliverBrings(t *testing.T) {
	play(t, Config{}, func(p *peer) {
		p.login()
		for _, d := range []*Deliver{
			{Version: V30, ID: 1, Registered: 1, From: b("13800138000"), Content: report71("DELIVRD", "13800138000")},
			{Version: V30, ID: 2, Registered: 1, From: b("13800138000"), Content: report60("UNDELIV", "13800138000")},
			{Version: V30, ID: 3, To: b("10690000"), From: b("13800138000"), Format: 8, Content: b("\x65\x36\x52\x30")},
			{Version: V30, ID: 4, Registered: 1, From: b("13800138000"), Content: b("no report")},
		} {
			go p.say(DeliverID, uint32(d.ID)+100, d)
			h, body, _ := p.next()
			var a DeliverAnswer
			if a.Version = V30; wire.Decode(body, &a) != nil || h.ID != DeliverID|Response || h.Sequence != uint32(d.ID)+100 || a.ID != d.ID || a.Result != 0 {
				t.Errorf("got PDU %#x, %d, %+v, want the answer to %d", h.ID, h.Sequence, a, d.ID)
			}
		}
		p.serve(p.usual)
	}, func(s *stage) {
		synctest.Wait()
		if len(s.Receipts()) != 2 || s.Receipts()[0].State != sms.Delivered || s.Receipts()[1].State != sms.Failed {
			t.Errorf("got receipts %v", s.Receipts())
		}
		if len(s.Incoming()) != 2 || s.Incoming()[0].Text != "收到" || s.Incoming()[0].From != "8613800138000" || s.Incoming()[0].To != "10690000" {
			t.Errorf("got messages %+v", s.Incoming())
		}
	})
}
