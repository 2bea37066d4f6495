package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

//go:embed schema/*.sql
var schema embed.FS

// ErrBusy says that another process works on this ledger.
var ErrBusy = errors.New("another tocsin works on this data folder")

// ErrStale says that a claim is over: another epoch of the page has begun.
var ErrStale = errors.New("the claim on this page is over")

// ErrNotFound says that there is no such campaign.
var ErrNotFound = errors.New("no such campaign")

// Options says where a ledger is and who works on it.
type Options struct {
	// Dir is the data folder; the ledger is its file ledger.db.
	Dir string
	// Owner names this process in claims. Empty: host and pid.
	Owner  string
	Logger *slog.Logger
	// Commit, when set, is called after each commit with its duration and the
	// number of requests in it.
	Commit func(d time.Duration, requests int)
}

// A Ledger is an open ledger that this process alone works on.
type Ledger struct {
	dir    string
	owner  string
	log    *slog.Logger
	onDone func(time.Duration, int)

	lock     *os.File
	db       *sql.DB
	conn     *sql.Conn // the one connection that writes
	stmt     statements
	contents contents

	writing sync.Mutex // held by whoever has a transaction on conn; never taken under mu

	mu         sync.Mutex // guards everything below, and the pages in memory
	queue      []*request
	committing bool
	current    commit // the transaction being made: of whoever is committing
	broken     error  // the first database error; final
	campaigns  []*Campaign
	pages      map[int64]*page
	unfolded   map[*page]struct{}
	loaded     int // pages read since the last trim
	journaled  int // octets in the journal since the last trim
	lastTrim   time.Time
	parked     []parked
	orphaned   int64
}

// Open opens the ledger in o.Dir, creates it when absent, brings its schema up
// to date, checks the file's integrity, reads the journal and verifies that
// every page balances. Recipients that were offered when the last process ended
// are in doubt from here on. It returns ErrBusy when another process has it open.
func Open(ctx context.Context, o Options) (*Ledger, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Owner == "" {
		host, _ := os.Hostname()
		o.Owner = fmt.Sprintf("%s/%d", host, os.Getpid())
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	l := &Ledger{
		dir: o.Dir, owner: o.Owner, log: o.Logger, onDone: o.Commit, lock: lock,
		pages: map[int64]*page{}, unfolded: map[*page]struct{}{}, lastTrim: time.Now(),
	}
	if err := l.open(ctx, filepath.Join(o.Dir, "ledger.db")); err != nil {
		l.Close()
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return l, nil
}

func (l *Ledger) open(ctx context.Context, file string) error {
	if err := private(file); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(file, writing))
	if err != nil {
		return err
	}
	l.db = db
	db.SetMaxOpenConns(4)
	if err := migrate(ctx, db); err != nil {
		return err
	}
	if err := check(ctx, db); err != nil {
		return err
	}
	if l.conn, err = db.Conn(ctx); err != nil {
		return err
	}
	if err := errors.Join(l.stmt.prepare(ctx, l.conn), l.contents.prepare(ctx, db)); err != nil {
		return err
	}
	return l.restore(ctx)
}

// private makes a ledger that is not there yet a file for its owner alone: it
// holds numbers. SQLite gives the files beside it the same mode.
func private(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// dsn names the database with the settings every connection needs. The cache is
// 8 MiB.
func dsn(file, extra string) string {
	return "file:" + file + "?_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)" +
		"&_pragma=foreign_keys(1)&_pragma=cache_size(-8192)&" + extra
}

// writing are the settings of who writes; a reader has no say in them, and a file
// restored from a backup has no write-ahead log yet. The log is copied back every
// 16 MiB.
const writing = "_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(4096)&_txlock=immediate"

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(schema, "schema")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// check asks the database whether its file is whole.
func check(ctx context.Context, db *sql.DB) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("check integrity: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the ledger's file is damaged (%s): restore it from a backup", verdict)
	}
	return nil
}

// lockDir takes the data folder for this process, until it ends or closes the file.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "ledger.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: %s", ErrBusy, dir)
	}
	return f, nil
}

// Close folds what is left and closes the database. The ledger must be idle.
func (l *Ledger) Close() error {
	var err error
	if l.conn != nil {
		if l.Err() == nil {
			err = l.Fold(context.Background())
		}
		l.stmt.close()
		l.contents.close()
		err = errors.Join(err, l.conn.Close())
	}
	if l.db != nil {
		err = errors.Join(err, l.db.Close())
	}
	return errors.Join(err, l.lock.Close())
}

// Err is the database error that broke the ledger; nil while it works. Once it
// is not nil nothing may be sent.
func (l *Ledger) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}
