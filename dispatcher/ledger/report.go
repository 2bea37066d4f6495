package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tocsin/providers/sms"
)

// Recipients is how many recipients are in each state.
type Recipients struct {
	Waiting   int `json:"waiting"`
	Offered   int `json:"offered"`
	InDoubt   int `json:"in_doubt"`
	Accepted  int `json:"accepted"`
	Delivered int `json:"delivered"`
	Failed    int `json:"failed"`
	Expired   int `json:"expired"`
	Cancelled int `json:"cancelled"`
}

// Sum is all of them.
func (r Recipients) Sum() int {
	return r.Waiting + r.Offered + r.InDoubt + r.Accepted + r.Delivered + r.Failed + r.Expired + r.Cancelled
}

func recipientsOf(c [sms.States]int) Recipients {
	return Recipients{
		c[sms.Waiting], c[sms.Offered], c[sms.InDoubt], c[sms.Accepted],
		c[sms.Delivered], c[sms.Failed], c[sms.Expired], c[sms.Cancelled],
	}
}

// states is what recipientsOf has taken.
func (r Recipients) states() [sms.States]int {
	return [sms.States]int{
		sms.Waiting: r.Waiting, sms.Offered: r.Offered, sms.InDoubt: r.InDoubt, sms.Accepted: r.Accepted,
		sms.Delivered: r.Delivered, sms.Failed: r.Failed, sms.Expired: r.Expired, sms.Cancelled: r.Cancelled,
	}
}

// A Report says what became of a campaign. Rows = Excluded + Planned, and
// Planned = the sum of Recipients; Balanced says whether that holds.
type Report struct {
	Campaign string `json:"campaign"`
	Title    string `json:"title"`
	Class    string `json:"class"`
	State    string `json:"state"`
	Note     string `json:"note,omitempty"`     // why it is in this state, where that needs saying
	RetryOf  string `json:"retry_of,omitempty"` // the campaign whose failed recipients it is for
	// Of one that is sent again and again: the campaigns of its times, and how many were
	// missed. Of one of these: whose it is.
	Occurrences  []string              `json:"occurrences,omitempty"`
	Missed       int                   `json:"missed,omitempty"`
	OccurrenceOf string                `json:"occurrence_of,omitempty"`
	Retries      []string              `json:"retries,omitempty"` // the campaigns for its failed recipients, oldest first
	Rows         int                   `json:"rows"`
	Excluded     map[string]int        `json:"excluded"`
	Planned      int                   `json:"planned"`
	Recipients   Recipients            `json:"recipients"`
	NoReceipt    int                   `json:"no_receipt"`          // accepted, and the wait for a receipt is over
	OptedOut     int                   `json:"opted_out,omitempty"` // of the cancelled, because they opted out after the plan
	Override     *Override             `json:"override,omitempty"`  // also to people who have opted out
	Replies      *ReplyCounts          `json:"replies,omitempty"`   // of one that asks for answers, or was answered
	Resent       int                   `json:"resent"`              // offered again out of doubt
	Segments     int                   `json:"segments"`            // taken by carriers
	Balanced     bool                  `json:"balanced"`
	Providers    map[string]Recipients `json:"providers"` // by the provider they were offered through, or are to be
	Moved        []Hop                 `json:"moved,omitempty"`
	Finish       *Estimate             `json:"finish,omitempty"` // of one that runs
	Seconds      float64               `json:"seconds"`          // from start to end, or to now

	id    int64
	class sms.Class
	toGo  map[string]int // segments that wait or are offered, by provider
}

// Open reports whether recipients are in doubt or were not sent to although the
// campaign is over. Recipients that have opted out do not count.
func (r *Report) Open() bool {
	return r.Recipients.InDoubt+r.Recipients.Waiting+r.Recipients.Offered+r.Recipients.Expired+r.Recipients.Cancelled > r.OptedOut
}

// A Reader reads a ledger that another process may be writing.
type Reader struct {
	db       *sql.DB
	shared   bool
	contents contents
}

