package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// postgresStore is a store that many processes share.
type postgresStore struct {
	config *pgx.ConnConfig

	mu      sync.Mutex // guards what follows
	conn    *pgx.Conn  // the one connection that writes
	holding bool       // it is in a transaction that has locked pages
}

// IsPostgres reports whether url names a PostgreSQL.
func IsPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// openPostgres connects and brings the schema up to date; processes that start at
// once take turns.
func openPostgres(ctx context.Context, url string) (s *postgresStore, db *sql.DB, err error) {
	config, err := postgresConfig(url)
	if err != nil {
		return nil, nil, err
	}
	s = &postgresStore{config: config}
	db = stdlib.OpenDB(*config.Copy())
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	defer func() {
		if err != nil {
			db.Close()
			s.close()
		}
	}()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(0x746F6373696E), lock.WithLockTimeout(1, 60))
	if err != nil {
		return s, db, err
	}
	d := dialect{
		name: "postgres", goose: goose.DialectPostgres, options: []goose.ProviderOption{goose.WithSessionLocker(locker)},
		words: strings.NewReplacer("BLOB", "BYTEA"),
		there: `SELECT count(to_regclass('compat'))`,
	}
	if err := migrate(ctx, db, d); err != nil {
		return s, db, err
	}
	s.conn, err = pgx.ConnectConfig(ctx, forWriting(config))
	return s, db, err
}

// readers is how many connections read. All are kept: a new one costs the server as
// much as two thousand recipients.
const readers = 4

// forWriting is the configuration of the connection that writes. What it says is said
// thousands of times and finds its rows by their keys, however many there are: it is
// planned once, and for no size that the tables had by chance then.
func forWriting(config *pgx.ConnConfig) *pgx.ConnConfig {
	c := config.Copy()
	c.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	for _, way := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin"} {
		c.RuntimeParams[way] = "off"
	}
	return c
}

func postgresConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // its words may hold the password
		return nil, errors.New("the ledger's address is not understood: want postgres://user@host:5432/database")
	}
	config.ConnectTimeout = 5 * time.Second
	// Acknowledged is on disk, whatever the server's own setting.
	config.RuntimeParams["synchronous_commit"] = "on"
	config.RuntimeParams["application_name"] = "tocsin"
	return config, nil
}

