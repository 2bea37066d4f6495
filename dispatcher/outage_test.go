package dispatcher

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers"
	"tocsin/providers/simulator"
	"tocsin/providers/smpp"
	"tocsin/providers/sms"
)

// A health says how a scripted carrier feels.
type health struct{ is atomic.Int32 }

const (
	well = iota
	mute
	broken
)

// moody is a carrier that takes, says nothing or has system errors, as its health is.
func moody(w *world, name string, h *health, shelf *shelf, rate float64) *carrier {
	return w.script(name, account(1, 10, 1), rate, func(conn net.Conn) {
		s := newScripted(conn)
		s.talk(func(p smpp.Header, to string) bool {
			switch h.is.Load() {
			case well:
				id, _ := shelf.take(to)
				s.taken(p, id)
			case broken:
				s.refuse(p, 0x08)
			}
			return true
		})
	})
}

func TestAnIllCarrierIsLeftToItsFallbackAndCostsAFewInDoubt(t *testing.T) {
	for _, c := range []struct {
		name  string
		how   int32
		doubt int // at most
	}{
		// Two windows before the circuit opens.
		{"it answers nothing", mute, 20 + providers.Trial},
		{"it has system errors", broken, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, sick, spare := newWorld(t), newShelf(), newShelf()
				h := &health{}
				moody(w, "mobile", h, sick, 100)
				moody(w, "spare", &health{}, spare, 100)
				w.route = func(uint64) string { return "mobile,spare" }
				w.start()
				w.plan(people(5000, "receipts: {wanted: false}\nin_doubt: hold\n"))
				time.Sleep(10 * time.Second)
				h.is.Store(c.how)
				w.finish(10 * time.Minute)
				got := w.tally("a").Recipients
				if got.InDoubt > c.doubt || got.Accepted+got.InDoubt != 5000 {
					t.Errorf("got %+v, want all accepted but at most %d in doubt", got, c.doubt)
				}
				if sick.count() < 900 || spare.count() < 3000 || sick.count()+spare.count() != got.Accepted {
					t.Errorf("got %d by one and %d by the other, want some 1000 and all others, and nobody twice", sick.count(), spare.count())
				}
				if n := strings.Count(w.logs.String(), "the carrier is ill"); n != 1 {
					t.Errorf("got %d log lines of an ill carrier, want 1", n)
				}
				r, err := w.node.ledger.Report(context.Background(), "a")
				if err != nil {
					t.Fatal(err)
				}
				// The report knows who went over, and who of the same pages had gone before.
				moved := ledger.Hop{}
				for _, m := range r.Moved {
					moved.Recipients += m.Recipients
					moved.Stayed += m.Stayed
					if m.From != "mobile" || m.To != "spare" {
						t.Errorf("got a move %+v", m)
					}
				}
				if moved.Recipients != spare.count() {
					t.Errorf("got %d reported as moved, want %d", moved.Recipients, spare.count())
				}
				// Well again: what comes now goes by it.
				h.is.Store(well)
				took := sick.count()
				next := people(500, "receipts: {wanted: false}\nin_doubt: hold\n")
				next.key, next.first = "b", 8613517263544
				w.plan(next)
				w.until("the next campaign is through", 2*time.Minute, func() bool { return w.tally("b").Accepted == 500 })
				if sick.count() == took {
					t.Error("the carrier that is well again was not tried")
				}
				if err := w.stop(); err != nil {
					t.Error(err)
				}
				w.checkBalance()
			})
		})
	}
}

func TestAnIllCarrierWithoutAFallbackKeepsItsRecipientsUnharmedUntilItIsWell(t *testing.T) {
	slow(t)
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		h := &health{}
		h.is.Store(broken)
		moody(w, "mobile", h, shelf, 100)
		w.start()
		w.plan(people(3000, "receipts: {wanted: false}\nin_doubt: hold\n"))
		time.Sleep(time.Hour)
		if got := w.tally("a"); got.Waiting != 3000 {
			t.Errorf("got %+v after an hour, want all waiting", got.Recipients)
		}
		if l := w.node.dispatcher.lines[0].Provider.Line(); !l.Ill {
			t.Errorf("got %+v, want an ill carrier", l)
		}
		h.is.Store(well)
		back := time.Now()
		w.ends(10*time.Minute, ledger.Recipients{Accepted: 3000})
		shelf.once(t)
		if first := shelf.times[0].Sub(back); first > 35*time.Second {
			t.Errorf("the first was taken %v after the carrier was well, want 30 s and a bit at most", first)
		}
		if got := busiest(shelf.times, time.Second); got > 102 {
			t.Errorf("got %d in a second, want the contract's 100", got)
		}
	})
}

