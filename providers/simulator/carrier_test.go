package simulator

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tocsin/providers/sms/smstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a carrier until the test ends.
func start(t testing.TB, c Config) *Carrier {
	t.Helper()
	c.Listen = "127.0.0.1:0"
	c.Logger = smstest.Logger(t, c.Password)
	carrier, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- carrier.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return carrier
}

// A client is the least that can talk to a carrier.
type client struct {
	t testing.TB
	net.Conn
}

func dial(t testing.TB, c *Carrier, command uint32) client {
	t.Helper()
	conn, err := net.Dial("tcp", c.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second)) // only a carrier that hangs meets it
	cl := client{t, conn}
	cl.say(command, 0, 1, []byte("me\x00secret\x00\x00\x34\x00\x00\x00"))
	return cl
}

func frame(command, status, sequence uint32, body []byte) []byte {
	b := append(appendHeader(nil, command, status, sequence), body...)
	setLength(b, 0)
	return b
}

func (c client) say(command, status, sequence uint32, body []byte) {
	c.t.Helper()
	if _, err := c.Write(frame(command, status, sequence, body)); err != nil {
		c.t.Fatal(err)
	}
}

func (c client) hear() (command, status, sequence uint32, body []byte) {
	c.t.Helper()
	var head [headerSize]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		c.t.Fatalf("read an answer: %v", err)
	}
	body = make([]byte, binary.BigEndian.Uint32(head[:])-headerSize)
	if _, err := io.ReadFull(c, body); err != nil {
		c.t.Fatalf("read an answer's body: %v", err)
	}
	return binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:]), binary.BigEndian.Uint32(head[12:]), body
}

// want hears one PDU and checks its command and status.
func (c client) want(command, status uint32) (sequence uint32, body []byte) {
	c.t.Helper()
	gotCommand, gotStatus, sequence, body := c.hear()
	if gotCommand != command || gotStatus != status {
		c.t.Fatalf("got %08x with status %x, want %08x with %x", gotCommand, gotStatus, command, status)
	}
	return sequence, body
}

func bound(t testing.TB, c *Carrier, command uint32) client {
	t.Helper()
	cl := dial(t, c, command)
	cl.want(command|response, statusOK)
	return cl
}

func single(to, text string) []byte {
	return fmt.Appendf(nil, "\x00\x05\x00Tocsin\x00\x01\x01%s\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00%c%s", to, len(text), text)
}

func multi(text string, to ...string) []byte {
	b := fmt.Appendf(nil, "\x00\x05\x00Tocsin\x00%c", len(to))
	for _, n := range to {
		b = fmt.Appendf(b, "\x01\x01\x01%s\x00", n)
	}
	return fmt.Appendf(b, "\x00\x00\x00\x00\x00\x01\x00\x00\x00%c%s", len(text), text)
}

func TestSinglesAndBatchesAreTakenJournaledAndReceipted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	c := start(t, Config{Receipts: true, JournalPath: path, HexIDs: "resp"})
	cl := bound(t, c, bindTransceiver)
	cl.say(submitSM, 0, 7, single("8613800138000", "say \"hi\" @"[:9]+"\x00"))
	seq, body := cl.want(submitSM|response, statusOK)
	if seq != 7 {
		t.Errorf("got sequence %d, want 7", seq)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var line struct {
		Time             time.Time
		Number, ID, Text string
		Part, Parts      int
	}
	if err := json.Unmarshal(data, &line); err != nil {
		t.Fatal(err)
	}
	id := strings.TrimRight(string(body), "\x00")
	if line.Number != "8613800138000" || line.ID != id || line.Text != "say \"hi\" @" || line.Parts != 0 || line.Time.IsZero() {
		t.Errorf("got journal %+v for id %s", line, id)
	}
	_, receipt := cl.want(deliverSM, 0)
	var number uint64
	fmt.Sscanf(id, "%x", &number)
	if !bytes.Contains(receipt, fmt.Appendf(nil, "id:%d sub:001", number)) || !bytes.Contains(receipt, []byte("stat:DELIVRD")) {
		t.Errorf("got receipt %q, want the decimal of %s delivered", receipt, id)
	}
	if !bytes.HasPrefix(receipt, []byte("\x00\x01\x018613800138000\x00\x05\x00Tocsin\x00\x04")) {
		t.Errorf("got receipt %q, want the addresses turned round", receipt)
	}

	cl.say(submitMulti, 0, 8, multi("fire", "not a number", "8613800138001", "8613800138002"))
	_, body = cl.want(submitMulti|response, statusOK)
	batch, rest, _ := bytes.Cut(body, []byte{0})
	if data, err = os.ReadFile(path); err != nil || bytes.Count(data, fmt.Appendf(nil, `"id":"%s"`, batch)) != 2 {
		t.Errorf("got %v and the journal\n%s\nwant two lines of batch %s, whose first number was refused", err, data, batch)
	}
	if want := "\x01\x01\x01not a number\x00\x00\x00\x00\x0b"; string(rest) != want {
		t.Errorf("got unsuccessful %q, want %q", rest, want)
	}
	for _, to := range []string{"8613800138001", "8613800138002"} {
		if _, body := cl.want(deliverSM, 0); !bytes.Contains(body, []byte(to)) {
			t.Errorf("got receipt %q, want one for %s", body, to)
		}
	}
	if s := c.Stats(); s.Recipients != 3 || s.Segments != 3 || s.Refused != 1 || s.Submits != 2 || s.ReceiptsSent != 3 || s.MaxPerTenth < 1 || s.ReceiptsWaiting != 3 {
		t.Errorf("got %+v", s)
	}
}

