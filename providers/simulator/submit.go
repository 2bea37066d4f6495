package simulator

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"tocsin/providers/smpp"
	"tocsin/providers/wire"
)

// A destination is one address of a submit; raw points into the read buffer.
type destination struct {
	number   uint64
	ton, npi byte
	raw      []byte
}

// An origin is the sender of a submit, which its receipts go back to.
type origin struct {
	ton, npi byte
	addr     []byte
}

// A message is a submit without its destinations.
type message struct {
	coding, registered byte
	octets             []byte
	part               part
}

// submit decides one submit_sm or submit_multi: SMPP 3.4, sections 4.4 and 4.5.
func (s *session) submit(command, sequence uint32, body []byte) {
	c := s.carrier
	if !s.submits {
		s.out = appendHeader(s.out, command|response, statusBindStatus, sequence)
		return
	}
	s.taken.submits++
	m, status := s.parse(command, body)
	segments := len(s.to) * max(1, (len(m.octets)+139)/140) // 140 octets: 3GPP TS 23.040, section 9.2.3.16
	count := c.pdus.Add(1)
	if status == statusOK {
		status = s.busy(segments, count)
	}
	if status != statusOK {
		s.out = appendHeader(s.out, command|response, status, sequence)
		return
	}
	id := c.nextID.Add(1)
	s.idAnswer = appendID(s.idAnswer[:0], id, c.config.HexIDs == "resp")
	if c.journal != nil {
		s.lines.setTime(s.now)
		s.lines.setText(m.octets, m.coding, m.part)
	}
	s.refused = s.refused[:0]
	for _, d := range s.to {
		s.take(d, id, &m)
	}
	if cut := int64(c.config.CutAfter); cut > 0 && (count == cut || c.config.CutAgain && count%cut == 0) {
		c.counts.cuts.Add(1)
		s.end = true
		return
	}
	if c.happens(c.config.Silent, uint64(count), saltSilent) {
		s.taken.silent += len(s.to) - len(s.refused)
		return
	}
	s.answer(command, sequence)
}

// busy says with which status the carrier puts a submit off, or statusOK.
func (s *session) busy(segments int, count int64) uint32 {
	c := s.carrier
	status := uint32(statusOK)
	switch {
	case !c.gate.allow(segments, s.now), c.happens(c.config.Throttle, uint64(count), saltThrottle):
		status = statusThrottled
	case c.happens(c.config.QueueFull, uint64(count), saltQueueFull):
		status = statusQueueFull
	}
	if status != statusOK {
		s.taken.throttled += segments
	}
	return status
}

// parse reads a submit's body; the destinations go to s.to.
func (s *session) parse(command uint32, body []byte) (m message, status uint32) {
	d := &s.multi
	f := wire.Reading(body)
	if command == submitMulti {
		d.Fields(&f)
	} else {
		one := smpp.Submit{}
		one.Fields(&f)
		d.Source, d.Message = one.Source, one.Message
		d.To = append(d.To[:0], smpp.Destination{Flag: smpp.OneNumber, Address: one.To})
	}
	s.to = s.to[:0]
	if f.Finish() != nil {
		return m, statusCommandLength
	}
	if len(d.To) == 0 {
		return m, statusDestinations
	}
	for i := range d.To {
		to := &d.To[i]
		if to.Flag != smpp.OneNumber {
			s.to = s.to[:0]
			return m, statusListName
		}
		s.to = append(s.to, destination{parseNumber(to.Text), to.TON, to.NPI, to.Text})
	}
	m.registered, m.coding, m.octets = d.Registered, d.Coding, d.Text
	for tag, value, rest, ok := d.Options.Next(); ok; tag, value, rest, ok = rest.Next() {
		switch {
		case tag == tagMessagePayload:
			m.octets = value
		case tag == tagSarTotal && len(value) == 1:
			m.part.of = value[0]
		case tag == tagSarNumber && len(value) == 1:
			m.part.number = value[0]
		}
	}
	if d.Class&smpp.UDHI != 0 {
		m.octets, m.part = splitHeader(m.octets)
	}
	if from, o := d.Source, s.origin; o == nil || o.ton != from.TON || o.npi != from.NPI || !bytes.Equal(o.addr, from.Text) {
		s.origin = &origin{from.TON, from.NPI, bytes.Clone(from.Text)}
	}
	return m, statusOK
}

