package simulator

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"time"

	"tocsin/providers/sgip"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// sgipDialect is SGIP 1.2. Submits come on the client's connections; reports go on those
// that the carrier makes to Config.DialBack, or, without one, on the client's.
type sgipDialect struct {
	config *Config
	submit sgip.Submit // what is being read, kept for the room in it
	origin *origin
	back   bool // the carrier has called
}

func newSGIP(c *Carrier) dialect { return &sgipDialect{config: &c.config} }

// smg is the carrier's node number: 1, area and place, SGIP 1.2 section 2.3.
const smg = 1_0100_0

func (d *sgipDialect) sequence(n uint32) sgip.Sequence {
	return sgip.Sequence{Node: smg, Stamp: sgip.Stamp(time.Now()), Count: n}
}

// hear takes one PDU.
func (d *sgipDialect) hear(s *session, frame []byte) {
	if frame == nil {
		return // SGIP 1.2 section 3.4: the connection is closed
	}
	h, body := sgip.Split(frame)
	switch {
	case h.ID == sgip.BindID|sgip.Response && d.back:
		var a sgip.Answer
		if wire.Decode(body, &a) != nil || a.Result != sgip.ResultOK {
			s.end = true
			return
		}
		s.admit("", false, true)
	case h.ID == sgip.BindID:
		d.bind(s, h, body)
	case h.ID == sgip.UnbindID:
		s.part()
		s.out = sgip.AppendEmpty(s.out, sgip.UnbindID|sgip.Response, h.Sequence)
		s.end = true
	case h.ID == sgip.UnbindID|sgip.Response:
		s.end = true
	case s.account == nil:
		s.end = true // nothing else is said before Bind
	case h.ID == sgip.SubmitID:
		d.take(s, h, body)
	case h.ID == sgip.ReportID|sgip.Response, h.ID == sgip.DeliverID|sgip.Response:
		var a sgip.Answer
		if wire.Decode(body, &a) == nil {
			s.acks = append(s.acks, ack{h.Count, uint32(a.Result)})
		}
	}
}

// bind logs the client in: SGIP 1.2, section 4.2.1.
func (d *sgipDialect) bind(s *session, h sgip.Header, body []byte) {
	var request sgip.Bind
	result := byte(sgip.ResultOK)
	switch {
	case wire.Decode(body, &request) != nil:
		result = sgip.ResultForm
	case s.account != nil:
		result = sgip.ResultAgain
	case request.Type != sgip.ToGateway:
		result = sgip.ResultLoginType
	case d.config.SystemID != "" && string(request.Name) != d.config.SystemID,
		d.config.Password != "" && string(request.Password) != d.config.Password:
		result = sgip.ResultLogin
	case s.carrier.full():
		result = sgip.ResultMany
	}
	s.out = sgip.AppendAnswer(s.out, sgip.BindID, h.Sequence, result)
	if result != sgip.ResultOK {
		s.end = s.account == nil
		return
	}
	s.admit("", true, d.config.DialBack == "")
}

// take reads Submit: SGIP 1.2, section 4.2.3.
func (d *sgipDialect) take(s *session, h sgip.Header, body []byte) {
	r := &s.request
	r.command, r.sequence, r.head = sgip.SubmitID, h.Count, uint64(h.Node)<<32|uint64(h.Stamp)
	m := &d.submit
	f := wire.Reading(body)
	m.Fields(&f)
	r.to = r.to[:0]
	why := none
	var timely bool
	r.at, timely = notBefore(m.Schedule)
	switch {
	case h.Length > sgip.MaxPacket, f.Finish() != nil, !timely, len(m.Content) > sgip.MaxText+20:
		why = malformed
	case len(m.To) == 0, len(m.To) > sgip.MaxBatch:
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
		one := destination{raw: to}
		if bytes.HasPrefix(to, []byte("86")) { // SGIP 1.2, section 4.2.3.1
			one.number = uint64(sms.ChinaNumber(to))
		}
		r.to = append(r.to, one)
	}
	r.wanted = [...]wanted{onlyFailure, anyReceipt, noReceipt, noReceipt}[m.Report&3]
	r.coding, r.octets, r.part = chineseCoding(m.Coding), m.Content, part{}
	if m.UDHI != 0 {
		r.octets, r.part = splitHeader(r.octets)
	}
	if o := d.origin; o == nil || !bytes.Equal(o.addr, m.Sender) {
		d.origin = &origin{addr: bytes.Clone(m.Sender)}
	}
	r.origin = d.origin
	s.submit(r)
}

// sgipResults are results by trouble.
var sgipResults = [...]byte{
	none: sgip.ResultOK, notLoggedIn: sgip.ResultForm, malformed: sgip.ResultForm, nobody: sgip.ResultNumber, aList: sgip.ResultNumber,
	noBatch: sgip.ResultForm, throttled: sgip.ResultBusy, queueFull: sgip.ResultFull, wrongNumbers: sgip.ResultNumber,
}

// answer appends Submit_Resp.
func (d *sgipDialect) answer(b []byte, r *request, why trouble) []byte {
	return sgip.AppendAnswer(b, sgip.SubmitID, sgipSequence(r.head, r.sequence), sgipResults[why])
}

func sgipSequence(head uint64, count uint32) sgip.Sequence {
	return sgip.Sequence{Node: uint32(head >> 32), Stamp: uint32(head), Count: count}
}

// name appends the Submit's own sequence in hexadecimal.
func (d *sgipDialect) name(b []byte, r *request, _ int) []byte {
	var id [12]byte
	binary.BigEndian.PutUint64(id[:], r.head)
	binary.BigEndian.PutUint32(id[8:], r.sequence)
	return hex.AppendEncode(b, id[:])
}

// deliver appends r as Report: SGIP 1.2, section 4.2.5.
func (d *sgipDialect) deliver(b []byte, sequence uint32, r *receipt) []byte {
	start := len(b)
	b = sgip.Begin(b, sgip.ReportID, d.sequence(sequence))
	b = binary.BigEndian.AppendUint64(b, r.head)
	b = binary.BigEndian.AppendUint32(b, uint32(r.id))
	b = append(b, 0)
	b = appendNumber(b, r.to, 21)
	if r.failed {
		b = append(b, sgip.StateFailed, 25) // off, or no coverage
	} else {
		b = append(b, sgip.StateDelivered, 0)
	}
	return sgip.End(wire.AppendPadded(b, "", 8), start)
}

// callBack keeps a connection to where the client listens up, for receipts, until ctx ends.
func (c *Carrier) callBack(ctx context.Context, address string) {
	dial := net.Dialer{Timeout: time.Second}
	for ctx.Err() == nil {
		conn, err := dial.DialContext(ctx, "tcp", address)
		if err == nil {
			c.serveBack(ctx, conn)
		}
		t := time.NewTimer(100 * time.Millisecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// serveBack logs in to the client and brings it receipts until the connection ends.
func (c *Carrier) serveBack(ctx context.Context, conn net.Conn) {
	s := c.open(conn)
	if ctx.Err() != nil {
		conn.Close()
	}
	d := &sgipDialect{config: &c.config, back: true}
	s.dialect = d
	request, err := sgip.Append(nil, sgip.BindID, d.sequence(0), &sgip.Bind{
		Type: sgip.FromGateway, Name: []byte(c.config.DialBackID), Password: []byte(c.config.DialBackPassword),
	})
	if err != nil {
		panic(fmt.Sprintf("simulator: write Bind: %v", err)) // withDefaults has looked at the sizes
	}
	if _, err := conn.Write(request); err != nil {
		conn.Close() // run ends at once
	}
	s.run()
}
