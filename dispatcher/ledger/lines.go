package ledger

import (
	"context"
	"fmt"
	"slices"
)

// How a process finds its lines to a carrier.
const (
	LineUp      = "up"
	LineDown    = "down"
	LineIll     = "ill"     // connected, but the carrier does not do its work
	LineStopped = "stopped" // not called any more: the carrier refuses the credentials
)

var lineStates = []string{LineUp, LineDown, LineIll, LineStopped}

// A LineState is how one process finds a provider's lines.
type LineState struct {
	Provider string `json:"-"`
	Owner    string `json:"owner"`
	State    string `json:"state"`
	Fault    string `json:"fault,omitempty"`
	Since    int64  `json:"since"` // milliseconds since 1970
}

// NoteLines writes down the states of this process's lines, for processes that read the ledger.
func (l *Ledger) NoteLines(states []LineState) error {
	if len(states) == 0 {
		return nil
	}
	for _, s := range states {
		if err := checkFields(field{"the provider's name", s.Provider, maxName}); err != nil {
			return err
		}
		if !slices.Contains(lineStates, s.State) {
			return fmt.Errorf("%w: there is no state of a line %q", ErrValue, s.State)
		}
	}
	return l.commit(func(c *commit) error {
		for _, s := range states {
			c.do(`INSERT INTO line (provider, owner, state, fault, since) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (provider, owner) DO UPDATE SET state = excluded.state, fault = excluded.fault, since = excluded.since`,
				s.Provider, l.owner, s.State, storable(s.Fault, maxWhy), c.at)
		}
		c.then = append(c.then, func() { l.noted = true })
		return nil
	})
}

// ForgetLines takes away what this process has said of its lines: it ends. Nothing is
// written when it has said nothing.
func (l *Ledger) ForgetLines() error {
	l.mu.Lock()
	noted := l.noted
	l.noted = false
	l.mu.Unlock()
	if !noted {
		return nil
	}
	return l.commit(func(c *commit) error {
		c.do(`DELETE FROM line WHERE owner = $1`, l.owner)
		return nil
	})
}

// strayLines takes away what the last process of a ledger in a file has left behind
// when it was killed.
func (l *Ledger) strayLines(ctx context.Context) error {
	var n int
	if err := l.db.QueryRowContext(ctx, `SELECT count(*) FROM line`).Scan(&n); err != nil || n == 0 {
		return err
	}
	return l.commit(func(c *commit) error {
		c.do(`DELETE FROM line`)
		return nil
	})
}

// readLines are the lines of each provider as the processes at work find them.
func readLines(ctx context.Context, q querier, shared bool) (map[string][]LineState, error) {
	alive := ""
	if shared {
		alive = fmt.Sprintf(` WHERE owner IN (SELECT id FROM owner WHERE beat >= %s - %d)`, databaseNow, deadAfter.Milliseconds())
	}
	rows, err := q.QueryContext(ctx, `SELECT provider, owner, state, fault, since FROM line`+alive+` ORDER BY provider, owner`)
	if err != nil {
		return nil, fmt.Errorf("read the lines: %w", err)
	}
	defer rows.Close()
	all := map[string][]LineState{}
	for rows.Next() {
		var s LineState
		if err := rows.Scan(&s.Provider, &s.Owner, &s.State, &s.Fault, &s.Since); err != nil {
			return nil, fmt.Errorf("read the lines: %w", err)
		}
		all[s.Provider] = append(all[s.Provider], s)
	}
	return all, rows.Err()
}

// A Standing is what there is to know of a provider: what people told it, how its lines
// stand, and what its carrier took.
type Standing struct {
	Provider
	Lines []LineState `json:"lines,omitempty"` // none: no process works with it
	Hours []Hour      `json:"hours,omitempty"` // in which the carrier took less than the rate
}

// Up reports whether some process has the line up; ok is false when no process says.
func (s *Standing) Up() (up, ok bool) {
	for _, l := range s.Lines {
		up = up || l.State == LineUp
	}
	return up, len(s.Lines) > 0
}

// Standings are the providers named, and those that people have told something, in
// order of their names.
func (r *Reader) Standings(ctx context.Context, names []string) ([]Standing, error) {
	told, err := r.Providers(ctx, names)
	if err != nil {
		return nil, err
	}
	lines, err := readLines(ctx, r.db, r.shared)
	if err != nil {
		return nil, err
	}
	hours, err := readHours(ctx, r.db)
	if err != nil {
		return nil, err
	}
	all := make([]Standing, len(told))
	for i, p := range told {
		all[i] = Standing{p, lines[p.Name], hours[p.Name]}
	}
	return all, nil
}
