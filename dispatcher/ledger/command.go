package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A Command is what somebody does to a campaign, and why.
type Command struct {
	Key  string
	Verb string // approve, pause, resume, cancel, resend or leave
	Who  string
	Why  string
}

// An Effect is what a command has done.
type Effect struct {
	State string `json:"state"` // the campaign's now
	// Of a cancel: who is spared the message, whom it has reached or is on its way
	// to, and of whom nobody knows. Of a resend: Prevented is who is sent it again.
	Prevented int `json:"prevented"`
	Out       int `json:"out"`
	InDoubt   int `json:"in_doubt"`
}

// ErrNoCommand says that a verb is none.
var ErrNoCommand = errors.New("there is no command")

// ErrNotAllowed says that a command does not fit the state a campaign is in.
var ErrNotAllowed = errors.New("this cannot be done to a campaign in this state")

// A verb is a command: the states it may be given in, and the one it leads to; "":
// the one it was given in.
type verb struct {
	name string
	from []string
	to   string
}

var verbs = []verb{
	{"approve", []string{Submitted}, Approved},
	{"pause", []string{Approved, Scheduled, Running}, Paused},
	{"resume", []string{Paused}, Approved},
	{"cancel", []string{Submitted, Approved, Scheduled, Running, Paused}, Cancelled},
	{"resend", []string{Approved, Scheduled, Running, Paused, Finished}, Approved},
	{"leave", []string{Approved, Scheduled, Running, Paused, Finished}, ""},
}

// Do carries a command out and writes down who gave it and why, in one transaction.
// ErrNotFound and ErrNotAllowed have changed nothing. Every process over the ledger
// obeys within a second.
func (l *Ledger) Do(ctx context.Context, d Command) (Effect, error) {
	at := slices.IndexFunc(verbs, func(v verb) bool { return v.name == d.Verb })
	if at < 0 {
		return Effect{}, fmt.Errorf("%w %q", ErrNoCommand, d.Verb)
	}
	v := verbs[at]
	if err := l.Sync(ctx); err != nil {
		return Effect{}, err
	}
	known, err := l.Campaign(d.Key)
	if err != nil {
		return Effect{}, err
	}
	if !slices.Contains(v.from, known.State) {
		return Effect{}, fmt.Errorf("%w: %s is %s, and %s is for one that is %s", ErrNotAllowed, d.Key, known.State, d.Verb, strings.Join(v.from, " or "))
	}
	to := v.to
	if to == "" {
		to = known.State
	}
	err = l.commit(func(c *commit) error {
		k := l.campaignOf(known.ID)
		k.State, k.Note = to, ""
		if d.Verb == "pause" || d.Verb == "cancel" {
			k.Note = fmt.Sprintf("%s by %s: %s", d.Verb, d.Who, d.Why)
		}
		switch {
		case to == Cancelled:
			k.Finished = c.at
		case known.State == Finished && to == Approved:
			k.Finished = 0
		}
		c.do(`UPDATE campaign SET state = $1, note = $2, finished = $3 WHERE id = $4 AND state = $5`, to, k.Note, k.Finished, k.ID, known.State)
		c.do(`INSERT INTO command (id, at, campaign, verb, who, why) VALUES ($1, $2, $3, $4, $5, $6)`, rand.Int64(), c.at, d.Key, d.Verb, d.Who, d.Why)
		return nil
	})
	if err != nil {
		return Effect{}, err
	}
	if err := l.Sync(ctx); err != nil {
		return Effect{}, err
	}
	now, err := l.Campaign(d.Key)
	if err != nil {
		return Effect{}, err
	}
	if now.State != to && !(to == Approved && (now.State == Running || now.State == Scheduled)) {
		return Effect{}, fmt.Errorf("%w: %s has become %s meanwhile", ErrNotAllowed, d.Key, now.State)
	}
	e := Effect{State: now.State}
	switch d.Verb {
	case "cancel":
		if err := l.Cancel(known.ID); err != nil {
			return Effect{}, err
		}
	case "resend":
		if e.Prevented, err = l.Resend(known.ID, 0); err != nil {
			return Effect{}, err
		}
		return e, nil
	}
	t := l.Tally(known.ID)
	e.Prevented, e.InDoubt = t.Cancelled+t.Waiting, t.InDoubt
	e.Out = t.Offered + t.Accepted + t.Delivered + t.Failed
	return e, nil
}

// A Given is a command as it was written down.
type Given struct {
	Command
	At int64 // milliseconds since 1970
}

// Commands are what was done to a campaign, oldest first.
func (r *Reader) Commands(ctx context.Context, key string) ([]Given, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT at, campaign, verb, who, why FROM command WHERE campaign = $1 ORDER BY at`, key)
	if err != nil {
		return nil, fmt.Errorf("read what was done to %s: %w", key, err)
	}
	defer rows.Close()
	var all []Given
	for rows.Next() {
		var g Given
		if err := rows.Scan(&g.At, &g.Key, &g.Verb, &g.Who, &g.Why); err != nil {
			return nil, fmt.Errorf("read what was done to %s: %w", key, err)
		}
		all = append(all, g)
	}
	return all, rows.Err()
}
