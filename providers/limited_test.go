package providers

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers/sms"
)

// airline is a carrier at the edge of the machine: it answers after a round trip,
// takes a window of PDUs at once, and keeps what does not fit in a queue of its own.
type airline struct {
	window, batch int
	trip          time.Duration
	answer        func(m *sms.Message) sms.Ack
	down          bool
	half          atomic.Bool // one of two connections is down

	mu      sync.Mutex
	flying  int
	queued  int // PDUs that found the window full
	offered map[sms.Number]int
	left    []departure
}

type departure struct {
	at       time.Time
	segments int
}

func (a *airline) Run(ctx context.Context, _ sms.ReceiveFunc) error { <-ctx.Done(); return nil }

func (a *airline) Line() Line {
	l := Line{Up: 1, Connections: 1, Window: a.window, Batch: a.batch}
	if a.down {
		l.Up = 0
	}
	if a.half.Load() {
		l.Connections = 2
	}
	return l
}

func (a *airline) Submit(_ context.Context, msgs []sms.Message, acks []sms.Ack) {
	a.mu.Lock()
	d := departure{at: time.Now()}
	pdus := 0
	for i := range msgs {
		n := int(msgs[i].Content.Segments) - bits.OnesCount16(msgs[i].Done)
		d.segments += n
		if i%max(a.batch, 1) == 0 {
			pdus += n
		}
		if a.offered != nil {
			a.offered[msgs[i].To]++
		}
	}
	if a.flying += pdus; a.flying > open(a.Line()) {
		a.queued += a.flying - open(a.Line())
	}
	a.left = append(a.left, d)
	a.mu.Unlock()
	time.Sleep(a.trip)
	for i := range msgs {
		acks[i] = sms.Ack{Outcome: sms.Taken}
		if a.answer != nil {
			acks[i] = a.answer(&msgs[i])
		}
	}
	a.mu.Lock()
	a.flying -= pdus
	a.mu.Unlock()
}

// most is the most segments that left in any window of so long.
func (a *airline) most(window time.Duration) int {
	most := 0
	for i, d := range a.left {
		sum := 0
		for _, e := range a.left[i:] {
			if e.at.Sub(d.at) < window {
				sum += e.segments
			}
		}
		most = max(most, sum)
	}
	return most
}

// metronome is the plainest Pacer: one process, exact spacing.
type metronome struct {
	mu    sync.Mutex
	rate  float64
	next  time.Time
	turns []int // segments of each turn
	slow  int   // complaints
}

