package dispatcher

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/queue"
	"tocsin/providers/simulator"
	"tocsin/providers/sms"
)

// What Redis does to us: the rows 10, 14, 16 and 17 of the matrix of faults.

func TestAQueueFlushedAgainAndAgainCostsTimeAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 10, 10), 500, simulator.Config{Latency: 50 * time.Millisecond, Receipts: true})
		w.start()
		w.plan(people(5000, "in_doubt: hold\n"))
		for range 8 {
			time.Sleep(700 * time.Millisecond)
			if err := w.node.queue.Redis().FlushAll(context.Background()).Err(); err != nil {
				t.Error(err)
			}
		}
		start := time.Now()
		w.until("all is sent", time.Minute, func() bool { got := w.tally("a"); return got.Waiting+got.Offered == 0 })
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("the rest took %v, want 20 s at most", took)
		}
		w.ends(time.Hour, ledger.Recipients{Delivered: 5000})
		w.audit()
	})
}

// A Redis restored from an old snapshot has tasks of epochs that are over, of
// pages that are done, and of pages that were never there.
func TestStaleTasksOfAnOldSnapshotDoNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 10, 10), 500, simulator.Config{Latency: 50 * time.Millisecond, Receipts: true})
		w.start()
		w.plan(people(5000, "in_doubt: hold\n"))
		for range 10 {
			time.Sleep(500 * time.Millisecond)
			for page := range int64(8) {
				for epoch := range int64(4) {
					lane := queue.Lane{Provider: "mobile", Class: sms.Class(epoch % sms.Classes)}
					if err := w.node.queue.Push(context.Background(), lane, page, epoch); err != nil {
						t.Error(err)
					}
				}
			}
		}
		w.ends(time.Hour, ledger.Recipients{Delivered: 5000})
		w.audit()
	})
}

// Redis may lose some keys and keep others: evicted, or restored in part. A task
// whose id is taken and that is in no lane never runs; its page does.
func TestTasksThatRedisHasHalfForgottenAreWorkedOnAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.simulate("mobile", account(2, 10, 10), 500, simulator.Config{Latency: 50 * time.Millisecond})
		w.start()
		w.plan(people(5000, "receipts: {wanted: false}\n"))
		for range 3 {
			time.Sleep(time.Second)
			redis := w.node.queue.Redis()
			for _, key := range []string{"pending", "scheduled", "retry", "active", "lease"} {
				if err := redis.Del(context.Background(), "asynq:{mobile:routine}:"+key).Err(); err != nil {
					t.Error(err)
				}
			}
		}
		start := time.Now()
		w.until("all is sent", 10*time.Minute, func() bool { got := w.tally("a"); return got.Waiting+got.Offered == 0 })
		if took := time.Since(start); took > time.Minute {
			t.Errorf("the rest took %v, want a minute at most", took)
		}
		w.ends(time.Minute, ledger.Recipients{Accepted: 5000})
		w.audit()
	})
}
