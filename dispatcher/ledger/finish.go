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

// Finish estimates when the running campaign of a report will be through; paces are by
// provider.
func (r *Reader) Finish(ctx context.Context, of *Report, paces map[string]Pace) (*Estimate, error) {
	backlogs, err := readBacklogs(ctx, r.db, of)
	if err != nil {
		return nil, fmt.Errorf("estimate the end of %s: %w", of.Campaign, err)
	}
	return estimate(time.Now(), of.class, backlogs, paces), nil
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

// readBacklogs are the backlogs of a campaign by provider. What is offered counts as
// yet to come; a page's segments are taken to be spread evenly.
func readBacklogs(ctx context.Context, q querier, of *Report) (map[string]*Backlog, error) {
	all := map[string]*Backlog{}
	for name, segments := range of.toGo {
		all[name] = &Backlog{Own: segments}
	}
	rows, err := q.QueryContext(ctx, `SELECT p.provider, c.id, c.class, sum(p.planned_segments * (p.waiting + p.offered) / p.size)
		FROM campaign c JOIN page p ON p.campaign = c.id
		WHERE c.state = 'running' AND c.id <> $1 AND p.waiting + p.offered > 0 GROUP BY p.provider, c.id, c.class`, of.id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var provider string
		var campaign int64
		var class sms.Class
		var segments int
		if err := rows.Scan(&provider, &campaign, &class, &segments); err != nil {
			return nil, err
		}
		// A younger one of its class comes after it; a lower class has no more than its floor.
		if b := all[provider]; b != nil && (class != of.class || campaign < of.id) {
			b.Ahead[class] += segments
		}
	}
	return all, rows.Err()
}
