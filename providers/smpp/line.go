package smpp

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/providers/sms"
)

// A slot is a place in the window: one PDU that is not answered.
type slot struct {
	unit
	job      *job // nil: nobody waits for it any more
	sequence uint32
	round    uint64 // the write it belongs to
	offset   int    // where its PDU begins in that write
	unsent   bool   // no octet of it left
	at       time.Time
}

// A line is one connection that is logged in. Whoever has something to send
// writes: a caller of Submit, or the reader when answers have made room; there is
// no goroutine in between.
type line struct {
	p    *Provider
	conn net.Conn

	// version is sc_interface_version, 0 when the carrier does not say. Below
	// Version34 it takes no optional parameters; no submit carries any.
	version byte
	refused uint32 // the status that says the login does not hold; the reader's own

	want    atomic.Bool // somebody has something to send
	writing sync.Mutex  // guards out and the connection's writing side
	out     []byte
	round   uint64 // writes so far
	closed  bool   // under p.mu: nothing more is sent on it

	// Under p.mu.
	slots []slot
	free  []uint16
	count uint32 // of requests, for sequence numbers

	answered atomic.Int64 // when the carrier last said anything, ns since 1970
	valid    validity
}

// A sequence number is a slot and how many requests went before: the low 12 bits
// are the slot, 19 bits count (section 5.1.4: 1 to 0x7FFFFFFF).
const (
	slotBits = 12
	slotMask = 1<<slotBits - 1
	maxCount = 1<<19 - 1
)

func newLine(p *Provider, conn net.Conn) *line {
	l := &line{p: p, conn: conn, slots: make([]slot, p.c.Window)}
	for i := range l.slots {
		l.free = append(l.free, uint16(len(l.slots)-1-i))
	}
	return l
}

func (l *line) inFlight() int { return len(l.slots) - len(l.free) }

// settled reports whether everything sent on it is answered.
func (l *line) settled() bool {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	return l.inFlight() == 0
}

// pump sends what waits, as far as the window has room. When another goroutine
// is writing, that one sees to it.
func (l *line) pump() {
	l.want.Store(true)
	for l.want.Load() && l.writing.TryLock() {
		l.want.Store(false)
		for l.fill() {
			if err := l.flush(); err != nil {
				break
			}
		}
		l.writing.Unlock()
	}
}

// fillTo is how much is gathered before it is written, in octets.
const fillTo = 64 << 10

// fill encodes PDUs into out; it reports whether there is anything to write.
// Under writing.
func (l *line) fill() bool {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	batch := p.c.Batch
	if p.single.Load() {
		batch = 1
	}
	for !l.closed && len(l.free) > 0 && len(p.jobs) > 0 && len(l.out) < fillTo {
		j := p.jobs[0]
		if j.closed { // all answered, and its memory is the caller's again
			p.jobs[0] = nil
			p.jobs = p.jobs[1:]
			continue
		}
		if j.next < len(j.msgs) && j.msgs[j.next].Over(now) { // it has waited for room in the window too long
			j.exhaust(sms.TooLate)
		}
		u, ok := j.take(batch)
		if !ok {
			p.jobs[0] = nil
			p.jobs = p.jobs[1:]
			continue
		}
		k := l.free[len(l.free)-1]
		l.free = l.free[:len(l.free)-1]
		l.count = l.count%maxCount + 1
		s := &l.slots[k]
		*s = slot{unit: u, job: j, sequence: l.count<<slotBits | uint32(k), round: l.round, offset: len(l.out), at: now}
		l.encode(s)
	}
	return len(l.out) > 0
}

// encode appends a slot's PDU.
func (l *line) encode(s *slot) {
	m := &s.job.msgs[s.first]
	e := m.Envelope
	d := Outgoing{Source: e.Sender, Priority: priorities[e.Class], Coding: byte(m.Content.Coding), Text: m.Content.Octets}
	if d.Source == "" {
		d.Source = l.p.c.Sender
	}
	d.SourceTON, d.SourceNPI = addressKind(d.Source)
	if e.Receipt {
		d.Registered = 1
	}
	d.Validity = l.valid.of(e)
	switch {
	case s.part >= 0:
		d.Class = UDHI
		d.Text = m.Content.Part(s.part)
		// Concatenation, 8-bit reference: 3GPP TS 23.040 section 9.2.3.24.1.
		udh := [...]byte{5, 0, 3, m.Reference(), m.Content.Segments, byte(s.part + 1)}
		l.out = AppendSubmit(l.out, s.sequence, &d, m.To, udh[:])
	case s.n == 1:
		l.out = AppendSubmit(l.out, s.sequence, &d, m.To, nil)
	default:
		l.out = AppendMulti(l.out, s.sequence, &d, s.job.msgs[s.first:s.first+s.n])
	}
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

// validity keeps the text of an envelope's expiry.
type validity struct {
	envelope *sms.Envelope
	text     string
}

// of is the absolute time of section 7.1.1, or empty.
func (v *validity) of(e *sms.Envelope) string {
	if e.Expires.IsZero() {
		return ""
	}
	if v.envelope != e {
		v.envelope, v.text = e, e.Expires.UTC().Format("060102150405")+"000+"
	}
	return v.text
}

// writeTimeout is how long the carrier may refuse to read.
const writeTimeout = 10 * time.Second

// flush writes out. A PDU of which no octet left is marked: it is safe to send
// again. Under writing.
func (l *line) flush() error {
	l.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := l.conn.Write(l.out)
	l.out = l.out[:0]
	l.round++
	if err == nil {
		return nil
	}
	l.p.mu.Lock()
	for i := range l.slots {
		if s := &l.slots[i]; s.round == l.round-1 && s.offset >= n {
			s.unsent = true
		}
	}
	l.closed = true
	l.p.mu.Unlock()
	l.conn.Close()
	return err
}

// say writes a PDU of the session itself.
func (l *line) say(pdu []byte) error {
	l.writing.Lock()
	l.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := l.conn.Write(pdu)
	l.writing.Unlock()
	if err != nil {
		l.conn.Close()
	}
	l.pump() // somebody may have come by while we held the pen
	return err
}
