package main

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// A gate stands between the program and its carrier, so that a test can act in the middle of
// a campaign on any machine. It shuts when the program has sent a number of octets: from then
// on nothing passes in either direction, and the campaign cannot end, until the gate is opened.
// Connections stay up. It can also keep back what comes on SMPP's connections for receipts. A test that keeps it shut gives its provider the keys of patience.
type gate struct {
	address string
	to      string
	ln      net.Listener

	mu     sync.Mutex
	change *sync.Cond
	left   int64 // octets until it shuts; shut at 0 and below
	over   bool  // the test is over: everything passes and ends
	mute   bool  // nothing but the first answer comes back on a receiver's connection
	conns  []net.Conn
	all    sync.WaitGroup
}

// patience are keys of a provider whose carrier may be silent for as long as a test takes.
const patience = "\n    response_timeout: 10m\n    enquire_link: 10m"

// never is more than any test sends.
const never = 1 << 60

// newGate is a gate before the carrier at to that shuts after so many octets.
func newGate(t testing.TB, to string, octets int64) *gate {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{address: ln.Addr().String(), to: to, ln: ln, left: octets}
	g.change = sync.NewCond(&g.mu)
	g.all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			g.all.Go(func() { g.carry(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		g.mu.Lock()
		g.over = true
		for _, c := range g.conns {
			c.Close()
		}
		g.change.Broadcast()
		g.mu.Unlock()
		g.all.Wait()
	})
	return g
}

func (g *gate) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", g.to)
	if err != nil {
		return
	}
	defer server.Close()
	g.mu.Lock()
	g.conns = append(g.conns, client, server)
	g.mu.Unlock()
	var both sync.WaitGroup
	receiver := make(chan bool, 1)
	both.Go(func() {
		g.answers(client, server, receiver)
		client.Close()
	})
	g.requests(server, client, receiver)
	close(receiver)
	server.Close()
	both.Wait()
}

// requests copies what the program sends, in small pieces, and says what kind of connection
// it is by the first of them.
func (g *gate) requests(to io.Writer, from io.Reader, receiver chan<- bool) {
	buf := make([]byte, 1024)
	for first := true; ; first = false {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if first { // command_id 1: bind_receiver (SMPP 3.4, section 5.1.2.1)
			receiver <- n >= 8 && bytes.Equal(buf[4:8], []byte{0, 0, 0, 1})
		}
		g.mu.Lock()
		for g.left <= 0 && !g.over {
			g.change.Wait()
		}
		g.left -= int64(n)
		g.mu.Unlock()
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// answers copies what the carrier sends.
func (g *gate) answers(to io.Writer, from io.Reader, receiver <-chan bool) {
	buf, forReceipts := make([]byte, 1024), false
	for first := true; ; first = false {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if first {
			forReceipts = <-receiver
		}
		g.mu.Lock()
		for (g.left <= 0 || g.mute && forReceipts && !first) && !g.over {
			g.change.Wait()
		}
		g.mu.Unlock()
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// shut waits until the gate has shut.
func (g *gate) shut(t testing.TB) {
	t.Helper()
	waitFor(t, "the gate before the carrier has shut", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.left <= 0
	})
}

// open opens the gate for so many octets more.
func (g *gate) open(octets int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = octets
	g.change.Broadcast()
}

// atGate puts a gate before the carrier of a workplace.
func (w workplace) atGate(t testing.TB, c *carrier, octets int64) *gate {
	t.Helper()
	g := newGate(t, c.address, octets)
	config := read(t, w.config)
	write(t, w.config, replaceOnce(t, config, "address: "+c.address, "address: "+g.address), 0o600)
	return g
}

// quiet waits until a file has not grown for a while: what was on its way has arrived.
func quiet(t testing.TB, path string) int64 {
	t.Helper()
	last, since := size(path), time.Now()
	waitFor(t, "the carrier takes no more", func() bool {
		if now := size(path); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	})
	return last
}
