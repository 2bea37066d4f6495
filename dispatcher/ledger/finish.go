package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tocsin/providers/sms"
)

// An Estimate is when the last recipient of a running campaign will have been offered,
// if nothing else is started and every carrier takes its rate.
type Estimate struct {
	At time.Time `json:"at,omitzero"`
	// Unknown is the provider whose rate is not known, or whose line is not up: then
	// there is no At.
	Unknown string `json:"unknown,omitempty"`
}

// A Pace is how fast a provider works off its lanes.
type Pace struct {
	Rate  float64 // segments per second; 0: not known
	Floor float64 // share of it that routine lanes keep while urgent ones work
}

// A Backlog is what one provider has to do until a campaign is through, in segments.
type Backlog struct {
	// Ahead goes first, by class: all of higher classes, and older campaigns of its own.
	Ahead [sms.Classes]int
	Own   int
}

// Takes is how long a campaign of a class is until it is through; ok is false when the
// rate is not known. Emergencies have the whole rate first. Then urgent ones have it,
// less the floor of the routine ones while there are any.
func (b *Backlog) Takes(class sms.Class, p Pace) (d time.Duration, ok bool) {
	if b.Own == 0 {
		return 0, true
	}
	if p.Rate <= 0 {
		return 0, false
	}
	emergency, urgent, routine := float64(b.Ahead[sms.Emergency]), float64(b.Ahead[sms.Urgent]), float64(b.Ahead[sms.Routine])
	own, floor := float64(b.Own), p.Floor
	var segments float64 // at the whole rate
	switch class {
	case sms.Emergency:
		segments = emergency + own
	case sms.Urgent:
		// What routine work takes by its floor meanwhile.
		segments = urgent + own
		if floor > 0 {
			segments += min(routine, segments*floor/(1-floor))
		}
		segments += emergency
	default:
		routine += own
		segments = urgent + routine
		if floor > 0 && routine/floor < segments {
			segments = routine / floor // through before the urgent ones are
		}
		segments += emergency
	}
	return time.Duration(segments / p.Rate * float64(time.Second)), true
}

// Finish estimates when a running campaign will be through; paces are by provider.
func (r *Reader) Finish(ctx context.Context, key string, paces map[string]Pace) (*Estimate, error) {
	class, backlogs, err := readBacklogs(ctx, r.db, key)
	if err != nil {
		return nil, fmt.Errorf("estimate the end of %s: %w", key, err)
	}
	return estimate(time.Now(), class, backlogs, paces), nil
}

// estimate is the end of the provider that takes longest.
func estimate(now time.Time, class sms.Class, backlogs map[string]*Backlog, paces map[string]Pace) *Estimate {
	var longest time.Duration
	var unknown []string
	for name, b := range backlogs {
		d, ok := b.Takes(class, paces[name])
		if !ok {
			unknown = append(unknown, name)
		}
		longest = max(longest, d)
	}
	if len(unknown) > 0 {
		return &Estimate{Unknown: slices.Min(unknown)}
	}
	return &Estimate{At: now.Add(longest)}
}

// readBacklogs are the backlogs of a campaign by provider, and its class. What is
// offered counts as yet to come; a page's segments are taken to be spread evenly.
func readBacklogs(ctx context.Context, q querier, key string) (sms.Class, map[string]*Backlog, error) {
	var id int64
	var class sms.Class
	if err := q.QueryRowContext(ctx, `SELECT id, class FROM campaign WHERE key = $1`, key).Scan(&id, &class); err != nil {
		return 0, nil, err
	}
	rows, err := q.QueryContext(ctx, `SELECT p.provider, c.id, c.class, sum(p.planned_segments * (p.waiting + p.offered) / p.size)
		FROM campaign c JOIN page p ON p.campaign = c.id
		WHERE c.state = 'running' AND p.waiting + p.offered > 0 GROUP BY p.provider, c.id, c.class`)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	all := map[string]*Backlog{}
	for rows.Next() {
		var provider string
		var campaign int64
		var of sms.Class
		var segments int
		if err := rows.Scan(&provider, &campaign, &of, &segments); err != nil {
			return 0, nil, err
		}
		b := all[provider]
		if b == nil {
			b = &Backlog{}
			all[provider] = b
		}
		switch {
		case campaign == id:
			b.Own += segments
		case of != class || campaign < id: // a lower class takes no more than its floor
			b.Ahead[of] += segments
		}
	}
	return class, all, rows.Err()
}
