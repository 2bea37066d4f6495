package link

import (
	"context"
	"net"
	"testing"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// mute logs in at once; the carrier behind it never says anything.
type mute struct{}

func (mute) Login(net.Conn, *wire.Reader, Role) (Speaker, error) { return mute{}, nil }
func (mute) Submit(b []byte, _ uint32, _ Unit) []byte            { return append(b, 0) }
func (mute) Hear([]byte, *Session) error                         { return nil }
func (mute) Most(*sms.Message) int                               { return 1 }
func (mute) Say(b []byte, _ Word, _ uint32) []byte               { return b }

// longMessages are n messages of two segments each.
func longMessages(n int) []sms.Message {
	msgs := make([]sms.Message, n)
	for i := range msgs {
		msgs[i] = sms.Message{Content: sms.Content{Octets: make([]byte, 200), Coding: sms.UCS2, Segments: 2}, Envelope: &sms.Envelope{}}
	}
	return msgs
}

// Who waits for a job uses the memory of the messages again as soon as the job is done.
// The race detector is the judge.
func TestAJobThatIsDoneIsNotLookedAtAgain(t *testing.T) {
	for _, end := range []struct {
		name string
		job  func(*job)
	}{
		{"what is left is given up", func(j *job) { j.exhaust(sms.LineDown) }},
		{"it was too late, and more is asked for", func(j *job) {
			j.exhaust(sms.TooLate)
			if _, ok := j.take(10, nil); ok {
				t.Error("there is more to send of a job that is done")
			}
		}},
	} {
		t.Run(end.name, func(t *testing.T) {
			msgs := longMessages(2)
			j := newJob(&Link{}, msgs, make([]sms.Ack, len(msgs)))
			again := make(chan struct{})
			go func() {
				defer close(again)
				<-j.done
				for i := range msgs {
					msgs[i] = sms.Message{}
				}
			}()
			end.job(j)
			<-again
		})
	}
}

// A caller that gives up while a line goes down has its answers when Submit returns, and
// nobody writes to them afterwards.
func TestWhoGivesUpWhileALineGoesDownHasAllAnswers(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go func() { // the carrier reads and says nothing
		for b := make([]byte, 1<<10); ; {
			if _, err := theirs.Read(b); err != nil {
				return
			}
		}
	}()
	p := New(Options{Config: Config{Window: 10, Batch: 1}, Protocol: mute{}})
	l := newLine(p, ours, mute{})
	s := &Session{p: p, line: l}
	p.lines = []*line{l}
	ctx, giveUp := context.WithCancel(t.Context())
	msgs := longMessages(2)
	acks := make([]sms.Ack, len(msgs))
	submitted := make(chan struct{})
	go func() {
		defer close(submitted)
		p.Submit(ctx, msgs, acks)
		for i := range acks {
			if acks[i].Outcome != sms.Unknown {
				t.Errorf("message %d is %v when Submit returns, want unknown: it is in flight", i, acks[i].Outcome)
			}
		}
		for i := range acks {
			acks[i] = sms.Ack{}
		}
	}()
	for p.Line().InFlight < 4 {
		time.Sleep(time.Millisecond)
	}
	l.writing.Lock() // somebody writes: the line's end waits for that
	down := make(chan struct{})
	go func() {
		defer close(down)
		s.down()
	}()
	for closed := false; !closed; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		closed = l.closed
		p.mu.Unlock()
	}
	giveUp()
	<-submitted
	l.writing.Unlock()
	<-down
}
