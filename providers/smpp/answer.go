package smpp

import (
	"fmt"

	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// answer settles the request that a response is for. A response nobody waits for is
// ignored.
func (s *speaker) answer(h Header, body []byte, on *link.Session) (err error) {
	on.Answer(h.Sequence, func(a *link.Answer) {
		if len(a.Msgs) > 1 && (noBatches(h) || h.Status == StatusInvDest) {
			if noBatches(h) && on.NoBatches() {
				s.log.Warn("the carrier takes no submit_multi: sending one by one", "address", s.address, "status", h.Status)
			}
			a.Singly()
			return
		}
		v := verdictOf(h.Status)
		if h.ID == GenericNack && v.Outcome == sms.Taken {
			v = link.Verdict{Outcome: sms.Unknown, Reason: sms.CarrierFault}
		}
		if h.ID == SubmitMulti|Response {
			err = answerMulti(a, h, body, v)
			return
		}
		var id []byte
		if v.Outcome == sms.Taken && len(body) > 0 {
			if id, err = Reference(body); err != nil {
				a.All(link.Verdict{Outcome: sms.Unknown, Reason: sms.CarrierFault}, 0, nil)
				err = fmt.Errorf("submit_sm_resp: %w", err)
				return
			}
		}
		a.All(v, h.Status, id)
	})
	return err
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

// answerMulti settles a batch: all are taken but those the response names. When
// it names one that is nobody's in the batch, some were refused and nobody can
// say which: those it does not name are in doubt.
func answerMulti(a *link.Answer, h Header, body []byte, v link.Verdict) error {
	if v.Outcome != sms.Taken {
		a.All(v, h.Status, nil)
		return nil
	}
	var refused map[int]uint32 // status by message
	id, err := Refusals(body, func(to []byte, status uint32) {
		if status == StatusOK {
			return
		}
		i := named(a.Msgs, to)
		if i < 0 {
			v = link.Verdict{Outcome: sms.Unknown, Reason: sms.CarrierFault}
			return
		}
		if refused == nil {
			refused = map[int]uint32{}
		}
		refused[i] = status
	})
	if err != nil {
		a.All(link.Verdict{Outcome: sms.Unknown, Reason: sms.CarrierFault}, 0, nil)
		return fmt.Errorf("submit_multi_resp: %w", err)
	}
	refs := a.Share(id)
	for i := range a.Msgs {
		switch status, ok := refused[i]; {
		case ok:
			a.One(i, verdictOf(status), status, nil, false)
		case v.Outcome == sms.Taken:
			a.Shared(i, refs)
		default:
			a.One(i, v, 0, nil, false)
		}
	}
	return nil
}
