package link

import (
	"errors"
	"sync"

	"tocsin/providers/sms"
)

// most is how many receipts may wait to be put on disk; then nothing more is read
// and the carrier keeps the rest.
const most = 4096

// A Delivery is what arrived together: it is put on disk, then acknowledged,
// together.
type Delivery struct {
	// Answers are the acknowledgements, ready to be written. Append one for everything
	// that is added.
	Answers []byte

	receipts []sms.Receipt
	incoming []sms.Incoming
	refs     []byte // what the receipts' Ref point into
}

// Receipt adds a receipt; its Ref is copied.
func (d *Delivery) Receipt(r sms.Receipt) {
	at := len(d.refs)
	d.refs = append(d.refs, r.Ref...)
	r.Ref = d.refs[at:len(d.refs):len(d.refs)]
	d.receipts = append(d.receipts, r)
}

// Incoming adds a message that a person sent, or anything else that is no receipt.
func (d *Delivery) Incoming(m sms.Incoming) { d.incoming = append(d.incoming, m) }

func (d *Delivery) empty() bool { return len(d.Answers) == 0 }

func (d *Delivery) reset() {
	clear(d.incoming)
	d.receipts, d.incoming, d.refs, d.Answers = d.receipts[:0], d.incoming[:0], d.refs[:0], d.Answers[:0]
}

// receipts takes receipts from the reader to the ledger and their
// acknowledgements back to the carrier, without holding up the reader.
type receipts struct {
	line    *line
	receive sms.ReceiveFunc
	come    chan struct{} // there is something to take

	mu      sync.Mutex
	room    sync.Cond
	current *Delivery // what has arrived and was not taken
	spare   *Delivery
	busy    bool // a delivery is being put on disk
	failed  bool
	closed  bool
}

func newReceipts(l *line, receive sms.ReceiveFunc) *receipts {
	r := &receipts{line: l, receive: receive, come: make(chan struct{}, 1), current: &Delivery{}, spare: &Delivery{}}
	r.room.L = &r.mu
	return r
}

var errNotKept = errors.New("receipts could not be kept: the line is closed without acknowledging them")

// Deliver lets add put what arrived into the delivery at hand. It waits while too many
// wait.
func (s *Session) Deliver(add func(d *Delivery)) error {
	r := s.receipts
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.current.receipts)+len(r.current.incoming) >= most && !r.failed {
		r.signal()
		r.room.Wait()
	}
	if r.failed {
		return errNotKept
	}
	add(r.current)
	return nil
}

// offer says that what has arrived may be taken.
func (r *receipts) offer() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed {
		return errNotKept
	}
	if !r.current.empty() {
		r.signal()
	}
	return nil
}

func (r *receipts) signal() {
	select {
	case r.come <- struct{}{}:
	default:
	}
}

// idle reports whether everything that arrived has been acknowledged.
func (r *receipts) idle() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.busy && r.current.empty()
}

// run puts what has arrived on disk and acknowledges it, again and again.
func (r *receipts) run() {
	for range r.come {
		for d := r.take(); d != nil; d = r.take() {
			err := r.receive(d.receipts, d.incoming)
			if err == nil {
				r.line.say(d.Answers)
			}
			d.reset()
			r.put(d, err)
		}
	}
}

// take is what has arrived; nil when there is nothing or nothing may be taken.
func (r *receipts) take() *Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current.empty() || r.failed || r.closed {
		return nil
	}
	d := r.current
	r.current, r.spare, r.busy = r.spare, nil, true
	r.room.Signal()
	return d
}

func (r *receipts) put(d *Delivery, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spare, r.busy = d, false
	if err != nil {
		r.failed = true
		r.room.Signal()
		r.line.conn.Close()
	}
}

// close ends run when the reader is gone. What was not taken is not
// acknowledged: the carrier will say it again.
func (r *receipts) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	close(r.come)
}
