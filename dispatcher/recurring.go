package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
)

// An Occur plans an occurrence of a campaign that is sent again and again.
// ledger.ErrKnown: somebody has planned it already.
type Occur func(ctx context.Context, parent ledger.Campaign, at time.Time) error

// planAhead is how long before its time an occurrence is planned: far above what the
// planning of the largest audience takes.
const planAhead = time.Minute

// recurring makes occurrences. It plans one at a time, beside everything else.
type recurring struct {
	occur   Occur
	working sync.WaitGroup

	mu   sync.Mutex
	busy bool
	told map[int64]string // what was said of a campaign last
}

// look makes the next occurrence of a campaign when its time is near, and notes one that
// nobody was there for.
func (r *recurring) look(ctx context.Context, d *Dispatcher, c *ledger.Campaign, def *campaigns.Definition) error {
	every := def.Schedule.Recurrence
	now := time.Now()
	if c.Occurred == 0 { // it was approved just now: nothing before is missed
		return d.ledger.Occurred(c.ID, now, false, standing(c, every, begins(def, now)))
	}
	after := begins(def, time.UnixMilli(c.Occurred))
	next := every.Next(after)
	switch {
	case next.IsZero():
		return d.endRecurring(c)
	case now.Sub(next) > def.Schedule.Tolerance:
		d.log.Error("a time of a campaign was missed: nobody was there in time", "campaign", c.Key, "time", next)
		c.Missed++
		return d.ledger.Occurred(c.ID, next, true, standing(c, every, next))
	case next.Sub(now) > planAhead:
		return r.tell(d, c, standing(c, every, after))
	}
	if !r.begin() {
		return nil
	}
	r.working.Go(func() {
		defer r.end()
		err := r.occur(ctx, *c, next)
		switch {
		case err != nil && !errors.Is(err, ledger.ErrKnown):
			if ctx.Err() == nil {
				d.log.Error("a time of a campaign could not be planned", "campaign", c.Key, "time", next, "err", err)
			}
			return // tried again until it is missed
		case err == nil:
			d.log.Info("a time of a campaign is planned", "campaign", c.Key, "time", next)
		}
		if err := d.ledger.Occurred(c.ID, next, false, standing(c, every, next)); err != nil {
			d.fail(fmt.Errorf("note a time of %s: %w", c.Key, err))
		}
	})
	return nil
}

// begins is t, or just before the campaign's start when that is later.
func begins(def *campaigns.Definition, t time.Time) time.Time {
	if start := def.Schedule.Start; start.After(t) {
		return start.Add(-time.Nanosecond)
	}
	return t
}

// tell notes how a campaign stands when that is news.
func (r *recurring) tell(d *Dispatcher, c *ledger.Campaign, news string) error {
	if c.State == ledger.Approved {
		if _, err := d.ledger.SetState(c.ID, c.State, ledger.Scheduled); err != nil {
			return err
		}
	}
	if r.told[c.ID] == news {
		return nil
	}
	if r.told == nil {
		r.told = map[int64]string{}
	}
	r.told[c.ID] = news
	return d.ledger.Occurred(c.ID, time.UnixMilli(c.Occurred), false, news)
}

// begin reports whether a planning may begin: one is at work at a time.
func (r *recurring) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy {
		return false
	}
	r.busy = true
	return true
}

func (r *recurring) end() {
	r.mu.Lock()
	r.busy = false
	r.mu.Unlock()
}

// standing says when a campaign is sent next, as of the time handled last.
func standing(c *ledger.Campaign, every *campaigns.Recurrence, last time.Time) string {
	const layout = "2006-01-02 15:04 MST"
	var words []string
	if next := every.Next(last); next.IsZero() {
		words = append(words, "there is no next time")
	} else {
		words = append(words, "the next time is "+next.Format(layout))
	}
	if c.Missed > 0 {
		words = append(words, fmt.Sprintf("%d were missed, because nobody was there in time", c.Missed))
	}
	return strings.Join(words, "; ")
}

// endRecurring ends a campaign that has no times left: its waiting recipients have had them all.
func (d *Dispatcher) endRecurring(c *ledger.Campaign) error {
	if err := d.ledger.Expire(c.ID); err != nil {
		return err
	}
	return d.become(c, ledger.Finished, "campaign has no time left")
}
