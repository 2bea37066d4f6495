package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// partsWithin is how long after its first part another may belong to the same message:
// handsets use a reference again, and carriers try for a day.
const partsWithin = 24 * time.Hour

// missing stands for a part that has not come.
const missing = "[…]"

// A longMessage is a message that came in parts.
type longMessage struct {
	first int64    // the row of the part that came first
	at    int64    // when that was
	texts []string // by part
	here  []bool
}

// text is what has come of it.
func (m *longMessage) text() string {
	var b strings.Builder
	for i, text := range m.texts {
		if m.here[i] {
			b.WriteString(text)
		} else {
			b.WriteString(missing)
		}
	}
	return b.String()
}

// partKey is what the parts of one message have in common.
type partKey struct {
	provider, sender, recipient string
	ref, parts                  int64
}

// readLong puts together what answers a campaign in parts; it returns the messages by
// the rows of their parts.
func readLong(ctx context.Context, q querier, campaign int64) (map[int64]*longMessage, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, at, provider, sender, recipient, part_ref, parts, part, text FROM incoming
		WHERE campaign = $1 AND parts > 1 ORDER BY at, id`, campaign)
	if err != nil {
		return nil, fmt.Errorf("read long messages: %w", err)
	}
	defer rows.Close()
	open, byRow := map[partKey]*longMessage{}, map[int64]*longMessage{}
	for rows.Next() {
		var k partKey
		var id, at, part int64
		var text string
		if err := rows.Scan(&id, &at, &k.provider, &k.sender, &k.recipient, &k.ref, &k.parts, &part, &text); err != nil {
			return nil, fmt.Errorf("read long messages: %w", err)
		}
		if part < 1 || part > k.parts || k.parts > 255 {
			continue // nothing of ours wrote it
		}
		m := open[k]
		if m == nil || m.here[part-1] || at-m.at > partsWithin.Milliseconds() {
			m = &longMessage{first: id, at: at, texts: make([]string, k.parts), here: make([]bool, k.parts)}
			open[k] = m
		}
		m.texts[part-1], m.here[part-1] = text, true
		byRow[id] = m
	}
	return byRow, rows.Err()
}