func (m *metronome) Wait(ctx context.Context, segments int) error {
	m.mu.Lock()
	now := time.Now()
	if m.next.Before(now) {
		m.next = now
	}
	at := m.next
	m.next = at.Add(time.Duration(float64(segments) / m.rate * 1e9))
	m.turns = append(m.turns, segments)
	m.mu.Unlock()
	select {
	case <-time.After(at.Sub(now)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *metronome) Throttled() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slow++
}

func (m *metronome) Rate() float64 { return m.rate }

// texts is n messages of one text of so many segments.
func texts(n int, segments uint8) []sms.Message {
	content := sms.Content{Octets: make([]byte, 150), Segments: segments}
	envelope := &sms.Envelope{Campaign: 1}
	msgs := make([]sms.Message, n)
	for i := range msgs {
		msgs[i] = sms.Message{To: sms.Number(8613800000000 + i), Content: content, Envelope: envelope}
	}
	return msgs
}

func TestLimitedKeepsToTheRate(t *testing.T) {
	tests := []struct {
		name     string
		rate     float64
		segments uint8
		messages int
		window   int
		trip     time.Duration
		callers  int
	}{
		{"a slow line", 10, 1, 100, 10, 50 * time.Millisecond, 1},
		{"a middling line", 300, 1, 3000, 50, 50 * time.Millisecond, 1},
		{"a middling line with several callers", 300, 1, 3000, 50, 50 * time.Millisecond, 8},
		{"a fast line", 3000, 1, 30000, 500, 50 * time.Millisecond, 4},
		{"texts of several segments", 300, 3, 1000, 50, 50 * time.Millisecond, 2},
		{"a window that is smaller than the rate needs", 3000, 1, 3000, 16, 50 * time.Millisecond, 3},
		{"a carrier that stalls", 300, 1, 1000, 20, 5 * time.Second, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &airline{window: tt.window, batch: 1, trip: tt.trip, offered: map[sms.Number]int{}}
				l := NewLimited(a, &metronome{rate: tt.rate})
				msgs := texts(tt.messages, tt.segments)
				acks := make([]sms.Ack, len(msgs))
				begin := time.Now()
				var wg sync.WaitGroup
				for part := range slices.Chunk(msgs, len(msgs)/tt.callers+1) {
					from := int(part[0].To - msgs[0].To)
					wg.Go(func() { l.Submit(t.Context(), part, acks[from:from+len(part)]) })
				}
				wg.Wait()
				long := time.Since(begin)
				if got, most := a.most(time.Second), int(1.02*tt.rate); got > most {
					t.Errorf("got %d segments in a second, want at most %d", got, most)
				}
				if got, most := a.most(100*time.Millisecond), int(0.13*tt.rate); got > most {
					t.Errorf("got %d segments in a tenth of a second, want at most %d", got, most)
				}
				if a.queued != 0 {
					t.Errorf("got %d PDUs queued behind the pacer, want 0", a.queued)
				}
				for i := range acks {
					if acks[i].Outcome != sms.Taken || a.offered[msgs[i].To] != 1 {
						t.Fatalf("message %d: got %v, offered %d times, want taken, once", i, acks[i].Outcome, a.offered[msgs[i].To])
					}
				}
				// As fast as the rate or three quarters of the window allow.
				segments := float64(tt.messages * int(tt.segments))
				speed := min(tt.rate, 0.75*float64(tt.window)/tt.trip.Seconds())
				if most := time.Duration(segments/speed*1.05*1e9) + 2*tt.trip; long > most {
					t.Errorf("got it done in %v, want at most %v", long, most)
				}
			})
		})
	}
}

func TestWhoseConnectionBreaksBeforeTheirTurnWaitForAnotherWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &airline{window: 8, batch: 1, trip: 2 * time.Second, offered: map[sms.Number]int{}}
		l := NewLimited(a, &metronome{rate: 40})
		var running sync.WaitGroup
		for i := range 8 {
			running.Go(func() {
				acks := make([]sms.Ack, 1)
				l.Submit(t.Context(), []sms.Message{{To: sms.Number(8613900000000 + i), Content: sms.Content{Segments: 1}}}, acks)
				if acks[0].Outcome != sms.Taken {
					t.Errorf("got %v, want it taken", acks[0].Outcome)
				}
			})
		}
		time.Sleep(10 * time.Millisecond) // all have their places, one has had its turn
		a.half.Store(true)
		running.Wait()
		if a.queued > 0 {
			t.Errorf("%d waited at a window of half the size, want none", a.queued)
		}
		if len(a.offered) != 8 {
			t.Errorf("%d were offered, want all 8", len(a.offered))
		}
	})
}

