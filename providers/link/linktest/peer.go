package linktest

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"

	"tocsin/providers/wire"
)

// A Peer is the carrier's end of one connection. Like a socket it takes what is to be
// written without waiting until it is read.
type Peer struct {
	T    *testing.T
	Conn net.Conn
	N    int // of the connection, from 1

	r       *wire.Reader
	out     chan speech
	written chan struct{} // closed when all of out is
	once    sync.Once
}

// A speech is what is said after a pause. It is not the script that pauses: it goes on
// hearing what the provider says.
type speech struct {
	octets []byte
	pause  time.Duration
}

// NewPeer is a Peer on the n-th connection, whose frames have a header and are at most
// max octets. HangUp ends it.
func NewPeer(t *testing.T, conn net.Conn, n, header, max int) *Peer {
	p := &Peer{T: t, Conn: conn, N: n, r: wire.NewReader(conn, header, max), out: make(chan speech, 10_000), written: make(chan struct{})}
	go func() {
		defer close(p.written)
		for next := range p.out {
			if next.pause > 0 {
				time.Sleep(next.pause)
			}
			p.Conn.Write(next.octets) // an error is the provider's having cut the line
		}
	}()
	return p
}

// Next is the next frame; ok is false when the line is cut.
func (p *Peer) Next() (frame []byte, ok bool) {
	frame, err := p.r.Next()
	return bytes.Clone(frame), err == nil
}

// Say writes octets.
func (p *Peer) Say(octets []byte) { p.SayAfter(0, octets) }

// SayAfter writes octets after a pause behind what was said before.
func (p *Peer) SayAfter(pause time.Duration, octets []byte) { p.out <- speech{octets, pause} }

// HangUp closes the connection behind what was said.
func (p *Peer) HangUp() {
	p.once.Do(func() { close(p.out) })
	<-p.written
	p.Conn.Close()
}
