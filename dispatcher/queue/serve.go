package queue

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"tocsin/providers/sms"
)

// A Handler works on one batch. It returns nil when there is nothing more to do in
// this epoch, ErrLater when the task has to come back; any other error is logged and
// the task comes back too. Its context ends with Serve's and with nothing else: a
// lost Redis or a slow page does not stop it. So the same task may be handed out
// while its first handler is still at work: the ledger's claim decides.
type Handler func(ctx context.Context, batch, epoch int64) error

const (
	lookEvery    = 100 * time.Millisecond // how soon a task in an empty lane is seen
	forwardEvery = time.Second            // how soon a task that was put off is seen; asynq's times are whole seconds
	drain        = 30 * time.Second       // how long asynq waits for handlers at the end; then it hands their tasks on
)

// Serve takes one provider's tasks, the highest class first, and gives them to
// handle, at most concurrency (at least 1) at a time, until ctx ends. It returns
// when every handler has returned, however long that takes. Without Redis it waits
// for it. One Serve per provider and process.
func (q *Queue) Serve(ctx context.Context, provider string, concurrency int, handle Handler) error {
	concurrency = max(concurrency, 1)
	priorities := map[string]int{}
	for class := range sms.Class(sms.Classes) {
		lane := Lane{provider, class}
		q.know(lane)
		priorities[lane.String()] = int(class) + 1
	}
	w := &work{
		ctx: ctx, handle: handle, slots: make(chan struct{}, concurrency),
		log: q.log.With("provider", provider), delays: delays{known: map[task]int{}},
	}
	server := asynq.NewServerFromRedisClient(q.redis, asynq.Config{
		Concurrency:              concurrency,
		Queues:                   priorities,
		StrictPriority:           true,
		TaskCheckInterval:        lookEvery,
		DelayedTaskCheckInterval: forwardEvery,
		ShutdownTimeout:          drain,
		// Failures of recipients are not failures of tasks, and a task that never
		// fails is never archived.
		IsFailure:      func(error) bool { return false },
		RetryDelayFunc: func(_ int, _ error, t *asynq.Task) time.Duration { return w.delays.next(t.Payload()) },
		BaseContext:    context.Background,
		Logger:         asynqLog{q.log},
		LogLevel:       asynq.WarnLevel,
	})
	if err := server.Start(w); err != nil {
		return fmt.Errorf("serve queue of %s: %w", provider, err)
	}
	<-ctx.Done()
	server.Stop()
	server.Shutdown()
	w.close() // asynq moves a task on without its handler; we do not
	return nil
}

// work is the handlers of one Serve.
type work struct {
	ctx    context.Context // Serve's: handlers obey it, not asynq's, which ends with a lease in Redis
	handle Handler
	slots  chan struct{} // asynq's own count forgets handlers whose task it has moved on
	log    *slog.Logger
	delays delays

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// enter counts a handler in, unless Serve is over.
func (w *work) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.running.Add(1)
	}
	return !w.closed
}

// close lets no handler begin and waits for those at work.
func (w *work) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.running.Wait()
}

// ProcessTask is asynq's way in.
func (w *work) ProcessTask(_ context.Context, t *asynq.Task) error {
	if !w.enter() {
		return ErrLater
	}
	defer w.running.Done()
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-w.ctx.Done():
		return ErrLater
	}
	id, ok := parse(t.Payload())
	if !ok {
		w.log.Error("a task in the queue is none of ours and is dropped")
		return nil
	}
	err := w.try(id)
	switch {
	case err == nil:
		w.delays.forget(id)
		return nil
	case errors.Is(err, ErrLater):
		return ErrLater
	}
	w.log.Error("a batch's task failed", "batch", id.batch, "err", err)
	// Only the word goes to Redis, and nothing that asynq would act upon.
	return errFailed
}

var errFailed = errors.New("failed")

// try runs the handler. A panic costs its task a delay, not the process; its words
// may hold anything, so only the place is logged.
func (w *work) try(id task) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("the handler panicked: %s", debug.Stack())
		}
	}()
	return w.handle(w.ctx, id.batch, id.epoch)
}

// task is what a task says.
type task struct{ batch, epoch int64 }

func parse(payload []byte) (task, bool) {
	if len(payload) != 16 {
		return task{}, false
	}
	return task{int64(binary.BigEndian.Uint64(payload)), int64(binary.BigEndian.Uint64(payload[8:]))}, true
}

// asynqLog passes the library's words on.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.log.Debug("asynq", "said", fmt.Sprint(args...)) }
func (l asynqLog) Info(args ...any)  { l.log.Debug("asynq", "said", fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.log.Debug("asynq", "said", fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.log.Warn("asynq", "said", fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.log.Error("asynq", "said", fmt.Sprint(args...)) }
