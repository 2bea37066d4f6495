package simulator

// submit decides one submit that the dialect has read into s.request.
func (s *session) submit(r *request) {
	c := s.carrier
	s.taken.submits++
	segments := len(r.to) * max(1, (len(r.octets)+139)/140) // 140 octets: 3GPP TS 23.040, section 9.2.3.16
	count := c.pdus.Add(1)
	if why := s.busy(segments, count); why != none {
		s.out = s.dialect.answer(s.out, r, why)
		return
	}
	r.ids = 1
	if c.speaks.ranged {
		r.ids = len(r.to)
	}
	if r.id = c.nextID.Add(uint64(r.ids)) - uint64(r.ids-1); c.speaks.named {
		r.id = uint64(r.sequence)
	}
	r.refused = r.refused[:0]
	if c.speaks.whole && s.wrong(r) {
		if len(r.to) == 1 { // of a batch nobody knows yet which
			s.taken.refused++
		}
		s.out = s.dialect.answer(s.out, r, wrongNumbers)
		return
	}
	if c.journal != nil {
		s.lines.setTime(s.now)
		s.lines.setText(r.octets, r.coding, r.part)
	}
	s.name = s.name[:0]
	for i := range r.to {
		s.take(i, r)
	}
	if cut := int64(c.config.CutAfter); cut > 0 && (count == cut || c.config.CutAgain && count%cut == 0) {
		c.counts.cuts.Add(1)
		s.end = true
		return
	}
	if c.happens(c.config.Silent, uint64(count), saltSilent) {
		s.taken.silent += len(r.to) - len(r.refused)
		return
	}
	s.out = s.dialect.answer(s.out, r, none)
}

// busy says why the carrier puts a submit off.
func (s *session) busy(segments int, count int64) trouble {
	c := s.carrier
	why := none
	switch {
	case !c.gate.allow(segments, s.now), c.happens(c.config.Throttle, uint64(count), saltThrottle):
		why = throttled
	case c.happens(c.config.QueueFull, uint64(count), saltQueueFull):
		why = queueFull
	}
	if why != none {
		s.taken.throttled += segments
	}
	return why
}

// wrong reports whether the carrier refuses a number of the submit.
func (s *session) wrong(r *request) bool {
	for i := range r.to {
		if s.refuses(r.to[i].number) {
			return true
		}
	}
	return false
}

func (s *session) refuses(number uint64) bool {
	return number == 0 || s.carrier.happens(s.carrier.config.Refuse, number, saltRefuse)
}

// idOf is the id of message i.
func (r *request) idOf(i int) uint64 {
	if r.ids <= 1 {
		return r.id
	}
	return r.id + uint64(i)
}

// take takes or refuses one destination and decides its receipts.
func (s *session) take(i int, m *request) {
	c, d := s.carrier, &m.to[i]
	if s.refuses(d.number) {
		m.refused = append(m.refused, *d)
		s.taken.refused++
		return
	}
	s.taken.segments++
	if m.part.of <= 1 || m.part.number == 1 {
		s.taken.recipients++
	}
	if (c.journal != nil || c.memory != nil) && (m.ids > 1 || len(s.name) == 0) {
		s.name = s.dialect.name(s.name[:0], m, i)
	}
	if c.journal != nil {
		s.lines.add(d.number, s.name)
	}
	id := m.idOf(i)
	s.answers(d.number, m, id)
	luck := mix(d.number) ^ id
	due := max(s.now, m.at) + int64(c.config.ReceiptDelay)
	if c.config.ReceiptJitter > 0 {
		due += int64(mix(luck^c.config.Seed+saltReceiptJitter) % uint64(c.config.ReceiptJitter))
	}
	var becomes *fate
	if c.memory != nil {
		becomes = &fate{to: d.number, taken: s.now, due: due, failed: c.happens(c.config.FailReceipts, luck, saltFail)}
		c.memory.add(s.name, becomes)
	}
	if !c.config.Receipts || m.wanted == noReceipt || c.happens(c.config.LoseReceipts, luck, saltLose) {
		return
	}
	r := receipt{to: d.number, id: id, place: i, head: m.head, origin: m.origin, at: due, taken: s.now, fate: becomes}
	r.failed = c.happens(c.config.FailReceipts, luck, saltFail)
	if m.wanted == onlyFailure && !r.failed || m.wanted == onlySuccess && r.failed {
		return
	}
	if c.happens(c.config.EarlyReceipts, luck, saltEarly) {
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
	d.receipts, s.due = s.due, nil
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
