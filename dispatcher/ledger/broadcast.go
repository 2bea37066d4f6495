package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// States of a broadcast and of its cancel.
const (
	BroadcastInDoubt = "in_doubt" // bytes may have left, and no answer is known
	BroadcastTaken   = "taken"
	BroadcastRefused = "refused"
	BroadcastNotSent = "not_sent" // no byte left, or the carrier did not take it now
)

// A Broadcast is a text for every handset in some areas: what was to be sent, by whom
// and why, and what became of it. Times are milliseconds since 1970.
type Broadcast struct {
	Key      string   `json:"key"`
	At       int64    `json:"at"`
	Provider string   `json:"provider"`
	Who      string   `json:"by"`
	Why      string   `json:"reason"`
	Text     string   `json:"text"`
	Areas    []string `json:"areas"`
	Content  int      `json:"content"` // broadcast_content_type: SMPP 5.0
	Priority int      `json:"priority"`
	Repeat   int      `json:"repeat"`
	Every    int64    `json:"every"` // milliseconds between two; 0: as often as possible

	State   string   `json:"state"`
	Ref     string   `json:"id,omitempty"`   // what the carrier calls it
	Code    int64    `json:"code,omitempty"` // the carrier's command_status
	Failed  []string `json:"failed,omitempty"`
	Settled int64    `json:"settled,omitempty"`

	Cancel    string `json:"cancel,omitempty"` // how its cancel ended; "": there was none
	CancelAt  int64  `json:"cancelled_at,omitempty"`
	CancelWho string `json:"cancelled_by,omitempty"`
	CancelWhy string `json:"cancel_reason,omitempty"`
}

// ErrNoBroadcast says that no broadcast has a key.
var ErrNoBroadcast = errors.New("there is no such broadcast")

// KeepBroadcast puts a broadcast on disk: before its request leaves with the state that
// it is in doubt, and again when its answer is known. What was to be sent never changes
// once it is kept; only what became of it does.
func (l *Ledger) KeepBroadcast(ctx context.Context, b Broadcast) error {
	if b.Key == "" || b.Who == "" || b.Why == "" || b.Provider == "" || b.Text == "" || len(b.Areas) == 0 {
		return fmt.Errorf("%w: a broadcast has a key, a provider, a text, areas, who sends it and why", ErrIncomplete)
	}
	if b.Cancel != "" && (b.CancelWho == "" || b.CancelWhy == "") {
		return fmt.Errorf("%w: who cancels and why are kept with it", ErrIncomplete)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	areas, err := json.Marshal(b.Areas)
	if err != nil {
		return err
	}
	failed, err := json.Marshal(b.Failed)
	if err != nil {
		return err
	}
	return l.commit(func(c *commit) error {
		c.do(`INSERT INTO broadcast (`+broadcastColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
			ON CONFLICT (key) DO UPDATE SET state = excluded.state, ref = excluded.ref, code = excluded.code, failed = excluded.failed,
				settled = excluded.settled, cancel = excluded.cancel, cancel_at = excluded.cancel_at, cancel_who = excluded.cancel_who, cancel_why = excluded.cancel_why`,
			b.Key, b.At, b.Provider, b.Who, b.Why, storable(b.Text), string(areas), int64(b.Content), int64(b.Priority), int64(b.Repeat), b.Every,
			b.State, storable(b.Ref), b.Code, string(failed), b.Settled, b.Cancel, b.CancelAt, b.CancelWho, b.CancelWhy)
		return nil
	})
}

const broadcastColumns = `key, at, provider, who, why, text, areas, content, priority, repeat, every, state, ref, code, failed, settled,
	cancel, cancel_at, cancel_who, cancel_why`

// Broadcasts are all, the newest first.
func (r *Reader) Broadcasts(ctx context.Context) ([]Broadcast, error) {
	return readBroadcasts(ctx, r.db, `ORDER BY at DESC, key`)
}

// Broadcast is one, or ErrNoBroadcast.
func (r *Reader) Broadcast(ctx context.Context, key string) (Broadcast, error) {
	all, err := readBroadcasts(ctx, r.db, `WHERE key = $1`, key)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%w: %s", ErrNoBroadcast, key)
	}
	if err != nil {
		return Broadcast{}, err
	}
	return all[0], nil
}

func readBroadcasts(ctx context.Context, q querier, where string, args ...any) ([]Broadcast, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+broadcastColumns+` FROM broadcast `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read broadcasts: %w", err)
	}
	defer rows.Close()
	all := []Broadcast{}
	for rows.Next() {
		var b Broadcast
		var areas, failed string
		if err := rows.Scan(&b.Key, &b.At, &b.Provider, &b.Who, &b.Why, &b.Text, &areas, &b.Content, &b.Priority, &b.Repeat, &b.Every,
			&b.State, &b.Ref, &b.Code, &failed, &b.Settled, &b.Cancel, &b.CancelAt, &b.CancelWho, &b.CancelWhy); err != nil {
			return nil, fmt.Errorf("read broadcasts: %w", err)
		}
		if err := errors.Join(json.Unmarshal([]byte(areas), &b.Areas), json.Unmarshal([]byte(failed), &b.Failed)); err != nil {
			return nil, fmt.Errorf("read broadcast %s: %w", b.Key, err)
		}
		all = append(all, b)
	}
	return all, rows.Err()
}
