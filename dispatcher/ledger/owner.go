package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tocsin/dispatcher/fault"
	"tocsin/providers/sms"
)

// How processes that share a ledger know of each other. All ages are by the
// database's clock, so that no machine's own can steal a page from a live one.
const (
	beatEvery = 2 * time.Second  // how often a process says that it is there
	deadAfter = 10 * time.Second // without a word for so long its pages are taken
	// A process stops sending when it could not say so for this long: well before
	// the others take its pages.
	silentFor = 6 * time.Second
	syncEvery = 250 * time.Millisecond // how often a process looks what others have done
	// readTimeout bounds what is read while others wait. It is far above the slowest
	// healthy read, and below silentFor.
	readTimeout = 5 * time.Second
)

// errSilent breaks a ledger.
var errSilent = errors.New("this process could not say for 6 s that it is there: others may take its pages")

// Run keeps a shared ledger shared until ctx ends: it says that this process is
// there, looks what others have written, and takes the pages of those that are
// gone. A ledger in a file is nobody else's: Run only looks whether the file is where
// it was. It returns nil, or
// what has broken the ledger; a process that was silent for too long has broken it,
// however long the database keeps anybody waiting.
func (l *Ledger) Run(ctx context.Context) error {
	if !l.shared {
		return l.keepPlace(ctx)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	l.confirm(time.Now())
	silence := time.AfterFunc(silentFor, func() {
		l.fail(errSilent)
		stop()
	})
	defer silence.Stop()
	var both errgroup.Group
	both.Go(func() error { return l.keepBeating(ctx, silence) })
	both.Go(func() error { return l.keepLooking(ctx) })
	if err := both.Wait(); err != nil {
		return err
	}
	return l.Err()
}

// keepBeating says every beatEvery that this process is there, and puts silence off
// for as long as the database takes it.
func (l *Ledger) keepBeating(ctx context.Context, silence *time.Timer) error {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		begun := time.Now()
		if l.silent() { // this process was stopped: what it says now comes too late
			l.fail(errSilent)
		}
		if err := l.Err(); err != nil {
			return err
		}
		if err := l.beat(ctx); err == nil {
			l.confirm(begun)
			silence.Reset(silentFor - time.Since(begun))
		} else if ctx.Err() == nil {
			l.log.Warn("the ledger does not take this process's beat", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// keepLooking looks every syncEvery what others have written, and every beatEvery for
// those that are gone.
func (l *Ledger) keepLooking(ctx context.Context) error {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := l.Err(); err != nil {
			return err
		}
		l.lookAround(ctx, n%int(beatEvery/syncEvery) == 0)
	}
}

// lookAround is one look, within the time that a healthy database takes.
func (l *Ledger) lookAround(ctx context.Context, forTheDead bool) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := l.Sync(ctx); err != nil && ctx.Err() != context.Canceled {
		l.log.Warn("the ledger cannot be read", "err", err)
	}
	if !forTheDead {
		return
	}
	if err := l.takeOver(ctx); err != nil && ctx.Err() != context.Canceled {
		l.log.Warn("pages of processes that are gone could not be taken", "err", err)
	}
	if err := l.takeParked(ctx); err != nil && ctx.Err() != context.Canceled {
		l.log.Warn("receipts of processes that are gone could not be taken up", "err", err)
	}
}

// confirm notes when this process was last heard of.
func (l *Ledger) confirm(at time.Time) { l.heard.Store(&at) }

// silent reports whether this process has not been heard of for so long that others
// may be about to take its pages.
func (l *Ledger) silent() bool {
	heard := l.heard.Load()
	return heard != nil && time.Since(*heard) >= silentFor
}

// fail breaks the ledger.
func (l *Ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = fmt.Errorf("sending has stopped: %w", err)
		l.log.Error("sending has stopped", "err", err)
	}
}

// databaseNow is the database's clock in a statement, in milliseconds.
const databaseNow = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`

// beat says that this process is there, learns the database's clock and keeps or
// takes the leader's duties if no other process has them.
func (l *Ledger) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, silentFor/2)
	defer cancel()
	asked := fault.Now()
	var now int64
	err := l.db.QueryRowContext(ctx, `INSERT INTO owner (id, beat, started, build, lines, schema) VALUES ($1, `+databaseNow+`, `+databaseNow+`, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET beat = excluded.beat, lines = excluded.lines RETURNING beat`,
		l.owner, l.build, string(sms.NewRoute(l.linesUp()...)), sealedSince).Scan(&now)
	if err != nil {
		return fmt.Errorf("beat: %w", err)
	}
	ahead := now - asked.Add(fault.Now().Sub(asked)/2).UnixMilli()
	leads, err := l.takeLead(ctx)
	if err != nil {
		return fmt.Errorf("lead: %w", err)
	}
	if err := l.agreeOnSeals(ctx, leads); err != nil {
		return fmt.Errorf("look which programs are at work: %w", err)
	}
	owners, up, err := l.others(ctx)
	if err != nil {
		return fmt.Errorf("look for the others: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range l.owners {
		l.fewer = l.fewer || !slices.Contains(owners, id)
	}
	l.owners, l.up = owners, up
	l.ahead = ahead
	l.leads = leads
	if l.parkedUpTo == 0 { // at start: what came before has been read
		l.parkedUpTo = l.now() - deadAfter.Milliseconds()
	}
	return nil
}

// takeLead keeps or takes the leader's duties, unless another process has them.
func (l *Ledger) takeLead(ctx context.Context) (leads bool, err error) {
	if l.follows {
		return false, nil
	}
	err = l.db.QueryRowContext(ctx, `WITH mine AS (
			INSERT INTO lease (name, owner, until) VALUES ('lead', $1, `+databaseNow+` + $2)
			ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
			WHERE lease.owner = excluded.owner OR lease.until < `+databaseNow+` RETURNING 1)
		SELECT count(*) = 1 FROM mine`, l.owner, deadAfter.Milliseconds()).Scan(&leads)
	return leads, err
}

// lookAtClock learns the database's clock.
func (l *Ledger) lookAtClock(ctx context.Context) error {
	var now int64
	if err := l.db.QueryRowContext(ctx, `SELECT `+databaseNow).Scan(&now); err != nil {
		return fmt.Errorf("look at the clock: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ahead = now - fault.Now().UnixMilli()
	return nil
}

// others are the processes at work, this one among them, and how many of them have each
// provider's lines up.
func (l *Ledger) others(ctx context.Context) (owners []string, up map[string]int, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT id, lines FROM owner WHERE beat >= `+databaseNow+` - $1`, deadAfter.Milliseconds())
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	up = map[string]int{}
	for rows.Next() {
		var id, lines string
		if err := rows.Scan(&id, &lines); err != nil {
			return nil, nil, err
		}
		owners = append(owners, id)
		for name := range sms.Route(lines).Names() {
			up[name]++
		}
	}
	return owners, up, rows.Err()
}

