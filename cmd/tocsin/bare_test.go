package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"tocsin/providers/smpp"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// A bare sender is what a program would cost that did nothing but write frames
// it was given ready-made, read the answers and acknowledge the receipts: no
// file, no plan, no ledger, no queue. It is the floor that the whole program is
// measured against.
type bare struct {
	connections, window, batch int
	lines                      []frames // one for each connection
}

// frames are ready-made PDUs, one after another.
type frames struct {
	octets     []byte
	ends       []int
	recipients int
}

// newBare makes the frames of count messages; with a name in the text each
// recipient has a submit_sm of their own.
func newBare(b *testing.B, count, connections, window, batch int, text func(i int) string) *bare {
	b.Helper()
	s := &bare{connections, window, batch, make([]frames, connections)}
	envelope := &sms.Envelope{Receipt: true}
	var messages []sms.Message
	sequence := uint32(0)
	for i := range count {
		content, err := sms.Encode(nil, text(i))
		if err != nil {
			b.Fatal(err)
		}
		n, err := sms.ParseNumber(strconv.AppendInt(nil, 13_000_000_000+int64(i), 10), true)
		if err != nil {
			b.Fatal(err)
		}
		messages = append(messages, sms.Message{To: n, Content: content, Envelope: envelope})
		if len(messages) < batch && i < count-1 {
			continue
		}
		f := &s.lines[int(sequence)%connections]
		sequence++
		d := &smpp.Outgoing{Source: "10690000", SourceNPI: 1, Coding: byte(content.Coding), Text: content.Octets, Registered: 1}
		if batch > 1 {
			f.octets = smpp.AppendMulti(f.octets, sequence, d, messages, nil)
		} else {
			f.octets = smpp.AppendSubmit(f.octets, sequence, d, n, nil)
		}
		f.ends = append(f.ends, len(f.octets))
		f.recipients += len(messages)
		messages = messages[:0]
	}
	return s
}

// send sends everything to the carrier at address and returns what that cost
// this process, and how long it took.
func (s *bare) send(b *testing.B, address string) (cpu, wall time.Duration) {
	b.Helper()
	before, start := ownCPU(b), time.Now()
	var all sync.WaitGroup
	errs := make(chan error, s.connections)
	for i := range s.lines {
		all.Go(func() { errs <- s.lines[i].pour(address, s.window) })
	}
	all.Wait()
	cpu, wall = ownCPU(b)-before, time.Since(start)
	for range s.lines {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
	return cpu, wall
}

// pour keeps the window full until everything is answered and receipted.
func (f *frames) pour(address string, window int) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Minute))
	out, err := smpp.Append(nil, smpp.BindTransceiver, 0, 1, &smpp.Bind{SystemID: "tocsin", Password: "secret", Version: smpp.Version34})
	if err != nil {
		return err
	}
	in := wire.NewReader(conn, smpp.HeaderSize, smpp.MaxFrame)
	next, flying, receipts := 0, 1, f.recipients // the login flies too
	for flying > 0 || receipts > 0 {
		if room := min(window-flying, len(f.ends)-next); room > 0 {
			start := 0
			if next > 0 {
				start = f.ends[next-1]
			}
			next += room
			flying += room
			out = append(out, f.octets[start:f.ends[next-1]]...)
		}
		if len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return err
			}
			out = out[:0]
		}
		for {
			frame, err := in.Next()
			if err != nil {
				return err
			}
			h, _ := smpp.Split(frame)
			switch {
			case h.ID == smpp.DeliverSM:
				at := len(out)
				out = smpp.End(append(smpp.Begin(out, smpp.DeliverSM|smpp.Response, 0, h.Sequence), 0), at)
				receipts--
			case h.ID&smpp.Response != 0 && h.Status == 0:
				flying--
			default:
				return fmt.Errorf("the carrier says %#x with status %#x", h.ID, h.Status)
			}
			if !in.Buffered() {
				break
			}
		}
	}
	if len(out) > 0 {
		_, err = conn.Write(out)
	}
	return err
}

// ownCPU is what this process has used so far.
func ownCPU(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// childCPU is what a process that has ended used.
func childCPU(state *os.ProcessState) time.Duration { return state.UserTime() + state.SystemTime() }
