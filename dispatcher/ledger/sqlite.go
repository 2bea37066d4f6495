package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"modernc.org/sqlite" // the database/sql driver "sqlite" too
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrBusy says that another process works on this ledger.
var ErrBusy = errors.New("another tocsin works on this data folder")

// sqliteStore is a store in a file that this process alone writes.
type sqliteStore struct {
	dir  string
	lock *os.File
	at   *place
	conn *sql.Conn // the one connection that writes
	stmt statements

	mu     sync.Mutex // held during a transaction
	guard  *guard
	found  *standing // what was in the data folder
	open   []string  // files that others could read or write until now
	opened bool      // SQLite may have the files open
}

// openSQLite opens the file ledger.db in dir, creates it when absent, finds out whether it
// is as it was written, and brings its schema up to date.
func openSQLite(ctx context.Context, dir string, anew bool) (s *sqliteStore, db *sql.DB, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	s = &sqliteStore{dir: dir}
	if s.lock, err = lockDir(dir); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
			if db != nil {
				db.Close()
			}
		}
	}()
	if s.at, err = takePlace(dir); err != nil {
		return s, nil, err
	}
	if s.found, err = inspect(dir); anew && errors.Is(err, ErrGone) {
		s.found, err = &standing{none: true}, forget(dir)
	}
	if err != nil {
		return s, nil, err
	}
	if s.guard, err = newGuard(dir, s.found); err != nil {
		return s, nil, err
	}
	if err = s.guard.begin(); err != nil {
		return s, nil, err
	}
	file := filepath.Join(dir, "ledger.db")
	if s.open, err = private(dir); err != nil {
		return s, nil, err
	}
	if err = s.at.watch(); err != nil {
		return s, nil, err
	}
	if db, err = sql.Open("sqlite", dsn(file, writing)); err != nil {
		return s, nil, err
	}
	s.opened = true
	db.SetMaxOpenConns(4)
	if err = migrate(ctx, db, sqliteDialect); err != nil {
		return s, db, err
	}
	if s.found.unsure != "" || s.found.back {
		if err = check(ctx, db); err != nil {
			return s, db, damaged(dir, err)
		}
	}
	if s.conn, err = db.Conn(ctx); err != nil {
		return s, db, err
	}
	if err = s.stmt.prepare(ctx, s.conn); err != nil {
		return s, db, err
	}
	return s, db, s.takeUp(ctx)
}

// takeUp marks how the ledger stands.
func (s *sqliteStore) takeUp(ctx context.Context) error {
	campaigns, err := s.campaigns(ctx)
	if err != nil {
		return err
	}
	if campaigns < s.guard.mark.campaigns {
		return fmt.Errorf("%w: %d campaigns that were planned are not in it any more, and planning them anew would send to everybody again: "+
			"keep a copy of %s, move its files ledger.* away, and restore the last backup with tocsin ledger restore",
			ErrGone, s.guard.mark.campaigns-campaigns, s.dir)
	}
	s.guard.mark.campaigns = campaigns
	// A commit, so that the log has a name that the mark can say.
	var starts int32
	if err := s.conn.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&starts); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, starts+1)); err != nil {
		return err
	}
	if err := s.guard.committed(); err != nil {
		return err
	}
	if s.guard.sums == nil {
		return s.guard.copy(ctx, s.conn)
	}
	return nil
}