func TestLimitedCutsSlices(t *testing.T) {
	one, two := texts(10, 1), texts(10, 2)
	half := texts(4, 3)
	for i := range half {
		half[i].Done = 0b101
	}
	tests := []struct {
		name                  string
		msgs                  []sms.Message
		segments, pdus, batch int
		want                  slice
	}{
		{"as many as the segments allow", one, 6, 100, 1, slice{6, 6, 6}},
		{"at least one, however long", two, 1, 100, 1, slice{1, 2, 2}},
		{"as many as the window allows", one, 6, 4, 1, slice{4, 4, 4}},
		{"all there is", one, 100, 100, 1, slice{10, 10, 10}},
		{"neighbours share batch PDUs", one, 100, 100, 4, slice{10, 10, 3}},
		{"a batch PDU of two segments is two", two, 100, 100, 100, slice{10, 20, 2}},
		{"a window holds whole batches", one, 100, 2, 4, slice{8, 8, 2}},
		{"what is done is not counted", half, 100, 100, 1, slice{4, 4, 4}},
		{"and travels with whose same segments are", half, 100, 100, 10, slice{4, 4, 1}},
		{"and with nobody else", append(texts(1, 3), half...), 100, 100, 10, slice{5, 7, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := cut(tt.msgs, tt.segments, tt.pdus, tt.batch); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestLimitedPassesOnComplaintsOncePerSlice(t *testing.T) {
	tests := []struct {
		name string
		ack  sms.Ack
		want int
	}{
		{"throttled is a complaint", sms.Ack{Outcome: sms.NotNow, Reason: sms.Throttled}, 2},
		{"a full queue is a complaint", sms.Ack{Outcome: sms.NotNow, Reason: sms.QueueFull}, 2},
		{"a fault is none", sms.Ack{Outcome: sms.NotNow, Reason: sms.CarrierFault}, 0},
		{"a refusal is none", sms.Ack{Outcome: sms.Refused, Reason: sms.Throttled}, 0},
		{"taken is none", sms.Ack{Outcome: sms.Taken}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &airline{window: 100, batch: 1, trip: time.Millisecond, answer: func(*sms.Message) sms.Ack { return tt.ack }}
				m := &metronome{rate: 300}
				acks := make([]sms.Ack, 12) // two slices of 6
				NewLimited(a, m).Submit(t.Context(), texts(12, 1), acks)
				if m.slow != tt.want {
					t.Errorf("got %d complaints, want %d", m.slow, tt.want)
				}
				if got := acks[11]; got.Outcome != tt.ack.Outcome || got.Reason != tt.ack.Reason {
					t.Errorf("got %v, want %v", got, tt.ack)
				}
			})
		})
	}
}

func TestLimitedLeavesTheRestWhenItsContextEnds(t *testing.T) {
	tests := []struct {
		name   string
		window int // 1: it waits for the window; 100: for its turn
	}{{"while waiting for the window", 1}, {"while waiting for its turn", 100}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &airline{window: tt.window, batch: 1, trip: 2 * time.Second}
				l := NewLimited(a, &metronome{rate: 10})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second+time.Millisecond)
				defer cancel()
				msgs := texts(100, 3)
				for i := range msgs {
					msgs[i].Done = 0b11
				}
				acks := make([]sms.Ack, len(msgs))
				l.Submit(ctx, msgs, acks)
				n := len(a.left)
				if n == 0 || n > 11 {
					t.Errorf("got %d messages offered in a second, want 1 to 11", n)
				}
				for i := range acks {
					want := sms.Ack{Outcome: sms.NotSent, Done: 0b11}
					if i < n {
						want = sms.Ack{Outcome: sms.Taken}
					}
					if acks[i].Outcome != want.Outcome || acks[i].Done != want.Done || acks[i].Reason != want.Reason {
						t.Fatalf("message %d: got %v, want %v", i, acks[i], want)
					}
				}
				if l.gate.used != 0 {
					t.Errorf("got %d places still taken, want 0", l.gate.used)
				}
			})
		})
	}
}

func TestLimitedOffersNothingAfterTheCampaignsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &airline{window: 100, batch: 1, trip: 5 * time.Second}
		l := NewLimited(a, &metronome{rate: 10})
		msgs := texts(100, 1)
		e := *msgs[0].Envelope
		e.Expires = time.Now().Add(3*time.Second + time.Millisecond)
		for i := range msgs {
			msgs[i].Envelope = &e
		}
		acks := make([]sms.Ack, len(msgs))
		l.Submit(t.Context(), msgs, acks)
		n := len(a.left)
		if n < 20 || n > 31 {
			t.Errorf("got %d messages offered in three seconds, want 20 to 31", n)
		}
		for i := range acks {
			// What has left waits for its answer beyond the campaign's time.
			if want := map[bool]sms.Outcome{true: sms.Taken, false: sms.NotSent}[i < n]; acks[i].Outcome != want {
				t.Fatalf("message %d: got %v, want %v", i, acks[i].Outcome, want)
			}
		}
	})
}

func TestLimitedWithoutALimitOrALinePassesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &airline{window: 10, batch: 1, trip: time.Second}
		acks := make([]sms.Ack, 1000)
		NewLimited(a, &metronome{}).Submit(t.Context(), texts(1000, 1), acks)
		if len(a.left) != 1 || a.left[0].segments != 1000 {
			t.Errorf("got %v, want all at once", a.left)
		}
		a = &airline{down: true}
		m := &metronome{rate: 10}
		begin := time.Now()
		NewLimited(a, m).Submit(t.Context(), texts(1000, 1), acks)
		if acks[999].Outcome != sms.NotSent || acks[999].Reason != sms.LineDown || len(a.left) != 0 {
			t.Errorf("got %v, want not sent, line down", acks[999])
		}
		if len(m.turns) != 0 || time.Since(begin) != 0 {
			t.Errorf("got %d turns spent on a line that is down, want 0", len(m.turns))
		}
	})
}

// still answers at once.
type still struct{ airline }

func (s *still) Submit(_ context.Context, msgs []sms.Message, acks []sms.Ack) {
	for i := range msgs {
		acks[i] = sms.Ack{Outcome: sms.Taken}
	}
}

// eager never waits.
type eager struct{}

func (eager) Wait(context.Context, int) error { return nil }
func (eager) Throttled()                      {}
func (eager) Rate() float64                   { return 50000 }

func TestLimitedAllocatesNothingPerRecipient(t *testing.T) {
	l := NewLimited(&still{airline{window: 100000, batch: 1}}, eager{})
	msgs := texts(1000, 1)
	acks := make([]sms.Ack, len(msgs))
	ctx := t.Context()
	if got := testing.AllocsPerRun(100, func() { l.Submit(ctx, msgs, acks) }); got > 10 {
		t.Errorf("got %v allocations for 1,000 messages, want at most 10", got)
	}
}

func TestWhatIsTooLateWhenItsTurnComesIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &deaf{line: Line{Up: 1, Connections: 1, Window: 100, Batch: 1}}
		l := NewLimited(inner, slow{})
		envelope := &sms.Envelope{Expires: time.Now().Add(1500 * time.Millisecond)}
		msgs := make([]sms.Message, 4)
		for i := range msgs {
			msgs[i] = sms.Message{To: sms.Number(8613917263544 + i), Content: sms.Content{Segments: 1}, Envelope: envelope}
		}
		acks := make([]sms.Ack, len(msgs))
		l.Submit(t.Context(), msgs, acks)
		for i, want := range []sms.Outcome{sms.Taken, sms.NotSent, sms.NotSent, sms.NotSent} {
			if acks[i].Outcome != want {
				t.Errorf("got %v for message %d, want %v", acks[i].Outcome, i, want)
			}
		}
		if inner.got != 1 {
			t.Errorf("got %d messages sent, want 1", inner.got)
		}
	})
}

// slow is a Pacer of one segment a second.
type slow struct{}

func (slow) Wait(context.Context, int) error { time.Sleep(time.Second); return nil }
func (slow) Throttled()                      {}
func (slow) Rate() float64                   { return 1 }

// deaf is a Provider that takes everything.
type deaf struct {
	line Line
	got  int
}

func (d *deaf) Submit(_ context.Context, msgs []sms.Message, acks []sms.Ack) {
	d.got += len(msgs)
	for i := range acks {
		acks[i] = sms.Ack{Outcome: sms.Taken, Done: 1}
	}
}
func (d *deaf) Run(context.Context, sms.ReceiveFunc) error { return nil }
func (d *deaf) Line() Line                                 { return d.line }