// ErrNoLedger says that nothing was ever planned there.
var ErrNoLedger = errors.New("there is no ledger")

// OpenReader opens the ledger that o names for reading only. Without one it
// returns ErrNoLedger.
func OpenReader(o Options) (*Reader, error) {
	if o.URL != "" {
		r, err := newReader(readPostgres(o.URL))
		if err != nil {
			return nil, fmt.Errorf("open ledger: %w", err)
		}
		r.shared = true
		return r, nil
	}
	file := filepath.Join(o.Dir, "ledger.db")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		if _, err := inspect(o.Dir); err != nil {
			return nil, fmt.Errorf("open ledger: %w", err)
		}
		return nil, fmt.Errorf("%w in %s", ErrNoLedger, o.Dir)
	}
	if err := lookAt(o.Dir); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	r, err := newReader(readSQLite(file, "mode=ro"))
	if undone(err) {
		r, err = newReader(readSQLite(file, "mode=rw&_pragma=query_only(1)"))
	}
	if err != nil {
		return nil, fmt.Errorf("open ledger in %s: %w", o.Dir, err)
	}
	return r, nil
}

func newReader(db *sql.DB, err error) (*Reader, error) {
	if err != nil {
		return nil, err
	}
	r := &Reader{db: db}
	err = r.contents.prepare(context.Background(), db)
	if err == nil {
		err = whole(db)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return r, nil
}

// whole returns ErrNoLedger when the schema is not all there: a process was killed while
// it made it, or it is an older program's.
func whole(db *sql.DB) error {
	latest, err := ownSchema()
	if err != nil {
		return err
	}
	var n int
	if err := db.QueryRow(`SELECT count(*) FROM goose_db_version WHERE version_id >= $1`, latest).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%w that this program can read: its making was cut short, or an older program made it; tocsin run or serve brings it up to date", ErrNoLedger)
	}
	return readable(context.Background(), db, latest)
}

// Close ends the reading.
func (r *Reader) Close() error {
	r.contents.close()
	return r.db.Close()
}

// Report is the campaign's report as of the last transaction.
func (r *Reader) Report(ctx context.Context, key string) (*Report, error) {
	return report(ctx, r.db, &r.contents, key)
}

// Keys are the keys of all campaigns, oldest first.
func (r *Reader) Keys(ctx context.Context) ([]string, error) {
	all, err := keys(ctx, r.db, "")
	if err != nil {
		return nil, fmt.Errorf("list campaigns: %w", err)
	}
	return all, nil
}

// keys are the keys of some campaigns, oldest first.
func keys(ctx context.Context, q querier, where string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT key FROM campaign `+where+` ORDER BY id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// Report is the campaign's report as of the last transaction.
func (l *Ledger) Report(ctx context.Context, key string) (*Report, error) {
	return report(ctx, l.db, &l.contents, key)
}

// readOnly is a transaction that sees one instant.
var readOnly = &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}

