package queue

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Embedded is the URL of the Redis inside the process.
const Embedded = "embedded"

// connect opens the Redis at url. Embedded Redis has no listener and no port:
// connections are pipes in memory.
func connect(url string) (redis.UniversalClient, *miniredis.Miniredis, error) {
	if url != Embedded && url != "" {
		o, err := redis.ParseURL(url)
		if err != nil {
			return nil, nil, fmt.Errorf("queue: the address of Redis is not understood: want redis://host:6379/0")
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, 2*time.Second, 2*time.Second
		return redis.NewClient(o), nil, nil
	}
	m := miniredis.NewMiniRedis()
	return redis.NewClient(&redis.Options{
		// The address is never dialled; a name here would be resolved.
		Addr:            "127.0.0.1:1",
		Dialer:          func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
		Protocol:        2,
		DisableIdentity: true,
	}), m, nil
}

// tickEmbedded lets the embedded Redis's clock run, which does not run by itself.
func tickEmbedded(ctx context.Context, m *miniredis.Miniredis) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			m.FastForward(now.Sub(last))
			last = now
		}
	}
}
