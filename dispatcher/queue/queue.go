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

	"tocsin/providers/sms"
)

// ErrLater is what a handler returns when a task has to come back. It does not
// count as a failure.
var ErrLater = errors.New("later")

// A Lane is the queue of one provider and one class.
type Lane struct {
	Provider string
	Class    sms.Class
}

// name is the lane's queue in Redis.
func (l Lane) name() string { return l.Provider + ":" + l.Class.String() }

// Options says where the queue is.
type Options struct {
	// URL is "embedded" or redis://host:port/db.
	URL    string
	Logger *slog.Logger
}

// A Queue is the lanes of all providers.
type Queue struct {
	redis    redis.UniversalClient
	embedded *miniredis.Miniredis
	log      *slog.Logger
	client   *asynq.Client

	down  atomic.Int64 // since when Redis does not answer, in ns since 1970; 0: it does
	mu    sync.Mutex
	lanes map[Lane]struct{}
}

// Open connects to the queue. A Redis that does not answer is no error: Down
// tells.
func Open(_ context.Context, o Options) (*Queue, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	client, embedded, err := connect(o.URL)
	if err != nil {
		return nil, err
	}
	return &Queue{
		redis: client, embedded: embedded, log: o.Logger, lanes: map[Lane]struct{}{},
		client: asynq.NewClientFromRedisClient(client),
	}, nil
}

// Close lets go of Redis. Run and Serve must be over.
func (q *Queue) Close() error {
	err := q.redis.Close()
	if q.embedded != nil {
		q.embedded.Close()
	}
	return err
}

// Redis is the connection, for what shares it (rates).
func (q *Queue) Redis() redis.UniversalClient { return q.redis }

// probeEvery is how often Redis is asked whether it is there.
const probeEvery = 500 * time.Millisecond

// Run watches Redis until ctx ends.
func (q *Queue) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	if q.embedded != nil {
		wg.Go(func() { tickEmbedded(ctx, q.embedded) })
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

func (q *Queue) probe(ctx context.Context) {
	ask, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := q.redis.Ping(ask).Err()
	switch {
	case ctx.Err() != nil:
	case err == nil:
		if q.down.Swap(0) != 0 {
			q.log.Info("redis answers again")
		}
	case q.down.CompareAndSwap(0, time.Now().UnixNano()):
		q.log.Warn("redis does not answer; pages will be claimed straight from the ledger", "err", err)
	}
}

// Down is for how long Redis has not answered; 0 when it does.
func (q *Queue) Down() time.Duration {
	since := q.down.Load()
	if since == 0 {
		return 0
	}
	return max(time.Since(time.Unix(0, since)), 1)
}

const (
	// taskTimeout is far above the time a page takes.
	taskTimeout = 5 * time.Minute
	// retries never run out: attempts are the ledger's business.
	retries = 1 << 20
)

// Push puts a page's task in its lane. The same page and epoch pushed again while
// the first is there is nothing.
func (q *Queue) Push(ctx context.Context, lane Lane, page, epoch int64) error {
	q.mu.Lock()
	q.lanes[lane] = struct{}{}
	q.mu.Unlock()
	payload := binary.BigEndian.AppendUint64(nil, uint64(page))
	payload = binary.BigEndian.AppendUint64(payload, uint64(epoch))
	id := strconv.FormatInt(page, 10) + ":" + strconv.FormatInt(epoch, 10)
	_, err := q.client.EnqueueContext(ctx, asynq.NewTask("batch", payload), asynq.Queue(lane.name()), asynq.TaskID(id),
		asynq.Timeout(taskTimeout), asynq.MaxRetry(retries))
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		return fmt.Errorf("push to lane %s: %w", lane.name(), err)
	}
	return nil
}

// Depth is how many tasks each lane has waiting or being worked on.
func (q *Queue) Depth(ctx context.Context) map[Lane]int {
	q.mu.Lock()
	lanes := make([]Lane, 0, len(q.lanes))
	for l := range q.lanes {
		lanes = append(lanes, l)
	}
	q.mu.Unlock()
	depth := make(map[Lane]int, len(lanes))
	for _, l := range lanes {
		// The names of asynq's lists.
		key := "asynq:{" + l.name() + "}:"
		n := 0
		for _, list := range []string{"pending", "active"} {
			k, err := q.redis.LLen(ctx, key+list).Result()
			if err != nil {
				return depth
			}
			n += int(k)
		}
		for _, set := range []string{"scheduled", "retry"} {
			k, err := q.redis.ZCard(ctx, key+set).Result()
			if err != nil {
				return depth
			}
			n += int(k)
		}
		depth[l] = n
	}
	return depth
}