// campaigns is the highest id of a campaign.
func (s *sqliteStore) campaigns(ctx context.Context) (id int64, err error) {
	err = s.conn.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM campaign`).Scan(&id)
	return id, err
}

// marked marks that a transaction is on the disk, and copies the log into the file when it
// is due.
func (s *sqliteStore) marked(ctx context.Context) error {
	if err := s.guard.committed(); err != nil {
		return err
	}
	if s.guard.due() {
		return s.guard.copy(ctx, s.conn)
	}
	return nil
}

// dsn names the database with the settings every connection needs. The cache is
// 8 MiB.
func dsn(file, extra string) string {
	return "file:" + file + "?_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)" +
		"&_pragma=foreign_keys(1)&_pragma=cache_size(-8192)&" + extra
}

// writing are the settings of the process that writes; a reader does not set them, and a file
// restored from a backup has no write-ahead log yet. The log is copied back by guard.copy
// alone.
const writing = "_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(0)&_txlock=immediate"

// check asks the database whether its file is whole, as far as it can tell without sums.
func check(ctx context.Context, db *sql.DB) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("check integrity: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	return nil
}

// readSQLite opens a ledger's file for reading; ErrNoLedger when the process that
// made it ended before the schema was in it.
func readSQLite(file, mode string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(file, mode))
	if err != nil {
		return nil, err
	}
	var tables int
	err = db.QueryRow(`SELECT count(*) FROM sqlite_master WHERE name = 'content'`).Scan(&tables)
	if err == nil && tables == 0 {
		err = ErrNoLedger
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// undone reports whether a reader finds a transaction that the last process left
// half written and that has to be undone before anybody can read.
func undone(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xFF == sqlite3.SQLITE_READONLY
}

func (s *sqliteStore) write(ctx context.Context, c *commit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.stmt.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := s.fill(ctx, c); err != nil {
		_, undone := s.stmt.rollback.ExecContext(ctx)
		if undone == nil && sqliteRefuses(err) {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return errors.Join(err, undone)
	}
	if _, err := s.stmt.commit.ExecContext(ctx); err != nil {
		s.stmt.rollback.ExecContext(ctx)
		return fmt.Errorf("commit: %w", err)
	}
	if err := s.marked(ctx); err != nil {
		return err
	}
	return s.at.present() // else it is written to nowhere
}

// present is errAway when the files are not where they were.
func (s *sqliteStore) present() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.present()
}

// sqliteRefuses reports whether an error is about what a statement says, and not about
// the file, its disk or this program.
func sqliteRefuses(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xFF {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
		return true
	}
	return false
}

func (s *sqliteStore) fill(ctx context.Context, c *commit) error {
	for p, d := range c.dirty {
		if image := c.fold[p]; image != nil {
			if _, err := s.stmt.status.ExecContext(ctx, p.id, image); err != nil {
				return fmt.Errorf("fold page %d: %w", p.id, err)
			}
			if _, err := s.stmt.trim.ExecContext(ctx, p.id); err != nil {
				return fmt.Errorf("trim the journal of page %d: %w", p.id, err)
			}
		} else if row := c.row(p, d); row != nil {
			if _, err := s.stmt.journal.ExecContext(ctx, p.id, p.version, row); err != nil {
				return fmt.Errorf("write journal of page %d: %w", p.id, err)
			}
		}
		if err := s.save(ctx, p); err != nil {
			return err
		}
	}
	for _, do := range c.exec {
		stmt, err := s.stmt.of(ctx, s.conn, do.text)
		if err != nil {
			return err
		}
		res, err := stmt.ExecContext(ctx, do.args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); do.must && (err != nil || n != 1) {
			return errors.Join(errMoved, err)
		}
	}
	return nil
}

// save writes the page's row. That no row is hit means that somebody else has
// written it.
func (s *sqliteStore) save(ctx context.Context, p *page) error {
	n := p.columns()
	res, err := s.stmt.page.ExecContext(ctx, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11],
		p.owner, p.provider, n[12], n[13])
	if err != nil {
		return fmt.Errorf("write page %d: %w", p.id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("write version %d of page %d: %w", p.version, p.id, ErrStale)
	}
	return nil
}

// lost reports whether the files were behind their mark.
func (s *sqliteStore) lost() bool { return s.guard.held }

func (s *sqliteStore) took() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	campaigns, err := s.campaigns(context.Background())
	if err != nil {
		return err
	}
	return s.guard.settle(campaigns)
}

// advice looks at what kind of trouble the file is in.
func (s *sqliteStore) advice(err error) string {
	if errors.Is(err, errAway) {
		return "put " + s.dir + " back as it was before anything is started again: without it everybody would be sent to again"
	}
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xFF == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC) {
		return "free space on the disk of " + s.dir + " and start again, it continues where it stopped"
	}
	return "see to the disk of " + s.dir + " and start again, it continues where it stopped"
}

func (s *sqliteStore) close() error {
	var err error
	// What is in the log goes into the file with sums of it, or it stays in the log.
	if s.opened && (s.conn == nil || s.guard.held || s.guard.copy(context.Background(), s.conn) != nil || !s.guard.mark.copied) {
		err = s.keepLog()
	}
	if s.conn != nil {
		s.stmt.close()
		err = errors.Join(err, s.conn.Close())
	}
	if s.guard != nil {
		err = errors.Join(err, s.guard.close())
	}
	return errors.Join(err, s.at.leave(), s.lock.Close())
}

// keepLog opens the database once more and leaves it open: SQLite copies the log into the
// file when the last connection closes, and knows nothing of sums.
func (s *sqliteStore) keepLog() error {
	db, err := sql.Open("sqlite", dsn(filepath.Join(s.dir, "ledger.db"), writing))
	if err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	return tx.Commit() // the connection stays in its pool
}
