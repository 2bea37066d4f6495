package pace

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"tocsin/providers/sms/smstest"
)

// A fleet is processes that share an account through one Redis, and the ledger that counts
// them: a new one is known to the others after its beat, one that died after ten seconds.
type fleet struct {
	t       *testing.T
	s       *store
	l       *line
	rate    float64
	mu      sync.Mutex
	members []*one
	running sync.WaitGroup
}

// A one is a process of the fleet.
type one struct {
	p         *Pacer
	born      time.Time
	dead      time.Time // zero: it lives
	idleUntil time.Time
	kill      context.CancelFunc
}

// beat and silence are the ledger's.
const (
	ledgerBeat    = 2 * time.Second
	ledgerSilence = 10 * time.Second
)

// owners is how many processes one of them sees.
func (f *fleet) owners(self *one) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, m := range f.members {
		known := m == self || time.Since(m.born) >= ledgerBeat || self.born.After(m.born)
		if known && (m.dead.IsZero() || time.Since(m.dead) < ledgerSilence) {
			n++
		}
	}
	return n
}

// join starts a process that sends as fast as it may until ctx ends.
func (f *fleet) join(ctx context.Context) {
	ctx, kill := context.WithCancel(ctx)
	m := &one{born: time.Now(), kill: kill}
	m.p = New(Options{
		Provider: "mobile", Rate: f.rate, Owners: func() int { return f.owners(m) }, Redis: f.s.client(f.t), Logger: smstest.Logger(f.t),
	})
	f.mu.Lock()
	f.members = append(f.members, m)
	f.mu.Unlock()
	f.running.Go(func() { _ = m.p.Run(ctx) })
	f.running.Go(func() {
		for ctx.Err() == nil {
			f.mu.Lock()
			idle := time.Until(m.idleUntil)
			f.mu.Unlock()
			if idle > 0 {
				time.Sleep(idle)
				continue
			}
			n := max(int(m.p.Rate()*0.02), 1)
			if m.p.Wait(ctx, n) == nil {
				f.l.add(n)
			}
		}
	})
}

// An event befalls the fleet.
type event struct {
	kind  string
	which int
	wait  time.Duration // until the next one
	lasts time.Duration
}

func (e event) String() string {
	return fmt.Sprintf("%s of %d for %v, then %v", e.kind, e.which, e.lasts, e.wait)
}

var kinds = []string{"loss", "pause", "flush", "restart", "join", "idle", "kill", "flushes", "rate"}

func (f *fleet) suffer(ctx context.Context, e event) {
	f.mu.Lock()
	m := f.members[e.which%len(f.members)]
	size, living := len(f.members), 0
	for _, m := range f.members {
		if m.dead.IsZero() {
			living++
		}
	}
	f.mu.Unlock()
	switch e.kind {
	case "loss":
		f.s.lose(true)
		time.Sleep(e.lasts)
		f.s.lose(false)
	case "restart":
		f.s.lose(true)
		f.s.m.FlushAll()
		time.Sleep(e.lasts)
		f.s.lose(false)
	case "pause":
		f.s.pause(true)
		time.Sleep(e.lasts)
		f.s.pause(false)
	case "flush":
		f.s.m.FlushAll()
	case "flushes":
		for range 5 {
			f.s.m.FlushAll()
			time.Sleep(e.lasts / 5)
		}
	case "join":
		if size < 5 {
			f.join(ctx)
		}
	case "idle":
		f.mu.Lock()
		m.idleUntil = time.Now().Add(e.lasts)
		f.mu.Unlock()
	case "kill":
		if living > 1 && m.dead.IsZero() {
			m.kill()
			f.mu.Lock()
			m.dead = time.Now()
			f.mu.Unlock()
		}
	}
	time.Sleep(e.wait)
}

