package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

const (
	lookEvery   = 100 * time.Millisecond
	resendAfter = 2 * time.Second // time for an answer's receipt before doubt is sent again
)

// live starts campaigns when their time has come, ends them when all is settled
// or the wait for receipts is over, and applies policies in between.
func (d *Dispatcher) live(ctx context.Context) error {
	defer d.recurring.working.Wait()
	quiet := map[int64]time.Time{} // since when nothing of a campaign is waiting or offered
	down := map[string]time.Time{}
	for last := time.Now(); ; {
		d.pace()
		leads := d.ledger.Leads()
		for _, c := range d.ledger.Campaigns() {
			if !leads { // another process sees to it
				break
			}
			err := d.look(ctx, &c, quiet)
			if errors.Is(err, ledger.ErrRefused) { // of this campaign alone: the others go on
				d.log.Error("the ledger does not take what becomes of a campaign", "campaign", c.Key, "err", err)
				continue
			}
			if err != nil {
				return fmt.Errorf("campaign %s: %w", c.Key, err)
			}
		}
		if time.Since(last) >= time.Second {
			last = time.Now()
			if err := d.ledger.Tidy(); errors.Is(err, ledger.ErrRefused) {
				d.log.Error("the ledger does not take what was tidied up", "err", err)
			} else if err != nil {
				return err
			}
			if leads {
				if err := d.reroute(down); err != nil {
					return err
				}
			}
		}
		if !sleep(ctx, lookEvery) {
			return nil
		}
	}
}

// look takes one campaign a step on in its life.
func (d *Dispatcher) look(ctx context.Context, c *ledger.Campaign, quiet map[int64]time.Time) error {
	switch c.State {
	case ledger.Finished, ledger.Paused, ledger.Submitted:
		delete(quiet, c.ID) // it may be reopened
		return nil
	case ledger.Cancelled:
		// Pages that were at work when it was cancelled come back with waiting recipients.
		if d.ledger.Tally(c.ID).Waiting == 0 {
			return nil
		}
		return d.ledger.Cancel(c.ID)
	}
	o, err := d.orders.of(c)
	if err != nil {
		return err
	}
	if o.definition.Schedule.Recurrence != nil {
		return d.recurring.look(ctx, d, c, o.definition)
	}
	now := time.Now()
	schedule := &o.definition.Schedule
	if at := schedule.Expires; !at.IsZero() && now.After(at) {
		if err := d.ledger.Expire(c.ID); err != nil {
			return err
		}
	}
	if late := missed(c, schedule, now); late > schedule.Tolerance {
		why := fmt.Sprintf("its start was missed by %v and was not made up for by itself: resume or cancel it", late.Round(time.Second))
		held, err := d.ledger.Hold(c.ID, c.State, why)
		if held {
			d.log.Error("campaign is paused: nobody was there to start it in time", "campaign", c.Key, "late", late.Round(time.Second))
		}
		return err
	}
	open := !now.Before(schedule.Start) && schedule.Window.Contains(now)
	switch {
	case open && c.State != ledger.Running:
		return d.become(c, ledger.Running, "campaign runs")
	case !open && c.State == ledger.Running:
		return d.become(c, ledger.Scheduled, "campaign is outside its sending window")
	}
	t := d.ledger.Tally(c.ID)
	if o.definition.Resends() && t.InDoubt > 0 {
		if _, err := d.ledger.Resend(c.ID, resendAfter); err != nil {
			return err
		}
		t = d.ledger.Tally(c.ID)
	}
	if t.Waiting+t.Offered > 0 {
		delete(quiet, c.ID)
		return nil
	}
	since, ok := quiet[c.ID]
	if !ok {
		since = now
		quiet[c.ID] = now
	}
	if now.Sub(since) < patience(o, &t) {
		return nil
	}
	return d.become(c, ledger.Finished, "campaign is finished", "delivered", t.Delivered, "failed", t.Failed, "in_doubt", t.InDoubt)
}

// become takes a campaign to another state, and logs what that means with more attributes,
// unless another process has just changed it.
func (d *Dispatcher) become(c *ledger.Campaign, state, news string, more ...any) error {
	done, err := d.ledger.SetState(c.ID, c.State, state)
	if done {
		d.log.Info(news, append([]any{"campaign", c.Key}, more...)...)
	}
	return err
}

// missed is by how much the start of a campaign has been missed that was planned
// in time, and has neither run nor been held before.
func missed(c *ledger.Campaign, s *campaigns.Schedule, now time.Time) time.Duration {
	if s.Start.IsZero() || c.Started > 0 || c.Note != "" || c.Created >= s.Start.UnixMilli() {
		return 0
	}
	return now.Sub(s.Start)
}

// patience is how long a campaign whose last message was sent is left open: for
// the receipts it wants, and until doubt has had its turn to be resent.
func patience(o *order, t *ledger.Tally) time.Duration {
	var d time.Duration
	if o.definition.Receipts.Wanted && t.Accepted+t.InDoubt > 0 {
		d = o.definition.Receipts.Wait
	}
	if o.definition.Resends() && t.InDoubt > 0 {
		d = max(d, resendAfter+lookEvery)
	}
	return d
}

// reroute gives what waits for lines that have been down for a while, or are disabled,
// to their routes' fall-backs, as the routes' policies say.
func (d *Dispatcher) reroute(down map[string]time.Time) error {
	for _, l := range d.lines {
		state := d.ledger.Provider(l.Name).State
		disabled := state == ledger.Disabled
		if !disabled && (l.usable() || d.ledger.LineUp(l.Name)) {
			delete(down, l.Name)
			continue
		}
		since, ok := down[l.Name]
		if !ok {
			since = time.Now()
			down[l.Name] = since
		}
		if l.onTrial() && state == ledger.Enabled {
			continue // it is tried first, with what waits for it
		}
		up := map[string]bool{} // asked here: Reroute holds the ledger
		for _, other := range d.lines {
			up[other.Name] = (other.usable() || d.ledger.LineUp(other.Name)) && d.ledger.Provider(other.Name).State == ledger.Enabled
		}
		pages, people, err := d.ledger.Reroute(l.Name,
			func(route sms.Route, class sms.Class) bool {
				return d.fallbacks.Allows(route, class, time.Since(since), disabled)
			},
			func(name string) bool { return up[name] })
		if err != nil {
			return fmt.Errorf("reroute pages of %s: %w", l.Name, err)
		}
		if pages > 0 {
			d.log.Warn("provider is down or disabled, who waits for it goes to the fall-back", "provider", l.Name, "pages", pages, "recipients", people)
		}
	}
	return nil
}
