package queue

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// A server is a real Redis, a child of the test, that can be killed and started
// again on the same port.
type server struct {
	t    *testing.T
	path string
	port int
	cmd  *exec.Cmd
}

func newServer(t *testing.T) *server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed: the queue is tested on the embedded Redis alone")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, path: path, port: free.Addr().(*net.TCPAddr).Port}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	return s
}

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.path, "--bind", "127.0.0.1", "--port", fmt.Sprint(s.port), "--save", "", "--appendonly", "no", "--dir", s.t.TempDir())
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Error(err)
	}
	_ = s.cmd.Wait() // says that it was killed
	s.cmd = nil
}

// eventually waits until ok; the limit only ends a test that has failed.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(2 * time.Minute)
	for !ok() {
		if time.Now().After(limit) {
			t.Fatalf("got nothing in 2 minutes, want that %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestARealRedisDiesComesBackEmptyAndIsFlushed(t *testing.T) {
	redisServer := newServer(t)
	redisServer.start()
	ctx, cancel := context.WithCancel(context.Background())
	q, err := Open(ctx, Options{URL: fmt.Sprintf("redis://127.0.0.1:%d/0", redisServer.port), Logger: smstest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- q.Run(ctx) }()
	lane := Lane{"mobile", sms.Emergency}
	pushed := func(batch, epoch int64) func() bool {
		return func() bool { return q.Push(ctx, lane, batch, epoch) == nil }
	}
	var r record
	has := func(want task) func() bool {
		return func() bool {
			for _, one := range r.all() {
				if one == want {
					return true
				}
			}
			return false
		}
	}
	release := make(chan struct{})
	stop := serve(t, q, "mobile", 2, func(_ context.Context, batch, epoch int64) error {
		r.add(batch, epoch)
		if batch == 2 {
			<-release
		}
		return nil
	})

	eventually(t, "redis takes a task", pushed(1, 1))
	eventually(t, "it runs", has(task{1, 1}))

	push(t, q, lane, 2, 1)
	eventually(t, "the second runs", has(task{2, 1}))
	redisServer.kill() // while a handler is at work
	eventually(t, "the loss is seen", func() bool { return q.Down() > 0 })
	if err := q.Push(ctx, lane, 3, 1); err == nil {
		t.Error("got no error from a push without redis")
	}
	close(release) // its task cannot be taken off
	redisServer.start()
	eventually(t, "the return is seen", func() bool { return q.Down() == 0 })

	eventually(t, "redis takes a task again", pushed(3, 1))
	eventually(t, "it runs", has(task{3, 1}))

	stop() // nobody takes tasks: what is pushed now waits
	push(t, q, lane, 4, 1)
	if err := q.redis.FlushAll(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	q.Rebuild()
	stop = serve(t, q, "mobile", 2, func(_ context.Context, batch, epoch int64) error { r.add(batch, epoch); return nil })
	push(t, q, lane, 4, 2)
	eventually(t, "the new epoch runs", has(task{4, 2}))
	stop()
	if has(task{4, 1})() {
		t.Error("got the flushed task run, want only its new epoch")
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}
