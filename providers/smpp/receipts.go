package smpp

import (
	"errors"
	"sync"
	"time"

	"tocsin/providers/sms"
)

// most is how many receipts may wait to be put on disk; then nothing more is read
// and the carrier keeps the rest.
const most = 4096

// A delivery is what arrived together: it is put on disk, then acknowledged,
// together.
type delivery struct {
	receipts []sms.Receipt
	incoming []sms.Incoming
	refs     []byte // what the receipts' Ref point into
	answers  []byte // the responses, ready to be written
}

func (d *delivery) empty() bool { return len(d.answers) == 0 }

func (d *delivery) reset() {
	clear(d.incoming)
	d.receipts, d.incoming, d.refs, d.answers = d.receipts[:0], d.incoming[:0], d.refs[:0], d.answers[:0]
}

// receipts takes receipts from the reader to the ledger and their
// acknowledgements back to the carrier, without holding up the reader.
type receipts struct {
	line    *line
	receive sms.ReceiveFunc
	come    chan struct{} // there is something to take

	mu      sync.Mutex
	room    sync.Cond
	reader  receiptReader
	current *delivery // what has arrived and was not taken
	spare   *delivery
	busy    bool // a delivery is being put on disk
	failed  bool
	closed  bool
}

func newReceipts(l *line, receive sms.ReceiveFunc) *receipts {
	r := &receipts{line: l, receive: receive, come: make(chan struct{}, 1), current: &delivery{}, spare: &delivery{}}
	r.room.L = &r.mu
	return r
}

var errNotKept = errors.New("receipts could not be kept: the line is closed without acknowledging them")

// add takes one deliver_sm or data_sm. It waits while too many wait.
func (r *receipts) add(h Header, body []byte) error {
	parse := ParseDeliver
	if h.ID == DataSM {
		parse = ParseData
	}
	d, err := parse(body)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.current.receipts)+len(r.current.incoming) >= most && !r.failed {
		r.signal()
		r.room.Wait()
	}
	if r.failed {
		return errNotKept
	}
	c := r.current
	start := len(c.answers)
	c.answers = Begin(c.answers, h.ID|Response, 0, h.Sequence)
	c.answers = End(append(c.answers, 0), start) // empty message_id
	if receipt, ok := r.reader.read(&d); ok && d.IsReceipt() {
		at := len(c.refs)
		c.refs = append(c.refs, receipt.Ref...)
		receipt.Ref = c.refs[at:len(c.refs):len(c.refs)]
		c.receipts = append(c.receipts, receipt)
	} else {
		c.incoming = append(c.incoming, sms.Incoming{
			From: string(d.From), To: string(d.To), Text: decodeText(d.Coding, d.Text), Time: time.Now(),
		})
	}
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
				r.line.say(d.answers)
			}
			d.reset()
			r.put(d, err)
		}
	}
}

// take is what has arrived; nil when there is nothing or nothing may be taken.
func (r *receipts) take() *delivery {
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

func (r *receipts) put(d *delivery, err error) {
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
