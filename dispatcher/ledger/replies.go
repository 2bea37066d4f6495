package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"tocsin/campaigns"
	"tocsin/campaigns/audience"
	"tocsin/providers/sms"
)

// A ReplyCount is how many people have said one thing last.
type ReplyCount struct {
	Label    string   `json:"label"`
	Keywords []string `json:"keywords"`
	People   int      `json:"people"`
}

// ReplyCounts says how many people have answered a campaign. People is the sum of Answers,
// Other and those who have only opted out, or in again.
type ReplyCounts struct {
	Messages int          `json:"messages"`
	People   int          `json:"people"`  // who have answered at all
	Answers  []ReplyCount `json:"answers"` // by the last answer of each, in the definition's order
	Other    int          `json:"other"`   // people with no answer among their messages, but something else
	OptedOut int          `json:"opted_out"`
	OptedIn  int          `json:"opted_in"`
	// Silent is how many have the message by a receipt and have said nothing; nil where
	// it was not counted.
	Silent *int `json:"silent,omitempty"`
}

// An Override says why a campaign also goes to people who have opted out, to how many, and who has approved that.
type Override struct {
	Why    string `json:"why"`
	People int    `json:"people"`
	By     string `json:"by,omitempty"`
	At     int64  `json:"at,omitempty"` // milliseconds since 1970
}

// heard counts a campaign's replies, and reads its override.
func (r *Report) heard(ctx context.Context, q querier, summary string) error {
	var sum campaigns.Summary
	if summary != "" {
		if err := json.Unmarshal([]byte(summary), &sum); err != nil {
			return fmt.Errorf("read its plan: %w", err)
		}
	}
	if sum.Override != "" {
		r.Override = &Override{Why: sum.Override, People: sum.Overridden}
		rows, err := q.QueryContext(ctx, `SELECT who, at FROM command WHERE campaign IN ($1, $2) AND verb = 'override' ORDER BY at DESC LIMIT 1`,
			r.Campaign, r.OccurrenceOf)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&r.Override.By, &r.Override.At); err != nil {
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		rows.Close()
	}
	counts, err := countReplies(ctx, q, r.id, sum.Replies)
	if err == nil && (counts.Messages > 0 || len(sum.Replies) > 0) {
		r.Replies = counts
	}
	return err
}