// Owners is how many processes work on the ledger, at least 1.
func (l *Ledger) Owners() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(len(l.owners), 1)
}

// LineUp reports whether some process has lines of a provider up, as of its last beat.
func (l *Ledger) LineUp(provider string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up[provider] > 0
}

// TellLines says what this process's beats shall say of its lines. Call it before Run.
func (l *Ledger) TellLines(up func() []string) { l.lines = up }

func (l *Ledger) linesUp() []string {
	if l.lines == nil {
		return nil
	}
	return l.lines()
}

// Leads reports whether this process has the duties that one at a time shall have:
// feeding the queue, starting and ending campaigns.
func (l *Ledger) Leads() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leads
}

// now is the ledger's time in milliseconds since 1970: of a shared one the
// database's. Under l.mu.
func (l *Ledger) now() int64 { return fault.Now().UnixMilli() + l.ahead }

// takeOver ends the claims of processes that are gone.
func (l *Ledger) takeOver(ctx context.Context) error {
	dead, err := l.dead(ctx)
	if err != nil || len(dead) == 0 {
		return err
	}
	if err := l.syncOf(ctx, dead); err != nil {
		return fmt.Errorf("read the pages of processes that are gone: %w", err)
	}
	if err := l.recover(func(owner string) bool { return dead[owner] }); err != nil {
		return err
	}
	for owner := range dead {
		l.log.Warn("a process is gone, its pages are taken", "owner", owner)
		// One that still has a page, because it wrote to it just now, is seen again.
		if _, err := l.db.ExecContext(ctx, `DELETE FROM owner WHERE id = $1 AND beat < `+databaseNow+` - $2
			AND NOT EXISTS (SELECT 1 FROM page WHERE page.owner = $1)`, owner, deadAfter.Milliseconds()); err != nil {
			return fmt.Errorf("forget %s: %w", owner, err)
		}
	}
	return nil
}

// dead are the owners of pages that have said nothing for too long.
func (l *Ledger) dead(ctx context.Context) (map[string]bool, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT DISTINCT p.owner FROM page p LEFT JOIN owner o ON o.id = p.owner
		WHERE p.owner <> '' AND (o.id IS NULL OR o.beat < `+databaseNow+` - $1)`, deadAfter.Milliseconds())
	if err != nil {
		return nil, fmt.Errorf("look for processes that are gone: %w", err)
	}
	defer rows.Close()
	var dead map[string]bool
	for rows.Next() {
		var owner string
		if err := rows.Scan(&owner); err != nil {
			return nil, err
		}
		if owner != l.owner {
			if dead == nil {
				dead = map[string]bool{}
			}
			dead[owner] = true
		}
	}
	return dead, rows.Err()
}

// recover ends the claims of owners that are gone: what they had offered is in
// doubt, the rest of their pages is free.
func (l *Ledger) recover(gone func(owner string) bool) error {
	return l.commit(func(c *commit) error {
		for _, p := range l.pages {
			if p.owner == "" && (l.shared || p.counts[sms.Offered] == 0) || p.owner != "" && !gone(p.owner) {
				continue
			}
			owner := p.owner
			if err := l.load(p); err != nil {
				return err
			}
			if p.owner != owner {
				continue // another process has taken it already
			}
			c.shift(p, sms.Offered, sms.InDoubt, nil)
			c.release(p)
		}
		return nil
	})
}

// leave says that this process is gone, so that the others do not wait for it.
func (l *Ledger) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), silentFor/2)
	defer cancel()
	_, err := l.db.ExecContext(ctx, `DELETE FROM owner WHERE id = $1`, l.owner)
	if err == nil {
		_, err = l.db.ExecContext(ctx, `DELETE FROM lease WHERE owner = $1`, l.owner)
	}
	if err != nil {
		return fmt.Errorf("leave the ledger: %w", err)
	}
	return nil
}
