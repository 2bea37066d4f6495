package dispatcher

import (
	"bytes"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
	"tocsin/providers/smpp"
	"tocsin/providers/sms"
)

// What carriers do to us, each by itself: the rows 27 to 46 of the matrix of
// faults that one machine and SMPP can show.

// people is a campaign of n recipients with one short text; more is YAML.
func people(n int, more string) campaign {
	return campaign{key: "a", first: 8613917263544, recipients: n, text: "stay away from the river", yaml: more}
}

// ends waits for the campaign's end, stops the node, audits, and holds the
// counts to want.
func (w *world) ends(patience time.Duration, want ledger.Recipients) {
	w.t.Helper()
	w.finish(patience)
	if got := w.tally("a").Recipients; got != want {
		w.t.Errorf("got %+v, want %+v", got, want)
	}
	if err := w.stop(); err != nil {
		w.t.Errorf("stop: %v", err)
	}
	w.checkBalance()
	w.auditLogs()
}

// told reports whether the log has these words.
func (w *world) told(words string) bool { return strings.Contains(w.logs.String(), words) }

func TestALineCutInTheWindowLeavesTheUnansweredInDoubtAndKeepsTheAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 1), 0, simulator.Config{CutAfter: 25, Latency: 50 * time.Millisecond})
		w.start()
		w.plan(people(100, "receipts: {wanted: false}\nin_doubt: hold\n"))
		w.finish(time.Hour)
		got := w.tally("a")
		// The 25th ends the line; what was unanswered in a window of 10 is unknown.
		if got.InDoubt < 1 || got.InDoubt > 10 || got.Accepted != 100-got.InDoubt {
			t.Errorf("got %+v, want 1 to 10 in doubt and all others accepted", got.Recipients)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit()
	})
}

func TestHalfAPDUThenACutEndsTheLineAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		lines := atomic.Int32{}
		w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
			s := newScripted(conn)
			first := lines.Add(1) == 1
			s.talk(func(h smpp.Header, to string) bool {
				id, n := shelf.take(to)
				if first && n == 1 && shelf.count() == 15 {
					half := smpp.Begin(nil, smpp.SubmitSM|smpp.Response, 0, h.Sequence)
					half = smpp.End(append(append(half, id...), 0), 0)
					s.write(half[:len(half)-4])
					return false
				}
				s.taken(h, id)
				return true
			})
		})
		w.start()
		w.plan(people(60, "receipts: {wanted: false}\nin_doubt: hold\n"))
		w.finish(time.Hour)
		got := w.tally("a")
		if got.InDoubt < 1 || got.InDoubt > 10 || got.Accepted != 60-got.InDoubt {
			t.Errorf("got %+v, want 1 to 10 in doubt and all others accepted", got.Recipients)
		}
		shelf.once(t)
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}

// Our own side may be cut in the middle of a PDU: what did not leave at all goes
// out later, what left in part is in doubt.
func TestHalfOfOurPDUSentIsInDoubtAndTheUnsentGoOutLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		c := w.script("mobile", account(1, 20, 1), 0, func(conn net.Conn) {
			newScripted(conn).talk(takes(conn, shelf))
		})
		first := true
		c.network.onCall = func(ours *pipe) {
			if first {
				ours.out.left = 1000 // about ten submits
			}
			first = false
		}
		w.start()
		w.plan(people(100, "receipts: {wanted: false}\nin_doubt: hold\n"))
		w.finish(time.Hour)
		got := w.tally("a")
		if got.Accepted+got.InDoubt != 100 || got.InDoubt < 1 || got.InDoubt > 20 {
			t.Errorf("got %+v, want 1 to 20 in doubt and all others accepted", got.Recipients)
		}
		shelf.once(t)
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}

// takes answers every submit at once, on a line of its own.
func takes(conn net.Conn, shelf *shelf) func(smpp.Header, string) bool {
	s := newScripted(conn)
	return func(h smpp.Header, to string) bool {
		id, _ := shelf.take(to)
		s.taken(h, id)
		return true
	}
}

