package cmpp

import (
	"encoding/binary"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A speaker writes and reads PDUs on one connection.
type speaker struct {
	c        Config
	version  uint8 // the gateway's own
	valid    wire.Validity
	receipts receiptReader
}

// formats are Msg_Fmt by coding, CMPP 3.0 section 7.4.3.1.
var formats = [...]byte{sms.GSM7: 0, sms.ASCII: 0, sms.UCS2: 8, sms.GB: 15}

// levels are Msg_level by class.
var levels = [sms.Classes]byte{sms.Routine: 0, sms.Urgent: 5, sms.Emergency: 9}

// Submit appends SUBMIT.
func (s *speaker) Submit(b []byte, sequence uint32, u link.Unit) []byte {
	m := &u.Msgs[0]
	e := m.Envelope
	o := Outgoing{
		Version: s.c.Version, Service: s.c.ServiceID, Source: s.c.MsgSrc, FeeUser: s.c.FeeUserType, FeeType: s.c.FeeType,
		FeeCode: s.c.FeeCode, Sender: e.Sender, Level: levels[e.Class], Format: formats[m.Content.Coding], Valid: s.valid.Of(e), At: s.valid.At(e),
		National: s.c.National, Text: m.Content.Octets,
	}
	if o.Sender == "" {
		o.Sender = s.c.Sender
	}
	if e.Receipt {
		o.Registered = 1
	}
	if u.Part >= 0 {
		o.Text = m.Content.Part(u.Part)
	}
	if s.c.CarrierSigns && u.Part <= 0 {
		o.Text = sms.Unsigned(m.Content.Coding, o.Text)
	}
	if u.Part < 0 {
		return AppendSubmit(b, sequence, &o, u.Msgs, nil, 1, 1)
	}
	// Concatenation, 8-bit reference: 3GPP TS 23.040 section 9.2.3.24.1.
	header := [...]byte{5, 0, 3, m.Reference(), m.Content.Segments, byte(u.Part + 1)}
	return AppendSubmit(b, sequence, &o, u.Msgs, header[:], byte(u.Part+1), m.Content.Segments)
}

// Most is 1 in 2.0 for messages that want reports (CMPP 2.0, section 7.4.3.1).
func (s *speaker) Most(m *sms.Message) int {
	if s.c.Version < V21 && m.Envelope.Receipt && !s.c.BatchReports {
		return 1
	}
	return MaxBatch
}

// Say appends ACTIVE_TEST or TERMINATE.
func (s *speaker) Say(b []byte, w link.Word, sequence uint32) []byte {
	if w == link.Goodbye {
		return AppendEmpty(b, TerminateID, sequence)
	}
	return AppendEmpty(b, ActiveTestID, sequence)
}

// Hear takes one PDU.
func (s *speaker) Hear(frame []byte, on *link.Session) error {
	h, body := Split(frame)
	switch h.ID {
	case SubmitID | Response:
		return s.answer(h, body, on)
	case DeliverID:
		return s.arrival(h, body, on)
	case CancelID | Response, QueryID | Response:
		on.Tell(h.Sequence, frame)
	case ActiveTestID:
		start := len(on.Reply)
		on.Reply = End(append(Begin(on.Reply, ActiveTestID|Response, h.Sequence), 0), start)
	case TerminateID:
		on.HearGoodbye(AppendEmpty(nil, TerminateID|Response, h.Sequence))
	case TerminateID | Response:
		return link.ErrGoodbye
	}
	return nil // an answer to nothing, or what only gateways say to each other
}

// answer settles a SUBMIT.
func (s *speaker) answer(h Header, body []byte, on *link.Session) error {
	a := SubmitAnswer{Version: widthOf(len(body), 8+4)}
	f := wire.Reading(body)
	a.Fields(&f)
	if err := f.Finish(); err != nil {
		return err
	}
	on.Answer(h.Sequence, func(r *link.Answer) {
		v := verdictOf(a.Result)
		switch {
		case len(r.Msgs) > 1 && divisible(a.Result):
			r.Halve()
		case v.Outcome != sms.Taken || len(r.Msgs) == 1:
			id := ref(a.ID)
			r.All(v, a.Result, id[:])
		default:
			r.Each(refSize, func(i int, b []byte) { putRef(b, InRange(a.ID, i)) })
		}
	})
	return nil
}

// arrival takes one DELIVER.
func (s *speaker) arrival(h Header, body []byte, on *link.Session) error {
	var m delivery
	if err := m.parse(body, s.c.Version); err != nil {
		return err
	}
	return on.Deliver(func(d *link.Delivery) {
		start := len(d.Answers)
		d.Answers = binary.BigEndian.AppendUint64(Begin(d.Answers, DeliverID|Response, h.Sequence), m.id)
		if s.c.Version.wide() {
			d.Answers = append(d.Answers, 0, 0, 0)
		}
		d.Answers = End(append(d.Answers, ResultOK), start)
		if m.report {
			if r, ok := s.receipts.read(m.content, m.from); ok {
				d.Receipt(r)
				return
			}
		}
		text, part := sms.ReadText(m.format, m.udhi != 0, m.content)
		d.Incoming(sms.Incoming{
			From: sms.ChinaSender(wire.First(m.from)), To: string(wire.First(m.to)), Text: text, Part: part, Time: time.Now(), Ref: messageName(m.id),
		})
	})
}
