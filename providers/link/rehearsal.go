package link

import (
	"fmt"
	"net"

	"tocsin/providers/sms"
)

// A Rehearsal is a link without a connection: what a Speaker writes is read here, and
// what it shall hear is given here. It is for tests and benchmarks, and one goroutine.
type Rehearsal struct {
	link    *Link
	session *Session
	job     *job
}

// Rehearse makes a Rehearsal of one connection.
func Rehearse(speaker Speaker, window, batch int) *Rehearsal {
	p := New(Options{Config: Config{Window: window, Batch: batch}})
	conn, _ := net.Pipe() // nobody is at the other end
	l := newLine(p, conn, speaker)
	p.lines = []*line{l}
	return &Rehearsal{link: p, session: &Session{p: p, line: l, receipts: newReceipts(l, nil)}}
}

// Offer begins msgs, whose answers come into acks.
func (r *Rehearsal) Offer(msgs []sms.Message, acks []sms.Ack) {
	r.job = newJob(r.link, msgs, acks)
	r.link.jobs = append(r.link.jobs, r.job)
}

// Written is what would be written now: as much as the window and one write hold.
func (r *Rehearsal) Written() []byte {
	l := r.session.line
	l.fill()
	out := l.out
	l.out = l.out[:0]
	return out
}

// Hear gives the Speaker a frame.
func (r *Rehearsal) Hear(frame []byte) error {
	return r.session.line.speaker.Hear(frame, r.session)
}

// Replied is what the Speaker answers at once.
func (r *Rehearsal) Replied() []byte {
	out := r.session.Reply
	r.session.Reply = r.session.Reply[:0]
	return out
}

// Delivered is what has arrived since the last call, and its acknowledgements. They
// are valid until the Speaker hears more.
func (r *Rehearsal) Delivered() (receipts []sms.Receipt, incoming []sms.Incoming, answers []byte) {
	d := r.session.receipts.current
	receipts, incoming, answers = d.receipts, d.incoming, d.Answers
	d.receipts, d.incoming, d.refs, d.Answers = d.receipts[:0], d.incoming[:0], d.refs[:0], d.Answers[:0]
	return receipts, incoming, answers
}

// Open is how many messages of the last offer have no answer.
func (r *Rehearsal) Open() int { return r.job.open }

// Check holds the window to its rules: no place is free twice, or free and in use.
func (r *Rehearsal) Check() error {
	l := r.session.line
	free := map[uint16]bool{}
	for _, k := range l.free {
		if free[k] || l.slots[k].job != nil || l.slots[k].ask != nil {
			return fmt.Errorf("place %d of the window is free twice, or free and in use", k)
		}
		free[k] = true
	}
	return nil
}
