package pace

import "time"

// A clock turns Redis's time into this process's, both in ns, its own counted by
// the monotonic clock. The difference between them is steady but seen only through
// the delay of answers, so the smallest one seen counts.
type clock struct {
	known  bool
	offset int64 // own - Redis's
	at     int64 // own time of the last answer
}

const (
	// drift is how fast two clocks may part: NTP slews at most 500 ppm.
	drift = 500e-6
	// jump is a difference that is no late answer but a clock that was set.
	jump = int64(50 * time.Millisecond)
)

// see takes an answer's Redis time into account, received at own time now.
func (c *clock) see(redis, now int64) {
	sample := now - redis
	slack := int64(float64(now-c.at) * drift)
	if !c.known || sample > c.offset+slack+jump {
		c.offset = sample
	} else {
		c.offset = min(c.offset+slack, sample)
	}
	c.known, c.at = true, now
}

// own is Redis's time by this process's clock.
func (c *clock) own(redis int64) int64 { return redis + c.offset }
