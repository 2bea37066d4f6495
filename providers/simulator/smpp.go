package simulator

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"

	"tocsin/providers/smpp"
	"tocsin/providers/wire"
)

// smppDialect is SMPP 3.4 and 5.0: the client's bind says which.
type smppDialect struct {
	carrier *Carrier
	config  *Config
	five    bool
	multi   smpp.Multi // what is being read, kept for the room in it
	origin  *origin
	form    receiptForm
}

func newSMPP(c *Carrier) dialect { return &smppDialect{carrier: c, config: &c.config} }

// hear takes one PDU.
func (d *smppDialect) hear(s *session, frame []byte) {
	if frame == nil {
		s.out = appendHeader(s.out, genericNack, statusCommandLength, 0)
		return
	}
	command := binary.BigEndian.Uint32(frame[4:])
	status := binary.BigEndian.Uint32(frame[8:])
	sequence := binary.BigEndian.Uint32(frame[12:])
	body := frame[headerSize:]
	switch command {
	case submitMulti:
		if d.config.NoMulti {
			s.out = appendHeader(s.out, genericNack, statusCommandID, sequence)
			return
		}
		d.submit(s, command, sequence, body)
	case submitSM:
		d.submit(s, command, sequence, body)
	case deliverSM | response:
		s.acks = append(s.acks, ack{sequence, status})
	case genericNack:
		s.acks = append(s.acks, ack{sequence, max(status, 1)})
	case bindReceiver, bindTransmitter, bindTransceiver:
		d.bind(s, command, sequence, body)
	case enquireLink:
		start := len(s.out)
		s.out = d.congestion(appendHeader(s.out, enquireLink|response, statusOK, sequence))
		setLength(s.out, start)
	case smpp.QuerySM, smpp.CancelSM:
		d.ask(s, command, sequence, body)
	case unbind:
		s.part()
		s.out = appendHeader(s.out, unbind|response, statusOK, sequence)
		s.end = true
	case unbind | response:
		s.end = true
	case smpp.BroadcastSM, smpp.QueryBroadcastSM, smpp.CancelBroadcastSM:
		d.cell(s, command, sequence, body)
	default:
		if command&response == 0 {
			s.out = appendHeader(s.out, genericNack, statusCommandID, sequence)
		}
	}
}

// ask answers query_sm and cancel_sm: SMPP 3.4, sections 4.8 and 4.9.
func (d *smppDialect) ask(s *session, command, sequence uint32, body []byte) {
	if s.carrier.memory == nil || s.account == nil {
		s.out = appendHeader(s.out, genericNack, statusCommandID, sequence)
		return
	}
	start := len(s.out)
	if command == smpp.CancelSM {
		var request smpp.Cancel
		status := uint32(statusOK)
		if wire.Decode(body, &request) != nil || !s.cancel(request.ID, parseNumber(request.To.Text)) {
			status = smpp.StatusCancelFail
		}
		s.out = appendHeader(s.out, command|response, status, sequence)
		return
	}
	var request smpp.Query
	malformed := wire.Decode(body, &request) != nil
	fates := s.carrier.memory.find(request.ID)
	if malformed || len(fates) == 0 {
		s.out = appendHeader(s.out, command|response, smpp.StatusQueryFail, sequence)
		return
	}
	s.out = append(append(appendHeader(s.out, command|response, statusOK, sequence), request.ID...), 0)
	state := byte(1) // ENROUTE
	switch f := fates[0]; {
	case f.gone():
		state = 4 // DELETED
	case s.now < f.due:
	case f.failed:
		state = 5 // UNDELIVERABLE
	default:
		state = 2 // DELIVERED
	}
	if state != 1 {
		s.out = append(time.Unix(0, fates[0].due).UTC().AppendFormat(s.out, "060102150405"), "000+"...)
	}
	s.out = append(s.out, 0, state, 0)
	setLength(s.out, start)
}

