package simulator

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"tocsin/providers/smgp"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// smgpDialect is SMGP 3.0.
type smgpDialect struct {
	config *Config
	submit smgp.Submit // what is being read, kept for the room in it
	origin *origin
	form   minutes
}

func newSMGP(c *Carrier) dialect { return &smgpDialect{config: &c.config} }

// hear takes one PDU.
func (d *smgpDialect) hear(s *session, frame []byte) {
	if frame == nil {
		return // framing is lost: nothing can be said to it
	}
	h, body := smgp.Split(frame)
	switch {
	case h.ID == smgp.LoginID && s.account == nil:
		d.login(s, h.Sequence, body)
	case h.ID == smgp.ExitID:
		s.part()
		s.out = smgp.AppendEmpty(s.out, smgp.ExitID|smgp.Response, h.Sequence)
		s.end = true
	case h.ID == smgp.ExitID|smgp.Response:
		s.end = true
	case s.account == nil:
		s.end = true // nothing else is said before Login
	case h.ID == smgp.SubmitID:
		d.take(s, h.Sequence, body)
	case h.ID == smgp.DeliverID|smgp.Response:
		var a smgp.Answer
		if wire.Decode(body, &a) == nil {
			s.acks = append(s.acks, ack{h.Sequence, a.Status})
		}
	case h.ID == smgp.QueryID && s.carrier.memory != nil:
		d.query(s, h.Sequence, body)
	case h.ID == smgp.ActiveTestID:
		s.out = smgp.AppendEmpty(s.out, smgp.ActiveTestID|smgp.Response, h.Sequence)
	}
}

// login logs the session in: SMGP 3.0.3, section 7.2.1.
func (d *smgpDialect) login(s *session, sequence uint32, body []byte) {
	var request smgp.Login
	a := smgp.LoginAnswer{Version: smgp.Version30, Authenticator: make([]byte, md5.Size)}
	malformed := wire.Decode(body, &request) != nil
	client := string(request.Client)
	digest := smgp.Authenticator(client, d.config.Password, request.Timestamp)
	switch {
	case malformed:
		a.Status = smgp.StatusForm
	case d.config.SystemID != "" && client != d.config.SystemID, d.config.Password != "" && !bytes.Equal(digest[:], request.Authenticator):
		a.Status = smgp.StatusSecret
	case request.Version != smgp.Version30:
		a.Status = smgp.StatusVersion
	case s.carrier.full():
		a.Status = smgp.StatusMany
	default:
		own := smgp.Reply(a.Status, [md5.Size]byte(request.Authenticator), d.config.Password)
		a.Authenticator = own[:]
	}
	out, err := smgp.Append(s.out, smgp.LoginID|smgp.Response, sequence, &a)
	if err != nil {
		panic(fmt.Sprintf("simulator: write Login_Resp: %v", err)) // a mistake in this file
	}
	s.out = out
	if a.Status != smgp.StatusOK {
		s.end = true
		return
	}
	s.admit(client, request.Mode != 1, request.Mode != 0)
}

// query tells a day's figures: SMGP 3.0.3, section 7.2.7.
func (d *smgpDialect) query(s *session, sequence uint32, body []byte) {
	var request smgp.Query
	if wire.Decode(body, &request) != nil {
		s.end = true
		return
	}
	t := s.carrier.memory.figures(string(request.Day), s.now)
	out, err := smgp.Append(s.out, smgp.QueryID|smgp.Response, sequence, &smgp.QueryAnswer{
		Day: request.Day, Type: request.Type, Code: request.Code,
		SentMessages: t.messages, SentUsers: t.messages, Sent: t.delivered, SentWaiting: t.waiting, SentFailed: t.failed,
	})
	if err != nil {
		panic(fmt.Sprintf("simulator: write Query_Resp: %v", err)) // a mistake in this file
	}
	s.out = out
}