func TestReceiptsNotAcknowledgedComeAgainOnTheNextConnection(t *testing.T) {
	c := start(t, Config{Receipts: true})
	cl := bound(t, c, bindTransceiver)
	cl.say(submitMulti, 0, 2, multi("fire", "8613800138001", "8613800138002", "8613800138003"))
	cl.want(submitMulti|response, statusOK)
	var sequences []uint32
	for range 3 {
		seq, _ := cl.want(deliverSM, 0)
		sequences = append(sequences, seq)
	}
	cl.say(deliverSM|response, 0, sequences[1], []byte{0})
	cl.say(enquireLink, 0, 3, nil)
	cl.want(enquireLink|response, 0) // so the acknowledgement was read
	cl.Close()

	again := bound(t, c, bindReceiver)
	for _, to := range []string{"8613800138001", "8613800138003"} {
		seq, body := again.want(deliverSM, 0)
		if !bytes.Contains(body, []byte(to)) {
			t.Errorf("got receipt %q, want one for %s", body, to)
		}
		again.say(deliverSM|response, 0, seq, []byte{0})
	}
	again.say(unbind, 0, 4, nil)
	again.want(unbind|response, 0)
	if s := c.Stats(); s.ReceiptsAcknowledged != 3 || s.ReceiptsAgain != 2 || s.ReceiptsWaiting != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestTheReceiptWindowHolds(t *testing.T) {
	c := start(t, Config{Receipts: true, ReceiptWindow: 2})
	cl := bound(t, c, bindTransceiver)
	cl.say(submitMulti, 0, 2, multi("fire", "8613800138001", "8613800138002", "8613800138003"))
	cl.want(submitMulti|response, statusOK)
	first, _ := cl.want(deliverSM, 0)
	cl.want(deliverSM, 0)
	cl.say(enquireLink, 0, 3, nil)
	cl.want(enquireLink|response, 0) // and not the third receipt
	cl.say(deliverSM|response, 0, first, []byte{0})
	cl.want(deliverSM, 0)
}

func TestReceiptTrouble(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		want   []uint32 // commands that follow a submit_sm
	}{
		{"lost", Config{LoseReceipts: 1}, []uint32{submitSM | response}},
		{"twice", Config{DuplicateReceipts: 1}, []uint32{submitSM | response, deliverSM, deliverSM}},
		{"early", Config{EarlyReceipts: 1}, []uint32{deliverSM, submitSM | response}},
		{"early with a latency", Config{EarlyReceipts: 1, Latency: time.Millisecond, Jitter: time.Millisecond}, []uint32{deliverSM, submitSM | response}},
		{"after a latency and a delay", Config{Latency: time.Millisecond, ReceiptDelay: time.Millisecond}, []uint32{submitSM | response, deliverSM}},
		{"for a stranger too", Config{UnknownReceipts: 1}, []uint32{submitSM | response, deliverSM, deliverSM}},
		{"of a submit never answered", Config{Silent: 1}, []uint32{deliverSM}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Receipts = true
			cl := bound(t, start(t, c.config), bindTransceiver)
			cl.say(submitSM, 0, 2, single("8613800138000", "fire"))
			for _, command := range c.want {
				cl.want(command, 0)
			}
			cl.say(enquireLink, 0, 3, nil)
			cl.want(enquireLink|response, 0)
		})
	}
}

