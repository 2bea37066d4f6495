package queue

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// open opens an embedded queue, and runs it until the returned function is called.
func open(t testing.TB) (*Queue, context.Context, func()) {
	t.Helper()
	q, err := Open(t.Context(), Options{URL: Embedded, Logger: smstest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := q.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return q, ctx, func() {
		cancel()
		running.Wait()
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	}
}

// serve serves a provider until the returned function is called.
func serve(t testing.TB, q *Queue, provider string, concurrency int, handle Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := q.Serve(ctx, provider, concurrency, handle); err != nil {
			t.Error(err)
		}
	})
	return func() { cancel(); running.Wait() }
}

func push(t testing.TB, q *Queue, lane Lane, batch, epoch int64) {
	t.Helper()
	if err := q.Push(context.Background(), lane, batch, epoch); err != nil {
		t.Fatal(err)
	}
}

// record is what handlers saw, in order.
type record struct {
	mu   sync.Mutex
	seen []task
}

func (r *record) add(batch, epoch int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, task{batch, epoch})
}

func (r *record) all() []task {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

func TestEveryTaskRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _, end := open(t)
		defer end()
		var r record
		lane := Lane{"mobile", sms.Routine}
		for batch := range int64(50) {
			push(t, q, lane, batch, 1)
			push(t, q, lane, batch, 1) // twice is nothing
		}
		if got := q.Depth(t.Context())[lane]; got != 50 {
			t.Errorf("got a depth of %d, want 50", got)
		}
		stop := serve(t, q, "mobile", 4, func(_ context.Context, batch, epoch int64) error {
			r.add(batch, epoch)
			return nil
		})
		time.Sleep(10 * time.Minute) // long enough for asynq's recoverer to err
		stop()
		seen := r.all()
		slices.SortFunc(seen, func(a, b task) int { return int(a.batch - b.batch) })
		if len(seen) != 50 || len(slices.Compact(seen)) != 50 {
			t.Errorf("got %v, want each of 50 once", seen)
		}
		if got := q.Depth(t.Context())[lane]; got != 0 {
			t.Errorf("got a depth of %d at the end, want 0", got)
		}
		if q.native.known.Load() < 150 {
			t.Errorf("got %d scripts answered in Go, want all of the hot ones: do the hashes fit this version of asynq?", q.native.known.Load())
		}
		// What Lua still does is asynq's housekeeping: some calls a minute.
		if got := q.native.lua.Load(); got > 2000 {
			t.Errorf("got %d scripts run by Lua in ten minutes, want only housekeeping", got)
		}
	})
}

func TestHigherLanesGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _, end := open(t)
		defer end()
		var r record
		for class := range sms.Class(sms.Classes) {
			for i := range int64(5) {
				push(t, q, Lane{"mobile", class}, int64(class)*10+i, 0)
			}
		}
		push(t, q, Lane{"unicom", sms.Emergency}, 99, 0) // another provider's
		stop := serve(t, q, "mobile", 1, func(_ context.Context, batch, epoch int64) error {
			r.add(batch, epoch)
			return nil
		})
		time.Sleep(10 * time.Second)
		stop()
		var got []int64
		for _, one := range r.all() {
			got = append(got, one.batch)
		}
		if want := []int64{20, 21, 22, 23, 24, 10, 11, 12, 13, 14, 0, 1, 2, 3, 4}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestLaterComesBackAndIsNeverArchived(t *testing.T) {
	tests := []struct {
		name  string
		first func() error // what the handler does before it is done
	}{
		{"later comes back", func() error { return ErrLater }},
		{"a wrapped later comes back", func() error { return errors.Join(errors.New("paused"), ErrLater) }},
		{"an error comes back", func() error { return errors.New("broken") }},
		{"a panic comes back", func() error { panic("broken") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, _, end := open(t)
				defer end()
				const runs = 60
				var times []time.Time
				stop := serve(t, q, "mobile", 1, func(context.Context, int64, int64) error {
					if times = append(times, time.Now()); len(times) < runs {
						return tt.first()
					}
					return nil
				})
				push(t, q, Lane{"mobile", sms.Urgent}, 1, 1)
				time.Sleep(10 * time.Minute)
				stop()
				if len(times) != runs {
					t.Fatalf("got %d runs, want %d", len(times), runs)
				}
				for i := 1; i < runs; i++ {
					// The longest step, a tenth of jitter, whole seconds, the forwarder's tick and a look.
					if d := times[i].Sub(times[i-1]); d > 8*time.Second {
						t.Errorf("run %d came after %v, want at most 8s", i, d)
					}
				}
				for _, set := range []string{"archived", "retry", "lease"} {
					if n := q.redis.ZCard(t.Context(), "asynq:{mobile:urgent}:"+set).Val(); n != 0 {
						t.Errorf("got %d tasks in %s, want 0", n, set)
					}
				}
			})
		})
	}
}

