package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"tocsin/providers/sms"
)

// parked is a receipt that found no recipient yet: perhaps the answer that
// brings its reference is still on its way.
type parked struct {
	provider string
	receipt  sms.Receipt // owns its Ref
	since    time.Time
	id       int64 // its row among the orphans
}

// parkFor is how long a receipt without a recipient is tried again.
const parkFor = 10 * time.Minute

// Received counts what became of receipts.
type Received struct {
	Delivered, Failed, Intermediate int // new to us
	Repeated                        int // said before, or after the recipient was settled
	Orphans                         int // no recipient found: kept and tried again
	// Delay is the sum over the new ones of the time from offer to receipt.
	Delay time.Duration
}

// Receive puts receipts and incoming messages of one provider on disk. A nil
// error is the word that the carrier may be told.
func (l *Ledger) Receive(provider string, receipts []sms.Receipt, incoming []sms.Incoming) (Received, error) {
	var done Received
	err := l.commit(func(c *commit) error {
		done = Received{}
		var open group
		for i := range receipts {
			r := &receipts[i]
			if ok, err := l.hear(c, &open, provider, r, &done); err != nil {
				open.close(c)
				return err
			} else if !ok {
				l.park(c, provider, r)
				done.Orphans++
			}
		}
		open.close(c)
		for _, m := range incoming {
			l.lastID++
			id := l.lastID
			at := m.Time.UnixMilli()
			if m.Time.IsZero() {
				at = c.at
			}
			c.exec = append(c.exec, func(ctx context.Context, tx execer) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO incoming (id, provider, sender, recipient, text, at) VALUES ($1, $2, $3, $4, $5, $6)`,
					id, provider, m.From, m.To, m.Text, at)
				return err
			})
		}
		return nil
	})
	return done, err
}

// A group gathers neighbouring receipts of one page into one record.
type group struct {
	page *page
	body []byte
	n    int
	last said
}

func (g *group) close(c *commit) {
	if g.n > 0 {
		c.head(kindReceipt, g.page)
		c.journal = binary.AppendUvarint(c.journal, uint64(g.n))
		c.journal = append(c.journal, g.body...)
	}
	g.page, g.body, g.n = nil, g.body[:0], 0
}

// hear finds a receipt's recipient and folds the receipt into it. It reports
// whether one was found.
func (l *Ledger) hear(c *commit, g *group, provider string, r *sms.Receipt, done *Received) (bool, error) {
	p, s, guessed, err := l.match(provider, r)
	if err != nil || p == nil {
		return false, err
	}
	at := c.at
	if r.Time > 0 && r.Time < at {
		at = max(r.Time, p.millis(p.people.sent[s.index]))
	}
	s.state, s.reason, s.code, s.at = r.State, r.Reason, uint16(min(r.Code, 1<<16-1)), p.ticks(at)
	if !p.hear(s) {
		done.Repeated++
		return true, nil
	}
	if g.page != p {
		g.close(c)
		g.page = p
	}
	var before *said
	if g.n > 0 {
		before = &g.last
	}
	g.body = appendSaid(g.body, before, &s)
	g.n, g.last = g.n+1, s
	if guessed && p.people.parts[s.index] > 1 && len(r.Ref) > 0 {
		c.learn(p, s, r.Ref)
	}
	switch r.State {
	case sms.Delivered:
		done.Delivered++
	case sms.Failed:
		done.Failed++
	default:
		done.Intermediate++
	}
	done.Delay += time.Duration(c.at-p.millis(p.people.sent[s.index])) * time.Millisecond
	return true, nil
}

// park keeps a receipt that found nobody, in memory and on disk.
func (l *Ledger) park(c *commit, provider string, r *sms.Receipt) {
	l.lastID++
	l.orphaned++
	own := *r
	own.Ref = append([]byte(nil), r.Ref...)
	id, at := l.lastID, c.at
	if len(l.parked) < maxParked {
		l.parked = append(l.parked, parked{provider, own, time.Now(), id})
	}
	c.exec = append(c.exec, func(ctx context.Context, tx execer) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO orphan (id, provider, number, ref, state, reason, code, done, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			id, provider, int64(own.To), string(own.Ref), own.State, own.Reason, int64(own.Code), own.Time, at)
		if err != nil {
			return fmt.Errorf("keep receipt: %w", err)
		}
		return nil
	})
}

// maxParked bounds the receipts that are tried again; more are kept on disk only.
const maxParked = 100_000

// retryParked tries parked receipts again and lets go of old ones, which stay on disk.
func (l *Ledger) retryParked() error {
	return l.commit(func(c *commit) error {
		var g group
		var done Received
		kept := l.parked[:0]
		for _, k := range l.parked {
			ok, err := l.hear(c, &g, k.provider, &k.receipt, &done)
			if err != nil {
				g.close(c)
				return err
			}
			if ok {
				l.orphaned--
				id := k.id
				c.exec = append(c.exec, func(ctx context.Context, tx execer) error {
					_, err := tx.ExecContext(ctx, `DELETE FROM orphan WHERE id = $1`, id)
					return err
				})
			} else if time.Since(k.since) < parkFor {
				kept = append(kept, k)
			}
		}
		g.close(c)
		clear(l.parked[len(kept):])
		l.parked = kept
		return nil
	})
}

// Orphans is how many receipts are kept that found no recipient.
func (l *Ledger) Orphans() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.orphaned
}