func TestAnswersThatNeverComeBecomeDoubtAndTheLineIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		lines := atomic.Int32{}
		c := w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
			s, silent := newScripted(conn), lines.Add(1) == 1
			s.talk(func(h smpp.Header, to string) bool {
				id, _ := shelf.take(to)
				if !silent {
					s.taken(h, id)
				}
				return true
			})
		})
		w.start()
		w.plan(people(50, "receipts: {wanted: false}\nin_doubt: hold\n"))
		w.ends(time.Hour, ledger.Recipients{Accepted: 40, InDoubt: 10})
		shelf.once(t)
		if calls := c.network.calls(); calls != 2 {
			t.Errorf("got %d lines, want 2", calls)
		}
	})
}

func TestAnIdleLineThatSwallowsEverythingIsFoundWithinThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		config := account(1, 10, 1)
		config.EnquireLink, config.ResponseTimeout = 0, 0 // as configured by nobody: 15 s and 30 s
		c := w.simulate("mobile", config, 0, simulator.Config{})
		var line *pipe
		c.network.onCall = func(ours *pipe) { line = ours }
		w.start()
		synctest.Wait()
		c.network.mu.Lock()
		gone := line
		c.network.mu.Unlock()
		for _, s := range []*stream{gone.out, gone.in} {
			s.mu.Lock()
			s.swallows = true
			s.mu.Unlock()
		}
		time.Sleep(31 * time.Second)
		if calls := c.network.calls(); calls != 2 {
			t.Errorf("got %d calls after 31 s, want a second line", calls)
		}
		w.plan(people(20, "receipts: {wanted: false}\n"))
		w.ends(time.Minute, ledger.Recipients{Accepted: 20})
		gone.in.end()
		gone.out.end()
	})
}

func TestALineThatSwallowsTheWindowLeavesOnlyThatInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		c := w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) { newScripted(conn).talk(takes(conn, shelf)) })
		var lost *pipe
		first := true
		c.network.onCall = func(ours *pipe) {
			if first {
				lost = ours
			}
			first = false
		}
		w.start()
		synctest.Wait()
		lost.out.mu.Lock()
		lost.out.swallows = true
		lost.out.mu.Unlock()
		w.plan(people(50, "receipts: {wanted: false}\nin_doubt: hold\n"))
		w.ends(time.Hour, ledger.Recipients{Accepted: 40, InDoubt: 10})
		shelf.once(t)
		lost.out.end()
	})
}

func TestACarrierThatTakesNothingForALongTimeGetsItAllWhenItIsWell(t *testing.T) {
	slow(t)
	for _, status := range []struct {
		name string
		code uint32
	}{{"throttled", smpp.StatusThrottled}, {"queue full", smpp.StatusMsgQFul}, {"system error", 0x08}} {
		t.Run(status.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, shelf := newWorld(t), newShelf()
				offered := atomic.Int64{}
				well := time.Now().Add(2 * time.Minute)
				w.script("mobile", account(1, 10, 1), 50, func(conn net.Conn) {
					s := newScripted(conn)
					s.talk(func(h smpp.Header, to string) bool {
						if time.Now().Before(well) {
							offered.Add(1)
							s.refuse(h, status.code)
							return true
						}
						id, _ := shelf.take(to)
						s.taken(h, id)
						return true
					})
				})
				w.start()
				w.plan(people(100, "receipts: {wanted: false}\nin_doubt: hold\n"))
				time.Sleep(110 * time.Second)
				if got := w.tally("a"); got.Waiting+got.Offered != 100 {
					t.Errorf("got %+v while the carrier takes nothing, want all waiting or offered", got.Recipients)
				}
				w.ends(10*time.Minute, ledger.Recipients{Accepted: 100})
				shelf.once(t)
				// 5 % of the agreed rate is as slow as it gets.
				if got, most := offered.Load(), int64(120*50*0.2); status.code == smpp.StatusThrottled && got > most {
					t.Errorf("got %d offers while throttled, want at most %d", got, most)
				}
			})
		})
	}
}