// countReplies counts the messages that answer a campaign.
func countReplies(ctx context.Context, q querier, campaign int64, asked campaigns.Replies) (*ReplyCounts, error) {
	n := &ReplyCounts{Answers: []ReplyCount{}}
	for _, label := range asked.Labels() {
		n.Answers = append(n.Answers, ReplyCount{Label: label, Keywords: []string{}})
	}
	place := map[string]int{}
	for _, r := range asked {
		at := slices.IndexFunc(n.Answers, func(a ReplyCount) bool { return a.Label == r.Label })
		n.Answers[at].Keywords = append(n.Answers[at].Keywords, r.Keyword)
		place[r.Keyword] = at
	}
	if err := q.QueryRowContext(ctx, `SELECT count(CASE WHEN parts = 0 THEN 1 END) +
				count(DISTINCT CASE WHEN parts > 0 THEN sender || '/' || recipient || '/' || part_ref || '/' || parts END),
			count(DISTINCT number), count(DISTINCT CASE WHEN meaning = 'opt_out' THEN number END),
			count(DISTINCT CASE WHEN meaning = 'opt_in' THEN number END),
			count(DISTINCT CASE WHEN meaning = 'other' AND NOT EXISTS (SELECT 1 FROM incoming j
				WHERE j.campaign = i.campaign AND j.number = i.number AND j.meaning = 'answer') THEN number END)
		FROM incoming i WHERE campaign = $1`, campaign).Scan(&n.Messages, &n.People, &n.OptedOut, &n.OptedIn, &n.Other); err != nil {
		return nil, fmt.Errorf("count replies: %w", err)
	}
	rows, err := q.QueryContext(ctx, `SELECT keyword, count(*) FROM (SELECT keyword,
			row_number() OVER (PARTITION BY number ORDER BY at DESC, id DESC) AS latest FROM incoming WHERE campaign = $1 AND meaning = 'answer') AS said
		WHERE latest = 1 GROUP BY keyword`, campaign)
	if err != nil {
		return nil, fmt.Errorf("count replies: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var keyword string
		var people int
		if err := rows.Scan(&keyword, &people); err != nil {
			return nil, fmt.Errorf("count replies: %w", err)
		}
		if at, ok := place[keyword]; ok {
			n.Answers[at].People += people
		}
	}
	return n, rows.Err()
}

// Replies counts the people who have answered a campaign, and those who have it and are silent.
func (r *Reader) Replies(ctx context.Context, key string) (*ReplyCounts, error) {
	return replies(ctx, r.db, &r.contents, key)
}

// Replies counts the people who have answered a campaign, and those who have it and are silent.
func (l *Ledger) Replies(ctx context.Context, key string) (*ReplyCounts, error) {
	return replies(ctx, l.db, &l.contents, key)
}

func replies(ctx context.Context, db *sql.DB, q *contents, key string) (*ReplyCounts, error) {
	if !known(key) {
		return nil, ErrNotFound
	}
	tx, err := db.BeginTx(ctx, readOnly) // counts and recipients of one instant
	if err != nil {
		return nil, fmt.Errorf("replies to %s: %w", key, err)
	}
	defer tx.Rollback()
	all, err := readCampaigns(ctx, tx, "WHERE key = $1", key)
	if err != nil {
		return nil, fmt.Errorf("replies to %s: %w", key, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	c := all[0]
	n, err := countReplies(ctx, tx, c.ID, c.Replies)
	if err != nil {
		return nil, fmt.Errorf("replies to %s: %w", key, err)
	}
	spoken, err := readNumbers(ctx, tx, `SELECT DISTINCT number FROM incoming WHERE campaign = $1 ORDER BY number`, c.ID)
	if err != nil {
		return nil, fmt.Errorf("replies to %s: %w", key, err)
	}
	silent := 0
	in := q.in(ctx, tx)
	for _, p := range c.pages {
		silent += p.counts[sms.Delivered]
		from, _ := slices.BinarySearch(spoken, p.lowest)
		to, _ := slices.BinarySearch(spoken, p.highest+1)
		if from == to || p.counts[sms.Delivered] == 0 {
			continue
		}
		if err := p.loadPeople(ctx, in); err != nil {
			return nil, fmt.Errorf("replies to %s: %w", key, err)
		}
		for _, number := range spoken[from:to] {
			if i := p.find(number); i >= 0 && p.people.state[i] == sms.Delivered {
				silent--
			}
		}
		p.unload()
	}
	n.Silent = &silent
	return n, nil
}

// ListReplies writes one CSV row for each message that answers a campaign, oldest first:
// when it came, from which number, what it means and its text. A long one that came in
// parts is one row, where its first part came. A cell that a spreadsheet
// would take for a formula gets an apostrophe in front.
func (r *Reader) ListReplies(ctx context.Context, key string, w io.Writer, o ExportOptions) error {
	if !known(key) {
		return ErrNotFound
	}
	all, err := readCampaigns(ctx, r.db, "WHERE key = $1", key)
	if err != nil {
		return fmt.Errorf("list replies to %s: %w", key, err)
	}
	if len(all) == 0 {
		return fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	long, err := readLong(ctx, r.db, all[0].ID)
	if err != nil {
		return fmt.Errorf("list replies to %s: %w", key, err)
	}
	rows, err := r.db.QueryContext(ctx, `SELECT id, at, number, provider, meaning, keyword, text FROM incoming WHERE campaign = $1 ORDER BY at, id`, all[0].ID)
	if err != nil {
		return fmt.Errorf("list replies to %s: %w", key, err)
	}
	defer rows.Close()
	e := newExport(w, o)
	if err := e.out.Write(e.columns([]string{"number", "at", "provider", "meaning", "label", "text"}, nil)); err != nil {
		return fmt.Errorf("list replies to %s: %w", key, err)
	}
	for rows.Next() {
		var id, at, number int64
		var provider, meaning, keyword, text string
		if err := rows.Scan(&id, &at, &number, &provider, &meaning, &keyword, &text); err != nil {
			return fmt.Errorf("list replies to %s: %w", key, err)
		}
		if m := long[id]; m != nil {
			if m.first != id {
				continue
			}
			text = m.text()
		}
		label, _ := all[0].Replies.Find(keyword)
		if err := e.out.Write([]string{
			sms.Number(number).Digits(), e.time(at), provider, e.Word(meaning), audience.Harmless(label.Label), audience.Harmless(text),
		}); err != nil {
			return fmt.Errorf("list replies to %s: %w", key, err)
		}
	}
	e.out.Flush()
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list replies to %s: %w", key, err)
	}
	return e.out.Error()
}
