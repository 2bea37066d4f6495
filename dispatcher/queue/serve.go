package queue

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"tocsin/providers/sms"
)

// A Handler works on one page. It returns nil when there is nothing more to do in
// this epoch and ErrLater when the task has to come back.
type Handler func(ctx context.Context, page, epoch int64) error

// Serve takes one provider's tasks, the highest class first, and gives them to
// handle, concurrency at a time, until ctx ends; handlers' contexts end with it.
// It returns when every handler has returned.
func (q *Queue) Serve(ctx context.Context, provider string, concurrency int, handle Handler) error {
	var handlers sync.WaitGroup
	lanes := map[string]int{}
	for class := range sms.Class(sms.Classes) {
		lanes[Lane{provider, class}.name()] = int(class) + 1
	}
	server := asynq.NewServerFromRedisClient(q.redis, asynq.Config{
		Concurrency:              concurrency,
		Queues:                   lanes,
		StrictPriority:           true,
		TaskCheckInterval:        100 * time.Millisecond,
		DelayedTaskCheckInterval: time.Second,
		ShutdownTimeout:          15 * time.Second,
		IsFailure:                func(error) bool { return false }, // failures of recipients are not failures of tasks
		RetryDelayFunc:           func(n int, _ error, _ *asynq.Task) time.Duration { return delay(n) },
		BaseContext:              func() context.Context { return ctx },
		Logger:                   asynqLog{q.log},
		LogLevel:                 asynq.ErrorLevel,
	})
	handler := asynq.HandlerFunc(func(taskCtx context.Context, t *asynq.Task) error {
		handlers.Add(1)
		defer handlers.Done()
		p := t.Payload()
		if len(p) != 16 {
			return fmt.Errorf("a task of %d octets: %w", len(p), asynq.RevokeTask)
		}
		err := handle(taskCtx, int64(binary.BigEndian.Uint64(p)), int64(binary.BigEndian.Uint64(p[8:])))
		if err != nil && !errors.Is(err, ErrLater) {
			q.log.Error("a page's task failed", "provider", provider, "err", err)
		}
		return err
	})
	if err := q.start(ctx, server, handler); err != nil {
		return err
	}
	if ctx.Err() == nil {
		<-ctx.Done()
		server.Shutdown()
	}
	// The library moves a task on without its handler; we do not.
	handlers.Wait()
	return nil
}

// start starts the server as soon as Redis is there; it returns nil without
// having started it when ctx ends first.
func (q *Queue) start(ctx context.Context, server *asynq.Server, handler asynq.Handler) error {
	for {
		err := server.Start(handler)
		if err == nil {
			return nil
		}
		if errors.Is(err, asynq.ErrServerClosed) {
			return fmt.Errorf("serve queue: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// delay before the n-th return of a task: 1, 2, 5, 10, then 30 seconds, with
// jitter of a fifth.
func delay(n int) time.Duration {
	steps := []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second}
	d := steps[min(max(n, 0), len(steps)-1)]
	return d - d/10 + rand.N(d/5)
}

// asynqLog passes the library's words on.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.log.Debug("asynq", "said", fmt.Sprint(args...)) }
func (l asynqLog) Info(args ...any)  { l.log.Debug("asynq", "said", fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.log.Warn("asynq", "said", fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.log.Warn("asynq", "said", fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.log.Error("asynq", "said", fmt.Sprint(args...)) }
