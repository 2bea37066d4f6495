package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// A BroadcastState is how a broadcast, or its cancel, stands.
type BroadcastState string

// States of a broadcast and of its cancel.
const (
	BroadcastInDoubt BroadcastState = "in_doubt" // bytes may have left, and no answer is known
	BroadcastTaken   BroadcastState = "taken"
	BroadcastRefused BroadcastState = "refused"
	BroadcastNotSent BroadcastState = "not_sent" // no byte left, or the carrier did not take it now
)

// ParseBroadcastState reads a state by its name; ErrValue when there is none of it.
func ParseBroadcastState(name string) (BroadcastState, error) {
	switch s := BroadcastState(name); s {
	case BroadcastInDoubt, BroadcastTaken, BroadcastRefused, BroadcastNotSent:
		return s, nil
	}
	return "", fmt.Errorf("%w: a broadcast is in_doubt, taken, refused or not_sent, not %q", ErrValue, name)
}

// UnmarshalText reads a state as JSON has it; "" stays so.
func (s *BroadcastState) UnmarshalText(text []byte) (err error) {
	*s = ""
	if len(text) > 0 {
		*s, err = ParseBroadcastState(string(text))
	}
	return err
}

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

	State   BroadcastState `json:"state"`
	Ref     string         `json:"id,omitempty"`   // what the carrier calls it
	Code    int64          `json:"code,omitempty"` // the carrier's command_status
	Failed  []string       `json:"failed,omitempty"`
	Settled int64          `json:"settled,omitempty"`

	Cancel    BroadcastState `json:"cancel,omitempty"` // how its cancel ended; "": there was none
	CancelAt  int64          `json:"cancelled_at,omitempty"`
	CancelWho string         `json:"cancelled_by,omitempty"`
	CancelWhy string         `json:"cancel_reason,omitempty"`
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
	if err := b.check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	areas, err := json.Marshal(b.Areas)
	if err != nil {
		return err
	}
	failed, err := json.Marshal(b.Failed[:min(len(b.Failed), maxAreas)])
	if err != nil {
		return err
	}
	return l.commit(func(c *commit) error {
		c.do(`INSERT INTO broadcast (`+broadcastColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
			ON CONFLICT (key) DO UPDATE SET state = excluded.state, ref = excluded.ref, code = excluded.code, failed = excluded.failed,
				settled = excluded.settled, cancel = excluded.cancel, cancel_at = excluded.cancel_at, cancel_who = excluded.cancel_who, cancel_why = excluded.cancel_why`,
			b.Key, b.At, b.Provider, b.Who, b.Why, b.Text, string(areas), int64(b.Content), int64(b.Priority), int64(b.Repeat), b.Every,
			string(b.State), storable(b.Ref, maxRef), b.Code, string(failed), b.Settled, string(b.Cancel), b.CancelAt, b.CancelWho, b.CancelWhy)
		return nil
	})
}

// check refuses a broadcast with a value that cannot be kept. What its carrier has said
// is no reason: that is made storable.
func (b *Broadcast) check() error {
	if err := checkFields(field{"the key", b.Key, maxName}, field{"the provider's name", b.Provider, maxName}, field{"who sends it", b.Who, maxName},
		field{"the reason", b.Why, maxWhy}, field{"who cancels it", b.CancelWho, maxName}, field{"the reason of the cancel", b.CancelWhy, maxWhy}); err != nil {
		return err
	}
	if err := checkLong("the text", b.Text, maxText); err != nil {
		return err
	}
	if len(b.Areas) > maxAreas {
		return fmt.Errorf("%w: %d areas, at most %d are possible", ErrValue, len(b.Areas), maxAreas)
	}
	for _, area := range b.Areas {
		if err := checkFields(field{"an area", area, maxWhy}); err != nil {
			return err
		}
	}
	if _, err := ParseBroadcastState(string(b.State)); err != nil {
		return err
	}
	if b.Cancel != "" {
		if _, err := ParseBroadcastState(string(b.Cancel)); err != nil {
			return err
		}
	}
	return checkRanges(span{"the type of content", int64(b.Content), 0, 1<<16 - 1}, span{"the priority", int64(b.Priority), 0, 1<<8 - 1},
		span{"how often it is sent", int64(b.Repeat), 0, 1<<16 - 1}, span{"the time between two", b.Every, 0, latest},
		span{"the time", b.At, 0, latest}, span{"the time of the answer", b.Settled, 0, latest}, span{"the time of the cancel", b.CancelAt, 0, latest})
}

const broadcastColumns = `key, at, provider, who, why, text, areas, content, priority, repeat, every, state, ref, code, failed, settled,
	cancel, cancel_at, cancel_who, cancel_why`

// Broadcasts are all, the newest first.
func (r *Reader) Broadcasts(ctx context.Context) ([]Broadcast, error) {
	return readBroadcasts(ctx, r.db, `ORDER BY at DESC, key`)
}

// Broadcast is one, or ErrNoBroadcast.
func (r *Reader) Broadcast(ctx context.Context, key string) (Broadcast, error) {
	return readBroadcast(ctx, r.db, key)
}

// Broadcast is one, or ErrNoBroadcast.
func (l *Ledger) Broadcast(ctx context.Context, key string) (Broadcast, error) {
	return readBroadcast(ctx, l.db, key)
}

func readBroadcast(ctx context.Context, q querier, key string) (Broadcast, error) {
	if !known(key) {
		return Broadcast{}, ErrNoBroadcast
	}
	all, err := readBroadcasts(ctx, q, `WHERE key = $1`, key)
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