// take takes or refuses one destination and decides its receipts.
func (s *session) take(d destination, id uint64, m *message) {
	c := s.carrier
	if d.number == 0 || c.happens(c.config.Refuse, d.number, saltRefuse) {
		s.refused = append(s.refused, d)
		s.taken.refused++
		return
	}
	s.taken.segments++
	if m.part.of <= 1 || m.part.number == 1 {
		s.taken.recipients++
	}
	if c.journal != nil {
		s.lines.add(d.number, s.idAnswer)
	}
	luck := mix(d.number) ^ id
	if !c.config.Receipts || m.registered&3 == 0 || c.happens(c.config.LoseReceipts, luck, saltLose) {
		return
	}
	r := receipt{to: d.number, id: id, origin: s.origin, at: s.now + int64(c.config.ReceiptDelay), taken: s.now}
	r.failed = c.happens(c.config.FailReceipts, luck, saltFail)
	if failureOnly, successOnly := m.registered&3 == 2, m.registered&3 == 3; failureOnly && !r.failed || successOnly && r.failed {
		return
	}
	if s.receives && c.happens(c.config.EarlyReceipts, luck, saltEarly) {
		s.early = append(s.early, r)
	} else {
		s.due = append(s.due, r)
	}
	if c.happens(c.config.DuplicateReceipts, luck, saltDuplicate) {
		s.due = append(s.due, r)
	}
	if c.happens(c.config.UnknownReceipts, luck, saltUnknown) {
		r.to = 8610000000000 + mix(luck+saltStranger)%1e10 // no mobile number begins with 8610
		r.id ^= 1 << 62
		s.due = append(s.due, r)
	}
}

// answer appends the response to a submit that was looked at.
func (s *session) answer(command, sequence uint32) {
	start := len(s.out)
	if command == submitSM {
		if len(s.refused) > 0 {
			s.out = appendHeader(s.out, command|response, statusDestination, sequence)
			return
		}
		s.out = appendHeader(s.out, command|response, statusOK, sequence)
		s.out = append(append(s.out, s.idAnswer...), 0)
		setLength(s.out, start)
		return
	}
	s.out = appendHeader(s.out, command|response, statusOK, sequence)
	s.out = append(append(s.out, s.idAnswer...), 0, byte(len(s.refused)))
	for _, d := range s.refused {
		s.out = append(append(append(s.out, d.ton, d.npi), d.raw...), 0)
		s.out = binary.BigEndian.AppendUint32(s.out, statusDestination)
	}
	setLength(s.out, start)
}

func appendID(b []byte, id uint64, hexadecimal bool) []byte {
	if hexadecimal {
		return strconv.AppendUint(b, id, 16)
	}
	return strconv.AppendUint(b, id, 10)
}

// A delayed holds the answers of one buffer and the receipts that follow them.
type delayed struct {
	at       int64
	out      []byte
	receipts []receipt
}

// delay puts this buffer's answers on the delay line. Jitter lets a later buffer
// overtake.
func (s *session) delay() {
	config := &s.carrier.config
	d := delayed{at: s.now + int64(config.Latency), out: s.out}
	if config.Jitter > 0 {
		d.at += int64(mix(uint64(s.now)^config.Seed+saltJitter) % uint64(config.Jitter))
	}
	s.out = nil
	if s.receives {
		d.receipts, s.due = s.due, nil
	} else {
		s.hand()
	}
	s.mu.Lock()
	i := len(s.delayed)
	for i > 0 && s.delayed[i-1].at > d.at {
		i--
	}
	s.delayed = append(s.delayed, delayed{})
	copy(s.delayed[i+1:], s.delayed[i:])
	s.delayed[i] = d
	s.mu.Unlock()
	s.rouse()
}
