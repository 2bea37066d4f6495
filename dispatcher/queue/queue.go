package queue

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// ErrLater is what a handler returns when a task has to come back. It does not
// count as a failure.
var ErrLater = errors.New("later")

// Options says where the queue is.
type Options struct {
	// URL is "embedded" (also when empty), redis://host:port/db,
	// redis+sentinel://host:port,host:port/db?master=NAME, or
	// redis+cluster://host:port,host:port; with rediss for TLS.
	URL string
	// Beside is a queue in this process whose embedded Redis this one uses, too, instead
	// of a URL: for tests of several processes in one. It outlives this one.
	Beside *Queue
	// Logger is told when Redis is lost and when it is back; nil: no log.
	Logger *slog.Logger
}

// A Queue is the lanes of all providers. Its methods may be called from several
// goroutines.
type Queue struct {
	redis    redis.UniversalClient
	embedded *miniredis.Miniredis // nil: Redis is elsewhere
	native   *native              // nil: Redis is elsewhere
	log      *slog.Logger
	client   atomic.Pointer[asynq.Client]

	started time.Time    // durations below count from here: wall clocks jump
	down    atomic.Int64 // since when Redis does not answer; 0: it does
	pushed  atomic.Bool  // something was pushed since the last Rebuild

	mu         sync.Mutex
	lanes      map[Lane]struct{}
	depth      map[Lane]int
	depthUntil time.Duration
}

// Open connects to the queue. A Redis that does not answer is no error: Down
// tells. The only error is a URL that is not understood; it does not repeat the
// URL, which may hold a password.
func Open(_ context.Context, o Options) (*Queue, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	q := &Queue{log: o.Logger, started: time.Now(), lanes: map[Lane]struct{}{}}
	if o.Beside != nil {
		q.connectEmbedded(o.Beside.native)
	} else if err := q.connect(o.URL); err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	q.Rebuild()
	return q, nil
}

// Close lets go of Redis. Run and Serve must be over.
func (q *Queue) Close() error {
	err := q.redis.Close()
	if q.embedded != nil {
		q.embedded.Close()
	}
	if err != nil {
		return fmt.Errorf("close queue: %w", err)
	}
	return nil
}

// Redis is the connection, for what shares it (rates). It is the Queue's to close.
func (q *Queue) Redis() redis.UniversalClient { return q.redis }

// Rebuild makes the queue fit for use after Redis was flushed: asynq's client
// remembers which lanes it has announced and would not announce them again. Run
// does it by itself. What was queued is the ledger's to push again.
func (q *Queue) Rebuild() {
	q.pushed.Store(false)
	q.client.Store(asynq.NewClientFromRedisClient(q.redis))
}

const (
	probeEvery   = 500 * time.Millisecond // how often Redis is asked whether it is there
	probeTimeout = 2 * time.Second        // above the slowest healthy answer: a rewrite of its log, a failover
	announced    = "asynq:queues"         // asynq's set of lanes
	alive        = "tocsin:alive"         // written to see whether Redis can be written
)

// Run watches Redis, and keeps the embedded one's clock, until ctx ends. It
// returns nil.
func (q *Queue) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	if q.embedded != nil {
		wg.Go(func() { tick(ctx, q.embedded) })
	}
	t := time.NewTicker(probeEvery)
	defer t.Stop()
	for {
		q.probe(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// probe asks Redis something whose answers also tell whether it was flushed and
// whether it takes anything.
func (q *Queue) probe(ctx context.Context) {
	pushed := q.pushed.Load()
	asked := time.Since(q.started)
	ask, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var count *redis.IntCmd
	// A Redis that is full, or read-only after a failover, answers and takes no
	// tasks: it is as good as gone.
	_, err := q.redis.Pipelined(ask, func(p redis.Pipeliner) error {
		count = p.SCard(ask, announced)
		p.Set(ask, alive, 1, time.Minute)
		return nil
	})
	lanes := count.Val()
	switch {
	case ctx.Err() != nil:
	case err != nil:
		if q.down.CompareAndSwap(0, max(int64(asked), 1)) {
			q.log.Warn("redis does not answer, or takes nothing", "err", err)
		}
	default:
		if since := q.down.Swap(0); since != 0 {
			q.log.Info("redis answers again", "after", time.Since(q.started)-time.Duration(since))
		}
		if pushed && lanes == 0 {
			q.log.Warn("the queue was flushed; what waits is pushed again from the ledger")
			q.Rebuild()
		}
	}
}

// Down is for how long Redis has not answered; 0 when it does. It is known while
// Run runs, half a second late at most when Redis refuses, 2.5 s when it is mute.
func (q *Queue) Down() time.Duration {
	since := q.down.Load()
	if since == 0 {
		return 0
	}
	return max(time.Since(q.started)-time.Duration(since), 1)
}

const (
	kind = "batch" // the one kind of task

	// taskTimeout is when asynq gives a task to another worker although its handler
	// is alive. The ledger's lease ends a page's work, so this is only far above
	// ten times the slowest page: 1,000 recipients of 3 segments at 10 a second.
	taskTimeout = time.Hour
	// retries never run out: attempts are the ledger's business, and a task that
	// has used them up would be kept, with its id, for 90 days.
	retries = 1 << 20
)

// Push puts a batch's task in its lane. The same batch and epoch pushed again while
// the first is there is nothing. After an error it may or may not be in the lane.
func (q *Queue) Push(ctx context.Context, lane Lane, batch, epoch int64) error {
	q.know(lane)
	payload := make([]byte, 0, 16)
	payload = binary.BigEndian.AppendUint64(payload, uint64(batch))
	payload = binary.BigEndian.AppendUint64(payload, uint64(epoch))
	id := strconv.FormatInt(batch, 10) + ":" + strconv.FormatInt(epoch, 10)
	_, err := q.client.Load().EnqueueContext(ctx, asynq.NewTask(kind, payload), asynq.Queue(lane.String()),
		asynq.TaskID(id), asynq.Timeout(taskTimeout), asynq.MaxRetry(retries))
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		return fmt.Errorf("push to lane %s: %w", lane, err)
	}
	q.pushed.Store(true)
	return nil
}