func TestAFallbackIsForItsClassesAfterItsTimeAndNeverMeansNever(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy *providers.Fallback
		class  string
		after  time.Duration // when the spare may have the first; 0: never
	}{
		{"nothing is said", nil, "routine", 10 * time.Second},
		{"never", &providers.Fallback{Never: true}, "emergency", 0},
		{"urgent and above, an urgent one", &providers.Fallback{After: time.Minute, For: [sms.Classes]bool{sms.Urgent: true, sms.Emergency: true}}, "urgent", time.Minute},
		{"urgent and above, a routine one", &providers.Fallback{After: time.Minute, For: [sms.Classes]bool{sms.Urgent: true, sms.Emergency: true}}, "routine", 0},
		{"at once", &providers.Fallback{For: providers.Always.For}, "routine", time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for _, name := range []string{"mobile", "spare"} {
					w.simulate(name, account(1, 10, 10), 100, simulator.Config{Latency: 50 * time.Millisecond})
				}
				w.route = func(uint64) string { return "mobile,spare" }
				if c.policy != nil {
					w.fallbacks = providers.Fallbacks{"mobile,spare": *c.policy}
				}
				w.start()
				w.plan(people(3000, "class: "+c.class+"\nreceipts: {wanted: false}\nin_doubt: hold\n"))
				time.Sleep(5 * time.Second)
				down := time.Now()
				w.carriers[0].network.setDown(true)
				time.Sleep(5 * time.Minute)
				first := time.Duration(0)
				doubt := w.tally("a").InDoubt
				for _, e := range w.entries() {
					if e.carrier == "spare" {
						first = e.Time.Sub(down)
						break
					}
				}
				switch {
				case c.after == 0 && first != 0:
					t.Errorf("the spare has one after %v, want none", first)
				case c.after == 0:
					if got := w.tally("a"); got.Waiting < 2000 {
						t.Errorf("got %+v, want all others waiting", got.Recipients)
					}
				case first < c.after || first > c.after+3*time.Second:
					t.Errorf("the spare has the first after %v, want %v", first, c.after)
				}
				w.carriers[0].network.setDown(false)
				w.finish(10 * time.Minute)
				// Who was in doubt when the line went down stays so, whatever moved.
				if got := w.tally("a"); got.InDoubt != doubt || got.Accepted != 3000-doubt {
					t.Errorf("got %+v, want %d in doubt as before and all others accepted", got.Recipients, doubt)
				}
				if err := w.stop(); err != nil {
					t.Error(err)
				}
				w.audit()
			})
		})
	}
}

// After an outage within the validity everything goes on in order and within the
// contract, emergencies first; what has run out of time expires.
func TestAfterAnOutageItGoesOnInOrderWithinTheRateEmergenciesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.simulate("mobile", account(2, 10, 10), 200, simulator.Config{Rate: 200, Latency: 100 * time.Millisecond})
		w.start()
		w.plan(people(4000, "receipts: {wanted: false}\nin_doubt: hold\n"))
		time.Sleep(5 * time.Second)
		c.network.setDown(true)
		time.Sleep(time.Minute)
		second := campaign{key: "b", first: 8613517263544, recipients: 2000, text: "later", yaml: "receipts: {wanted: false}\n"}
		w.plan(second)
		short := campaign{key: "c", first: 8613617263544, recipients: 500, text: "short", yaml: "receipts: {wanted: false}\n", expires: time.Now().Add(30 * time.Minute)}
		w.plan(short)
		time.Sleep(50 * time.Minute)
		w.plan(campaign{key: "d", first: 8613717263544, recipients: 400, text: "leave the house", yaml: "class: emergency\nreceipts: {wanted: false}\nin_doubt: hold\n"})
		time.Sleep(9 * time.Minute)
		c.network.setDown(false)
		back := time.Now()
		w.finish(10 * time.Minute)
		if got := w.tally("c").Recipients; got.Expired != 500 {
			t.Errorf("got %+v of the campaign whose time was over, want all expired", got)
		}
		if got := w.tally("a").Recipients; got.Accepted+got.InDoubt != 4000 || got.InDoubt > 200 {
			t.Errorf("got %+v, want all accepted but a window in doubt", got)
		}
		workers := w.node.dispatcher.lines[0].workers
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit() // with no second above the rate
		first, last := map[string]time.Time{}, map[string]time.Time{}
		behind := 0 // of the older campaign, when the younger one has begun
		for _, e := range w.entries() {
			key, _, _ := strings.Cut(e.Text, "!")
			if e.Time.After(back) {
				if first[key].IsZero() {
					first[key] = e.Time
				}
				last[key] = e.Time
			}
			if key == "a" && !first["b"].IsZero() {
				behind++
			}
		}
		if !first["a"].After(last["d"]) {
			t.Errorf("routine began %v before the emergency was through", last["d"].Sub(first["a"]))
		}
		// The worker that finds no page of it left begins with the next one.
		if most := (workers - 1) * pageSize; behind > most {
			t.Errorf("the younger campaign began with %d of the older one to go, want at most the %d of its last pages", behind, most)
		}
		if first["d"].Sub(back) > 35*time.Second {
			t.Errorf("the emergency's first left %v after the carrier was back", first["d"].Sub(back))
		}
		if took, least := last["b"].Sub(first["d"]).Seconds(), 5000.0/200; took < least || took > least+20 {
			t.Errorf("everything left within %.1f s, want %.1f s at the contract's rate and little more", took, least)
		}
	})
}

