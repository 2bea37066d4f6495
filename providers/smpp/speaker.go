package smpp

import (
	"fmt"
	"log/slog"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A speaker writes and reads PDUs on one connection.
type speaker struct {
	address, sender string
	ids             Notation
	id              [idSize]byte // of the last receipt
	log             *slog.Logger

	// version is sc_interface_version, 0 when the carrier does not say. Below
	// Version34 it takes no optional parameters; no submit carries any.
	version byte
	name    string // the carrier's own
	// five: both ends speak SMPP 5.0.
	five     bool
	valid    wire.Validity
	receipts receiptReader
}

// Submit appends submit_sm or submit_multi.
func (s *speaker) Submit(b []byte, sequence uint32, u link.Unit) []byte {
	m := &u.Msgs[0]
	e := m.Envelope
	d := Outgoing{Source: e.Sender, Priority: priorities[e.Class], Coding: byte(m.Content.Coding), Text: m.Content.Octets}
	if d.Source == "" {
		d.Source = s.sender
	}
	d.SourceTON, d.SourceNPI = addressKind(d.Source)
	if e.Receipt {
		d.Registered = 1
	}
	d.Schedule, d.Validity = s.valid.At(e), s.valid.Of(e)
	var header []byte
	if u.Part >= 0 {
		d.Class = UDHI
		d.Text = m.Content.Part(u.Part)
		// Concatenation, 8-bit reference: 3GPP TS 23.040 section 9.2.3.24.1.
		header = []byte{5, 0, 3, m.Reference(), m.Content.Segments, byte(u.Part + 1)}
	}
	if len(u.Msgs) == 1 {
		return AppendSubmit(b, sequence, &d, m.To, header)
	}
	return AppendMulti(b, sequence, &d, u.Msgs, header)
}

// Most is what number_of_dests allows; the account may allow less.
func (s *speaker) Most(*sms.Message) int {
	if s.five {
		return maxBatch50
	}
	return maxBatch
}

// Say appends enquire_link or unbind.
func (s *speaker) Say(b []byte, w link.Word, sequence uint32) []byte {
	if w == link.Goodbye {
		return AppendEmpty(b, UnbindCommand, 0, sequence)
	}
	return AppendEmpty(b, EnquireLink, 0, sequence)
}

// Hear takes one PDU.
func (s *speaker) Hear(frame []byte, on *link.Session) error {
	h, body := Split(frame)
	switch h.ID {
	case QuerySM | Response, CancelSM | Response:
		on.Tell(h.Sequence, frame)
	case SubmitSM | Response, SubmitMulti | Response, GenericNack:
		if h.ID == GenericNack && h.Sequence == 0 {
			return fmt.Errorf("generic_nack with status %#x and no sequence number: %w", h.Status, ErrPDU)
		}
		if h.ID == GenericNack && on.Tell(h.Sequence, frame) {
			break // the carrier does not know query_sm or cancel_sm
		}
		if loggedOut(h.Status) { // before the answer makes room for the next submit
			on.LoggedOut(fmt.Errorf("submits are answered with status %#x: the login does not hold", h.Status))
		}
		// Before the answer: a caller that waits for it reads this level and not the one before.
		s.congested(h, body, on)
		if err := s.answer(h, body, on); err != nil {
			return err
		}
	case DeliverSM, DataSM:
		return s.arrival(h, body, on)
	case EnquireLink:
		on.Reply = AppendEmpty(on.Reply, EnquireLink|Response, 0, h.Sequence)
	case EnquireLink | Response:
		s.congested(h, body, on)
	case UnbindCommand:
		on.HearGoodbye(AppendEmpty(nil, UnbindCommand|Response, 0, h.Sequence))
	case UnbindCommand | Response:
		return link.ErrGoodbye
	default:
		if h.ID&Response == 0 && h.ID != AlertNotification { // alert_notification has no answer
			on.Reply = AppendEmpty(on.Reply, GenericNack, StatusInvCmdID, h.Sequence)
		}
	}
	return nil
}

// arrival takes one deliver_sm or data_sm.
func (s *speaker) arrival(h Header, body []byte, on *link.Session) error {
	parse := ParseDeliver
	if h.ID == DataSM {
		parse = ParseData
	}
	a, err := parse(body)
	if err != nil {
		return err
	}
	return on.Deliver(func(d *link.Delivery) {
		start := len(d.Answers)
		d.Answers = Begin(d.Answers, h.ID|Response, 0, h.Sequence)
		d.Answers = End(append(d.Answers, 0), start) // empty message_id
		if receipt, ok := s.receipts.read(&a); ok && a.IsReceipt() {
			receipt.Ref = s.ids.answered(receipt.Ref, s.id[:])
			d.Receipt(receipt)
		} else {
			text, part := a.message()
			d.Incoming(sms.Incoming{From: string(a.From), To: string(a.To), Text: decodeText(a.Coding, text), Part: part, Time: time.Now()})
		}
	})
}

// priorities are priority_flag by class, section 5.2.14: above 0 the carrier
// tries even when other messages wait for the handset.
var priorities = [sms.Classes]byte{sms.Routine: 0, sms.Urgent: 1, sms.Emergency: 3}

// addressKind is the type of number and numbering plan of a sender, sections
// 5.2.5 and 5.2.6: a name is alphanumeric, digits are the network's own.
func addressKind(sender string) (ton, npi byte) {
	for _, c := range sender {
		if c < '0' || c > '9' {
			return 5, 0
		}
	}
	return 0, 1
}
