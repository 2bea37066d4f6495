package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/providers/sms"
)

// ErrStale says that a claim is over: another epoch of the page has begun.
var ErrStale = errors.New("the claim on this page is over")

// ErrNotFound says that there is no such campaign.
var ErrNotFound = errors.New("no such campaign")

// Options says where a ledger is and which process works on it.
type Options struct {
	// Dir is the data folder; without a URL the ledger is its file ledger.db.
	Dir string
	// URL names a PostgreSQL that several processes share, postgres://…
	URL string
	// Owner names this process in claims. Empty: host, pid and a word of chance.
	Owner string
	// Visitor says that this process only plans and commands: it takes no duties
	// and no pages, and nobody waits for it.
	Visitor bool
	// Follows says that this process never takes the duties of the one that leads.
	Follows bool
	// Tide is what Ledger.Tide was when this process had a shared ledger open before. A
	// ledger that is behind it has lost what was written: every campaign in it is
	// paused, and everybody open is in doubt.
	Tide int64
	// Build is the program's version, which a shared ledger shows for each process.
	Build  string
	Logger *slog.Logger
	// Anew says that a data folder whose ledger is gone gets another one.
	Anew bool
	// Replies says what messages from people mean; the zero value has no keywords.
	Replies Replies
	// Commit, when set, is called after each commit with its duration and the
	// number of requests in it.
	Commit func(d time.Duration, requests int)
}

// A Ledger is an open ledger that this process alone works on.
type Ledger struct {
	owner  string
	log    *slog.Logger
	onDone func(time.Duration, int)

	build   string
	visitor bool
	follows bool
	replies Replies
	lines   func() []string           // providers whose lines are up here
	shared  bool                      // other processes work on it too
	heard   atomic.Pointer[time.Time] // when it last heard of this process; nil: it need not

	store    store
	db       *sql.DB // for reading
	contents contents

	nap func(time.Duration) // waits for an answer that was overtaken; a test's own

	mu         sync.Mutex // guards everything below, and the pages in memory
	queue      []*request
	committing bool
	current    commit         // the transaction being made, by the request that is committing
	lives      uint64         // counts the beginnings and ends of transactions that change campaigns; odd: one is under way
	broken     error          // the first database error; final
	unsure     int64          // versions of pages that may not have been written
	ahead      int64          // of the ledger's clock before this machine's, in milliseconds
	owners     []string       // processes at work on it
	up         map[string]int // how many of them have a provider's lines up
	leads      bool           // this process has the duties of one
	seen       int64          // the oldest transaction that may not have been read
	noted      bool           // it has said how its lines stand
	campaigns  []*Campaign
	providers  map[string]Provider // that people have told something
	pages      map[int64]*page
	unfolded   map[*page]struct{}
	seals      bool // what is written gets checksums
	loaded     int  // pages read since the last trim
	journaled  int  // octets in the journal since the last trim
	lastTrim   time.Time
	parked     []parked
	orphaned   int64
	// parkedUpTo is up to when the receipts that others have parked are known, in ms since
	// 1970; 0: nobody has looked.
	parkedUpTo int64
	fewer      bool                   // a process has ended since this one has looked for what others have parked
	pieces     map[sms.Number][]piece // receipts of segments of people in doubt, which wait for the others
	unwanted   unwanted
	lately     map[[sha256.Size]byte]int64 // messages from people, and when they came
}

// Open opens the ledger that o names, creates it when absent, brings its schema up
// to date, checks a file's integrity, reads the journal and verifies that every
// page balances. Recipients that were offered when the last process ended are in
// doubt from here on. It returns ErrBusy when another process has the file open.
func Open(ctx context.Context, o Options) (*Ledger, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Owner == "" {
		host, _ := os.Hostname()
		o.Owner = fmt.Sprintf("%s/%d/%x", host, os.Getpid(), rand.Uint32())
	}
	if err := checkFields(field{"the process's name", o.Owner, maxName}, field{"the version", o.Build, maxName}); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	l := &Ledger{
		owner: o.Owner, build: o.Build, visitor: o.Visitor, follows: o.Follows, log: o.Logger, onDone: o.Commit,
		pages: map[int64]*page{}, unfolded: map[*page]struct{}{}, lastTrim: time.Now(), nap: time.Sleep,
		replies: o.Replies, lately: map[[sha256.Size]byte]int64{},
	}
	if l.replies.Within == 0 {
		l.replies.Within = AnswersWithin
	}
	err := l.open(ctx, o)
	if err == nil {
		err = l.contents.prepare(ctx, l.db)
	}
	if err == nil {
		err = l.restore(ctx)
	}
	if err == nil && !l.shared && !l.visitor {
		err = damaged(o.Dir, l.checkUnfinished(ctx))
	}
	if err == nil && (l.shared && l.Tide() < o.Tide || l.store.lost()) {
		err = l.setBack(ctx)
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return l, nil
}

func (l *Ledger) open(ctx context.Context, o Options) error {
	if o.URL != "" {
		s, db, err := openPostgres(ctx, o.URL)
		if err == nil {
			l.store, l.db, l.shared = s, db, true
		}
		return err
	}
	l.leads, l.seals = true, true
	s, db, err := openSQLite(ctx, o.Dir, o.Anew)
	if err != nil {
		return err
	}
	l.store, l.db = s, db
	if len(s.open) > 0 {
		l.log.Warn("others could read or write files of the ledger; they cannot any more", "files", strings.Join(s.open, " "))
	}
	if s.found.unsure != "" {
		l.log.Warn("the ledger has been held against itself only, because " + s.found.unsure)
	}
	return nil
}

// Close folds what is left and closes the database. The ledger must be idle.
func (l *Ledger) Close() error {
	if l.store == nil {
		return nil
	}
	var err error
	if l.Err() == nil {
		err = errors.Join(l.ForgetLines(), l.Fold(context.Background()))
	}
	if l.shared && l.Err() == nil {
		err = errors.Join(err, l.leave())
	}
	l.contents.close()
	return errors.Join(err, l.store.close(), l.db.Close())
}

// Err is the database error that broke the ledger; nil while it works. Once it
// is not nil nothing may be sent.
func (l *Ledger) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}