func TestAMendedPasswordIsTriedOnceTheProviderIsEnabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.simulate("mobile", account(1, 10, 1), 0, simulator.Config{Password: "another"})
		w.simulate("spare", account(1, 10, 1), 0, simulator.Config{})
		w.start()
		w.plan(people(10, "receipts: {wanted: false}\n"))
		time.Sleep(time.Hour)
		n := w.node
		if err := n.dispatcher.Stopped(); err != nil {
			t.Errorf("got %v while one provider is left, want readiness", err)
		}
		standing := func() ledger.LineState {
			r, err := ledger.OpenReader(ledger.Options{Dir: w.dir})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			all, err := r.Standings(context.Background(), []string{"mobile"})
			if err != nil || len(all) != 2 && len(all) != 1 || len(all[0].Lines) != 1 {
				t.Fatalf("got %+v, %v", all, err)
			}
			return all[0].Lines[0]
		}
		if s := standing(); s.State != ledger.LineStopped || !strings.Contains(s.Fault, "refuses system_id or password") {
			t.Errorf("got %+v, want a line that has stopped and why", s)
		}
		// A rate is no word to try again, and a wrong password is tried once a word.
		do := func(verb string, rate int) {
			if _, err := n.ledger.Do(context.Background(), ledger.Command{Key: "mobile", Verb: verb, Who: "li", Why: "test", Rate: rate}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
		}
		do("rate", 100)
		if calls := c.network.calls(); calls != 1 {
			t.Errorf("got %d calls after a rate was set, want 1", calls)
		}
		do("enable", 0)
		if calls := c.network.calls(); calls != 2 {
			t.Errorf("got %d calls after a word to try again, want 2", calls)
		}
		c.config.Password = "another"
		do("enable", 0)
		if got := w.tally("a").Recipients; got.Accepted != 10 {
			t.Errorf("got %+v once the password was mended, want all accepted", got)
		}
		if s := standing(); s.State != ledger.LineUp {
			t.Errorf("got %+v, want a line that is up", s)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}

// The carrier takes less than the contract says. After a restart the pace begins at
// what it took; when it takes everything again that is forgotten.
func TestAfterARestartThePaceBeginsAtWhatTheCarrierTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		capacity := atomic.Int64{}
		capacity.Store(100)
		throttled := atomic.Int64{}
		second, used := int64(0), int64(0)
		shelf := newShelf()
		w.script("mobile", account(1, 100, 1), 300, func(conn net.Conn) {
			s := newScripted(conn)
			s.talk(func(h smpp.Header, to string) bool {
				if now := time.Now().Unix(); now != second {
					second, used = now, 0
				}
				if used >= capacity.Load() {
					throttled.Add(1)
					s.refuse(h, smpp.StatusThrottled)
					return true
				}
				used++
				id, _ := shelf.take(to)
				s.taken(h, id)
				return true
			})
		})
		w.start()
		w.plan(people(60_000, "receipts: {wanted: false}\nin_doubt: hold\n"))
		time.Sleep(2 * time.Minute)
		took, err := w.node.ledger.Capacity(context.Background(), "mobile")
		if err != nil || took < 70 || took > 110 {
			t.Errorf("got %d segments/s kept of a carrier that takes 100, %v", took, err)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		throttled.Store(0)
		w.start()
		time.Sleep(5 * time.Second)
		if n := throttled.Load(); n > 20 {
			t.Errorf("got %d throttled in 5 s after the restart, want the pace to begin at what was taken", n)
		}
		capacity.Store(1000)
		time.Sleep(100 * time.Second) // a step of 5 % of the cap each 5 s: 70 s from a third
		if took, err := w.node.ledger.Capacity(context.Background(), "mobile"); err != nil || took != 0 {
			t.Errorf("got %d kept of a carrier that takes everything, %v, want 0", took, err)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		shelf.once(t)
	})
}
