package sgip

import (
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A speaker writes and reads PDUs on one connection.
type speaker struct {
	c      Config
	valid  wire.Validity
	called bool     // the gateway has called us
	id     [24]byte // of the last report
}

// codings are MessageCoding by coding, SGIP 1.2 section 4.2.3.1.
var codings = [...]byte{sms.GSM7: 0, sms.ASCII: 0, sms.UCS2: 8, sms.GB: 15}

// priorities are Priority by class.
var priorities = [sms.Classes]byte{sms.Routine: 0, sms.Urgent: 5, sms.Emergency: 9}

func (s *speaker) sequence(n uint32) Sequence { return Sequence{s.c.Node, Stamp(time.Now()), n} }

// Submit appends Submit.
func (s *speaker) Submit(b []byte, sequence uint32, u link.Unit) []byte {
	m := &u.Msgs[0]
	e := m.Envelope
	o := Outgoing{
		Sender: e.Sender, Corp: s.c.CorpID, Service: s.c.ServiceType, FeeType: s.c.FeeType, FeeValue: s.c.FeeValue,
		Priority: priorities[e.Class], Expires: s.valid.Of(e), Schedule: s.valid.At(e), Report: ReportNever, Coding: codings[m.Content.Coding], Text: m.Content.Octets,
	}
	if o.Sender == "" {
		o.Sender = s.c.Sender
	}
	if e.Receipt {
		o.Report = ReportAlways
	}
	if u.Part >= 0 {
		o.Text = m.Content.Part(u.Part)
	}
	if s.c.CarrierSigns && u.Part <= 0 {
		o.Text = sms.Unsigned(m.Content.Coding, o.Text)
	}
	if u.Part < 0 {
		return AppendSubmit(b, s.sequence(sequence), &o, u.Msgs, nil)
	}
	// Concatenation, 8-bit reference: 3GPP TS 23.040 section 9.2.3.24.1.
	header := [...]byte{5, 0, 3, m.Reference(), m.Content.Segments, byte(u.Part + 1)}
	return AppendSubmit(b, s.sequence(sequence), &o, u.Msgs, header[:])
}

// headerSize is the octets of a user data header that only counts segments.
const headerSize = 6

// Most is as many as the packet has room for.
func (s *speaker) Most(m *sms.Message) int {
	n := len(m.Content.Octets)
	if m.Content.Segments > 1 {
		n = headerSize + sms.ManyOctets
		if m.Content.Coding == sms.GSM7 {
			n = headerSize + sms.ManyGSM7
		}
	}
	return InPacket(s.c.Packet, n)
}

// Say appends Unbind, which only the calling side sends; SGIP has no test of an idle line.
func (s *speaker) Say(b []byte, w link.Word, sequence uint32) []byte {
	if w == link.Test || s.called {
		return b
	}
	return AppendEmpty(b, UnbindID, s.sequence(sequence))
}

// Hear takes one PDU.
func (s *speaker) Hear(frame []byte, on *link.Session) error {
	h, body := Split(frame)
	switch h.ID {
	case SubmitID | Response:
		return s.answer(h, body, on)
	case ReportID:
		return s.report(h, body, on)
	case DeliverID:
		return s.arrival(h, body, on)
	case UserRptID:
		on.Reply = AppendAnswer(on.Reply, UserRptID, h.Sequence, ResultOK)
	case UnbindID:
		on.HearGoodbye(AppendEmpty(nil, UnbindID|Response, h.Sequence))
	case UnbindID | Response:
		return link.ErrGoodbye
	case SubmitID:
		on.Reply = AppendAnswer(on.Reply, SubmitID, h.Sequence, ResultForm)
	}
	return nil // an answer to nothing, or what only gateways say to each other
}

// answer settles a Submit, whose own sequence is the message's id.
func (s *speaker) answer(h Header, body []byte, on *link.Session) error {
	var a Answer
	f := wire.Reading(body)
	a.Fields(&f)
	if err := f.Finish(); err != nil {
		return err
	}
	on.Answer(h.Count, func(r *link.Answer) {
		v := verdictOf(a.Result)
		id := h.Sequence.ref()
		switch {
		case len(r.Msgs) > 1 && divisible(a.Result):
			r.Halve()
		case v.Outcome != sms.Taken || len(r.Msgs) == 1:
			r.All(v, uint32(a.Result), id[:])
		default:
			refs := r.Share(id[:])
			for i := range r.Msgs {
				r.Shared(i, refs)
			}
		}
	})
	return nil
}

// report takes one Report.
func (s *speaker) report(h Header, body []byte, on *link.Session) error {
	var m Report
	if err := m.parse(body); err != nil {
		return err
	}
	return on.Deliver(func(d *link.Delivery) {
		d.Answers = AppendAnswer(d.Answers, ReportID, h.Sequence, ResultOK)
		s.id = m.Submit.ref()
		r := sms.Receipt{To: sms.ChinaNumber(m.To), Ref: s.id[:]}
		if r.To == 0 || m.Type != 0 { // of a forwarded message, or of nobody
			return
		}
		switch m.State {
		case StateDelivered:
			r.State = sms.Delivered
		case StateWaiting:
			r.State = sms.Accepted
		default:
			r.State, r.Reason, r.Code = sms.Failed, sms.Unreachable, uint32(m.Code)
			if v, ok := results[m.Code]; ok && v.Reason != sms.None {
				r.Reason = v.Reason
			}
		}
		d.Receipt(r)
	})
}

// arrival takes one Deliver.
func (s *speaker) arrival(h Header, body []byte, on *link.Session) error {
	var m Deliver
	f := wire.Reading(body)
	m.Fields(&f)
	if err := f.Finish(); err != nil {
		return err
	}
	return on.Deliver(func(d *link.Delivery) {
		d.Answers = AppendAnswer(d.Answers, DeliverID, h.Sequence, ResultOK)
		text, part := sms.ReadText(m.Coding, m.UDHI != 0, m.Content)
		d.Incoming(sms.Incoming{From: sms.ChinaSender(m.From), To: string(m.To), Text: text, Part: part, Time: time.Now()})
	})
}
