package ledger

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// Campaign states, as the database knows them.
const (
	Submitted = "submitted"
	Approved  = "approved"
	Running   = "running"
	Scheduled = "scheduled"
	Paused    = "paused"
	Finished  = "finished"
	Cancelled = "cancelled"
)

var states = []string{Submitted, Approved, Running, Scheduled, Paused, Finished, Cancelled}

// checkState refuses what is no state of a campaign.
func checkState(state string) error {
	if !slices.Contains(states, state) {
		return fmt.Errorf("%w: there is no state of a campaign %q", ErrValue, state)
	}
	return nil
}

// A Campaign is a planned campaign. Its fields do not change after the plan but
// for State, Started, Finished, Note, Occurred and Missed, which Ledger.Campaign copies
// at one instant.
type Campaign struct {
	ID         int64
	Key, Title string
	Class      sms.Class
	State      string
	Hash       string // of what decides the content
	Path       string // the definition's file, for what is read beside it
	Definition string // its text
	Columns    []string
	Summary    json.RawMessage // what the plan counted
	Rows       int
	Planned    int
	Excluded   map[string]int
	Created    int64 // milliseconds since 1970
	Started    int64
	Finished   int64
	Note       string // why it is in its state, where that needs saying
	RetryOf    string // the campaign whose failed recipients it sends to once more; "": none
	// Of a campaign that is an occurrence of another one: that one's key, and when it starts.
	OccurrenceOf string
	Due          int64
	// Of one that is sent again and again: the last time that was made or missed, and how
	// many were missed.
	Occurred int64
	Missed   int

	Replies  campaigns.Replies // what people may answer
	Override string            // why it also goes to people who have opted out; "": it does not

	pages  []*page   // by sequence
	series [][]*page // each by lowest number, not overlapping
}

// At is when an occurrence starts; zero when the campaign is not an occurrence.
func (c *Campaign) At() time.Time {
	if c.Due == 0 {
		return time.Time{}
	}
	return time.UnixMilli(c.Due)
}

// index arranges the campaign's pages for search by number.
func (c *Campaign) index(pages []*page) {
	slices.SortFunc(pages, func(a, b *page) int { return cmp.Compare(a.sequence, b.sequence) })
	c.pages = pages
	by := map[int]int{}
	c.series = nil
	for _, p := range pages {
		k, ok := by[p.series]
		if !ok {
			k = len(c.series)
			by[p.series] = k
			c.series = append(c.series, nil)
		}
		c.series[k] = append(c.series[k], p)
	}
	for _, s := range c.series {
		slices.SortFunc(s, func(a, b *page) int { return cmp.Compare(a.lowest, b.lowest) })
	}
}

// pageOf is the page of one series that may hold n; nil when none does.
func pageOf(series []*page, n sms.Number) *page {
	i, ok := slices.BinarySearchFunc(series, n, func(p *page, n sms.Number) int { return cmp.Compare(p.lowest, n) })
	if !ok {
		i--
	}
	if i < 0 || series[i].highest < n {
		return nil
	}
	return series[i]
}

const campaignColumns = `id, key, title, class, state, hash, path, definition, columns, reasons, summary,
	total_rows, planned, created, started, finished, note, retry_of, occurrence_of, due, occurred, missed`

type row interface{ Scan(...any) error }

func scanCampaign(r row) (*Campaign, error) {
	c := &Campaign{}
	var columns, reasons, summary string
	err := r.Scan(&c.ID, &c.Key, &c.Title, &c.Class, &c.State, &c.Hash, &c.Path, &c.Definition, &columns, &reasons, &summary,
		&c.Rows, &c.Planned, &c.Created, &c.Started, &c.Finished, &c.Note, &c.RetryOf, &c.OccurrenceOf, &c.Due, &c.Occurred, &c.Missed)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(columns), &c.Columns); err != nil {
		return nil, fmt.Errorf("read columns of campaign %s: %w", c.Key, err)
	}
	if err := json.Unmarshal([]byte(reasons), &c.Excluded); err != nil {
		return nil, fmt.Errorf("read exclusions of campaign %s: %w", c.Key, err)
	}
	c.Summary = json.RawMessage(summary)
	var sum struct {
		Replies  campaigns.Replies
		Override string
	}
	if err := json.Unmarshal(c.Summary, &sum); err != nil && summary != "" {
		return nil, fmt.Errorf("read plan of campaign %s: %w", c.Key, err)
	}
	c.Replies, c.Override = sum.Replies, sum.Override
	return c, nil
}

// Campaign is the campaign with this key as it stands now, or ErrNotFound.
func (l *Ledger) Campaign(key string) (Campaign, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.campaigns {
		if c.Key == key {
			return *c, nil
		}
	}
	return Campaign{}, fmt.Errorf("%w: %s", ErrNotFound, key)
}

// Campaigns are all campaigns, oldest first.
func (l *Ledger) Campaigns() []Campaign {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Campaign, len(l.campaigns))
	for i, c := range l.campaigns {
		all[i] = *c
	}
	return all
}

// Hold pauses a campaign that is in state from, and says why. It reports whether it did;
// see SetState.
func (l *Ledger) Hold(id int64, from, why string) (done bool, err error) {
	why = storable(why, maxWhy)
	err = l.commit(func(c *commit) error {
		k := l.campaignOf(id)
		if k == nil {
			return ErrNotFound
		}
		if done = k.State == from; done {
			k.State, k.Note = Paused, why
			c.must(k, `UPDATE campaign SET state = $1, note = $2 WHERE id = $3 AND state = $4`, Paused, why, id, from)
		}
		return nil
	})
	return done && err == nil, err
}

// SetState takes a campaign from one state of its life to another, and notes when it
// started and when it ended. It reports whether it did: one that is not in state from any
// more stays as another process has made it.
func (l *Ledger) SetState(id int64, from, to string) (done bool, err error) {
	if err := checkState(to); err != nil {
		return false, err
	}
	err = l.commit(func(c *commit) error {
		k := l.campaignOf(id)
		if k == nil {
			return ErrNotFound
		}
		if done = k.State == from; !done {
			return nil
		}
		k.State = to
		if to == Running && k.Started == 0 {
			k.Started = c.at
		}
		if to == Finished || to == Cancelled {
			k.Finished = c.at
		}
		c.must(k, `UPDATE campaign SET state = $1, started = $2, finished = $3 WHERE id = $4 AND state = $5`, to, k.Started, k.Finished, id, from)
		return nil
	})
	return done && err == nil, err
}
