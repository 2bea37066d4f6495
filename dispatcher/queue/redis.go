package queue

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Embedded is the URL of the Redis inside the process.
const Embedded = "embedded"

// connect makes the client for the Redis at url; nothing is dialled yet. Embedded
// Redis has no listener and no port: connections are pipes in memory.
func (q *Queue) connect(url string) error {
	if url != Embedded && url != "" {
		o, err := redis.ParseURL(url)
		if err != nil {
			return errors.New("the address of redis is not understood: want redis://host:6379/0")
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, probeTimeout, probeTimeout
		q.redis = redis.NewClient(o)
		return nil
	}
	q.embedded = miniredis.NewMiniRedis()
	q.native = &native{m: q.embedded}
	client := redis.NewClient(&redis.Options{
		// The address is never dialled; a name here would be resolved.
		Addr:            "127.0.0.1:1",
		Dialer:          func(context.Context, string, string) (net.Conn, error) { return q.embedded.Dial() },
		Protocol:        2,
		DisableIdentity: true,
	})
	client.AddHook(q.native)
	q.redis = client
	return nil
}

// tick lets the embedded Redis's keys grow old, which they do not by themselves,
// until ctx ends.
func tick(ctx context.Context, m *miniredis.Miniredis) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			now := time.Now()
			m.FastForward(now.Sub(last))
			last = now
		}
	}
}