func report(ctx context.Context, db *sql.DB, q *contents, key string) (*Report, error) {
	if !known(key) {
		return nil, ErrNotFound
	}
	// One snapshot for all statements.
	tx, err := db.BeginTx(ctx, readOnly)
	if err != nil {
		return nil, fmt.Errorf("report on %s: %w", key, err)
	}
	defer tx.Rollback()
	var reasons, summary string
	var started, finished int64
	r := &Report{Campaign: key, Providers: map[string]Recipients{}, toGo: map[string]int{}}
	err = tx.QueryRowContext(ctx, `SELECT id, title, class, state, note, retry_of, occurrence_of, missed, total_rows, planned, reasons, summary, started, finished FROM campaign WHERE key = $1`, key).
		Scan(&r.id, &r.Title, &r.class, &r.State, &r.Note, &r.RetryOf, &r.OccurrenceOf, &r.Missed, &r.Rows, &r.Planned, &reasons, &summary, &started, &finished)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	if err != nil {
		return nil, fmt.Errorf("report on %s: %w", key, err)
	}
	r.Class = r.class.String()
	if err := json.Unmarshal([]byte(reasons), &r.Excluded); err != nil {
		return nil, fmt.Errorf("report on %s: %w", key, err)
	}
	if err := r.sum(ctx, tx, key); err != nil {
		return nil, fmt.Errorf("report on %s: %w", key, err)
	}
	if r.Moved, err = readHops(ctx, tx, key); err != nil {
		return nil, fmt.Errorf("report on %s: %w", key, err)
	}
	if len(r.Moved) > 0 {
		if err := r.attribute(ctx, tx, q.in(ctx, tx)); err != nil {
			return nil, fmt.Errorf("report on %s: %w", key, err)
		}
	}
	if err := r.heard(ctx, tx, summary); err != nil {
		return nil, fmt.Errorf("report on %s: %w", key, err)
	}
	if r.Occurrences, err = keys(ctx, tx, `WHERE occurrence_of = $1`, key); err != nil {
		return nil, fmt.Errorf("report on %s: %w", key, err)
	}
	if r.Retries, err = keys(ctx, tx, `WHERE retry_of = $1`, key); err != nil {
		return nil, fmt.Errorf("report on %s: %w", key, err)
	}
	excluded := 0
	for _, n := range r.Excluded {
		excluded += n
	}
	r.Balanced = r.Rows == excluded+r.Planned && r.Planned == r.Recipients.Sum()
	if r.State == Finished {
		r.NoReceipt = r.Recipients.Accepted
	}
	if started > 0 {
		end := finished
		if end == 0 {
			end = time.Now().UnixMilli()
		}
		r.Seconds = float64(end-started) / 1000
	}
	return r, nil
}

func (r *Report) sum(ctx context.Context, q querier, key string) error {
	rows, err := q.QueryContext(ctx, `SELECT provider, sum(waiting), sum(offered), sum(in_doubt), sum(accepted), sum(delivered),
		sum(failed), sum(expired), sum(cancelled), sum(resent), sum(segments), sum(opted_out), sum(planned_segments * (waiting + offered) / size)
		FROM page WHERE campaign = (SELECT id FROM campaign WHERE key = $1) GROUP BY provider`, key)
	if err != nil {
		return err
	}
	defer rows.Close()
	var all [sms.States]int
	for rows.Next() {
		var name string
		var c [sms.States]int
		var resent, segments, optedOut, toGo int
		if err := rows.Scan(&name, &c[sms.Waiting], &c[sms.Offered], &c[sms.InDoubt], &c[sms.Accepted], &c[sms.Delivered],
			&c[sms.Failed], &c[sms.Expired], &c[sms.Cancelled], &resent, &segments, &optedOut, &toGo); err != nil {
			return err
		}
		for s, n := range c {
			all[s] += n
		}
		r.Providers[name] = recipientsOf(c)
		r.toGo[name] = toGo
		r.Resent += resent
		r.OptedOut += optedOut
		r.Segments += segments
	}
	r.Recipients = recipientsOf(all)
	return rows.Err()
}

// A Tally is where a campaign stands, from memory.
type Tally struct {
	Recipients
	Pages, Open int // pages in all, pages with recipients waiting or offered
	Segments    int
	Imbalance   int // recipients more or fewer than planned: always 0
}

// Tally counts a campaign's recipients as they stand now.
func (l *Ledger) Tally(campaign int64) Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	var t Tally
	for _, c := range l.campaigns {
		if c.ID != campaign {
			continue
		}
		var all [sms.States]int
		for _, p := range c.pages {
			for s, n := range p.counts {
				all[s] += n
			}
			if p.counts[sms.Waiting]+p.counts[sms.Offered] > 0 {
				t.Open++
			}
			t.Segments += p.segments
		}
		t.Recipients, t.Pages = recipientsOf(all), len(c.pages)
		t.Imbalance = t.Sum() - c.Planned
	}
	return t
}
