package smpp

import (
	"fmt"

	"tocsin/providers/sms"
)

// answer settles the slot a response is for. A response nobody waits for is
// ignored.
func (l *line) answer(h Header, body []byte) error {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	k := h.Sequence & slotMask
	if h.Sequence == 0 || int(k) >= len(l.slots) || l.slots[k].sequence != h.Sequence {
		return nil // 0 is what a free slot has
	}
	s := &l.slots[k]
	j := s.job
	s.sequence = 0
	l.free = append(l.free, uint16(k))
	if j == nil {
		return nil
	}
	s.job = nil
	if s.n > 1 && (noBatches(h) || h.Status == StatusInvDest) {
		if noBatches(h) && !p.single.Swap(true) {
			p.log.Warn("the carrier takes no submit_multi: sending one by one", "address", p.c.Address, "status", h.Status)
		}
		for i := range s.n {
			j.redo = append(j.redo, span{s.first + i, 1})
		}
		p.again(j)
		return nil
	}
	v := verdictOf(h.Status)
	if h.ID == GenericNack && v.outcome == sms.Taken {
		v = verdict{sms.Unknown, sms.CarrierFault}
	}
	if h.ID == SubmitMulti|Response {
		return l.answerMulti(j, s, h, body, v)
	}
	var refs sms.Refs
	if v.outcome == sms.Taken && len(body) > 0 {
		id, err := Reference(body)
		if err != nil {
			j.answer(s, verdict{sms.Unknown, sms.CarrierFault}, 0, nil)
			return fmt.Errorf("submit_sm_resp: %w", err)
		}
		refs = p.ref(id)
	}
	j.answer(s, v, h.Status, refs)
	return nil
}

// renew ends a line whose carrier answers that nobody is logged in on it: no
// more is sent, and it is cut when what is in flight is answered.
func (l *line) renew(status uint32) error {
	if loggedOut(status) {
		l.refused = status
	}
	if l.refused == StatusOK {
		return nil
	}
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.closed = true
	if l.inFlight() > 0 {
		return nil
	}
	return fmt.Errorf("submits are answered with status %#x: the login does not hold", l.refused)
}

// noBatches reports whether the answer to a submit_multi says that the carrier
// does not know it, or not with so many destinations. Nobody in it was taken.
// (One bad destination for which a carrier refuses all of it is found one by one
// as well, but the next batch may go.)
func noBatches(h Header) bool {
	switch h.Status {
	case StatusInvCmdLen, StatusInvCmdID, StatusInvNumDests:
		return true
	}
	return h.ID == GenericNack && h.Status == StatusOK
}

// again puts a job that was all begun back in line. Under p.mu.
func (p *Provider) again(j *job) {
	for _, other := range p.jobs {
		if other == j {
			return
		}
	}
	p.jobs = append(p.jobs, j)
}

// answerMulti settles a batch: all are taken but those the response names. When
// it names one that is nobody's in the batch, some were refused and nobody can
// say which: those it does not name are in doubt.
func (l *line) answerMulti(j *job, s *slot, h Header, body []byte, v verdict) error {
	p := l.p
	if v.outcome != sms.Taken {
		j.answer(s, v, h.Status, nil)
		return nil
	}
	var refused map[int]uint32 // status by message
	batch := j.msgs[s.first : s.first+s.n]
	id, err := Refusals(body, func(to []byte, status uint32) {
		if status == StatusOK {
			return
		}
		i := named(batch, to)
		if i < 0 {
			v = verdict{sms.Unknown, sms.CarrierFault}
			return
		}
		if refused == nil {
			refused = map[int]uint32{}
		}
		refused[i] = status
	})
	if err != nil {
		j.answer(s, verdict{sms.Unknown, sms.CarrierFault}, 0, nil)
		return fmt.Errorf("submit_multi_resp: %w", err)
	}
	refs := p.ref(id)
	for i := range batch {
		if status, ok := refused[i]; ok {
			j.set(s.first+i, verdictOf(status), status, nil, false)
		} else {
			j.set(s.first+i, v, 0, refs, s.n > 1)
		}
	}
	return nil
}
