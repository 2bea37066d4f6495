package queue

import (
	"context"
	"testing"

	"tocsin/dispatcher/queue/redistest"
	"tocsin/providers/sms"
)

// ready is a queue at url that runs until the test ends.
func ready(t *testing.T, url string) *Queue {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	q, err := Open(ctx, Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- q.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

// works checks that tasks of every lane of some providers go through.
func works(t *testing.T, q *Queue, batch int64) {
	t.Helper()
	for _, provider := range []string{"mobile", "unicom", "telecom"} {
		var r record
		stop := serve(t, q, provider, 2, func(_ context.Context, batch, epoch int64) error { r.add(batch, epoch); return nil })
		for class := range sms.Class(sms.Classes) {
			lane := Lane{provider, class}
			eventually(t, "redis takes a task", func() bool { return q.Push(t.Context(), lane, batch, int64(class)+1) == nil })
			if err := q.Push(t.Context(), lane, batch, int64(class)+1); err != nil {
				t.Errorf("pushed again: %v", err)
			}
		}
		eventually(t, "all lanes' tasks run", func() bool { return len(r.all()) >= sms.Classes })
		stop()
		for lane, n := range q.Depth(t.Context()) {
			if n < 0 || n > 1 {
				t.Errorf("lane %v: got a depth of %d", lane, n)
			}
		}
	}
}

func TestTheQueueGoesOnWhenSentinelsMakeTheReplicaTheMaster(t *testing.T) {
	if testing.Short() {
		t.Skip("a failover takes seconds: in make test, not in make check")
	}
	s := redistest.NewSentinels(t)
	q := ready(t, s.URL())
	works(t, q, 1)
	s.Master.Kill()
	works(t, q, 2) // the replica has become the master before anything is taken
}

func TestTheQueueWorksOnACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes seconds to find itself: in make test, not in make check")
	}
	c := redistest.NewCluster(t)
	q := ready(t, c.URL())
	works(t, q, 1)
	c.Nodes[1].Kill() // its slots are nobody's: the cluster answers nothing
	eventually(t, "the loss is seen", func() bool { return q.Down() > 0 })
	c.Nodes[1].Start()
	eventually(t, "the return is seen", func() bool { return q.Down() == 0 })
	works(t, q, 2)
}
