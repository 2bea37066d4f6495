package pace

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tocsin/providers/sms/smstest"
)

// A store is a Redis in memory that can be lost and paused.
type store struct {
	m      *miniredis.Miniredis
	mu     sync.Mutex
	lost   bool
	paused chan struct{} // closed when it goes on; nil: it is not paused
	open   []*held
}

// A held connection keeps what is sent to a paused server until it goes on, as a system does
// for a stopped process, also when the sender has given up.
type held struct {
	net.Conn
	s     *store
	mu    sync.Mutex
	after chan struct{} // the last write is through
}

func (h *held) Write(b []byte) (int, error) {
	h.s.mu.Lock()
	paused := h.s.paused
	h.s.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if paused == nil && h.after == nil {
		return h.Conn.Write(b)
	}
	before, through := h.after, make(chan struct{})
	h.after = through
	b = slices.Clone(b)
	go func() {
		defer close(through)
		if before != nil {
			<-before
		}
		if paused != nil {
			<-paused
		}
		_, _ = h.Conn.Write(b)
	}()
	return len(b), nil
}

func (h *held) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.after == nil {
		return h.Conn.Close()
	}
	after := h.after
	_ = h.Conn.SetReadDeadline(time.Now())
	go func() {
		<-after
		time.Sleep(time.Millisecond) // what was sent is read before it is seen that nobody waits
		_ = h.Conn.Close()
	}()
	return nil
}

// pause lets the server answer nobody, or go on.
func (s *store) pause(paused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case paused && s.paused == nil:
		s.paused = make(chan struct{})
	case !paused && s.paused != nil:
		close(s.paused)
		s.paused = nil
	}
}

func (s *store) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost {
		return nil, errors.New("connection refused")
	}
	c, err := s.m.Dial()
	if err != nil {
		return nil, err
	}
	h := &held{Conn: c, s: s}
	s.open = append(s.open, h)
	return h, nil
}

func (s *store) lose(lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = lost
	for _, c := range s.open {
		_ = c.Conn.Close()
	}
	s.open = nil
}

func (s *store) client(t *testing.T) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", Dialer: s.dial, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func newStore(t *testing.T) *store {
	s := &store{m: miniredis.NewMiniRedis()}
	t.Cleanup(func() {
		s.pause(false)
		s.lose(true)
		time.Sleep(10 * time.Millisecond) // for what is still under way
		s.m.Close()
	})
	return s
}

// A sent is segments that left together.
type sent struct {
	at       time.Duration
	segments int
}

// line is what the carrier sees.
type line struct {
	mu    sync.Mutex
	start time.Time
	sent  []sent
}

func (l *line) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, sent{time.Since(l.start), n})
}

// most is the most segments in any window of so long, half open; from and to bound
// where it lies.
func (l *line) most(window, from, to time.Duration) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortFunc(l.sent, func(a, b sent) int { return int(a.at - b.at) })
	most, sum, first := 0, 0, 0
	for _, s := range l.sent {
		if s.at < from || s.at >= to {
			continue
		}
		sum += s.segments
		for l.sent[first].at < from || l.sent[first].at <= s.at-window {
			if l.sent[first].at >= from {
				sum -= l.sent[first].segments
			}
			first++
		}
		most = max(most, sum)
	}
	return most
}

func (l *line) total(from, to time.Duration) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sent {
		if s.at >= from && s.at < to {
			n += s.segments
		}
	}
	return n
}

// send lets each pacer send slices of n segments as fast as it may until ctx ends.
func send(ctx context.Context, l *line, n int, pacers ...*Pacer) *sync.WaitGroup {
	var wg sync.WaitGroup
	for _, p := range pacers {
		wg.Go(func() {
			for p.Wait(ctx, n) == nil {
				l.add(n)
			}
		})
	}
	return &wg
}

func sharers(t *testing.T, s *store, n int, rate float64) []*Pacer {
	pacers := make([]*Pacer, n)
	for i := range pacers {
		pacers[i] = New(Options{Provider: "mobile", Rate: rate, Owners: func() int { return n }, Redis: s.client(t), Logger: smstest.Logger(t)})
	}
	return pacers
}

func TestTheRateIsKeptToTheSegment(t *testing.T) {
	for _, rate := range []float64{10, 33, 300, 3000, 50000} {
		for _, owners := range []int{1, 4} {
			t.Run(fmt.Sprintf("rate %v with %d sharers", rate, owners), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					const long = 20 * time.Second
					ctx, cancel := context.WithTimeout(t.Context(), long)
					defer cancel()
					l := &line{start: time.Now()}
					send(ctx, l, max(int(rate*0.02), 1), sharers(t, newStore(t), owners, rate)...).Wait()
					if got, most := l.most(time.Second, 0, long), int(1.02*rate); got > most {
						t.Errorf("got %d segments in a second, want at most %d", got, most)
					}
					if got, most := l.most(100*time.Millisecond, 0, long), int(0.13*rate); got > most {
						t.Errorf("got %d segments in a tenth of a second, want at most %d", got, most)
					}
					if got, least := l.total(0, long), int(rate*long.Seconds()*0.97); got < least {
						t.Errorf("got %d segments in all, want at least %d", got, least)
					}
				})
			})
		}
	}
}

func TestATurnNotTakenIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := sharers(t, newStore(t), 1, 100)[0]
		l := &line{start: time.Now()}
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			send(ctx, l, 1, p).Wait()
			cancel()
			time.Sleep(time.Minute)
		}
		if got := l.most(time.Second, 0, time.Hour); got > 102 {
			t.Errorf("got %d segments in a second after a rest, want at most 102", got)
		}
	})
}

func TestAnIdleSharerLeavesTheRateToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacers := sharers(t, newStore(t), 4, 1000)
		const long = 20 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), long)
		defer cancel()
		l := &line{start: time.Now()}
		busy := send(ctx, l, 20, pacers[0])
		var trickle sync.WaitGroup
		for _, p := range pacers[1:] {
			trickle.Go(func() { // one message now and then
				for p.Wait(ctx, 1) == nil {
					l.add(1)
					time.Sleep(300 * time.Millisecond)
				}
			})
		}
		busy.Wait()
		trickle.Wait()
		if got := l.total(0, long); got < 19000 {
			t.Errorf("got %d segments, want at least 19000 of 20000", got)
		}
		if got := l.most(time.Second, 0, long); got > 1020 {
			t.Errorf("got %d segments in a second, want at most 1020", got)
		}
	})
}

func TestThrottlingCutsForAllAndTheRateCreepsBack(t *testing.T) {
	for _, owners := range []int{1, 4} {
		t.Run(fmt.Sprintf("%d sharers", owners), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pacers := sharers(t, newStore(t), owners, 1000)
				const long = 90 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), long)
				defer cancel()
				l := &line{start: time.Now()}
				running := send(ctx, l, 20, pacers...)
				time.Sleep(10*time.Second + time.Millisecond)
				for range 5 { // many complaints at once are one
					for _, p := range pacers {
						p.Throttled()
					}
				}
				if got := pacers[0].Rate(); got != 500 {
					t.Errorf("got a rate of %v after a cut, want 500", got)
				}
				running.Wait()
				at := 10*time.Second + time.Millisecond
				if got := l.total(at+200*time.Millisecond, at+time.Second); got != 0 && owners == 1 {
					t.Errorf("got %d segments during the hold, want 0", got)
				}
				for _, tt := range []struct {
					from, to time.Duration
					rate     float64
				}{
					{at + time.Second, at + 6*time.Second, 500},
					{at + 11*time.Second + 200*time.Millisecond, at + 16*time.Second, 600},
					{at + 46*time.Second + 200*time.Millisecond, at + 51*time.Second, 950},
					{at + 52*time.Second, long, 1000},
				} {
					if got, most := l.most(time.Second, tt.from, tt.to), int(1.02*tt.rate)+20; got > most {
						t.Errorf("got %d segments in a second between %v and %v, want at most %d", got, tt.from, tt.to, most)
					}
					if got, least := l.total(tt.from, tt.to), int(0.95*tt.rate*(tt.to-tt.from).Seconds()); got < least {
						t.Errorf("got %d segments between %v and %v, want at least %d", got, tt.from, tt.to, least)
					}
				}
				if got := pacers[owners-1].Rate(); got != 1000 {
					t.Errorf("got a rate of %v at the end, want 1000", got)
				}
			})
		})
	}
}

func TestAFlushDoesNotForgetTheCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		p := sharers(t, s, 1, 1000)[0]
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		l := &line{start: time.Now()}
		running := send(ctx, l, 20, p)
		time.Sleep(500 * time.Millisecond)
		p.Throttled()
		s.m.FlushAll()
		running.Wait()
		if got := l.total(510*time.Millisecond, 1500*time.Millisecond); got != 0 {
			t.Errorf("got %d segments during the hold, want 0", got)
		}
		if got := l.most(time.Second, 1500*time.Millisecond, 5*time.Second); got > 520 || got < 480 {
			t.Errorf("got %d segments in a second after the cut, want about 500", got)
		}
	})
}

func TestTheRateIsNeverCutToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := sharers(t, newStore(t), 1, 1000)[0]
		for range 20 {
			p.Throttled()
			time.Sleep(1001 * time.Millisecond)
		}
		if got := p.Rate(); got != 50 {
			t.Errorf("got %v, want 50", got)
		}
	})
}