// readPostgres opens a PostgreSQL for reading; ErrNoLedger when it holds none.
func readPostgres(url string) (*sql.DB, error) {
	config, err := postgresConfig(url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	db := stdlib.OpenDB(*config)
	var there bool
	if err := db.QueryRow(`SELECT to_regclass('campaign') IS NOT NULL`).Scan(&there); err != nil {
		db.Close()
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if !there {
		db.Close()
		return nil, fmt.Errorf("%w in the database %s on %s", ErrNoLedger, config.Database, config.Host)
	}
	return db, nil
}

// updatePages writes rows of pages, all of them or, by dividing by zero, none:
// one that another process has written since has another version.
const updatePages = `WITH v AS (
	SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
		$9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::bigint[], $16::bigint[])
		AS v(waiting, offered, in_doubt, accepted, delivered, failed, expired, cancelled, resent, segments, folded, epoch, owner, provider, version, id)
), done AS (
	UPDATE page SET waiting = v.waiting, offered = v.offered, in_doubt = v.in_doubt, accepted = v.accepted, delivered = v.delivered,
		failed = v.failed, expired = v.expired, cancelled = v.cancelled, resent = v.resent, segments = v.segments, folded = v.folded,
		epoch = v.epoch, owner = v.owner, provider = v.provider, version = v.version,
		stamp = pg_current_xact_id()::text::bigint
	FROM v WHERE page.id = v.id AND page.version = v.version - 1 RETURNING 1
) SELECT 1 / (CASE WHEN (SELECT count(*) FROM done) = cardinality($1::bigint[]) THEN 1 ELSE 0 END)`

// Error codes of PostgreSQL, appendix A.
const (
	divisionByZero = "22012"
	deadlock       = "40P01" // two processes wrote the same two pages
	serialization  = "40001"
)

// write sends everything in one round trip; without a BEGIN the server takes it as
// one transaction.
func (s *postgresStore) write(ctx context.Context, c *commit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &pgx.Batch{}
	if len(c.dirty) > 0 {
		queuePages(b, c)
	}
	for _, do := range c.exec {
		text := do.text
		if do.must {
			text = `WITH done AS (` + text + ` RETURNING 1) SELECT 1 / (SELECT count(*)::int FROM done)`
		}
		b.Queue(text, do.args...)
	}
	if s.holding {
		b.Queue(`COMMIT`)
		defer s.rollBack(ctx)
	}
	err := s.conn.SendBatch(ctx, b).Close()
	var told *pgconn.PgError
	if errors.As(err, &told) && (told.Code == divisionByZero || told.Code == deadlock || told.Code == serialization) {
		return errMoved
	}
	if err != nil && told != nil && postgresRefuses(told.Code) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// heldFor is how long PostgreSQL keeps pages for a process that says nothing meanwhile: one
// that was stopped must not stop the others.
const heldFor = "5s"

// hold locks the rows of pages in a transaction that the next write ends.
func (s *postgresStore) hold(ctx context.Context, pages []int64) (free func(), err error) {
	free = func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.rollBack(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &pgx.Batch{}
	if !s.holding {
		b.Queue(`BEGIN`)
		b.Queue(`SET LOCAL idle_in_transaction_session_timeout = '` + heldFor + `'`)
	}
	b.Queue(`SELECT FROM page WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE`, pages)
	s.holding = true
	err = s.conn.SendBatch(ctx, b).Close()
	var told *pgconn.PgError
	if errors.As(err, &told) && told.Code == deadlock {
		s.rollBack(ctx)
		err = nil // the next try may find them free
	}
	return free, err
}

// rollBack ends a transaction that has not ended, if there is one. Under s.mu.
func (s *postgresStore) rollBack(ctx context.Context) {
	if s.holding && s.conn.PgConn().TxStatus() != 'I' {
		s.conn.Exec(ctx, `ROLLBACK`) // it fails with the connection, which the next write tells
	}
	s.holding = false
}

// postgresRefuses reports whether an error code is about what a statement says: classes
// 22 (data exception), 23 (integrity constraint violation) and 54 (a limit of the server,
// such as how long a value in an index may be).
func postgresRefuses(code string) bool {
	return strings.HasPrefix(code, "22") || strings.HasPrefix(code, "23") || strings.HasPrefix(code, "54")
}

// queuePages queues what becomes of the pages.
func queuePages(b *pgx.Batch, c *commit) {
	n := len(c.dirty)
	var numbers [14][]int64
	for i := range numbers {
		numbers[i] = make([]int64, 0, n)
	}
	owners, providers := make([]string, 0, n), make([]string, 0, n)
	var journalPages, journalVersions, folded []int64
	var journal, images [][]byte
	for _, p := range c.pages() {
		d := c.dirty[p]
		for i, v := range p.columns() {
			numbers[i] = append(numbers[i], v)
		}
		owners, providers = append(owners, p.owner), append(providers, p.provider)
		if image := c.fold[p]; image != nil {
			folded, images = append(folded, p.id), append(images, image)
		} else if row := c.row(p, d); row != nil {
			journalPages, journalVersions = append(journalPages, p.id), append(journalVersions, p.version)
			journal = append(journal, row)
		}
	}
	args := make([]any, 0, 16)
	for _, column := range numbers[:12] {
		args = append(args, column)
	}
	b.Queue(updatePages, append(args, owners, providers, numbers[12], numbers[13])...)
	if len(journal) > 0 {
		b.Queue(`INSERT INTO journal (page, version, data) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])`,
			journalPages, journalVersions, journal)
	}
	if len(folded) > 0 {
		b.Queue(`INSERT INTO status (page, data) SELECT * FROM unnest($1::bigint[], $2::bytea[]) ON CONFLICT (page) DO UPDATE SET data = excluded.data`,
			folded, images)
		b.Queue(`DELETE FROM journal WHERE page = ANY($1::bigint[])`, folded)
	}
}

// lost is for the Ledger to find out: see Options.Tide.
func (s *postgresStore) lost() bool { return false }

func (s *postgresStore) took() error { return nil }

func (s *postgresStore) advice(error) string {
	return fmt.Sprintf("see to the PostgreSQL on %s, what was on its way is read from it again", s.config.Host)
}

func (s *postgresStore) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return s.conn.Close(ctx)
}

// planLock is the advisory lock that plans of all processes take turns by.
const planLock = 0x746F6373696F

// plan begins a plan on a connection of its own.
func (s *postgresStore) plan(ctx context.Context) (planner, error) {
	db := stdlib.OpenDB(*s.config.Copy())
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	p := &postgresPlan{db: db, conn: conn}
	if p.tx, err = conn.BeginTx(ctx, nil); err == nil {
		_, err = p.tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, planLock)
	}
	if err != nil {
		return nil, errors.Join(err, p.end(ctx, false))
	}
	return p, nil
}

// postgresPlan is a planner that copies pages in many at a time.
type postgresPlan struct {
	db              *sql.DB
	conn            *sql.Conn
	tx              *sql.Tx
	pages, contents [][]any
}

// copyAt is how many pages are copied together: some 2 MB of content.
const copyAt = 100

func (p *postgresPlan) query(ctx context.Context, text string, args ...any) *sql.Row {
	return p.tx.QueryRowContext(ctx, text, args...)
}

func (p *postgresPlan) addPage(ctx context.Context, k *page, numbers, fields []byte) error {
	p.pages = append(p.pages, append(k.planned(), int64(k.size)))
	p.contents = append(p.contents, []any{k.id, append([]byte(nil), numbers...), append([]byte(nil), fields...)})
	if len(p.pages) < copyAt {
		return nil
	}
	return p.flush(ctx)
}

// flush copies what has gathered.
func (p *postgresPlan) flush(ctx context.Context) error {
	if len(p.pages) == 0 {
		return nil
	}
	err := p.copy(ctx, "page", append(plannedColumns[:], "waiting"), p.pages)
	if err == nil {
		err = p.copy(ctx, "content", []string{"page", "numbers", "fields"}, p.contents)
	}
	p.pages, p.contents = p.pages[:0], p.contents[:0]
	return err
}

func (p *postgresPlan) copy(ctx context.Context, table string, columns []string, rows [][]any) error {
	return p.conn.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
		return err
	})
}

func (p *postgresPlan) exec(ctx context.Context, text string, args ...any) error {
	_, err := p.tx.ExecContext(ctx, text, args...)
	return err
}

func (p *postgresPlan) end(ctx context.Context, keep bool) error {
	var err error
	if p.tx != nil {
		if keep {
			err = p.flush(ctx)
		}
		if keep && err == nil {
			err = p.tx.Commit()
		} else {
			err = errors.Join(err, p.tx.Rollback())
		}
	}
	if closeErr := errors.Join(p.conn.Close(), p.db.Close()); err == nil && !keep {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("store plan: %w", err)
	}
	return nil
}
