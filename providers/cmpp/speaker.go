package cmpp

import (
	"bytes"
	"encoding/binary"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A speaker writes and reads PDUs on one connection.
type speaker struct {
	c        Config
	valid    validity
	receipts receiptReader
}

// formats are Msg_Fmt by coding, CMPP 3.0 section 7.4.3.1.
var formats = map[sms.Coding]byte{sms.GSM7: 0, sms.ASCII: 0, sms.UCS2: 8, sms.GB: 15}

// levels are Msg_level by class.
var levels = [sms.Classes]byte{sms.Routine: 0, sms.Urgent: 5, sms.Emergency: 9}

// Submit appends SUBMIT.
func (s *speaker) Submit(b []byte, sequence uint32, u link.Unit) []byte {
	m := &u.Msgs[0]
	e := m.Envelope
	o := Outgoing{
		Version: s.c.Version, Service: s.c.ServiceID, Source: s.c.MsgSrc, FeeUser: s.c.FeeUserType, FeeType: s.c.FeeType,
		FeeCode: s.c.FeeCode, Sender: e.Sender, Level: levels[e.Class], Format: formats[m.Content.Coding], Valid: s.valid.of(e),
		National: s.c.National, Text: m.Content.Octets,
	}
	if o.Sender == "" {
		o.Sender = s.c.Sender
	}
	if e.Receipt {
		o.Registered = 1
	}
	if u.Part < 0 {
		return AppendSubmit(b, sequence, &o, u.Msgs, nil, 1, 1)
	}
	o.Text = m.Content.Part(u.Part)
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
	a := SubmitAnswer{Version: s.c.Version}
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
			for i := range r.Msgs {
				id := ref(InRange(a.ID, i))
				// A gateway may put the first id into all reports.
				r.One(i, v, 0, id[:], true)
			}
		}
	})
	return nil
}

// arrival takes one DELIVER.
func (s *speaker) arrival(h Header, body []byte, on *link.Session) error {
	m := Deliver{Version: s.c.Version}
	f := wire.Reading(body)
	m.Fields(&f)
	if err := f.Finish(); err != nil {
		return err
	}
	return on.Deliver(func(d *link.Delivery) {
		start := len(d.Answers)
		d.Answers = binary.BigEndian.AppendUint64(Begin(d.Answers, DeliverID|Response, h.Sequence), m.ID)
		if s.c.Version.wide() {
			d.Answers = append(d.Answers, 0, 0, 0)
		}
		d.Answers = End(append(d.Answers, ResultOK), start)
		if m.Registered == 1 {
			if r, ok := s.receipts.read(m.Content, m.From); ok {
				d.Receipt(r)
				return
			}
		}
		d.Incoming(sms.Incoming{From: incomingNumber(m.From), To: string(m.To), Text: text(&m), Time: time.Now()})
	})
}

// incomingNumber is who sent a message, with the country code when it is a number.
func incomingNumber(from []byte) string {
	if n := sms.ChinaNumber(from); n != 0 {
		return n.Digits()
	}
	return string(from)
}

// text reads a message from a handset.
func text(m *Deliver) string {
	octets := m.Content
	if m.UDHI != 0 && len(octets) > 0 && int(octets[0]) < len(octets) {
		octets = octets[octets[0]+1:]
	}
	coding := sms.ASCII
	switch m.Format {
	case 8:
		coding = sms.UCS2
	case 15:
		coding = sms.GB
	}
	content := sms.Content{Octets: octets, Coding: coding, Segments: 1}
	return string(bytes.ToValidUTF8(content.AppendText(nil), []byte("\uFFFD")))
}

// validity keeps the text of an envelope's expiry.
type validity struct {
	envelope *sms.Envelope
	text     string
}

// of is ValId_Time, in the absolute format of SMPP 3.3, or empty.
func (v *validity) of(e *sms.Envelope) string {
	if e.Expires.IsZero() {
		return ""
	}
	if v.envelope != e {
		v.envelope, v.text = e, e.Expires.In(beijing).Format("060102150405")+"032+" // 32 quarters of an hour before UTC
	}
	return v.text
}
