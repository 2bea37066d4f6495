package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"tocsin/providers"
	"tocsin/providers/link"
	"tocsin/providers/sms"
)

// Config is one account.
type Config struct {
	Address    string // host:port
	SystemID   string // at most 15 characters
	Password   string // at most 8 characters
	SystemType string
	// Bind is "transceiver", or "separate" for a transmitter and a receiver each.
	Bind        string
	Connections int
	Window      int // PDUs unanswered on one connection, at most 4095
	// Batch is the most recipients of a submit_multi, at most 254 (section 4.5.1), or
	// 255 with a carrier that speaks 5.0; 1: submit_sm only.
	Batch           int
	Five            bool // say SMPP 5.0; the carrier decides whether it is spoken
	Sender          string
	ReceiptIDs      Notation      // how receipts write the ids of answers
	TLS             *tls.Config   // nil: none
	EnquireLink     time.Duration // silence after which the line is tested
	ResponseTimeout time.Duration // after which an answer is not waited for and the line is renewed
}

// Options is what New needs.
type Options struct {
	Config Config
	Logger *slog.Logger
	// Dial connects; nil: TCP, or TLS, to the address.
	Dial func(ctx context.Context) (net.Conn, error)
}

// A Provider is one SMPP account.
type Provider struct {
	*link.Link
	sender string // where a message names none
}

var _ providers.Provider = Provider{}

// ErrCredentials says that the carrier refused the login: trying again would lock
// the account.
var ErrCredentials = fmt.Errorf("the carrier refuses system_id or password: %w", link.ErrCredentials)

// New checks the configuration and makes a Provider; nothing is dialled yet.
func New(o Options) (*Provider, error) {
	c := o.Config
	switch {
	case len(c.SystemID) > 15:
		return nil, errors.New("system_id is longer than 15 characters (SMPP 3.4, 5.2.1): write it as the carrier gave it, nothing around it")
	case len(c.Password) > 8:
		return nil, errors.New("the password is longer than 8 characters (SMPP 3.4, 5.2.2): ask the carrier for one of at most 8; see that its file holds nothing else")
	case len(c.SystemType) > 12:
		return nil, errors.New("system_type is longer than 12 characters (SMPP 3.4, 5.2.3): leave it empty unless the carrier names one")
	case !fitsAddress(c.Sender):
		return nil, errors.New("sender is longer than 20 characters or holds a NUL (SMPP 3.4, 5.2.8)")
	case c.Window > link.MaxWindow:
		return nil, fmt.Errorf("window is larger than %d", link.MaxWindow)
	case c.Batch > maxBatch && !c.Five:
		return nil, fmt.Errorf("batch is larger than %d (SMPP 3.4, 4.5.1)", maxBatch)
	case c.Batch > maxBatch50:
		return nil, fmt.Errorf("batch is larger than %d (SMPP 5.0, 4.2.3)", maxBatch50)
	case c.Bind != "" && c.Bind != "transceiver" && c.Bind != "separate":
		return nil, fmt.Errorf("bind %q is neither transceiver nor separate", c.Bind)
	}
	roles := []link.Role{{Kind: BindTransceiver, Sends: true}}
	if c.Bind == "separate" {
		roles = []link.Role{{Kind: BindTransmitter, Sends: true}, {Kind: BindReceiver}}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Provider{sender: c.Sender, Link: link.New(link.Options{
		Config: link.Config{
			Address: c.Address, Roles: roles, Connections: c.Connections, Window: c.Window, Batch: c.Batch, TLS: c.TLS,
			Idle: c.EnquireLink, Patience: c.ResponseTimeout, HeaderSize: HeaderSize, MaxFrame: MaxFrame,
		},
		Protocol: &protocol{c: c, log: o.Logger}, Logger: o.Logger, Dial: o.Dial,
	})}, nil
}

// Submit offers msgs; see providers.Provider.
func (p Provider) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	if !link.RefuseSenders(msgs, acks, fitsAddress) {
		p.Link.Submit(ctx, msgs, acks)
	}
}

// The most destinations of a submit_multi: SMPP 3.4, section 4.5.1, and SMPP 5.0,
// where number_of_dests is all of an octet.
const (
	maxBatch   = 254
	maxBatch50 = 255
)

// version is interface_version.
func (c *Config) version() uint8 {
	if c.Five {
		return Version50
	}
	return Version34
}

// fitsAddress reports whether a sender fits source_addr.
func fitsAddress(sender string) bool {
	return len(sender) < addressSize && strings.IndexByte(sender, 0) < 0
}
