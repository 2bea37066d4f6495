package simulator

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"tocsin/providers/cmpp"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// cmppDialect is CMPP 2.0 and 3.0: the client's CONNECT says which.
type cmppDialect struct {
	config  *Config
	version cmpp.Version
	submit  cmpp.Submit // what is being read, kept for the room in it
	origin  *origin
	form    minutes
}

func newCMPP(c *Carrier) dialect { return &cmppDialect{config: &c.config, version: cmpp.V30} }

// hear takes one PDU.
func (d *cmppDialect) hear(s *session, frame []byte) {
	if frame == nil {
		return // framing is lost: nothing can be said to it
	}
	h, body := cmpp.Split(frame)
	switch {
	case h.ID == cmpp.ConnectID && s.account == nil:
		d.connect(s, h.Sequence, body)
	case h.ID == cmpp.TerminateID:
		s.part()
		s.out = cmpp.AppendEmpty(s.out, cmpp.TerminateID|cmpp.Response, h.Sequence)
		s.end = true
	case h.ID == cmpp.TerminateID|cmpp.Response:
		s.end = true
	case s.account == nil:
		s.end = true // nothing else is said before CONNECT
	case h.ID == cmpp.SubmitID:
		d.take(s, h.Sequence, body)
	case h.ID == cmpp.DeliverID|cmpp.Response:
		a := cmpp.DeliverAnswer{Version: d.version}
		if wire.Decode(body, &a) == nil {
			s.acks = append(s.acks, ack{h.Sequence, a.Result})
		}
	case h.ID == cmpp.ActiveTestID:
		start := len(s.out)
		s.out = cmpp.End(append(cmpp.Begin(s.out, cmpp.ActiveTestID|cmpp.Response, h.Sequence), 0), start)
	case h.ID == cmpp.CancelID:
		d.cancel(s, h.Sequence, body)
	case h.ID == cmpp.QueryID && s.carrier.memory != nil:
		d.query(s, h.Sequence, body)
	}
}

// put appends a PDU whose fields all fit.
func (d *cmppDialect) put(b []byte, id, sequence uint32, body wire.Body) []byte {
	out, err := cmpp.Append(b, id, sequence, body)
	if err != nil {
		panic(fmt.Sprintf("simulator: write PDU %#x: %v", id, err)) // a mistake in this file
	}
	return out
}

// connect logs the session in: CMPP 3.0, section 7.4.1.
func (d *cmppDialect) connect(s *session, sequence uint32, body []byte) {
	var request cmpp.Connect
	a := cmpp.ConnectAnswer{Version: uint8(cmpp.V30), Authenticator: make([]byte, md5.Size), Wide: true}
	malformed := wire.Decode(body, &request) != nil
	source := string(request.Source)
	digest := cmpp.Authenticator(source, d.config.Password, request.Timestamp)
	if !malformed {
		if d.version = cmpp.Version(request.Version); d.version < cmpp.V30 {
			a.Wide, a.Version = false, request.Version
		}
	}
	switch {
	case malformed:
		a.Status = cmpp.ConnectMalformed
	case d.config.SystemID != "" && source != d.config.SystemID:
		a.Status = cmpp.ConnectSource
	case d.config.Password != "" && !bytes.Equal(digest[:], request.Authenticator):
		a.Status = cmpp.ConnectSecret
	case d.version > cmpp.V30:
		a.Status = cmpp.ConnectVersion
	case s.carrier.full():
		a.Status = 5 // any other fault: the text has no word for it
	default:
		own := cmpp.Reply(a, [md5.Size]byte(request.Authenticator), d.config.Password)
		a.Authenticator = own[:]
	}
	s.out = d.put(s.out, cmpp.ConnectID|cmpp.Response, sequence, &a)
	if a.Status != cmpp.ConnectOK {
		s.end = true
		return
	}
	s.admit(source, true, true)
}

