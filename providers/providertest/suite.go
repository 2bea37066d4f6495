package providertest

import (
	"context"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/providers/simulator"
	"tocsin/providers/sms"
)

// Run plays the whole suite; each part has its own carrier, as changes make it, and its
// own provider. A protocol of several kinds is named with its profile: http/twilio.
func Run(t *testing.T, protocol string, make NewFunc, changes ...func(*simulator.Config)) {
	for _, s := range []struct {
		name   string
		config simulator.Config
		play   func(*bench)
		only   string // the protocols that have it; "": all
	}{
		{"everything is taken and receipted once", simulator.Config{Receipts: true}, taken, ""},
		{"a long text is taken segment by segment", simulator.Config{Receipts: true}, long, "smpp cmpp sgip smgp"},
		{"a long text to many is taken in batches, a segment each", simulator.Config{Receipts: true}, longToMany, "smpp cmpp sgip smgp"},
		{"of a long text to many the refused are refused", simulator.Config{Receipts: true, Refuse: 0.05}, longToMany, "smpp cmpp sgip smgp"},
		{"a long text to many at a carrier without batches", simulator.Config{Receipts: true, NoMulti: true}, longToMany, "smpp cmpp sgip smgp"},
		{"a long text is taken whole", simulator.Config{Receipts: true}, whole, "http"},
		{"refused numbers are refused, the others taken", simulator.Config{Refuse: 0.2}, refused, ""},
		{"throttled is for later, then taken", simulator.Config{Throttle: 0.5, QueueFull: 0.2}, throttled, ""},
		{"a cut line leaves nothing unsaid and comes back", simulator.Config{CutAfter: 20, Receipts: true}, cut, ""},
		{"an answer that never comes leaves doubt", simulator.Config{Silent: 1, Receipts: true}, silent, ""},
		{"receipts come twice", simulator.Config{Receipts: true, DuplicateReceipts: 1}, twice, ""},
		{"receipts come before the answer", simulator.Config{Receipts: true, EarlyReceipts: 1, Latency: time.Millisecond}, taken, ""},
		{"receipts come late", simulator.Config{Receipts: true, ReceiptDelay: 50 * time.Millisecond}, taken, ""},
		{"receipts are text only", simulator.Config{Receipts: true, ReceiptForm: "text"}, taken, "smpp"},
		{"receipts are parameters only", simulator.Config{Receipts: true, ReceiptForm: "tlv"}, taken, "smpp"},
		{"receipts are in another dialect", simulator.Config{Receipts: true, ReceiptForm: "text"}, taken, "smgp"},
		{"receipts are short", simulator.Config{Receipts: true, ReceiptForm: "short"}, taken, "cmpp"},
		{"ids are hexadecimal in the answer only", simulator.Config{Receipts: true, HexIDs: "resp"}, received, "smpp"},
		{"ids are hexadecimal in the receipt only", simulator.Config{Receipts: true, HexIDs: "receipt"}, received, "smpp"},
		{"answers overtake each other", simulator.Config{Receipts: true, Latency: time.Millisecond, Jitter: 3 * time.Millisecond}, taken, ""},
		{"no batches at this carrier", simulator.Config{Receipts: true, NoMulti: true}, noMulti, ""},
		{"receipts not kept are said again", simulator.Config{Receipts: true}, notKept, ""},
		{"a caller that gives up is told the truth", simulator.Config{Latency: time.Hour}, givenUp, ""},
		{"the carrier says goodbye", simulator.Config{}, goodbye, "smpp cmpp sgip smgp"},
		{"the carrier closes connections that wait", simulator.Config{Receipts: true}, closed, "http"},
		{"the end of Run", simulator.Config{}, end, ""},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.config.Protocol, s.config.Profile, _ = strings.Cut(protocol, "/")
			if s.only != "" && !slices.Contains(strings.Fields(s.only), s.config.Protocol) {
				t.Skip("of " + s.only + " alone")
			}
			for _, change := range changes {
				change(&s.config)
			}
			s.play(setUp(t, s.config, make))
		})
	}
}

const some = 300 // messages: more than a window, more than a batch

// received checks that all were taken and each has exactly one receipt.
func received(b *bench) {
	wantAll(b.t, b.submit(messages(some)), sms.Taken)
	b.until("all receipts came", func() bool { n, _ := b.received(); return n >= some })
	if n, numbers := b.received(); n != some || numbers != some {
		b.t.Errorf("got %d receipts for %d numbers, want %d for as many", n, numbers, some)
	}
	b.until("all are acknowledged", func() bool { return b.carrier.Stats().ReceiptsWaiting == 0 })
	if s := b.carrier.Stats(); s.Recipients != some || s.ReceiptsAcknowledged != some {
		b.t.Errorf("got %+v at the carrier, want %d taken and acknowledged", s, some)
	}
}

