package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A Broadcaster calls a carrier for one cell broadcast request at a time. Each call is
// a connection of its own, bound as transmitter: the receipts of the account go on
// arriving where they did.
type Broadcaster struct {
	c    Config
	dial func(ctx context.Context) (net.Conn, error)
}

// NewBroadcaster makes a Broadcaster; nothing is dialled yet.
func NewBroadcaster(o Options) *Broadcaster {
	b := &Broadcaster{c: o.Config, dial: o.Dial}
	b.c.Five = true
	if b.c.ResponseTimeout <= 0 {
		b.c.ResponseTimeout = 30 * time.Second
	}
	if b.dial == nil {
		b.dial = b.dialTCP
	}
	return b
}

func (b *Broadcaster) dialTCP(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: link.DialTimeout}
	if b.c.TLS != nil {
		return (&tls.Dialer{NetDialer: &d, Config: b.c.TLS}).DialContext(ctx, "tcp", b.c.Address)
	}
	return d.DialContext(ctx, "tcp", b.c.Address)
}

// ErrNoBroadcasts says that the carrier does not speak SMPP 5.0.
var ErrNoBroadcasts = errors.New("the carrier speaks SMPP 3.4 here, which has no cell broadcast")

// A Fate is what became of a request.
type Fate struct {
	// Outcome: Taken, Refused, NotNow, NotSent, or Unknown when the request may have
	// arrived and no answer came.
	Outcome sms.Outcome
	Code    uint32 // the carrier's command_status, when it gave one
	Err     error  // why no answer came; nil when one did
}

// Send sends a broadcast, once. id is what the carrier calls it, failed are the areas
// that it does not reach.
func (b *Broadcaster) Send(ctx context.Context, request *Broadcast) (id string, failed []Failure, f Fate) {
	request.Source = b.source()
	var answer BroadcastAnswer
	f = b.ask(ctx, BroadcastSM, request, &answer)
	failed = answer.Failures()
	if f.Outcome == sms.Taken && (answer.Absent || len(answer.ID) == 0) {
		// It is taken, and can be neither asked after nor cancelled.
		f.Err = errors.New("the carrier has not said what it calls the broadcast")
	}
	return string(answer.ID), failed, f
}

// Query asks how far the broadcast is that the carrier calls id.
func (b *Broadcaster) Query(ctx context.Context, id string) (state uint8, areas []Reach, f Fate) {
	var answer BroadcastState
	f = b.ask(ctx, QueryBroadcastSM, &BroadcastQuery{ID: []byte(id), Source: b.source()}, &answer)
	state, areas = answer.State()
	return state, areas, f
}

// Cancel ends the broadcast that the carrier calls id.
func (b *Broadcaster) Cancel(ctx context.Context, id string) Fate {
	return b.ask(ctx, CancelBroadcastSM, &BroadcastCancel{ID: []byte(id), Source: b.source()}, &Answer{})
}

func (b *Broadcaster) source() Address {
	ton, npi := addressKind(b.c.Sender)
	if b.c.Sender == "" {
		ton, npi = 0, 0 // unknown: the carrier's default for the account
	}
	return Address{ton, npi, []byte(b.c.Sender)}
}

// Sequence numbers of the requests after the login, which is 1.
const (
	askSequence    = 2
	unbindSequence = 3
)

// ask logs in, sends one request, reads its answer and says goodbye.
func (b *Broadcaster) ask(ctx context.Context, id uint32, request, answer wire.Body) Fate {
	pdu, err := Append(nil, id, 0, askSequence, request)
	if err != nil {
		return Fate{Outcome: sms.NotSent, Err: fmt.Errorf("write the request: %w", err)}
	}
	dialing, cancel := context.WithTimeout(ctx, link.DialTimeout)
	conn, err := b.dial(dialing)
	cancel()
	if err != nil {
		return Fate{Outcome: sms.NotSent, Err: fmt.Errorf("connect: %w", err)}
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	conn.SetDeadline(time.Now().Add(link.DialTimeout))
	r := wire.NewReader(conn, HeaderSize, MaxFrame)
	account := protocol{c: b.c, log: slog.New(slog.DiscardHandler)}
	s, err := account.Login(conn, r, link.Role{Kind: BindTransmitter, Sends: true})
	switch {
	case err != nil:
		return Fate{Outcome: sms.NotSent, Err: fmt.Errorf("log in: %w", err)}
	case !s.(*speaker).five:
		leave(conn)
		return Fate{Outcome: sms.NotSent, Err: ErrNoBroadcasts}
	}
	conn.SetDeadline(time.Now().Add(b.c.ResponseTimeout))
	if ctx.Err() != nil {
		return Fate{Outcome: sms.NotSent, Err: ctx.Err()}
	}
	if n, err := conn.Write(pdu); err != nil {
		outcome := sms.Unknown
		if n == 0 && b.c.TLS == nil { // of TLS nobody knows
			outcome = sms.NotSent
		}
		return Fate{Outcome: outcome, Err: fmt.Errorf("send: %w", err)}
	}
	fate := await(conn, r, id, answer)
	leave(conn)
	return fate
}

// leave says goodbye; nothing hangs on the answer.
func leave(conn net.Conn) {
	conn.SetDeadline(time.Now().Add(time.Second))
	conn.Write(AppendEmpty(nil, UnbindCommand, 0, unbindSequence))
	link.HangUp(conn)
}

// await reads until the answer comes, and answers what else the carrier asks.
func await(conn net.Conn, r *wire.Reader, id uint32, answer wire.Body) Fate {
	for {
		frame, err := r.Next()
		if err != nil {
			return Fate{Outcome: sms.Unknown, Err: fmt.Errorf("no answer: %w", err)}
		}
		h, body := Split(frame)
		switch {
		case h.Sequence == askSequence && (h.ID == id|Response || h.ID == GenericNack):
			return fateOf(h, body, answer)
		case h.ID == EnquireLink:
			_, err = conn.Write(AppendEmpty(nil, EnquireLink|Response, 0, h.Sequence))
		case h.ID == UnbindCommand:
			err = link.ErrGoodbye
		case h.ID&Response == 0 && h.ID != AlertNotification:
			_, err = conn.Write(AppendEmpty(nil, GenericNack, StatusInvCmdID, h.Sequence))
		}
		if err != nil {
			return Fate{Outcome: sms.Unknown, Err: fmt.Errorf("no answer: %w", err)}
		}
	}
}

// fateOf reads an answer.
func fateOf(h Header, body []byte, answer wire.Body) Fate {
	v := verdictOf(h.Status)
	switch {
	case h.Status == StatusInvCmdID || h.ID == GenericNack && h.Status == StatusOK:
		v = link.Verdict{Outcome: sms.Refused} // the carrier does not know the request
	case h.Status == StatusInvMsgID || h.Status == StatusQuery || h.Status == StatusCancel:
		v = link.Verdict{Outcome: sms.Refused} // nor the broadcast: of a submit the first would be an accident
	}
	f := Fate{Outcome: v.Outcome, Code: h.Status}
	// Answers of a request with no body have none; a refusal may say which areas failed.
	if err := wire.Decode(body, answer); err != nil && f.Outcome == sms.Taken {
		f = Fate{Outcome: sms.Unknown, Err: fmt.Errorf("the answer cannot be read: %w", err)}
	}
	return f
}