// bind logs the session in: SMPP 3.4, section 4.1.
func (d *smppDialect) bind(s *session, command, sequence uint32, body []byte) {
	var request smpp.Bind
	malformed := wire.Decode(body, &request) != nil
	status := uint32(statusOK)
	switch {
	case s.account != nil:
		status = statusAlreadyBound
	case malformed:
		status = statusCommandLength
	case d.config.SystemID != "" && request.SystemID != d.config.SystemID:
		status = statusSystemID
	case d.config.Password != "" && request.Password != d.config.Password:
		status = statusPassword
	case s.carrier.full():
		status = statusAlreadyBound
	}
	start := len(s.out)
	s.out = appendHeader(s.out, command|response, status, sequence)
	if status != statusOK {
		s.end = s.account == nil
		return
	}
	s.out = append(append(s.out, d.config.SystemID...), 0)
	version := byte(smpp.Version34)
	if d.config.Version50 {
		version = smpp.Version50
	}
	d.five = d.config.Version50 && request.Version >= smpp.Version50
	s.out = appendTLV8(s.out, tagInterfaceVersion, version)
	setLength(s.out, start)
	s.admit(request.SystemID, command != bindReceiver, command != bindTransmitter)
}

// submit reads submit_sm or submit_multi: SMPP 3.4, sections 4.4 and 4.5.
func (d *smppDialect) submit(s *session, command, sequence uint32, body []byte) {
	r := &s.request
	r.command, r.sequence = command, sequence
	why := notLoggedIn
	if s.submits {
		why = d.parse(r, command, body)
	}
	if why != none {
		if s.submits {
			s.taken.submits++
		}
		s.out = d.answer(s.out, r, why)
		return
	}
	s.submit(r)
}

// parse reads a submit's body.
func (d *smppDialect) parse(r *request, command uint32, body []byte) trouble {
	m := &d.multi
	f := wire.Reading(body)
	if command == submitMulti {
		m.Fields(&f)
	} else {
		one := smpp.Submit{}
		one.Fields(&f)
		m.Source, m.Message = one.Source, one.Message
		m.To = append(m.To[:0], smpp.Destination{Flag: smpp.OneNumber, Address: one.To})
	}
	r.to = r.to[:0]
	if f.Finish() != nil {
		return malformed
	}
	if len(m.To) == 0 || len(m.To) > 254 && !d.five { // 3.4, section 4.5.1
		return nobody
	}
	if len(m.Text) > 254 && !d.five { // 3.4, section 5.2.21
		return malformed
	}
	for i := range m.To {
		to := &m.To[i]
		if to.Flag != smpp.OneNumber {
			return aList
		}
		r.to = append(r.to, destination{parseNumber(to.Text), to.TON, to.NPI, to.Text})
	}
	r.at, _ = notBefore(m.Schedule)
	r.wanted = [...]wanted{noReceipt, anyReceipt, onlyFailure, onlySuccess}[m.Registered&3]
	r.coding, r.octets, r.part = m.Coding, m.Text, part{}
	for tag, value, rest, ok := m.Options.Next(); ok; tag, value, rest, ok = rest.Next() {
		switch {
		case tag == tagMessagePayload:
			r.octets = value
		case tag == tagSarTotal && len(value) == 1:
			r.part.of = value[0]
		case tag == tagSarNumber && len(value) == 1:
			r.part.number = value[0]
		}
	}
	if m.Class&smpp.UDHI != 0 {
		r.octets, r.part = splitHeader(r.octets)
	}
	if from, o := m.Source, d.origin; o == nil || o.ton != from.TON || o.npi != from.NPI || !bytes.Equal(o.addr, from.Text) {
		d.origin = &origin{from.TON, from.NPI, bytes.Clone(from.Text)}
	}
	r.origin = d.origin
	return none
}

// smppStatuses are command_status by trouble.
var smppStatuses = [...]uint32{
	none: statusOK, notLoggedIn: statusBindStatus, malformed: statusCommandLength, nobody: statusDestinations,
	aList: statusListName, noBatch: statusCommandID, throttled: statusThrottled, queueFull: statusQueueFull,
	wrongNumbers: statusDestination,
}