// taken checks besides that answers and receipts name the same references.
func taken(b *bench) {
	msgs := messages(some)
	acks := b.submit(msgs)
	wantAll(b.t, acks, sms.Taken)
	b.until("all receipts came", func() bool { n, _ := b.received(); return n >= some })
	b.mu.Lock()
	for i, a := range acks {
		ref, rest := a.Refs.Next()
		if got := b.receipts[msgs[i].To]; a.Done != 1 || len(rest) != 0 || len(got) != 1 || got[0] != string(ref) {
			b.t.Errorf("message %d: done %b, answer %q, receipts %q", i, a.Done, ref, got)
			break
		}
	}
	b.mu.Unlock()
	b.until("all are acknowledged", func() bool { return b.carrier.Stats().ReceiptsWaiting == 0 })
}

func long(b *bench) {
	msgs := messages(some)
	for i := range msgs {
		octets := make([]byte, 2*sms.ManyGSM7+10)
		for k := range octets {
			octets[k] = 'a'
		}
		msgs[i].Content = sms.Content{Octets: octets, Coding: sms.GSM7, Segments: 3}
		msgs[i].Done = uint16(i % 2) // half of them have their first segment there already
	}
	acks := b.submit(msgs)
	wantAll(b.t, acks, sms.Taken)
	for i, a := range acks {
		first, rest := a.Refs.Next()
		second, rest := rest.Next()
		third, rest := rest.Next()
		if a.Done != 7 || (len(first) == 0) != (i%2 == 1) || len(second) == 0 || len(third) == 0 || len(rest) != 0 {
			b.t.Fatalf("message %d: done %b, references %q", i, a.Done, a.Refs)
		}
	}
	const segments = some*3 - some/2
	b.until("all receipts came", func() bool { n, _ := b.received(); return n >= segments })
	if s := b.carrier.Stats(); s.Segments != segments {
		b.t.Errorf("got %d segments at the carrier, want %d", s.Segments, segments)
	}
}

// longToMany checks that one long text to many goes out a segment for many at a time,
// and that each has every segment once, with its own receipts.
func longToMany(b *bench) {
	short := count(b.submit(messages(some)))
	b.until("the receipts of a short text came", func() bool { n, _ := b.received(); return n == short[sms.Taken] })
	b.mu.Lock()
	clear(b.receipts)
	b.mu.Unlock()
	before := b.carrier.Stats()

	msgs := messages(some)
	content := sms.Content{Octets: []byte(strings.Repeat("a", 2*sms.ManyGSM7+10)), Coding: sms.GSM7, Segments: 3}
	open := func(i int) int { return 3 - bits.OnesCount16(msgs[i].Done) }
	for i := range msgs {
		msgs[i].Content = content
		msgs[i].Done = []uint16{0, 0b001, 0b110}[i*3/some] // some segments are there already
	}
	acks := b.submit(msgs)
	taken, segments := 0, 0
	for i, a := range acks {
		var refs []string
		for ref, rest := a.Refs.Next(); len(rest) > 0 || len(ref) > 0; ref, rest = rest.Next() {
			if len(ref) > 0 {
				refs = append(refs, string(ref))
			}
		}
		switch {
		case a.Outcome == sms.Taken && a.Done == 7 && len(refs) == open(i):
			taken, segments = taken+1, segments+open(i)
			b.until("the receipts of each segment came", func() bool {
				b.mu.Lock()
				defer b.mu.Unlock()
				got := slices.Sorted(slices.Values(b.receipts[msgs[i].To]))
				return slices.Equal(got, slices.Sorted(slices.Values(refs)))
			})
		case a.Outcome != sms.Refused || a.Done != msgs[i].Done || len(refs) > 0:
			b.t.Fatalf("message %d: got %v, done %b, references %q", i, a.Outcome, a.Done, refs)
		}
	}
	s := b.carrier.Stats()
	if got := s.Segments - before.Segments; got != int64(segments) || taken != short[sms.Taken] {
		b.t.Errorf("got %d segments at the carrier and %d messages taken, want %d and %d", got, taken, segments, short[sms.Taken])
	}
	if got := s.Submits - before.Submits; got > 3*before.Submits {
		b.t.Errorf("got %d submits for a text of three segments, and %d for one of one", got, before.Submits)
	}
}