// take reads SUBMIT: CMPP 3.0, section 7.4.3.
func (d *cmppDialect) take(s *session, sequence uint32, body []byte) {
	r := &s.request
	r.command, r.sequence = cmpp.SubmitID, sequence
	m := &d.submit
	m.Version = d.version
	f := wire.Reading(body)
	m.Fields(&f)
	r.to = r.to[:0]
	why := none
	var timely bool
	r.at, timely = notBefore(m.At)
	switch {
	case f.Finish() != nil, !timely, len(m.Content) > cmpp.MaxText+19, m.Format != 0 && len(m.Content) > cmpp.MaxText:
		why = malformed
	case len(m.To) == 0, len(m.To) > cmpp.MaxBatch:
		why = nobody
	case d.config.NoMulti && len(m.To) > 1:
		why = noBatch
	case len(m.To) > 1 && m.Registered == 1 && d.version < cmpp.V21:
		why = noBatch // CMPP 2.0, section 7.4.3.1
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
	if m.Registered == 1 {
		r.wanted = anyReceipt
	}
	r.coding, r.octets, r.part = chineseCoding(m.Format), m.Content, part{}
	if m.UDHI != 0 {
		r.octets, r.part = splitHeader(r.octets)
	}
	if o := d.origin; o == nil || !bytes.Equal(o.addr, m.Sender) {
		d.origin = &origin{addr: bytes.Clone(m.Sender)}
	}
	r.origin = d.origin
	s.submit(r)
}

// cmppResults are results of SUBMIT_RESP by trouble.
var cmppResults = [...]uint32{
	none: cmpp.ResultOK, notLoggedIn: 2, malformed: cmpp.ResultMalformed, nobody: cmpp.ResultNumber, aList: cmpp.ResultNumber,
	noBatch: cmpp.ResultMalformed, throttled: cmpp.ResultFlow, queueFull: cmpp.ResultFlow, wrongNumbers: cmpp.ResultNumber,
}

// answer appends SUBMIT_RESP.
func (d *cmppDialect) answer(b []byte, r *request, why trouble) []byte {
	start := len(b)
	id := msgID(r.id)
	if why != none {
		id = 0
	}
	b = binary.BigEndian.AppendUint64(cmpp.Begin(b, cmpp.SubmitID|cmpp.Response, r.sequence), id)
	if d.version >= cmpp.V30 {
		b = binary.BigEndian.AppendUint32(b, cmppResults[why])
	} else {
		b = append(b, byte(cmppResults[why]))
	}
	return cmpp.End(b, start)
}

// msgID is a Msg_Id of the carrier's n-th message: CMPP 3.0, section 7.4.3.2. Its
// gateway code goes on where the sequence's 16 bits end.
func msgID(n uint64) uint64 {
	at := time.Unix(0, 0).Add(time.Duration(n>>20) * time.Millisecond).UTC()
	return uint64(at.Month())<<60 | uint64(at.Day())<<55 | uint64(at.Hour())<<50 | uint64(at.Minute())<<44 |
		n>>16&0x3FFFFF<<16 | n&0xFFFF
}

// name appends a Msg_Id in hexadecimal.
func (d *cmppDialect) name(b []byte, r *request, i int) []byte {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], cmpp.InRange(msgID(r.id), i))
	return hex.AppendEncode(b, id[:])
}

// deliver appends r as DELIVER: CMPP 3.0, section 7.4.5.
func (d *cmppDialect) deliver(b []byte, sequence uint32, r *receipt) []byte {
	start := len(b)
	wide := d.version >= cmpp.V30
	number := 21
	if wide {
		number = 32
	}
	b = binary.BigEndian.AppendUint64(cmpp.Begin(b, cmpp.DeliverID, sequence), msgID(r.id^1<<40))
	b = wire.AppendPadded(b, r.origin.addr, 21)
	b = wire.AppendPadded(b, "", 10+3) // Service_Id, TP_pid, TP_udhi, Msg_Fmt
	b = appendNumber(b, r.to, number)
	if wide {
		b = append(b, 0)
	}
	size := number
	if d.config.ReceiptForm == "short" {
		size = 21
	}
	b = append(b, 1, byte(39+size)) // a report; Msg_Length
	b = binary.BigEndian.AppendUint64(b, d.receiptID(r))
	if r.failed {
		b = append(b, "UNDELIV"...)
	} else {
		b = append(b, "DELIVRD"...)
	}
	b = append(b, d.form.date(0, r.taken)...)
	b = append(b, d.form.date(1, max(r.at, r.taken))...)
	b = appendNumber(b, r.to, size)
	b = wire.AppendPadded(b, "", 4) // SMSC_sequence
	if wide {
		b = wire.AppendPadded(b, "", 20)
	} else {
		b = wire.AppendPadded(b, "", 8)
	}
	return cmpp.End(b, start)
}

// cancel takes a message back: CMPP 3.0, section 7.4.7.
func (d *cmppDialect) cancel(s *session, sequence uint32, body []byte) {
	var request cmpp.Cancel
	a := cmpp.CancelAnswer{Version: d.version, Success: 1}
	if wire.Decode(body, &request) == nil && s.cancel(fmt.Appendf(nil, "%016x", request.ID), 0) {
		a.Success = 0
	}
	s.out = d.put(s.out, cmpp.CancelID|cmpp.Response, sequence, &a)
}

// query tells a day's figures: CMPP 3.0, section 7.4.6.
func (d *cmppDialect) query(s *session, sequence uint32, body []byte) {
	var request cmpp.Query
	if wire.Decode(body, &request) != nil {
		s.end = true
		return
	}
	t := s.carrier.memory.figures(string(request.Day), s.now)
	s.out = d.put(s.out, cmpp.QueryID|cmpp.Response, sequence, &cmpp.QueryAnswer{
		Day: request.Day, Type: request.Type, Code: request.Code,
		SentMessages: t.messages, SentUsers: t.messages, Sent: t.delivered, SentWaiting: t.waiting, SentFailed: t.failed,
	})
}

// receiptID is the Msg_Id a report names: of a batch each its own.
func (d *cmppDialect) receiptID(r *receipt) uint64 {
	return cmpp.InRange(msgID(r.id-uint64(r.place)), r.place)
}
