package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"tocsin/providers/sms"
)

// A Listing is a change of the suppression list, the numbers that no campaign may reach:
// it puts numbers on the list or takes them off.
type Listing struct {
	Numbers []sms.Number
	Off     bool // take them off
	Who     string
	Why     string
}

// listedAtOnce is how many numbers one transaction lists: receipts wait meanwhile.
const listedAtOnce = 2000

// List changes the suppression list and writes down who did it and why; doing it twice
// changes nothing more. It holds at once, also for waiting recipients of a campaign that
// runs. It reports how many numbers it changed; after an error some may be changed.
func (l *Ledger) List(ctx context.Context, s Listing) (changed int, err error) {
	if err := checkFields(field{"who gives it", s.Who, maxName}, field{"the reason", s.Why, maxWhy}); err != nil {
		return 0, err
	}
	if err := checkNumbers(s.Numbers); err != nil {
		return 0, err
	}
	for some := range slices.Chunk(s.Numbers, listedAtOnce) {
		if err := ctx.Err(); err != nil {
			return changed, err
		}
		some, err = l.unlisted(ctx, some, !s.Off)
		if err != nil {
			return changed, err
		}
		if err := l.commit(func(c *commit) error {
			for _, n := range some {
				if s.Off {
					c.optIn(n, false, s.Who, s.Why, 0)
				} else {
					c.optOut(n, false, s.Who, s.Why, 0)
				}
			}
			c.then = append(c.then, func() { l.unwanted.set(some, !s.Off) })
			return nil
		}); err != nil {
			return changed, err
		}
		changed += len(some)
	}
	return changed, nil
}

// unlisted are those numbers, each once, that are not on the list as on says.
func (l *Ledger) unlisted(ctx context.Context, numbers []sms.Number, on bool) ([]sms.Number, error) {
	numbers = slices.Clone(numbers)
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	if len(numbers) == 0 {
		return nil, nil
	}
	listed, err := readSuppression(ctx, l.db, `WHERE number BETWEEN $1 AND $2`, int64(numbers[0]), int64(numbers[len(numbers)-1]))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(numbers, func(n sms.Number) bool {
		_, found := slices.BinarySearch(listed, n)
		return found == on
	}), nil
}

// optOut puts a number on the list; own says that it is by a message of its owner.
func (c *commit) optOut(n sms.Number, own bool, who, why string, campaign int64) {
	c.do(`INSERT INTO suppression (number, why, since, own) VALUES ($1, $2, $3, $4) ON CONFLICT (number) DO NOTHING`,
		int64(n), why, c.at, map[bool]int64{true: 1}[own])
	c.do(insertConsent, rand.Int64(), c.at, int64(n), "out", who, why, campaign)
}

// optIn takes a number off the list; by a message of its owner only where it is on it by
// such a one.
func (c *commit) optIn(n sms.Number, own bool, who, why string, campaign int64) {
	if own {
		c.do(`DELETE FROM suppression WHERE number = $1 AND own = 1`, int64(n))
	} else {
		c.do(`DELETE FROM suppression WHERE number = $1`, int64(n))
	}
	c.do(insertConsent, rand.Int64(), c.at, int64(n), "in", who, why, campaign)
}

const insertConsent = `INSERT INTO consent (id, at, number, verb, who, why, campaign) VALUES ($1, $2, $3, $4, $5, $6, $7)`

// Suppressed is the list as it stands now, as a question.
func (l *Ledger) Suppressed(ctx context.Context) (func(sms.Number) bool, error) {
	return suppressed(ctx, l.db)
}

// Suppressed is the list as it stands now, as a question.
func (r *Reader) Suppressed(ctx context.Context) (func(sms.Number) bool, error) {
	return suppressed(ctx, r.db)
}

func suppressed(ctx context.Context, q querier) (func(sms.Number) bool, error) {
	list, err := readSuppression(ctx, q, "")
	return func(n sms.Number) bool {
		_, found := slices.BinarySearch(list, n)
		return found
	}, err
}

// readSuppression are numbers of the list, ascending.
func readSuppression(ctx context.Context, q querier, where string, args ...any) ([]sms.Number, error) {
	list, err := readNumbers(ctx, q, `SELECT number FROM suppression `+where+` ORDER BY number`, args...)
	if err != nil {
		return nil, fmt.Errorf("read suppression list: %w", err)
	}
	return list, nil
}

func readNumbers(ctx context.Context, q querier, text string, args ...any) ([]sms.Number, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []sms.Number
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, sms.Number(n))
	}
	return list, rows.Err()
}
