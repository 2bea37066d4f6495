package ledger

import (
	"context"
	"fmt"
	"time"
)

// An Hour is what a carrier took in one hour of the day when it complained about the
// rate: its real capacity then.
type Hour struct {
	Hour    int   `json:"hour"` // UTC
	Rate    int   `json:"rate"` // segments per second
	Samples int   `json:"samples"`
	At      int64 `json:"at"` // of the last sample, milliseconds since 1970
}

// sameRun is how old the last sample of an hour may be for a new one to be mixed with
// it; an older one is of another day, and is replaced.
const sameRun = 12 * time.Hour

// Measured keeps that a carrier took so many segments per second, and no more, just
// now. Samples of the same hour are smoothed: the new one counts for 3 tenths.
func (l *Ledger) Measured(provider string, segmentsPerSecond int) error {
	if err := checkFields(field{"the provider's name", provider, maxName}); err != nil {
		return err
	}
	return l.commit(func(c *commit) error {
		c.do(`INSERT INTO provider_hour (provider, hour, rate, samples, at) VALUES ($1, $2, $3, 1, $4)
			ON CONFLICT (provider, hour) DO UPDATE SET
				rate = CASE WHEN provider_hour.at < excluded.at - $5 THEN excluded.rate ELSE (provider_hour.rate * 7 + excluded.rate * 3 + 9) / 10 END,
				samples = CASE WHEN provider_hour.at < excluded.at - $5 THEN 1 ELSE provider_hour.samples + 1 END,
				at = excluded.at`, provider, hourOf(c.at), int64(min(max(segmentsPerSecond, 1), maxRate)), c.at, sameRun.Milliseconds())
		return nil
	})
}

// Unmeasured forgets what a carrier took in this hour of the day: it took the whole
// rate.
func (l *Ledger) Unmeasured(provider string) error {
	if !known(provider) {
		return nil
	}
	return l.commit(func(c *commit) error {
		c.do(`DELETE FROM provider_hour WHERE provider = $1 AND hour = $2`, provider, hourOf(c.at))
		return nil
	})
}

// hourOf is the hour of the day, UTC.
func hourOf(ms int64) int64 { return int64(time.UnixMilli(ms).UTC().Hour()) }

// Capacity is what a carrier took in this hour of the day, when it was last measured,
// in segments per second; 0: it was never measured, or took everything.
func (l *Ledger) Capacity(ctx context.Context, provider string) (int, error) {
	hours, err := readHours(ctx, l.db)
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	now := hourOf(l.now())
	l.mu.Unlock()
	for _, h := range hours[provider] {
		if int64(h.Hour) == now {
			return h.Rate, nil
		}
	}
	return 0, nil
}

// readHours are the hours of each provider.
func readHours(ctx context.Context, q querier) (map[string][]Hour, error) {
	rows, err := q.QueryContext(ctx, `SELECT provider, hour, rate, samples, at FROM provider_hour ORDER BY provider, hour`)
	if err != nil {
		return nil, fmt.Errorf("read what carriers took: %w", err)
	}
	defer rows.Close()
	all := map[string][]Hour{}
	for rows.Next() {
		var name string
		var h Hour
		if err := rows.Scan(&name, &h.Hour, &h.Rate, &h.Samples, &h.At); err != nil {
			return nil, fmt.Errorf("read what carriers took: %w", err)
		}
		all[name] = append(all[name], h)
	}
	return all, rows.Err()
}

// Sharers is how many processes have lines of a provider up, this one counted, at
// least 1.
func (l *Ledger) Sharers(provider string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(l.up[provider], 1)
}
