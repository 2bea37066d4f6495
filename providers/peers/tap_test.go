package peers

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// A tap passes connections on to a carrier and keeps what goes by.
type tap struct {
	address string
	port    uint16 // that captures name as the carrier's

	mu            sync.Mutex
	conversations []*conversation
	talking       sync.WaitGroup
}

// A conversation is one connection: what each side said, in order.
type conversation struct {
	mu    sync.Mutex
	words []word
}

// A word is what one read brought.
type word struct {
	client bool // said it
	at     time.Time
	octets []byte
}

// newTap listens until the test ends.
func newTap(t *testing.T, carrier string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{address: l.Addr().String(), port: smppPort}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.talking.Go(func() { p.serve(client, carrier) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		accepting.Wait()
		p.talking.Wait()
	})
	return p
}

func (p *tap) serve(client net.Conn, carrier string) {
	defer client.Close()
	server, err := net.Dial("tcp", carrier)
	if err != nil {
		return
	}
	defer server.Close()
	c := &conversation{}
	p.mu.Lock()
	p.conversations = append(p.conversations, c)
	p.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() { c.pass(client, server, false) })
	c.pass(server, client, true)
	back.Wait()
}

// pass copies one direction and closes it behind the last octet.
func (c *conversation) pass(to, from net.Conn, client bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			c.mu.Lock()
			c.words = append(c.words, word{client, time.Now(), append([]byte(nil), buf[:n]...)})
			c.mu.Unlock()
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			to.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

// octets is all that one side said.
func (c *conversation) octets(client bool) []byte {
	var all []byte
	for _, w := range c.words {
		if w.client == client {
			all = append(all, w.octets...)
		}
	}
	return all
}

// The carriers' ports, which dissectors know the protocols by: SMPP's in IANA's
// registry, and CMPP 3.0.0's, section 6.2.
const (
	smppPort = 2775
	cmppPort = 7890
)

// capture waits until both sides of every connection have hung up and writes what
// went by as a pcap file: a TCP connection of synthetic IPv4 packets for each
// conversation.
func (p *tap) capture(t *testing.T, path string) {
	t.Helper()
	p.talking.Wait()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// The file's head: magic, version 2.4, zone, accuracy, longest packet,
	// LINKTYPE_RAW (draft-ietf-opsawg-pcap section 4).
	head := binary.LittleEndian.AppendUint32(nil, 0xA1B2C3D4)
	head = binary.LittleEndian.AppendUint16(head, 2)
	head = binary.LittleEndian.AppendUint16(head, 4)
	for _, v := range []uint32{0, 0, 1 << 18, 101} {
		head = binary.LittleEndian.AppendUint32(head, v)
	}
	if _, err := f.Write(head); err != nil {
		t.Fatal(err)
	}
	for i, c := range p.conversations {
		if err := c.write(f, p.port, uint16(40_000+i)); err != nil {
			t.Fatal(err)
		}
	}
}

// TCP flags, RFC 9293 section 3.1.
const (
	fin = 0x01
	syn = 0x02
	psh = 0x08
	ack = 0x10
)

// mtu is how much of a word one packet carries, as on an Ethernet: PDUs then
// reach over packets.
const mtu = 1400

// write is the connection's packets, its opening and its end included.
func (c *conversation) write(w io.Writer, carrier, client uint16) error {
	s := stream{w: w, ports: [2]uint16{carrier, client}}
	at := c.words[0].at
	s.packet(at, true, syn, nil)
	s.packet(at, false, syn|ack, nil)
	s.packet(at, true, ack, nil)
	for _, word := range c.words {
		at = word.at
		for rest := word.octets; len(rest) > 0; {
			n := min(mtu, len(rest))
			s.packet(at, word.client, psh|ack, rest[:n])
			s.packet(at, !word.client, ack, nil)
			rest = rest[n:]
		}
	}
	s.packet(at, true, fin|ack, nil)
	s.packet(at, false, fin|ack, nil)
	s.packet(at, true, ack, nil)
	return s.err
}

// A stream numbers the packets of one connection.
type stream struct {
	w     io.Writer
	ports [2]uint16 // the carrier's, the client's
	next  [2]uint32 // sequence number of the next octet of each
	err   error
}

func (s *stream) packet(at time.Time, client bool, flags byte, data []byte) {
	if s.err != nil {
		return
	}
	mine, theirs := 0, 1
	from, to := byte(2), byte(1) // of 10.0.0.0/8
	if client {
		mine, theirs, from, to = 1, 0, to, from
	}
	const ip, tcp = 20, 20 // sizes of headers without options
	size := ip + tcp + len(data)
	b := binary.LittleEndian.AppendUint32(nil, uint32(at.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(at.Nanosecond()/1000))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	// IPv4, RFC 791 section 3.1; nobody checks its sum.
	b = append(b, 0x45, 0, byte(size>>8), byte(size), 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, to)
	// TCP, RFC 9293 section 3.1.
	b = binary.BigEndian.AppendUint16(b, s.ports[mine])
	b = binary.BigEndian.AppendUint16(b, s.ports[theirs])
	b = binary.BigEndian.AppendUint32(b, s.next[mine])
	acknowledged := s.next[theirs]
	if flags&ack == 0 {
		acknowledged = 0
	}
	b = binary.BigEndian.AppendUint32(b, acknowledged)
	b = append(b, tcp/4<<4, flags, 0xFF, 0xFF, 0, 0, 0, 0)
	b = append(b, data...)
	s.next[mine] += uint32(len(data))
	if flags&(syn|fin) != 0 { // each counts as an octet
		s.next[mine]++
	}
	_, s.err = s.w.Write(b)
}
