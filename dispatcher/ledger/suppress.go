package ledger

import (
	"context"
	"fmt"
	"slices"

	"tocsin/providers/sms"
)

// Suppress puts numbers on the list of those no campaign may reach; twice is
// nothing.
func (l *Ledger) Suppress(numbers []sms.Number, why string) error {
	return l.commit(func(c *commit) error {
		for _, n := range numbers {
			c.do(`INSERT INTO suppression (number, why, since) VALUES ($1, $2, $3) ON CONFLICT (number) DO NOTHING`, int64(n), why, c.at)
		}
		return nil
	})
}

// Suppressed is the list as it stands now, as a question.
func (l *Ledger) Suppressed(ctx context.Context) (func(sms.Number) bool, error) {
	return suppressed(ctx, l.db)
}

func suppressed(ctx context.Context, q querier) (func(sms.Number) bool, error) {
	rows, err := q.QueryContext(ctx, `SELECT number FROM suppression ORDER BY number`)
	if err != nil {
		return nil, fmt.Errorf("read suppression list: %w", err)
	}
	defer rows.Close()
	var list []sms.Number
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, fmt.Errorf("read suppression list: %w", err)
		}
		list = append(list, sms.Number(n))
	}
	return func(n sms.Number) bool {
		_, found := slices.BinarySearch(list, n)
		return found
	}, rows.Err()
}

// Suppressed is the list as it stands now, as a question.
func (r *Reader) Suppressed(ctx context.Context) (func(sms.Number) bool, error) {
	return suppressed(ctx, r.db)
}
