package queue

import (
	"context"
	"net"
	"strings"
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
		o, err := parseAddress(url)
		if err != nil {
			return err
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, probeTimeout, probeTimeout
		client := redis.NewUniversalClient(o)
		client.AddHook(brake{})
		q.redis = client
		return nil
	}
	q.embedded = miniredis.NewMiniRedis()
	q.connectEmbedded(&native{m: q.embedded})
	return nil
}

// connectEmbedded makes the client for an embedded Redis.
func (q *Queue) connectEmbedded(n *native) {
	q.native = n
	client := redis.NewClient(&redis.Options{
		// The address is never dialled; a name here would be resolved.
		Addr:            "127.0.0.1:1",
		Dialer:          func(context.Context, string, string) (net.Conn, error) { return n.m.Dial() },
		Protocol:        2,
		DisableIdentity: true,
	})
	client.AddHook(q.native)
	q.redis = client
}

// brake slows down scripts that Redis refuses for reasons of its own: asynq would
// try again at once, for ever, with all the CPU there is.
type brake struct{}

// DialHook changes nothing.
func (brake) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing: asynq runs no script in a pipeline.
func (brake) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook waits before it passes a refusal on.
func (brake) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if err == nil || !strings.HasPrefix(cmd.Name(), "eval") {
			return err
		}
		for _, refusal := range [...]string{"OOM ", "READONLY ", "MISCONF ", "LOADING ", "MASTERDOWN ", "CLUSTERDOWN ", "TRYAGAIN ", "NOAUTH ", "NOPERM "} {
			if strings.HasPrefix(err.Error(), refusal) {
				t := time.NewTimer(lookEvery)
				defer t.Stop()
				select {
				case <-t.C:
				case <-ctx.Done():
				}
				break
			}
		}
		return err
	}
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
