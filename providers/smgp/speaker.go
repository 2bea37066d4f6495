package smgp

import (
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

// formats are MsgFormat by coding, SMGP 3.0.3 section 7.2.3.
var formats = [...]byte{sms.GSM7: 0, sms.ASCII: 0, sms.UCS2: 8, sms.GB: 15}

// priorities are Priority by class.
var priorities = [sms.Classes]byte{sms.Routine: 0, sms.Urgent: 2, sms.Emergency: 3}

// Submit appends Submit.
func (s *speaker) Submit(b []byte, sequence uint32, u link.Unit) []byte {
	m := &u.Msgs[0]
	e := m.Envelope
	o := Outgoing{
		Priority: priorities[e.Class], Service: s.c.ServiceID, FeeType: s.c.FeeType, FeeCode: s.c.FeeCode,
		Format: formats[m.Content.Coding], Valid: s.valid.Of(e), At: s.valid.At(e), Sender: e.Sender, National: s.c.National, Text: m.Content.Octets,
	}
	if o.Sender == "" {
		o.Sender = s.c.Sender
	}
	if e.Receipt {
		o.Report = 1
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

// Most is as many as a Submit takes.
func (s *speaker) Most(*sms.Message) int { return MaxBatch }

// Say appends Active_Test or Exit.
func (s *speaker) Say(b []byte, w link.Word, sequence uint32) []byte {
	if w == link.Goodbye {
		return AppendEmpty(b, ExitID, sequence)
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
	case QueryID | Response:
		on.Tell(h.Sequence, frame)
	case ActiveTestID:
		on.Reply = AppendEmpty(on.Reply, ActiveTestID|Response, h.Sequence)
	case ExitID:
		on.HearGoodbye(AppendEmpty(nil, ExitID|Response, h.Sequence))
	case ExitID | Response:
		return link.ErrGoodbye
	}
	return nil // an answer to nothing, or what only gateways say to each other
}

// answer settles a Submit.
func (s *speaker) answer(h Header, body []byte, on *link.Session) error {
	var a Answer
	f := wire.Reading(body)
	a.Fields(&f)
	if err := f.Err(); err != nil { // what stands behind is not looked at
		return err
	}
	on.Answer(h.Sequence, func(r *link.Answer) {
		v := verdictOf(a.Status)
		switch {
		case len(r.Msgs) > 1 && divisible(a.Status):
			r.Halve()
		case v.Outcome != sms.Taken || len(r.Msgs) == 1:
			id := ref([idSize]byte(a.ID))
			r.All(v, a.Status, id[:])
		default:
			first := [idSize]byte(a.ID)
			r.Each(2*idSize, func(i int, b []byte) {
				own, _ := InRange(first, i)
				wire.PutHex(b, own[:])
			})
		}
	})
	return nil
}

// arrival takes one Deliver.
func (s *speaker) arrival(h Header, body []byte, on *link.Session) error {
	var m delivery
	if err := m.parse(body); err != nil {
		return err
	}
	return on.Deliver(func(d *link.Delivery) {
		start := len(d.Answers)
		d.Answers = append(Begin(d.Answers, DeliverID|Response, h.Sequence), m.id...)
		d.Answers = End(append(d.Answers, 0, 0, 0, StatusOK), start)
		if m.report {
			if r, ok := s.receipts.read(m.content, wire.First(m.from)); ok {
				d.Receipt(r)
				return
			}
		}
		text, part := sms.ReadText(m.format, m.udhi, m.content)
		d.Incoming(sms.Incoming{
			From: sms.ChinaSender(wire.First(m.from)), To: string(wire.First(m.to)), Text: text, Part: part, Time: time.Now(), Ref: messageName(m.id),
		})
	})
}