// take reads Submit: SMGP 3.0.3, section 7.2.3.
func (d *smgpDialect) take(s *session, sequence uint32, body []byte) {
	r := &s.request
	r.command, r.sequence = smgp.SubmitID, sequence
	m := &d.submit
	f := wire.Reading(body)
	m.Fields(&f)
	r.to = r.to[:0]
	why := none
	var timely bool
	r.at, timely = notBefore(m.At)
	switch {
	case f.Finish() != nil, !timely, len(m.Content) > smgp.MaxText+19, m.Format != 0 && len(m.Content) > smgp.MaxText:
		why = malformed
	case len(m.To) == 0, len(m.To) > smgp.MaxBatch:
		why = nobody
	case d.config.NoMulti && len(m.To) > 1:
		why = noBatch
	case !s.submits:
		why = notLoggedIn
	}
	if why != none {
		s.taken.submits++
		s.out = d.answer(s.out, r, why)
		return
	}
	for _, to := range m.To {
		r.to = append(r.to, destination{number: uint64(sms.ChinaNumber(to)), raw: to})
	}
	r.wanted = noReceipt
	if m.Report == 1 {
		r.wanted = anyReceipt
	}
	r.coding, r.octets, r.part = chineseCoding(m.Format), m.Content, part{}
	if udhi, ok := m.Options.Find(smgp.TagUDHI); ok && len(udhi) == 1 && udhi[0] == 1 {
		r.octets, r.part = splitHeader(r.octets)
	}
	if o := d.origin; o == nil || !bytes.Equal(o.addr, m.Sender) {
		d.origin = &origin{addr: bytes.Clone(m.Sender)}
	}
	r.origin = d.origin
	s.submit(r)
}

// smgpStatuses are Status by trouble.
var smgpStatuses = [...]uint32{
	none: smgp.StatusOK, notLoggedIn: 2, malformed: smgp.StatusForm, nobody: smgp.StatusNumber, aList: smgp.StatusNumber,
	noBatch: smgp.StatusForm, throttled: smgp.StatusBusy, queueFull: smgp.StatusBusy, wrongNumbers: smgp.StatusNumber,
}

// answer appends Submit_Resp.
func (d *smgpDialect) answer(b []byte, r *request, why trouble) []byte {
	start := len(b)
	id := smgpID(r.id)
	if why != none {
		id = [10]byte{}
	}
	b = append(smgp.Begin(b, smgp.SubmitID|smgp.Response, r.sequence), id[:]...)
	return smgp.End(binary.BigEndian.AppendUint32(b, smgpStatuses[why]), start)
}

// smgpID is the MsgID of the carrier's n-th message: SMGP 3.0.3, section 7.1. The digits
// of its gateway go on where the sequence's six end.
func smgpID(n uint64) (id [10]byte) {
	at := time.UnixMilli(int64(n >> 20)).In(wire.Beijing)
	for i, v := range [...]uint64{
		n / 1e10 % 100, n / 1e8 % 100, n / 1e6 % 100, uint64(at.Month()), uint64(at.Day()), uint64(at.Hour()), uint64(at.Minute()),
		n / 1e4 % 100, n / 100 % 100, n % 100,
	} {
		id[i] = byte(v/10<<4 | v%10)
	}
	return id
}

// name appends a MsgID's digits.
func (d *smgpDialect) name(b []byte, r *request, i int) []byte {
	id, _ := smgp.InRange(smgpID(r.id), i)
	return hex.AppendEncode(b, id[:])
}

// deliver appends r as Deliver: SMGP 3.0.3, section 7.2.4.
func (d *smgpDialect) deliver(b []byte, sequence uint32, r *receipt) []byte {
	start := len(b)
	own := smgpID(r.id + 1<<19)
	b = append(smgp.Begin(b, smgp.DeliverID, sequence), own[:]...)
	b = append(b, 1, 0)
	b = append(append(append(b, "20"...), d.form.date(1, max(r.at, r.taken))...), "00"...)
	b = appendNumber(b, r.to, 21)
	b = wire.AppendPadded(b, r.origin.addr, 21)
	b = append(b, 0)
	text := len(b)
	id, _ := smgp.InRange(smgpID(r.id-uint64(r.place)), r.place)
	space, submitted, done := byte(' '), "Submit date:", "done date:"
	if d.config.ReceiptForm == "text" { // the dialect that has no spaces
		space, submitted, done = 's', "Submit_Date:", "Done_Date:"
	}
	b = append(append(append(b, "id:"...), id[:]...), space)
	b = append(append(append(append(b, "sub:001"...), space), "dlvrd:001"...), space)
	b = append(append(append(b, submitted...), d.form.date(0, r.taken)...), space)
	b = append(append(append(b, done...), d.form.date(1, max(r.at, r.taken))...), space)
	if r.failed {
		b = append(append(append(append(b, "stat:UNDELIV"...), space), "err:001"...), space)
	} else {
		b = append(append(append(append(b, "stat:DELIVRD"...), space), "err:000"...), space)
	}
	b = wire.AppendPadded(append(b, "Text:"...), "000", 20)
	b[text-1] = byte(len(b) - text)
	return smgp.End(wire.AppendPadded(b, "", 8), start)
}