// whole checks that a carrier that takes texts whole took each once, however many of its
// segments another one had before, and that every segment has a reference.
func whole(b *bench) {
	msgs := messages(some)
	for i := range msgs {
		msgs[i].Content = sms.Content{Octets: []byte(strings.Repeat("a", 2*sms.ManyGSM7+10)), Coding: sms.GSM7, Segments: 3}
		msgs[i].Done = uint16(i % 2)
	}
	acks := b.submit(msgs)
	wantAll(b.t, acks, sms.Taken)
	for i, a := range acks {
		first, rest := a.Refs.Next()
		second, rest := rest.Next()
		third, rest := rest.Next()
		if a.Done != 7 || len(first) == 0 || string(second) != string(first) || string(third) != string(first) || len(rest) != 0 {
			b.t.Fatalf("message %d: done %b, references %q", i, a.Done, a.Refs)
		}
	}
	b.until("all receipts came", func() bool { n, _ := b.received(); return n >= some })
	if s := b.carrier.Stats(); s.Segments < 3*some || s.Recipients != some { // it may add its signature
		b.t.Errorf("got %+v at the carrier, want %d messages of 3 segments or more", s, some)
	}
}

// closed checks that connections which the carrier closes between two offers cost no
// message and double none: what was written into one is in doubt.
func closed(b *bench) {
	msgs := messages(5 * 20)
	taken, unknown := 0, 0
	for round := range 5 {
		left := msgs[20*round : 20*round+20]
		for tries := 0; len(left) > 0 && tries < 100; tries++ {
			again := left[:0:0]
			for i, a := range b.submit(left) {
				switch a.Outcome {
				case sms.NotSent:
					again = append(again, left[i])
				case sms.Taken:
					taken++
				case sms.Unknown:
					unknown++
				default:
					b.t.Fatalf("got %v %v", a.Outcome, a.Reason)
				}
			}
			left = again
		}
		b.carrier.Cut()
	}
	if s := b.carrier.Stats(); taken+unknown != len(msgs) || int(s.Recipients) < taken || int(s.Recipients) > taken+unknown {
		b.t.Errorf("%d taken and %d in doubt of %d, the carrier took %d", taken, unknown, len(msgs), s.Recipients)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for n, refs := range b.receipts {
		if len(refs) > 1 {
			b.t.Errorf("%v was reached %d times", n, len(refs))
		}
	}
}

func refused(b *bench) {
	acks := b.submit(messages(some))
	n := count(acks)
	s := b.carrier.Stats()
	if n[sms.Refused] == 0 || n[sms.Taken] == 0 || n[sms.Refused]+n[sms.Taken] != some {
		b.t.Errorf("got %v, want some refused and the others taken", n)
	}
	if int(s.Refused) != n[sms.Refused] || int(s.Recipients) != n[sms.Taken] {
		b.t.Errorf("got %v, the carrier %+v", n, s)
	}
	for _, a := range acks {
		if a.Outcome == sms.Refused && a.Reason != sms.InvalidNumber {
			b.t.Errorf("got reason %v, want %v", a.Reason, sms.InvalidNumber)
			break
		}
	}
}

func throttled(b *bench) {
	left, rounds, put := messages(some), 0, 0
	for ; len(left) > 0 && rounds < 200; rounds++ {
		acks := b.submit(left)
		var again []sms.Message
		for i, a := range acks {
			switch {
			case a.Outcome == sms.NotNow && (a.Reason == sms.Throttled || a.Reason == sms.QueueFull):
				put++
				again = append(again, left[i])
			case a.Outcome == sms.NotSent: // it need not go on after a throttle
				again = append(again, left[i])
			case a.Outcome != sms.Taken:
				b.t.Fatalf("got %v %v, want taken or for later", a.Outcome, a.Reason)
			}
		}
		left = again
	}
	if s := b.carrier.Stats(); len(left) > 0 || put == 0 || s.Recipients != some {
		b.t.Errorf("%d left after %d rounds, %d put off, the carrier took %d, want %d", len(left), rounds, put, s.Recipients, some)
	}
}

func cut(b *bench) {
	msgs := messages(some)
	for i := range msgs { // texts of their own, so that there are many PDUs
		msgs[i].Content.Octets = append([]byte(nil), msgs[i].Content.Octets...)
	}
	acks := b.submit(msgs)
	n := count(acks)
	s := b.carrier.Stats()
	if n[sms.Refused] != 0 || n[sms.NotNow] != 0 || n[sms.Unknown] == 0 {
		b.t.Errorf("got %v, want taken, unknown and not sent", n)
	}
	// What the carrier took is taken or in doubt here, never thought not sent.
	if took := int(s.Recipients); took < n[sms.Taken] || took > n[sms.Taken]+n[sms.Unknown] {
		b.t.Errorf("got %v, but the carrier took %d", n, took)
	}
	b.until("the line is back", func() bool { return b.provider.Line().Up > 0 && b.carrier.Stats().Binds > 1 })
	var left []sms.Message
	for i, a := range acks {
		if a.Outcome == sms.NotSent {
			left = append(left, msgs[i])
		}
	}
	for tries := 0; len(left) > 0 && tries < 100; tries++ { // another connection may be on its way
		again := left[:0:0]
		for i, a := range b.submit(left) {
			if a.Outcome == sms.NotSent {
				again = append(again, left[i])
			} else if a.Outcome != sms.Taken {
				b.t.Fatalf("offered again: got %v %v, want taken", a.Outcome, a.Reason)
			}
		}
		left = again
	}
	b.until("receipts settle the doubt", func() bool {
		_, numbers := b.received()
		return numbers == int(b.carrier.Stats().Recipients)
	})
}

func silent(b *bench) {
	msgs := messages(5)
	acks := b.submit(msgs)
	for i, a := range acks {
		if a.Outcome != sms.Unknown && a.Outcome != sms.NotSent {
			b.t.Errorf("message %d: got %v %v, want unknown", i, a.Outcome, a.Reason)
		}
	}
	if n, s := count(acks), b.carrier.Stats(); n[sms.Unknown] == 0 || int(s.Recipients) > n[sms.Unknown] {
		b.t.Errorf("got %v, but the carrier took %d", n, s.Recipients)
	}
	b.until("receipts settle the doubt", func() bool {
		_, numbers := b.received()
		return numbers == int(b.carrier.Stats().Recipients)
	})
}

func twice(b *bench) {
	wantAll(b.t, b.submit(messages(some)), sms.Taken)
	b.until("all receipts came twice", func() bool { n, _ := b.received(); return n == 2*some })
	b.until("all are acknowledged", func() bool { return b.carrier.Stats().ReceiptsWaiting == 0 })
}

func noMulti(b *bench) {
	left := messages(some)
	for tries := 0; len(left) > 0 && tries < 100; tries++ {
		var again []sms.Message
		for i, a := range b.submit(left) {
			switch a.Outcome {
			case sms.NotNow, sms.NotSent:
				again = append(again, left[i])
			case sms.Taken:
			default:
				b.t.Fatalf("got %v %v, want taken or for later", a.Outcome, a.Reason)
			}
		}
		left = again
	}
	if s := b.carrier.Stats(); len(left) > 0 || s.Recipients != some {
		b.t.Errorf("%d left, the carrier took %d, want %d", len(left), s.Recipients, some)
	}
}

func notKept(b *bench) {
	b.mu.Lock()
	b.fail = 1
	b.mu.Unlock()
	acks := b.submit(messages(10))
	if n := count(acks); n[sms.Refused]+n[sms.NotNow] != 0 {
		b.t.Errorf("got %v, want taken, or cut off with the line", n)
	}
	b.until("all receipts are kept", func() bool {
		_, numbers := b.received()
		s := b.carrier.Stats()
		return numbers == int(s.Recipients) && s.ReceiptsWaiting == 0 && numbers > 0
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.carrier.Stats(); b.refused != 1 || s.ReceiptsAgain == 0 {
		b.t.Errorf("receive failed %d times and the carrier said %d again, want once and some", b.refused, s.ReceiptsAgain)
	}
}

func givenUp(b *bench) {
	ctx, cancel := context.WithCancel(context.Background())
	acks := make([]sms.Ack, 3)
	done := make(chan struct{})
	go func() { defer close(done); b.provider.Submit(ctx, messages(3), acks) }()
	b.until("the carrier has them", func() bool { return b.carrier.Stats().Recipients == 3 })
	cancel()
	<-done
	wantAll(b.t, acks, sms.Unknown)
}

func goodbye(b *bench) {
	b.carrier.Unbind()
	b.until("it is back", func() bool { return b.carrier.Stats().Binds > 1 && b.provider.Line().Up > 0 })
	b.until("the new line takes messages", func() bool { return b.submit(messages(1))[0].Outcome == sms.Taken })
}

func end(b *bench) {
	wantAll(b.t, b.submit(messages(3)), sms.Taken)
	b.stop()
	err := <-b.ended
	b.ended <- err // for the clean-up
	if l := b.provider.Line(); l.Up != 0 || l.InFlight != 0 || l.Fault == "" {
		b.t.Errorf("after Run the line is %+v", l)
	}
	for _, a := range b.submit(messages(3)) {
		if a.Outcome != sms.NotSent || a.Reason != sms.LineDown {
			b.t.Errorf("after Run: got %v %v, want %v %v", a.Outcome, a.Reason, sms.NotSent, sms.LineDown)
		}
	}
	b.until("the carrier saw it leave", func() bool { return b.carrier.Stats().Connections == 0 })
}
