package queue

import (
	"context"
	"fmt"
	"net"
	"strings"
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
	client := redis.NewClient(&redis.Options{
		// The address is never dialled; a name here would be resolved.
		Addr:            "127.0.0.1:1",
		Dialer:          func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
		Protocol:        2,
		DisableIdentity: true,
	})
	client.AddHook(emptyLanes{m})
	return client, m, nil
}

// emptyLanes answers asynq's question for the next task of an empty lane without
// running its script: each script costs the embedded Redis a Lua machine of its
// own, and two of three lanes are mostly empty.
type emptyLanes struct{ m *miniredis.Miniredis }

func (h emptyLanes) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h emptyLanes) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook knows the script by its keys: pending, then paused.
func (h emptyLanes) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if args := cmd.Args(); cmd.Name() == "evalsha" && len(args) > 4 {
			pending, _ := args[3].(string)
			paused, _ := args[4].(string)
			if strings.HasSuffix(pending, ":pending") && strings.HasSuffix(paused, ":paused") && !h.m.Exists(pending) {
				cmd.SetErr(redis.Nil)
				return redis.Nil
			}
		}
		return next(ctx, cmd)
	}
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
