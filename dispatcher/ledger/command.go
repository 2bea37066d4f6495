package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"tocsin/providers/sms"
)

// A Command is what a person does to a campaign or a provider, and why.
type Command struct {
	Key  string // the campaign's, or the provider's name
	Verb string // approve, pause, resume, cancel, resend, leave, mark; rate, enable, drain, disable, reroute or test
	Who  string
	Why  string
	Rate int // for rate: segments per second

	As       string // for mark: accepted, delivered or failed
	Provider string // for mark: only recipients that were offered through this one; "": all
	To       string // for reroute: the provider; "": the fall-backs of the routes
	Campaign string // for reroute: only of this campaign; "": of all
	// Among are the providers that there are, for mark and reroute; nil: any. One that
	// is not there any more may still have recipients.
	Among []string
}

// An Effect is what a command has done.
type Effect struct {
	State string `json:"state"` // the campaign's or the provider's now
	// Of a cancel: how many recipients do not get the message, how many it has left for
	// already, and how many are in doubt. Of a resend: Prevented is how many it is sent to again.
	Prevented int `json:"prevented"`
	Out       int `json:"out"`
	InDoubt   int `json:"in_doubt"`
	Marked    int `json:"marked,omitempty"` // of a mark: how many recipients are not in doubt any more
	// Of a reroute: how many recipients go to another provider, how many do when their page
	// comes back from its worker, and how many cannot, because no provider is left for them.
	Moved int `json:"moved,omitempty"`
	Later int `json:"later,omitempty"`
	Stay  int `json:"stay,omitempty"`
}

// ErrNoCommand says that a verb is not known.
var ErrNoCommand = errors.New("there is no command")

// ErrNoProvider says that there is no provider of a name.
var ErrNoProvider = errors.New("no such provider")

// ErrNotAllowed says that a command does not fit the state that things are in.
var ErrNotAllowed = errors.New("this cannot be done now")

// ErrIncomplete says that a command lacks something, or that there is no such command.
var ErrIncomplete = errors.New("the command is not complete")

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
	{"resend", []string{Approved, Scheduled, Running, Paused, Finished}, ""},
	{"leave", []string{Approved, Scheduled, Running, Paused, Finished}, ""},
	{"mark", []string{Approved, Scheduled, Running, Paused, Finished, Cancelled}, ""},
}

// Do carries a command out and writes down who gave it and why, in one transaction.
// An error has changed nothing: ErrNotFound, ErrNotAllowed, ErrIncomplete. Every
// process over the ledger obeys within a second.
func (l *Ledger) Do(ctx context.Context, d Command) (Effect, error) {
	if d.Who == "" || d.Why == "" {
		return Effect{}, fmt.Errorf("%w: who gives it and why are kept with it", ErrIncomplete)
	}
	if err := d.check(); err != nil {
		return Effect{}, err
	}
	if ToProvider(d.Verb) {
		return l.doProvider(ctx, d)
	}
	at := slices.IndexFunc(verbs, func(v verb) bool { return v.name == d.Verb })
	if at < 0 {
		return Effect{}, fmt.Errorf("%w %q", ErrNoCommand, d.Verb)
	}
	if err := l.Sync(ctx); err != nil {
		return Effect{}, err
	}
	known, err := l.Campaign(d.Key)
	if err != nil {
		return Effect{}, err
	}
	if d.Verb == "mark" {
		if _, err := marked(d.As); err != nil {
			return Effect{}, err
		}
	}
	var e Effect
	if err := l.commit(func(c *commit) (err error) {
		e, err = l.obey(c, l.campaignOf(known.ID), &verbs[at], d)
		return err
	}); err != nil || d.Verb != "cancel" {
		return e, err
	}
	err = l.spare(ctx, known.ID, &e)
	return e, err
}

// check refuses a command with a value that cannot be kept.
func (d *Command) check() error {
	return checkFields(field{"the name", d.Key, maxName}, field{"the command", d.Verb, maxName}, field{"who gives it", d.Who, maxName},
		field{"the reason", d.Why, maxWhy}, field{"what it is marked as", d.As, maxName}, field{"the provider's name", d.Provider, maxName},
		field{"the provider it goes to", d.To, maxName}, field{"the campaign's key", d.Campaign, maxName})
}

// backWithin is how long a cancel waits for the pages at work: they are given back
// within a second.
const backWithin = 2 * time.Second

// spare cancels the waiting recipients of a campaign that is cancelled, and counts them.
// The process that leads cancels later what a worker does not give back in time.
func (l *Ledger) spare(ctx context.Context, campaign int64, e *Effect) error {
	for start := time.Now(); ; {
		if err := l.Cancel(campaign); err != nil {
			return err
		}
		t := l.Tally(campaign)
		e.Prevented, e.InDoubt = t.Cancelled+t.Waiting, t.InDoubt
		e.Out = t.Offered + t.Accepted + t.Delivered + t.Failed
		if t.Waiting == 0 || time.Since(start) > backWithin {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(50 * time.Millisecond):
		}
		if err := l.Sync(ctx); err != nil {
			return err
		}
	}
}

