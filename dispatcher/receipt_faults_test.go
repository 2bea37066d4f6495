package dispatcher

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/simulator"
	"tocsin/providers/smpp"
)

// Receipts early, late, repeated, contradicting and strange: the rows 36 and 38 to
// 41 of the matrix of faults.

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

// TestAFloodOfReceiptsHoldsUpNobody: all of a large campaign's receipts come at once while
// another one is sent.
func TestAFloodOfReceiptsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(1, 100, 100), 0, simulator.Config{Receipts: true, Latency: 10 * time.Millisecond, ReceiptDelay: time.Minute})
		w.start()
		const flood = 20_000
		w.plan(people(flood, "receipts: {wait: 5m}\n"))
		w.until("all of it is with the carrier", time.Minute, func() bool { return w.tally("a").Accepted == flood })
		small := people(200, "receipts: {wait: 5m}\n")
		small.key, small.first = "b", 8613900000000
		time.Sleep(time.Until(w.started.Add(time.Minute))) // the first receipts are on their way
		w.plan(small)
		w.until("the other one is through beside the receipts", 10*time.Second, func() bool { return w.tally("b").Waiting+w.tally("b").Offered == 0 })
		w.until("every receipt is kept", 2*time.Minute, func() bool { return w.tally("a").Delivered == flood && w.tally("b").Delivered == 200 })
		if s := w.carriers[0].sim.Stats(); s.ReceiptsWaiting != 0 || s.ReceiptsAgain != 0 {
			t.Errorf("got %d receipts not acknowledged and %d said again, want none", s.ReceiptsWaiting, s.ReceiptsAgain)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.audit()
	})
}