func TestTheCarrierSaysNo(t *testing.T) {
	for _, c := range []struct {
		name    string
		config  Config
		command uint32
		body    []byte
		answer  uint32
		status  uint32
	}{
		{"to a number", Config{Refuse: 1}, submitSM, single("8613800138000", "x"), submitSM | response, statusDestination},
		{"with throttled", Config{Throttle: 1}, submitSM, single("8613800138000", "x"), submitSM | response, statusThrottled},
		{"with queue full", Config{QueueFull: 1}, submitMulti, multi("x", "8613800138000"), submitMulti | response, statusQueueFull},
		{"to submit_multi", Config{NoMulti: true}, submitMulti, multi("x", "8613800138000"), genericNack, statusCommandID},
		{"to a batch of nobody", Config{}, submitMulti, multi("x"), submitMulti | response, statusDestinations},
		{"to an unknown command", Config{}, 0x103, nil, genericNack, statusCommandID},
		{"to half a submit", Config{}, submitSM, single("8613800138000", "x")[:20], submitSM | response, statusCommandLength},
	} {
		t.Run(c.name, func(t *testing.T) {
			carrier := start(t, c.config)
			cl := bound(t, carrier, bindTransceiver)
			cl.say(c.command, 0, 2, c.body)
			cl.want(c.answer, c.status)
			if s := carrier.Stats(); s.Recipients != 0 {
				t.Errorf("got %d recipients taken, want none", s.Recipients)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		status uint32
	}{
		"another system id": {Config{SystemID: "you"}, statusSystemID},
		"a wrong password":  {Config{SystemID: "me", Password: "other"}, statusPassword},
		"the right ones":    {Config{SystemID: "me", Password: "secret"}, statusOK},
	} {
		t.Run(name, func(t *testing.T) {
			dial(t, start(t, c.config), bindTransmitter).want(bindTransmitter|response, c.status)
		})
	}
	cl := dial(t, start(t, Config{}), bindReceiver)
	cl.want(bindReceiver|response, statusOK)
	cl.say(submitSM, 0, 2, single("8613800138000", "x"))
	cl.want(submitSM|response, statusBindStatus)
}

func TestTheRateIsCapped(t *testing.T) {
	c := start(t, Config{Rate: 1, Burst: 3})
	cl := bound(t, c, bindTransceiver)
	var all []byte
	for i := range uint32(20) {
		all = append(all, frame(submitSM, 0, i+2, single("8613800138000", "x"))...)
	}
	if _, err := cl.Write(all); err != nil {
		t.Fatal(err)
	}
	taken := 0
	for range 20 {
		if _, status, _, _ := cl.hear(); status == statusOK {
			taken++
		} else if status != statusThrottled {
			t.Fatalf("got status %x", status)
		}
	}
	if s := c.Stats(); taken < 3 || taken > 13 || int(s.Segments) != taken || int(s.Throttled) != 20-taken {
		t.Errorf("got %d taken and %+v", taken, s)
	}
}

func TestTheLineIsCutAfterAnUnansweredSubmit(t *testing.T) {
	c := start(t, Config{CutAfter: 3})
	cl := bound(t, c, bindTransceiver)
	for i := range uint32(3) {
		cl.say(submitSM, 0, i+2, single("8613800138000", "x"))
	}
	cl.want(submitSM|response, 0)
	cl.want(submitSM|response, 0)
	if n, err := cl.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d octets, want the line cut", n)
	}
	if s := c.Stats(); s.Recipients != 3 || s.Cuts != 1 {
		t.Errorf("got %+v, want three taken", s)
	}
}

func TestGarbageClosesTheLine(t *testing.T) {
	for name, octets := range map[string]string{
		"length 0":    "\x00\x00\x00\x00aaaabbbbcccc",
		"length 15":   "\x00\x00\x00\x0faaaabbbbcccc",
		"length 2^31": "\x80\x00\x00\x00aaaabbbbcccc",
	} {
		t.Run(name, func(t *testing.T) {
			cl := bound(t, start(t, Config{}), bindTransceiver)
			if _, err := io.WriteString(cl, octets); err != nil {
				t.Fatal(err)
			}
			cl.want(genericNack, statusCommandLength)
			if _, err := cl.Read(make([]byte, 1)); err == nil {
				t.Error("the line is open")
			}
		})
	}
}

func TestMuteAndGoodbye(t *testing.T) {
	c := start(t, Config{})
	cl := bound(t, c, bindTransceiver)
	c.Unbind()
	cl.want(unbind, 0)
	cl.say(unbind|response, 0, 1, nil)
	if _, err := cl.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want the end", err)
	}
	mute := dial(t, start(t, Config{Mute: true}), bindTransceiver)
	mute.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := mute.Read(make([]byte, 1)); err == nil {
		t.Error("a mute carrier spoke")
	}
}

func TestConfigRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"another protocol":     {Protocol: "fax"},
		"a share above one":    {Refuse: 2},
		"a negative rate":      {Rate: -1},
		"hex ids everywhere":   {HexIDs: "both"},
		"a strange form":       {ReceiptForm: "poem"},
		"a strange line":       {ReceiptsOn: "fax"},
		"two journals":         {Journal: io.Discard, JournalPath: "x"},
		"an address not there": {Listen: "192.0.2.1:1"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		name   string
		octets string
		coding byte
		want   string
	}{
		{"GSM with extension", "\x00\x1b\x65 \x1b\x3cA", 0, "@€ [A"},
		{"UTF-16", "\x70\x6b\xd8\x3d\xdd\x25", 8, "火🔥"},
		{"Latin-1", "caf\xe9", 3, "café"},
		{"binary", "\x01\xff", 4, "01ff"},
	} {
		if got := string(appendText(nil, []byte(c.octets), c.coding)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	text, p := splitHeader([]byte("\x05\x00\x03\x42\x03\x02rest"))
	if string(text) != "rest" || p != (part{number: 2, of: 3}) {
		t.Errorf("got %q, %+v", text, p)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(frame(submitSM, 0, 2, single("8613800138000", "x")))
	f.Add(frame(submitMulti, 0, 2, multi("x", "8613800138000", "1")))
	f.Add(frame(deliverSM|response, 0, 1, []byte{0}))
	c := &Carrier{speaks: protocols["smpp"], config: Config{Receipts: true, ReceiptWindow: 4}, journal: &journal{w: io.Discard}}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newSession(c, nil)
		s.submits, s.receives, s.account = true, true, &account{}
		s.now = 1
		used := s.frames(b)
		s.settle()
		for rest := s.out; len(rest) > 0; {
			size := int(binary.BigEndian.Uint32(rest))
			if size < headerSize || size > len(rest) {
				t.Fatalf("the answers are no frames: %x", s.out)
			}
			rest = rest[size:]
		}
		for line := range bytes.Lines(s.lines.buf) {
			if !json.Valid(line) {
				t.Fatalf("the journal is no JSON: %q", line)
			}
		}
		if used > len(b) {
			t.Fatalf("used %d of %d octets", used, len(b))
		}
	})
}

func TestNothingIsAllocatedForARecipient(t *testing.T) {
	c := &Carrier{speaks: protocols["smpp"], config: Config{Receipts: true, ReceiptWindow: 2000}, journal: &journal{w: io.Discard}}
	s := newSession(c, nil)
	s.submits, s.receives = true, true
	var to []string
	for i := range 100 {
		to = append(to, fmt.Sprint(8613800138000+i))
	}
	pdu := frame(submitMulti, 0, 2, multi("fire", to...))
	var out []byte
	got := testing.AllocsPerRun(50, func() {
		s.now++
		s.frames(pdu)
		s.push(s.due)
		s.due, s.lines.buf, s.out = s.due[:0], s.lines.buf[:0], s.out[:0]
		out, _, _ = s.collect(out[:0])
		for i := range s.ring {
			if s.ring[i].sequence != 0 {
				s.acks = append(s.acks, ack{sequence: s.ring[i].sequence})
			}
		}
		s.settle()
	})
	if got > 0 {
		t.Errorf("got %v allocations for 100 recipients, want none", got)
	}
}

// Decide, answer and receipt one recipient, without the network.
func BenchmarkRecipient(b *testing.B) {
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprint("batch ", size), func(b *testing.B) {
			c := &Carrier{speaks: protocols["smpp"], config: Config{Receipts: true, ReceiptWindow: 2000}}
			s := newSession(c, nil)
			s.submits, s.receives = true, true
			pdu := frame(submitSM, 0, 2, single("8613800138000", strings.Repeat("fire", 30)))
			if size > 1 {
				to := make([]string, size)
				for i := range to {
					to[i] = fmt.Sprint(8613800138000 + i)
				}
				pdu = frame(submitMulti, 0, 2, multi(strings.Repeat("fire", 30), to...))
			}
			var out []byte
			for i := 0; i < b.N; i += size {
				s.frames(pdu)
				if len(s.due) < 100 {
					continue
				}
				s.push(s.due)
				s.due, s.out = s.due[:0], s.out[:0]
				first := s.next
				out, _, _ = s.collect(out[:0])
				for ; first < s.next; first++ {
					s.acks = append(s.acks, ack{sequence: first})
				}
				s.settle()
			}
		})
	}
}
