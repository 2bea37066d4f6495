package dispatcher

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"tocsin/providers/smpp"
	"tocsin/providers/wire"
)

// A scripted is the carrier's side of one line, for what the simulator does not
// do: it reads PDU after PDU and a test says what becomes of each.
type scripted struct {
	conn net.Conn
	in   *wire.Reader
	seq  uint32

	mu sync.Mutex // guards writing
}

func newScripted(conn net.Conn) *scripted {
	return &scripted{conn: conn, in: wire.NewReader(conn, smpp.HeaderSize, smpp.MaxFrame)}
}

// next is the next PDU; ok is false when the line has ended.
func (s *scripted) next() (h smpp.Header, body []byte, ok bool) {
	frame, err := s.in.Next()
	if err != nil {
		return h, nil, false
	}
	h, body = smpp.Split(bytes.Clone(frame))
	return h, body, true
}

func (s *scripted) write(pdu []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn.Write(pdu)
}

// taken answers a submit_sm with a message id.
func (s *scripted) taken(h smpp.Header, id string) {
	b := smpp.Begin(nil, smpp.SubmitSM|smpp.Response, 0, h.Sequence)
	s.write(smpp.End(append(append(b, id...), 0), 0))
}

// refuse answers a PDU with a status.
func (s *scripted) refuse(h smpp.Header, status uint32) {
	s.write(smpp.AppendEmpty(nil, h.ID|smpp.Response, status, h.Sequence))
}

// receipt says what became of a message.
func (s *scripted) receipt(to, id, stat string) {
	s.mu.Lock()
	s.seq++
	seq := s.seq
	s.mu.Unlock()
	d := smpp.Deliver{Submit: smpp.Submit{Source: smpp.Address{TON: 1, NPI: 1, Text: []byte(to)}, To: smpp.Address{Text: []byte("10690000")}}}
	d.Class = 4 // a receipt
	d.Text = fmt.Appendf(nil, "id:%s sub:001 dlvrd:001 submit date:0001010000 done date:0001010000 stat:%s err:000 text:", id, stat)
	pdu, err := smpp.Append(nil, smpp.DeliverSM, 0, seq, &d)
	if err != nil {
		panic("dispatcher: internal error: " + err.Error())
	}
	s.write(pdu)
}

// talk logs the client in and keeps the session going; a submit_sm goes to
// submit, which may answer later, or return false to end the line.
func (s *scripted) talk(submit func(h smpp.Header, to string) bool) {
	for {
		h, body, ok := s.next()
		if !ok {
			return
		}
		switch h.ID {
		case smpp.BindTransceiver, smpp.BindTransmitter, smpp.BindReceiver:
			b := smpp.Begin(nil, h.ID|smpp.Response, 0, h.Sequence)
			s.write(smpp.End(append(b, "carrier\x00"...), 0))
		case smpp.EnquireLink:
			s.write(smpp.AppendEmpty(nil, smpp.EnquireLink|smpp.Response, 0, h.Sequence))
		case smpp.UnbindCommand:
			s.write(smpp.AppendEmpty(nil, smpp.UnbindCommand|smpp.Response, 0, h.Sequence))
			return
		case smpp.SubmitSM:
			var m smpp.Submit
			if err := wire.Decode(body, &m); err != nil || !submit(h, string(m.To.Text)) {
				return
			}
		}
	}
}

// A shelf remembers, over all lines, what a scripted carrier took.
type shelf struct {
	mu    sync.Mutex
	took  map[string]int // by number
	order []string
	ids   map[string]string
	times []time.Time
}

func newShelf() *shelf { return &shelf{took: map[string]int{}, ids: map[string]string{}} }

// take notes a message and is its id and how often its number was taken.
func (s *shelf) take(to string) (id string, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took[to]++
	s.order = append(s.order, to)
	s.times = append(s.times, time.Now())
	s.ids[to] = fmt.Sprint(1000000 + len(s.order))
	return s.ids[to], s.took[to]
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.order)
}

// idOf is the last id given to a number.
func (s *shelf) idOf(to string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[to]
}

// once fails the test when somebody was taken more often than once.
func (s *shelf) once(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	twice := 0
	for _, n := range s.took {
		if n > 1 {
			twice++
		}
	}
	if twice > 0 {
		t.Errorf("got %d recipients taken more than once, want none", twice)
	}
}