func TestWhatIsRefusedForGoodFailsWithItsReasonAndIsNotTriedAgain(t *testing.T) {
	for _, c := range []struct {
		status uint32
		reason sms.Reason
	}{
		{0x0B, sms.InvalidNumber},
		{0x0A, sms.BadSender},
		{0x66, sms.Rejected},
		{0x100, sms.NotPermitted},
		{0x43, sms.BadRequest},
		{0xFE, sms.Unreachable},
	} {
		t.Run(c.reason.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, shelf := newWorld(t), newShelf()
				w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
					s := newScripted(conn)
					s.talk(func(h smpp.Header, to string) bool {
						shelf.take(to)
						s.refuse(h, c.status)
						return true
					})
				})
				w.start()
				w.plan(people(30, ""))
				w.ends(time.Minute, ledger.Recipients{Failed: 30})
				shelf.once(t)
				for _, p := range w.export("a") {
					if p.reason != c.reason.String() {
						t.Fatalf("got reason %q, want %q", p.reason, c.reason)
					}
				}
			})
		})
	}
}

func TestAnswersToNobodyAndAnswersTwiceAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
			s := newScripted(conn)
			s.talk(func(h smpp.Header, to string) bool {
				id, _ := shelf.take(to)
				s.taken(smpp.Header{Sequence: h.Sequence + 4096*17}, "999")
				s.taken(smpp.Header{Sequence: 0x7FFFFFF0}, "998")
				s.taken(h, id)
				s.taken(h, "997")
				s.refuse(h, smpp.StatusInvDest)
				return true
			})
		})
		w.start()
		w.plan(people(100, "receipts: {wanted: false}\n"))
		w.ends(time.Minute, ledger.Recipients{Accepted: 100})
		shelf.once(t)
		for n := range w.export("a") {
			if shelf.took[n] != 1 {
				t.Fatalf("somebody was taken %d times, want once", shelf.took[n])
			}
		}
	})
}

// An odd octet stream ends the line and allocates little; the campaign goes on.
func TestGarbageFromTheCarrierEndsTheLineOnly(t *testing.T) {
	for name, garbage := range map[string][]byte{
		"length 0":      make([]byte, 16),
		"length 15":     append([]byte{0, 0, 0, 15}, make([]byte, 12)...),
		"length 2^31":   append([]byte{0x80, 0, 0, 0}, make([]byte, 12)...),
		"text":          []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"nack of none":  smpp.AppendEmpty(nil, smpp.GenericNack, 3, 0),
		"short deliver": smpp.End(append(smpp.Begin(nil, smpp.DeliverSM, 0, 1), bytes.Repeat([]byte{'x'}, 40)...), 0),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, shelf := newWorld(t), newShelf()
				lines := atomic.Int32{}
				w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
					s, bad := newScripted(conn), lines.Add(1) == 1
					s.talk(func(h smpp.Header, to string) bool {
						id, _ := shelf.take(to)
						if bad && shelf.count() == 15 {
							s.write(garbage)
							return true
						}
						s.taken(h, id)
						return true
					})
				})
				w.start()
				w.plan(people(60, "receipts: {wanted: false}\nin_doubt: hold\n"))
				w.finish(time.Hour)
				got := w.tally("a")
				if got.InDoubt < 1 || got.InDoubt > 10 || got.Accepted != 60-got.InDoubt {
					t.Errorf("got %+v, want 1 to 10 in doubt and all others accepted", got.Recipients)
				}
				shelf.once(t)
				if err := w.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestAnAnswerThatComesOctetByOctetIsNotWaitedForForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		lines := atomic.Int32{}
		w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
			s, slow := newScripted(conn), lines.Add(1) == 1
			s.talk(func(h smpp.Header, to string) bool {
				id, _ := shelf.take(to)
				if !slow {
					s.taken(h, id)
					return true
				}
				dribble := smpp.AppendEmpty(nil, smpp.SubmitSM|smpp.Response, 0, h.Sequence)
				for i := range dribble {
					s.write(dribble[i : i+1])
					time.Sleep(time.Second)
				}
				return false
			})
		})
		w.start()
		w.plan(people(50, "receipts: {wanted: false}\nin_doubt: hold\n"))
		// The first of the window may be all that the slow carrier has read.
		w.finish(time.Minute)
		if got := w.tally("a").Recipients; got.InDoubt != 10 || got.Accepted != 40 {
			t.Errorf("got %+v, want the window of 10 in doubt and all others accepted", got)
		}
		shelf.once(t)
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}
