package queue

import (
	"math/rand/v2"
	"sync"
	"time"
)

// steps are the delays before a task comes back the first, second and any later
// time: short, because a campaign that is resumed or a line that is up again must
// not wait; growing, because 300 tasks that cannot go should not keep Redis busy.
var steps = [...]time.Duration{time.Second, 2 * time.Second, 5 * time.Second}

// delays remembers how often tasks came back; asynq counts only failures, and
// nothing here is one.
type delays struct {
	mu    sync.Mutex
	known map[task]int
}

// mostDelays bounds the memory: tasks that come back elsewhere are never forgotten
// here. Forgetting all only makes delays short again.
const mostDelays = 10_000

// next is how long a task waits now, with jitter of a fifth.
func (d *delays) next(payload []byte) time.Duration {
	id, _ := parse(payload)
	d.mu.Lock()
	n := d.known[id]
	if n < len(steps)-1 {
		if len(d.known) >= mostDelays {
			clear(d.known)
		}
		d.known[id] = n + 1
	}
	d.mu.Unlock()
	return steps[n] - steps[n]/10 + rand.N(steps[n]/5)
}

// forget drops a task that is done.
func (d *delays) forget(id task) {
	d.mu.Lock()
	delete(d.known, id)
	d.mu.Unlock()
}