// marked is the state that mark names: one that doubt may end in.
func marked(name string) (sms.State, error) {
	for _, s := range []sms.State{sms.Accepted, sms.Delivered, sms.Failed} {
		if s.String() == name && sms.InDoubt.May(s) {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%w: who is in doubt is marked as accepted, delivered or failed, not as %q", ErrIncomplete, name)
}

// obey carries out a command to campaign k.
func (l *Ledger) obey(c *commit, k *Campaign, v *verb, d Command) (Effect, error) {
	was := k.State
	if !slices.Contains(v.from, was) {
		return Effect{}, fmt.Errorf("%w: %s is %s, and %s is for one that is %s", ErrNotAllowed, d.Key, was, d.Verb, strings.Join(v.from, " or "))
	}
	e := Effect{State: cmp.Or(v.to, was)}
	if v.name == "resend" {
		var err error
		if e.Prevented, err = l.resendAll(c, k); err != nil {
			return Effect{}, err
		}
		if was == Finished && e.Prevented > 0 { // one that is paused stays so
			e.State = Approved
		}
	}
	if v.name == "mark" {
		to, err := marked(d.As)
		if err != nil {
			return Effect{}, err
		}
		if e.Marked, err = l.markAll(c, k, to, d.Provider); err != nil {
			return Effect{}, err
		}
		if e.Marked == 0 && d.Provider != "" && d.Among != nil && !slices.Contains(d.Among, d.Provider) {
			return Effect{}, fmt.Errorf("%w: %s, and nobody is in doubt through it", ErrNoProvider, d.Provider)
		}
		d.Verb += " " + d.As
	}
	k.State = e.State
	switch v.name {
	case "pause", "resume", "cancel":
		k.Note = fmt.Sprintf("%s by %s: %s", v.name, d.Who, d.Why)
	case "approve":
		k.Note = ""
	}
	switch {
	case e.State == Cancelled:
		k.Finished = c.at
	case was == Finished && e.State == Approved:
		k.Finished = 0
	}
	c.must(k, `UPDATE campaign SET state = $1, note = $2, finished = $3 WHERE id = $4 AND state = $5`, k.State, k.Note, k.Finished, k.ID, was)
	c.note(d.Verb, d.Key, d.Provider, d.Who, d.Why)
	if v.name == "approve" && k.Override != "" {
		c.note("override", d.Key, "", d.Who, k.Override)
	}
	return e, nil
}

// note writes a command down.
func (c *commit) note(verb, campaign, provider, who, why string) {
	c.do(insertCommand, rand.Int64(), c.at, campaign, verb, who, why, provider)
}

const insertCommand = `INSERT INTO command (id, at, campaign, verb, who, why, provider) VALUES ($1, $2, $3, $4, $5, $6, $7)`

// resendAll moves the recipients in doubt that were not resent before to waiting.
func (l *Ledger) resendAll(c *commit, k *Campaign) (n int, err error) {
	doubtful, err := l.doubtful(k)
	if err != nil {
		return 0, err
	}
	for _, p := range doubtful {
		n += c.shift(p, sms.InDoubt, sms.Waiting, func(i int) bool { return p.people.flags[i]&wasResent == 0 && l.wants(p, i) })
	}
	return n, nil
}

// markAll moves the recipients in doubt, or those of them that were offered through one
// provider, to the state that a person has found them to be in.
func (l *Ledger) markAll(c *commit, k *Campaign, to sms.State, provider string) (n int, err error) {
	doubtful, err := l.doubtful(k)
	if err != nil {
		return 0, err
	}
	for _, p := range doubtful {
		n += c.shift(p, sms.InDoubt, to, func(i int) bool { return provider == "" || p.through(i) == provider })
	}
	return n, nil
}

// doubtful are the pages with people in doubt, recipients present: all are read
// before one is changed.
func (l *Ledger) doubtful(k *Campaign) ([]*page, error) {
	var all []*page
	for _, p := range k.pages {
		if p.counts[sms.InDoubt] == 0 {
			continue
		}
		if err := l.load(p); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// A Given is a command as it was written down.
type Given struct {
	Command
	At int64 // milliseconds since 1970
}

// Commands are what was done to a campaign or a provider of this name, oldest first.
func (r *Reader) Commands(ctx context.Context, key string) ([]Given, error) {
	if !known(key) {
		return nil, nil
	}
	rows, err := r.db.QueryContext(ctx, `SELECT at, CASE WHEN campaign = '' THEN provider ELSE campaign END, verb, who, why FROM command WHERE campaign = $1 OR provider = $1 ORDER BY at`, key)
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