func TestAFlushIsSeenAndOnlyANewPushRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, ctx, end := open(t)
		defer end()
		lane := Lane{"mobile", sms.Routine}
		for batch := range int64(20) {
			push(t, q, lane, batch, 1)
		}
		time.Sleep(time.Second)
		if err := q.redis.FlushAll(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		var r record
		stop := serve(t, q, "mobile", 2, func(_ context.Context, batch, epoch int64) error {
			r.add(batch, epoch)
			return nil
		})
		push(t, q, lane, 7, 2)
		time.Sleep(time.Minute)
		stop()
		if got, want := r.all(), []task{{7, 2}}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if names := q.redis.SMembers(ctx, announced).Val(); !slices.Equal(names, []string{lane.String()}) {
			t.Errorf("got the lanes %v announced again, want %v", names, lane)
		}
	})
}

func TestServeWaitsForHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _, end := open(t)
		defer end()
		var began, ended atomic.Int32
		stop := serve(t, q, "mobile", 3, func(ctx context.Context, _, _ int64) error {
			began.Add(1)
			<-ctx.Done()
			time.Sleep(2 * drain) // longer than asynq waits
			ended.Add(1)
			return nil
		})
		for batch := range int64(9) {
			push(t, q, Lane{"mobile", sms.Routine}, batch, 1)
		}
		time.Sleep(time.Minute)
		stop()
		if began.Load() != 3 || ended.Load() != 3 {
			t.Errorf("got %d begun and %d ended when Serve returned, want 3 and 3", began.Load(), ended.Load())
		}
	})
}

func TestALongHandlerKeepsItsPlace(t *testing.T) {
	if testing.Short() {
		t.Skip("six virtual hours take a minute under -race: in make test, not in make check")
	}
	synctest.Test(t, func(t *testing.T) {
		q, _, end := open(t)
		defer end()
		var now, most, runs atomic.Int32
		stop := serve(t, q, "mobile", 2, func(ctx context.Context, _, _ int64) error {
			runs.Add(1)
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(taskTimeout + 10*time.Minute) // asynq moves the task on and forgets the handler
			return ctx.Err()
		})
		for batch := range int64(4) {
			push(t, q, Lane{"mobile", sms.Routine}, batch, 1)
		}
		time.Sleep(6 * time.Hour)
		stop()
		if most.Load() != 2 || runs.Load() < 4 {
			t.Errorf("got %d handlers at once in %d runs, want 2 and at least 4", most.Load(), runs.Load())
		}
	})
}

func TestOpenRefusesWhatItDoesNotUnderstand(t *testing.T) {
	_, err := Open(t.Context(), Options{URL: "http://user:secret@host"})
	if !errors.Is(err, errAddress) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want %v", err, errAddress)
	}
}

// BenchmarkTask is one task's way: pushed, handed out, done; CPU time of the
// whole process.
func BenchmarkTask(b *testing.B) {
	q, _, end := open(b)
	defer end()
	done := make(chan struct{}, b.N)
	before := cpu()
	stop := serve(b, q, "mobile", 4, func(context.Context, int64, int64) error { done <- struct{}{}; return nil })
	defer stop()
	for batch := range int64(b.N) {
		push(b, q, Lane{"mobile", sms.Routine}, batch, 1)
	}
	for range b.N {
		<-done
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