// answer appends submit_sm_resp or submit_multi_resp.
func (d *smppDialect) answer(b []byte, r *request, why trouble) []byte {
	if why == none && r.command == submitSM && len(r.refused) > 0 {
		why = wrongNumbers
	}
	start := len(b)
	b = appendHeader(b, r.command|response, smppStatuses[why], r.sequence)
	if why != none {
		if d.saysCongestion() { // behind an empty message_id, and of a batch nobody
			b = append(b, 0)
			if r.command == submitMulti {
				b = append(b, 0)
			}
			b = d.congestion(b)
			setLength(b, start)
		}
		return b
	}
	b = append(d.name(b, r, 0), 0)
	if r.command == submitMulti {
		b = append(b, byte(len(r.refused)))
		for _, to := range r.refused {
			b = append(append(append(b, to.ton, to.npi), to.raw...), 0)
			b = binary.BigEndian.AppendUint32(b, statusDestination)
		}
	}
	b = d.congestion(b)
	setLength(b, start)
	return b
}

func (d *smppDialect) saysCongestion() bool { return d.five && d.carrier.congestion.Load() > 0 }

// congestion appends congestion_state, when the carrier says it: SMPP 5.0, section 4.8.
func (d *smppDialect) congestion(b []byte) []byte {
	if !d.saysCongestion() {
		return b
	}
	return appendTLV8(b, smpp.TagCongestionState, byte(d.carrier.congestion.Load()))
}

// name appends message_id.
func (d *smppDialect) name(b []byte, r *request, _ int) []byte {
	return appendID(b, r.id, d.config.HexIDs == "resp")
}

func appendID(b []byte, id uint64, hexadecimal bool) []byte {
	if hexadecimal {
		return strconv.AppendUint(b, id, 16)
	}
	return strconv.AppendUint(b, id, 10)
}

// A receiptForm keeps the dates of the last receipt's text, which change once a
// minute.
type receiptForm struct {
	minutes [2]int64
	dates   [2][10]byte
}

func (f *receiptForm) date(which int, at int64) []byte {
	if minute := at / int64(time.Minute); f.minutes[which] != minute {
		f.minutes[which] = minute
		time.Unix(0, at).AppendFormat(f.dates[which][:0], "0601021504")
	}
	return f.dates[which][:]
}

// deliver appends r as deliver_sm: SMPP 3.4, sections 4.6 and 5.2.12, appendix B.
func (d *smppDialect) deliver(b []byte, sequence uint32, r *receipt) []byte {
	config := d.config
	hexadecimal := config.HexIDs == "receipt"

	start := len(b)
	b = appendHeader(b, deliverSM, 0, sequence)
	b = append(b, 0, 1, 1) // service_type; international, E.164
	b = strconv.AppendUint(b, r.to, 10)
	b = append(b, 0, r.origin.ton, r.origin.npi)
	b = append(b, r.origin.addr...)
	b = append(b, 0, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0) // esm_class: a receipt; …; sm_length
	if config.ReceiptForm != "tlv" {
		text := len(b)
		b = appendID(append(b, "id:"...), r.id, hexadecimal)
		if r.failed {
			b = append(b, " sub:001 dlvrd:000 submit date:"...)
		} else {
			b = append(b, " sub:001 dlvrd:001 submit date:"...)
		}
		b = append(b, d.form.date(0, r.taken)...)
		b = append(b, " done date:"...)
		b = append(b, d.form.date(1, max(r.at, r.taken))...)
		if r.failed {
			b = append(b, " stat:UNDELIV err:027 text:"...) // absent subscriber: 3GPP TS 29.002, section 17.6.6
		} else {
			b = append(b, " stat:DELIVRD err:000 text:"...)
		}
		b[text-1] = byte(len(b) - text)
	}
	if config.ReceiptForm != "text" {
		b = append(b, tagReceiptedMessageID>>8, tagReceiptedMessageID&0xFF, 0, 0)
		id := len(b)
		b = append(appendID(b, r.id, hexadecimal), 0)
		b[id-1] = byte(len(b) - id)
		if r.failed {
			b = appendTLV8(b, tagMessageState, 5)                                   // UNDELIVERABLE
			b = append(b, tagNetworkError>>8, tagNetworkError&0xFF, 0, 3, 3, 0, 27) // GSM
		} else {
			b = appendTLV8(b, tagMessageState, 2) // DELIVERED
		}
	}
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}
