package simulator

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// A session is one connection. Its reader decides and answers; its sender says
// what has to wait.
type session struct {
	carrier  *Carrier
	conn     net.Conn
	account  *account // nil until logged in; set under the carrier's lock
	parted   bool     // it has said goodbye; under the carrier's lock
	submits  bool     // may submit
	receives bool     // may be sent receipts

	// The reader's own.
	now     int64 // nanoseconds since 1970 when the buffer was filled
	out     []byte
	acks    []ack
	due     []receipt // of submits in this buffer, to follow their answers
	early   []receipt // to go before their answers
	dialect dialect
	request request // what is being read, kept for the room in it
	name    []byte  // of the message at hand, for the journal
	lines   lines
	taken   tally
	share   []receipt // what pass gives it; under the carrier's lock
	end     bool      // close when the answers are out

	mu      sync.Mutex
	ring    []sent // receipts on their way, by sequence number
	unacked int
	next    uint32    // sequence number of the next receipt
	queue   []receipt // not sent yet; in order, but for those sent again, which are first
	head    int       // of queue
	replies []receipt // messages from handsets, not sent yet, in order
	delayed []delayed // answers not due yet, in order
	follow  []receipt // of answers that are being written, to be passed on behind them
	idle    bool      // the sender waits for a word on wake
	closed  bool
	wake    chan struct{}
}

// An ack is the client's answer to a receipt.
type ack struct{ sequence, status uint32 }

// A tally is what one buffer of submits came to.
type tally struct{ recipients, segments, submits, refused, throttled, silent int }

func newSession(c *Carrier, conn net.Conn) *session {
	size := 1
	for size < c.config.ReceiptWindow {
		size *= 2
	}
	s := &session{carrier: c, conn: conn, ring: make([]sent, size), next: 1, wake: make(chan struct{}, 1)}
	s.dialect, s.lines.protocol = c.speaks.new(c), c.config.Protocol
	return s
}

// run serves the connection until it closes.
func (s *session) run() {
	var sender sync.WaitGroup
	sender.Go(s.send)
	s.read()
	s.conn.Close()
	s.close()
	sender.Wait()
	s.carrier.leave(s)
}

// read answers all PDUs in the buffer with one write, again and again.
func (s *session) read() {
	buf := make([]byte, 256<<10)
	n := 0
	for !s.end {
		k, err := s.conn.Read(buf[n:])
		if err != nil {
			return
		}
		if s.carrier.config.Mute {
			continue
		}
		n += k
		s.now = time.Now().UnixNano()
		used := s.frames(buf[:n])
		if s.release() != nil {
			return
		}
		n = copy(buf, buf[used:n])
	}
}

// frames handles the whole PDUs in b and says how much of b they are.
func (s *session) frames(b []byte) (used int) {
	for len(b)-used >= s.carrier.speaks.least && !s.end {
		size := int64(binary.BigEndian.Uint32(b[used:]))
		if size < int64(s.carrier.speaks.least) || size > int64(s.carrier.speaks.most) {
			s.dialect.hear(s, nil)
			s.end = true
			return len(b)
		}
		if len(b)-used < int(size) {
			return used
		}
		s.dialect.hear(s, b[used:used+int(size)])
		used += int(size)
	}
	return used
}

// admit logs the session in to an account, once its answer is in s.out: that leaves
// before a receipt can.
func (s *session) admit(account string, submits, receives bool) {
	s.carrier.join(s, account) // before the client can read the answer
	if _, err := s.conn.Write(s.out); err != nil {
		s.end = true
	}
	s.out = s.out[:0]
	if s.submits, s.receives = submits, receives; receives {
		s.carrier.attach(s)
	}
	s.carrier.config.Logger.Debug("logged in", "receives", s.receives)
}

// release writes what one buffer came to: the journal, early receipts, answers;
// then it queues the receipts that follow. With a latency, answers and receipts
// go to the sender, but for the last before the line closes.
func (s *session) release() error {
	s.settle()
	s.tell()
	if len(s.lines.buf) > 0 {
		if err := s.carrier.journal.write(s.lines.buf); err != nil {
			s.carrier.stop(err)
			return err
		}
		s.lines.buf = s.lines.buf[:0]
	}
	if len(s.early) > 0 {
		if err := s.sendEarly(); err != nil {
			return err
		}
	}
	if len(s.out) == 0 && len(s.due) == 0 {
		return nil
	}
	if config := &s.carrier.config; (config.Latency > 0 || config.Jitter > 0) && !s.end {
		s.delay()
		return nil
	}
	if len(s.out) > 0 {
		if _, err := s.conn.Write(s.out); err != nil {
			s.hand()
			return err
		}
		s.out = s.out[:0]
	}
	s.hand()
	return nil
}

// hand queues the receipts of this buffer.
func (s *session) hand() {
	if len(s.due) > 0 {
		s.carrier.pass(s, s.due)
	}
	s.due = s.due[:0]
}

// tell adds this buffer to the carrier's figures.
func (s *session) tell() {
	t := &s.taken
	if *t == (tally{}) {
		return
	}
	counts := &s.carrier.counts
	counts.recipients.Add(int64(t.recipients))
	counts.segments.Add(int64(t.segments))
	counts.submits.Add(int64(t.submits))
	counts.refused.Add(int64(t.refused))
	counts.throttled.Add(int64(t.throttled))
	counts.silent.Add(int64(t.silent))
	s.carrier.gate.count(t.segments, s.now)
	*t = tally{}
}

// part removes s from the sessions that are logged in, before its goodbye is answered.
func (s *session) part() {
	s.carrier.mu.Lock()
	defer s.carrier.mu.Unlock()
	s.parted = true
}
