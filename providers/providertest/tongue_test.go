package providertest_test

import (
	"context"
	"net"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/sms"
)

// A kind is what a frame is to a scripted carrier.
type kind uint8

const (
	other kind = iota
	login
	submit
	keepAlive
	goodbye
	goodbyeAnswer
	acknowledgement // of a receipt
)

// heard is a frame that the provider sent.
type heard struct {
	kind     kind
	frame    []byte
	sequence uint32
	status   uint32       // of an acknowledgement
	to       []sms.Number // of a submit
}

// An account is what a test wants of the provider.
type account struct {
	connections, window, batch int
	timeout, idle              time.Duration
	address, listen            string
	dial                       func(ctx context.Context) (net.Conn, error)
}

// A tongue is a protocol as a scripted carrier speaks it.
type tongue struct {
	name        string
	header, max int  // octets of a frame
	tests       bool // the protocol has a test of an idle line

	provider func(t *testing.T, a account) (providers.Provider, error)
	// read says what a frame is.
	read func(frame []byte) heard
	// admit answers a login with a status, answer a submit, empty anything else that is
	// answered by nothing but a header.
	admit  func(h heard, status uint32) []byte
	answer func(h heard, status uint32) []byte
	empty  func(h heard) []byte
	// bye and ask are the carrier's goodbye and test of the line; ask may be nil.
	bye, ask func(sequence uint32) []byte
	// id is what answer calls the first message of a submit; ref how an Ack writes it.
	id  func(h heard) []byte
	ref func(id []byte) string
	// receipt says that the message was delivered, or failed.
	receipt func(sequence uint32, id []byte, to sms.Number, delivered bool) []byte
	// empties are well-formed PDUs of receipts that say nothing of the submit h; each has
	// its own sequence number.
	empties func(sequence func() uint32, h heard) [][]byte
	// message is a message from a handset, in ASCII, behind a user data header or "".
	message func(sequence uint32, header, text string) []byte
	// torn has a receipt's command and a body that ends too early.
	torn func(sequence uint32) []byte
	// resequenced is a submit as if it had had another sequence number.
	resequenced func(h heard, sequence uint32) heard

	wrong, later []uint32 // statuses of a login: credentials; not now, or too many connections
	throttled    uint32   // status of a submit
	temporary    map[uint32]sms.Reason
	permanent    map[uint32]sms.Reason
}

// tongues are all of them.
func tongues() []*tongue {
	return []*tongue{smppTongue(), cmppTongue("cmpp 2.0", 0x20), cmppTongue("cmpp 3.0", 0x30), sgipTongue(), smgpTongue()}
}

// inEach runs a test for each protocol.
func inEach(t *testing.T, test func(t *testing.T, g *tongue)) {
	t.Helper()
	inEachThat(t, func(*tongue) bool { return true }, test)
}

// inEachThat runs a test for each protocol that has what it is about.
func inEachThat(t *testing.T, has func(*tongue) bool, test func(t *testing.T, g *tongue)) {
	t.Helper()
	for _, g := range tongues() {
		if has(g) {
			t.Run(g.name, func(t *testing.T) { test(t, g) })
		}
	}
}

// must encodes what a test has written itself.
func must(b []byte, err error) []byte {
	if err != nil {
		panic("providertest: internal error: " + err.Error())
	}
	return b
}

// numbers are the destinations of a submit.
func numbers(to [][]byte) []sms.Number {
	n := make([]sms.Number, len(to))
	for i := range to {
		n[i] = sms.ChinaNumber(to[i])
	}
	return n
}
