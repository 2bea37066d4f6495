package dispatcher

import (
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
	"tocsin/providers/smpp"
)

// Lines that cannot be had, and carriers that leave: the rows 29, 35 and 46 of the
// matrix of faults.

func TestACarrierThatNeverAnswersTheLoginIsGivenUpAfterTenSecondsAndCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		mute := w.simulate("mobile", account(1, 10, 1), 0, simulator.Config{Mute: true})
		w.simulate("spare", account(1, 10, 1), 0, simulator.Config{})
		w.route = func(uint64) string { return "mobile,spare" }
		w.start()
		w.plan(people(50, "receipts: {wanted: false}\n"))
		time.Sleep(5 * time.Second)
		if got := w.tally("a"); got.Waiting != 50 {
			t.Errorf("got %+v before the line was given up, want all waiting", got.Recipients)
		}
		w.ends(time.Minute, ledger.Recipients{Accepted: 50})
		if calls := mute.network.calls(); calls < 2 {
			t.Errorf("got %d calls, want it called again", calls)
		}
	})
}

func TestAGoodbyeByTheCarrierInTheMiddleCostsNobodyAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		lines := atomic.Int32{}
		c := w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
			s, leaves := newScripted(conn), lines.Add(1) <= 3
			n := 0
			s.talk(func(h smpp.Header, to string) bool {
				id, _ := shelf.take(to)
				s.taken(h, id)
				if n++; leaves && n == 20 {
					s.write(smpp.AppendEmpty(nil, smpp.UnbindCommand, 0, 77))
				}
				return true
			})
		})
		w.start()
		w.plan(people(200, "receipts: {wanted: false}\nin_doubt: hold\n"))
		w.finish(time.Hour)
		if got := w.tally("a").Recipients; got.Accepted+got.InDoubt != 200 {
			t.Errorf("got %+v, want all accepted or in doubt", got)
		}
		shelf.once(t)
		if calls := c.network.calls(); calls != 4 {
			t.Errorf("got %d lines, want 4", calls)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestAWrongPasswordIsToldOnceAndNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.simulate("mobile", account(1, 10, 1), 0, simulator.Config{Password: "another"})
		w.start()
		w.plan(people(10, ""))
		time.Sleep(time.Hour)
		if calls := c.network.calls(); calls != 1 {
			t.Errorf("got %d calls in an hour, want 1: accounts are locked for less", calls)
		}
		if !w.told("the carrier refuses system_id or password") {
			t.Error("the log does not say that the credentials are refused")
		}
		if got := w.tally("a").Recipients; got != (ledger.Recipients{Waiting: 10}) {
			t.Errorf("got %+v, want all waiting", got)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestALoginRefusedForAWhileIsTriedAgainLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		well := time.Now().Add(10 * time.Minute)
		c := w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
			s := newScripted(conn)
			if time.Now().Before(well) {
				if h, _, ok := s.next(); ok {
					s.refuse(h, smpp.StatusBindFail)
				}
				return
			}
			s.talk(takes(conn, shelf))
		})
		w.start()
		w.plan(people(10, "receipts: {wanted: false}\n"))
		w.ends(15*time.Minute, ledger.Recipients{Accepted: 10})
		if calls := c.network.calls(); calls < 10 || calls > 60 {
			t.Errorf("got %d calls in ten minutes, want some 20 to 50", calls)
		}
	})
}

// The carrier moves to another address: lines that are up stay, new ones go to the
// new place, for the address is looked up at each call.
func TestACarrierThatMovesIsFoundAtItsNewPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		old := w.script("mobile", account(2, 10, 1), 200, func(conn net.Conn) { newScripted(conn).talk(takes(conn, shelf)) })
		w.start()
		w.plan(people(1000, "receipts: {wanted: false}\nin_doubt: hold\n"))
		time.Sleep(time.Second)
		// From now on the name leads to nobody; the lines there are stay.
		old.network.mu.Lock()
		old.network.down = true
		old.network.mu.Unlock()
		time.Sleep(2 * time.Second)
		if got := w.tally("a"); got.Accepted < 500 {
			t.Errorf("got %+v, want the lines that are up in use", got.Recipients)
		}
		old.network.cut()
		time.Sleep(10 * time.Second)
		old.network.setDown(false) // and now to the new place
		w.finish(time.Hour)
		if got := w.tally("a").Recipients; got.Accepted+got.InDoubt != 1000 || got.InDoubt > 20 {
			t.Errorf("got %+v, want all accepted but a window in doubt", got)
		}
		shelf.once(t)
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}