func TestWithoutRedisEachKeepsToItsPart(t *testing.T) {
	for _, owners := range []int{1, 4} {
		t.Run(fmt.Sprintf("%d sharers", owners), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStore(t)
				pacers := sharers(t, s, owners, 1000)
				const long = 90 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), long)
				defer cancel()
				l := &line{start: time.Now()}
				running := send(ctx, l, 20, pacers...)
				time.Sleep(10 * time.Second)
				s.lose(true)
				time.Sleep(10 * time.Second)
				for _, p := range pacers {
					if got, want := p.Rate(), 1000/float64(owners); got != want {
						t.Errorf("got a rate of %v without redis, want %v", got, want)
					}
				}
				pacers[0].Throttled() // its own part only
				time.Sleep(20 * time.Second)
				s.lose(false)
				running.Wait()
				// In the second in which all share again each may have one slice more.
				if got := l.most(time.Second, 0, long); got > 1020+20*(owners-1) {
					t.Errorf("got %d segments in a second, want at most %d", got, 1020+20*(owners-1))
				}
				if got := l.total(11*time.Second, 20*time.Second); got < 8700 {
					t.Errorf("got %d segments in 9 s without redis, want at least 8700", got)
				}
				if got := l.total(80*time.Second, 90*time.Second); got < 9500 {
					t.Errorf("got %d segments in 10 s when redis is back, want at least 9500", got)
				}
			})
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := sharers(t, newStore(t), 1, 1)[0]
		if err := p.Wait(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

func TestWithoutALimitNothingIsAskedOrAllocated(t *testing.T) {
	p := New(Options{Provider: "mobile"}) // no Redis: a question would fail
	ctx := t.Context()
	if got := testing.AllocsPerRun(100, func() { _ = p.Wait(ctx, 1000) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
	p.Throttled()
	if got := p.Rate(); got != 0 {
		t.Errorf("got a rate of %v, want 0", got)
	}
}

func TestAClockSetBackOrForwardDoesNotStopTheLine(t *testing.T) {
	for _, jumped := range []time.Duration{-time.Hour, time.Hour, -time.Second} {
		t.Run(jumped.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStore(t)
				p := sharers(t, s, 1, 1000)[0]
				const long = 30 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), long)
				defer cancel()
				l := &line{start: time.Now()}
				running := send(ctx, l, 20, p)
				running.Go(func() { // the simulated server's clock stands still unless set
					for at := range 3000 {
						now := l.start.Add(time.Duration(at) * 10 * time.Millisecond)
						if at > 1000 {
							now = now.Add(jumped)
						}
						s.m.SetTime(now)
						time.Sleep(10 * time.Millisecond)
					}
				})
				running.Wait()
				if got := l.total(15*time.Second, long); got < 14000 {
					t.Errorf("got %d segments in 15 s after the jump, want at least 14000", got)
				}
				if got := l.most(time.Second, 0, long); got > 1250 {
					t.Errorf("got %d segments in a second, want at most 1250", got)
				}
			})
		})
	}
}

func TestAPaceBeginsWhereTheCarriersCapacityWasAndCreepsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{Provider: "a", Rate: 1000})
		p.Begin(2000) // more than the cap is nothing
		if got := p.Rate(); got != 1000 {
			t.Errorf("got %v, want the cap", got)
		}
		p.Begin(400)
		if got := p.Rate(); got != 400 {
			t.Errorf("got %v, want what was taken", got)
		}
		p.Begin(600) // a higher one does not raise it
		if got := p.Rate(); got != 400 {
			t.Errorf("got %v, want the lower of two", got)
		}
		start := time.Now()
		for range 40 {
			if err := p.Wait(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 900*time.Millisecond || took > 1100*time.Millisecond {
			t.Errorf("400 segments took %v, want a second", took)
		}
		time.Sleep(65 * time.Second) // 12 steps of 5 %
		if got := p.Rate(); got != 1000 {
			t.Errorf("got %v after a while without complaints, want the cap", got)
		}
		p.Begin(0)
		p.Begin(1)
		if got := p.Rate(); got != 1000*lowest {
			t.Errorf("got %v, want no less than the least", got)
		}
		if p.Cuts() != 0 {
			t.Errorf("got %d cuts without a complaint", p.Cuts())
		}
		p.Throttled()
		p.Throttled() // within the hold: the same
		if p.Cuts() != 1 {
			t.Errorf("got %d cuts after two complaints at once, want 1", p.Cuts())
		}
		none := New(Options{Provider: "b"})
		none.Begin(5)
		none.Throttled()
		if none.Rate() != 0 || none.Cuts() != 0 {
			t.Errorf("got %v and %d cuts of a pace without a limit, want none", none.Rate(), none.Cuts())
		}
	})
}
