package queue

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"tocsin/providers/sms"
)

// What Redis holds must be the same to the last octet whether Go or Lua answers.
func TestNativeScriptsDoWhatLuaDoes(t *testing.T) {
	var native, lua []string
	synctest.Test(t, func(t *testing.T) { native = stages(t, false) })
	synctest.Test(t, func(t *testing.T) { lua = stages(t, true) })
	if diff := cmp.Diff(lua, native); diff != "" {
		t.Errorf("Go (+) leaves something else than Lua (-):\n%s", diff)
	}
	for i, want := range []string{"pending", "lease", "processed"} {
		if !strings.Contains(native[i], want) {
			t.Errorf("got %q at stage %d, want a key %q in it", native[i], i, want)
		}
	}
}

// stages is what the lanes hold when tasks are pushed, worked on and done.
func stages(t *testing.T, lua bool) (held []string) {
	q, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = q.Close() }()
	if lua { // the same Redis through a client without the hook
		_ = q.redis.Close()
		q.redis = redis.NewClient(&redis.Options{
			Addr: "127.0.0.1:1", Protocol: 2, DisableIdentity: true,
			Dialer: func(context.Context, string, string) (net.Conn, error) { return q.embedded.Dial() },
		})
		q.Rebuild()
	}
	look := func() {
		var lanes strings.Builder
		for _, entry := range strings.SplitAfter(q.embedded.Dump(), "\n- ") {
			if strings.HasPrefix(strings.TrimPrefix(entry, "- "), "asynq:{") {
				lanes.WriteString(entry)
			}
		}
		held = append(held, lanes.String())
	}
	for batch := range int64(6) {
		push(t, q, Lane{"mobile", sms.Routine}, batch, 1)
		push(t, q, Lane{"mobile", sms.Routine}, batch, 1)
	}
	push(t, q, Lane{"mobile", sms.Emergency}, 9, 3)
	look()
	release := make(chan struct{})
	stop := serve(t, q, "mobile", 3, func(_ context.Context, batch, _ int64) error {
		if batch > 1 && batch < 9 {
			<-release
		}
		return nil
	})
	time.Sleep(500 * time.Millisecond)
	look()
	close(release)
	time.Sleep(5 * time.Second)
	look()
	stop()
	return held
}
