package link

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
	ask      *ask // it is no submit
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
	p       *Link
	conn    net.Conn
	speaker Speaker

	want    atomic.Bool // somebody has something to send
	writing sync.Mutex  // guards out and the connection's writing side
	out     []byte
	round   uint64 // writes so far
	closed  bool   // under p.mu: nothing more is sent on it

	// Under p.mu.
	slots []slot
	free  []uint16
	count uint32 // of requests, for sequence numbers

	answer Answer // the one being told of

	answered atomic.Int64 // when the carrier last said anything, ns since 1970
}

// A sequence number is a slot and how many requests went before: the low 12 bits
// are the slot, 19 bits count: 1 to 0x7FFFFFFF, which is what SMPP allows (3.4,
// section 5.1.4) and the others take.
const (
	// MaxWindow is the largest window of one connection.
	MaxWindow = slotMask

	slotBits = 12
	slotMask = 1<<slotBits - 1
	maxCount = 1<<19 - 1
)

func newLine(p *Link, conn net.Conn, speaker Speaker) *line {
	l := &line{p: p, conn: conn, speaker: speaker, slots: make([]slot, p.c.Window)}
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
	for !l.closed && len(l.free) > 0 && len(l.out) < fillTo {
		if len(p.asks) > 0 {
			a := p.asks[0]
			p.asks = p.asks[1:]
			s := l.place(now)
			s.ask = a
			l.out = a.write(l.out, s.sequence)
			continue
		}
		if len(p.jobs) == 0 {
			break
		}
		j := p.jobs[0]
		if j.closed { // all answered, and its memory is the caller's again
			p.jobs[0] = nil
			p.jobs = p.jobs[1:]
			continue
		}
		if m := j.head(); m != nil && m.Over(now) { // it has waited for room in the window too long
			j.exhaust(sms.TooLate)
		}
		u, ok := j.take(batch, l.speaker)
		if !ok {
			p.jobs[0] = nil
			p.jobs = p.jobs[1:]
			continue
		}
		s := l.place(now)
		s.unit, s.job = u, j
		l.out = l.speaker.Submit(l.out, s.sequence, j.unit(s))
	}
	return len(l.out) > 0
}

// place takes a free place of the window for a request that begins at the end of out.
// Under p.mu.
func (l *line) place(now time.Time) *slot {
	k := l.free[len(l.free)-1]
	l.free = l.free[:len(l.free)-1]
	l.count = l.count%maxCount + 1
	s := &l.slots[k]
	*s = slot{sequence: l.count<<slotBits | uint32(k), round: l.round, offset: len(l.out), at: now}
	return s
}

// WriteTimeout is how long the carrier may refuse to read.
const WriteTimeout = 10 * time.Second

// flush writes out. A PDU of which no octet left is marked: it is safe to send
// again. Under writing.
func (l *line) flush() error {
	l.conn.SetWriteDeadline(time.Now().Add(WriteTimeout))
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
	l.conn.SetWriteDeadline(time.Now().Add(WriteTimeout))
	_, err := l.conn.Write(pdu)
	l.writing.Unlock()
	if err != nil {
		l.conn.Close()
	}
	l.pump() // somebody may have come by while we held the pen
	return err
}