// live lets the events befall three processes, then leaves them alone for a while, and
// returns what was over the rate, and what was under it in the end.
func live(t *testing.T, events []event) (over, under string) {
	calm := 16 * time.Second
	if slices.ContainsFunc(events, func(e event) bool { return e.kind == "kill" }) {
		calm *= 2 // the part of one that was killed is free after fifteen seconds
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f := &fleet{t: t, s: newStore(t), l: &line{start: time.Now()}, rate: 1000}
		for range 3 {
			f.join(ctx)
		}
		time.Sleep(2 * time.Second)
		for _, e := range events {
			f.suffer(ctx, e)
		}
		calmFrom := time.Since(f.l.start)
		time.Sleep(calm)
		cancel()
		f.running.Wait()
		end := time.Since(f.l.start)
		if most, at := f.l.worst(time.Second); most > int(1.02*f.rate) {
			over = fmt.Sprintf("%d segments in the second that ends at %v", most, at)
		}
		if got := f.l.total(calmFrom+calm/2, end); got < int(0.95*f.rate*(calm/2).Seconds()) {
			under = fmt.Sprintf("%d segments in the last %v", got, calm/2)
		}
	})
	return over, under
}

// worst is the most segments in a window of so long, and where it ends.
func (l *line) worst(window time.Duration) (most int, at time.Duration) {
	l.most(window, 0, 1<<62) // sorts
	sum, first := 0, 0
	for _, s := range l.sent {
		sum += s.segments
		for l.sent[first].at <= s.at-window {
			sum -= l.sent[first].segments
			first++
		}
		if sum > most {
			most, at = sum, s.at
		}
	}
	return most, at
}

// A3: whatever befalls Redis and the processes, no second has more than the rate and one
// slice of a fiftieth of it, and a while after all of it the whole rate is used again.
func TestTheRateHoldsWhateverBefallsRedisAndTheProcesses(t *testing.T) {
	for name, events := range map[string][]event{
		"calm":                        {},
		"redis is killed and started": {{"restart", 0, 8 * time.Second, 4 * time.Second}},
		"one is idle meanwhile":       {{"idle", 2, 0, 9 * time.Second}, {"restart", 0, 8 * time.Second, 4 * time.Second}},
		"a short loss":                {{"loss", 0, 5 * time.Second, 300 * time.Millisecond}},
		"a pause":                     {{"pause", 0, 8 * time.Second, 4 * time.Second}},
		"a short pause":               {{"pause", 0, 8 * time.Second, 400 * time.Millisecond}},
		"a pause of about the limit":  {{"pause", 0, 8 * time.Second, 1100 * time.Millisecond}},
		"a flush each second":         {{"flushes", 0, 0, 5 * time.Second}, {"flushes", 0, 0, 5 * time.Second}},
		"one joins":                   {{"join", 0, 6 * time.Second, 0}},
		"one joins while it is away":  {{"loss", 0, 0, 4 * time.Second}, {"join", 0, 6 * time.Second, 0}},
		"one dies":                    {{"kill", 1, 12 * time.Second, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			if over, under := live(t, events); over+under != "" {
				t.Errorf("got %s", over+under)
			}
		})
	}
}

func TestTheRateHoldsOverAnySchedule(t *testing.T) {
	schedule := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event {
		return event{
			rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.IntRange(0, 4).Draw(t, "which"),
			time.Duration(rapid.IntRange(0, 5000).Draw(t, "wait")) * time.Millisecond,
			time.Duration(rapid.OneOf(rapid.IntRange(1, 1500), rapid.IntRange(1500, 12000)).Draw(t, "lasts")) * time.Millisecond,
		}
	}), 1, 5)
	rapid.Check(t, func(r *rapid.T) {
		events := schedule.Draw(r, "events")
		if over, under := live(t, events); over+under != "" {
			all := make([]string, len(events))
			for i, e := range events {
				all[i] = e.String()
			}
			r.Fatalf("got %s%s after:\n%s", over, under, strings.Join(all, "\n"))
		}
	})
}
