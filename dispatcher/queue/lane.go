package queue

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/providers/sms"
)

// A Lane is the queue of one provider and one class.
type Lane struct {
	Provider string
	Class    sms.Class
}

// String is the lane's name in Redis, metrics and logs.
func (l Lane) String() string { return l.Provider + ":" + l.Class.String() }

// depthFor is for how long a depth is good enough.
const depthFor = time.Second

// lists and sets are where asynq keeps a lane's tasks.
var (
	lists = [...]string{"pending", "active"}
	sets  = [...]string{"scheduled", "retry"}
)

// Depth is how many tasks each lane has, waiting, put off or being worked on, for
// the lanes that Push or Serve has named. It may be a second old; what Redis did
// not answer for is as it was last known.
func (q *Queue) Depth(ctx context.Context) map[Lane]int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Since(q.started) < q.depthUntil {
		return maps.Clone(q.depth)
	}
	if depth, err := q.count(ctx); err == nil {
		q.depth = depth
	}
	q.depthUntil = time.Since(q.started) + depthFor
	return maps.Clone(q.depth)
}

// count asks for all lanes in one round trip. Under mu.
func (q *Queue) count(ctx context.Context) (map[Lane]int, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	asked := make(map[Lane][]*redis.IntCmd, len(q.lanes))
	_, err := q.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for lane := range q.lanes {
			key := "asynq:{" + lane.String() + "}:"
			for _, name := range lists {
				asked[lane] = append(asked[lane], p.LLen(ctx, key+name))
			}
			for _, name := range sets {
				asked[lane] = append(asked[lane], p.ZCard(ctx, key+name))
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	depth := make(map[Lane]int, len(asked))
	for lane, counts := range asked {
		for _, c := range counts {
			depth[lane] += int(c.Val())
		}
	}
	return depth, nil
}

// know remembers lanes, for Depth.
func (q *Queue) know(lanes ...Lane) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, lane := range lanes {
		q.lanes[lane] = struct{}{}
	}
}
