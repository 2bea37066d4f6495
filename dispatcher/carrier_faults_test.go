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

// When an answer comes after our patience ended, the line it would come on is
// gone; the carrier's receipt settles the doubt instead.
func TestALateAnswerCostsItsLineAndTheReceiptSettlesTheDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		lines := atomic.Int32{}
		w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
			s, slow := newScripted(conn), lines.Add(1) == 1
			s.talk(func(h smpp.Header, to string) bool {
				id, _ := shelf.take(to)
				if slow {
					time.AfterFunc(time.Minute, func() { s.taken(h, id) })
					return true
				}
				s.taken(h, id)
				s.receipt(to, id, "DELIVRD")
				if shelf.count() == 30 { // all: now those of the first line
					for _, n := range shelf.order[:10] {
						s.receipt(n, shelf.idOf(n), "DELIVRD")
					}
				}
				return true
			})
		})
		w.start()
		w.plan(people(30, "in_doubt: hold\nreceipts: {wait: 10m}\n"))
		w.ends(time.Hour, ledger.Recipients{Delivered: 30})
		shelf.once(t)
		time.Sleep(2 * time.Minute)
	})
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

func TestReceiptsBeforeTheirAnswersFindTheirRecipients(t *testing.T) {
	for name, text := range map[string]string{"one segment": "stay", "three segments": strings.Repeat("stay away from the river ", 16)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.simulate("mobile", account(1, 10, 1), 0, simulator.Config{
					Receipts: true, EarlyReceipts: 1, Latency: 200 * time.Millisecond, HexIDs: "receipt",
				})
				w.start()
				c := people(40, "receipts: {wait: 5m}\n")
				c.text = text
				w.plan(c)
				w.finish(time.Hour)
				if got := w.tally("a").Recipients; got != (ledger.Recipients{Delivered: 40}) {
					t.Errorf("got %+v, want all delivered", got)
				}
				if n := w.node.ledger.Orphans(); n != 0 {
					t.Errorf("got %d receipts without a recipient, want none", n)
				}
				if err := w.stop(); err != nil {
					t.Error(err)
				}
				w.audit()
			})
		})
	}
}

func TestReceiptsFiveTimesAndOnesThatContradictChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
			s := newScripted(conn)
			s.talk(func(h smpp.Header, to string) bool {
				id, _ := shelf.take(to)
				s.taken(h, id)
				first, other := "DELIVRD", "UNDELIV"
				if shelf.count()%2 == 0 {
					first, other = other, first
				}
				s.receipt(to, id, "ENROUTE")
				for range 5 {
					s.receipt(to, id, first)
				}
				s.receipt(to, id, other)
				s.receipt(to, id, "ACCEPTD")
				return true
			})
		})
		w.start()
		w.plan(people(100, ""))
		w.ends(time.Minute, ledger.Recipients{Delivered: 50, Failed: 50})
	})
}

func TestReceiptsOfStrangersAreKeptAndThoseWithOddIdsFindTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, shelf := newWorld(t), newShelf()
		w.script("mobile", account(1, 10, 1), 0, func(conn net.Conn) {
			s := newScripted(conn)
			s.talk(func(h smpp.Header, to string) bool {
				id, _ := shelf.take(to)
				s.taken(h, id)
				switch n := shelf.count(); n % 4 {
				case 0: // hexadecimal
					s.receipt(to, hexadecimal(id), "DELIVRD")
				case 1: // leading zeros
					s.receipt(to, "000"+id, "DELIVRD")
				case 2: // hexadecimal, capital letters, zeros
					s.receipt(to, "0000"+strings.ToUpper(hexadecimal(id)), "DELIVRD")
				case 3: // of somebody else's account, then its own
					// Not before the answer is on disk: until then the id is not known, and
					// a receipt for the number is the recipient's.
					time.AfterFunc(time.Second, func() {
						s.receipt(to, "5"+id, "UNDELIV")
						s.receipt("8610000000001", id, "UNDELIV")
						s.receipt(to, id, "DELIVRD")
					})
				}
				return true
			})
		})
		w.start()
		w.plan(people(100, ""))
		w.finish(time.Minute)
		if got := w.node.ledger.Orphans(); got != 50 {
			t.Errorf("got %d receipts without a recipient, want 50", got)
		}
		w.ends(time.Minute, ledger.Recipients{Delivered: 100})
	})
}

func hexadecimal(decimal string) string {
	v := uint64(0)
	for _, c := range decimal {
		v = v*10 + uint64(c-'0')
	}
	const digits = "0123456789abcdef"
	out := []byte{}
	for ; v > 0; v /= 16 {
		out = append(out, digits[v%16])
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return string(out)
}

func TestAReceiptThreeDaysLateIsTakenAfterTheCampaignIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 10, 1), 0, simulator.Config{Receipts: true, ReceiptDelay: 72 * time.Hour})
		w.start()
		w.plan(people(50, "receipts: {wait: 1m}\n"))
		w.finish(time.Hour)
		if got := w.tally("a").Recipients; got != (ledger.Recipients{Accepted: 50}) {
			t.Errorf("got %+v at the end, want all accepted", got)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		time.Sleep(72 * time.Hour)
		w.start()
		w.until("the receipts are in", time.Minute, func() bool { return w.tally("a").Delivered == 50 })
		if got := w.state("a"); got != ledger.Finished {
			t.Errorf("got state %s, want finished", got)
		}
		w.ends(time.Minute, ledger.Recipients{Delivered: 50})
		w.audit()
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
