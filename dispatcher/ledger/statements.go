package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// statements are the ones the hot path writes with, prepared once.
type statements struct {
	begin, commit, rollback, journal, trim, status, page *sql.Stmt

	more map[string]*sql.Stmt // the others, each since it was first needed: a text is a constant
}

// of is the prepared statement of a text.
func (s *statements) of(ctx context.Context, conn *sql.Conn, text string) (*sql.Stmt, error) {
	if stmt := s.more[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	s.more[text] = stmt
	return stmt, nil
}

func (s *statements) prepare(ctx context.Context, conn *sql.Conn) error {
	s.more = map[string]*sql.Stmt{}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&s.begin, `BEGIN IMMEDIATE`},
		{&s.commit, `COMMIT`},
		{&s.rollback, `ROLLBACK`},
		{&s.journal, `INSERT INTO journal (page, version, data) VALUES ($1, $2, $3)`},
		{&s.trim, `DELETE FROM journal WHERE page = $1`},
		{&s.status, `INSERT INTO status (page, data) VALUES ($1, $2) ON CONFLICT (page) DO UPDATE SET data = excluded.data`},
		{&s.page, `UPDATE page SET waiting = $1, offered = $2, in_doubt = $3, accepted = $4, delivered = $5, failed = $6,
			expired = $7, cancelled = $8, resent = $9, segments = $10, folded = $11, epoch = $12, owner = $13, provider = $14, version = $15
			WHERE id = $16 AND version = $15 - 1`},
	} {
		stmt, err := conn.PrepareContext(ctx, p.text)
		if err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		*p.stmt = stmt
	}
	return nil
}

func (s *statements) close() {
	closeAll(s.begin, s.commit, s.rollback, s.journal, s.trim, s.status, s.page)
	for _, stmt := range s.more {
		stmt.Close()
	}
}

func closeAll(stmts ...*sql.Stmt) {
	for _, stmt := range stmts {
		if stmt != nil {
			stmt.Close()
		}
	}
}

// contents read what a page holds, prepared once for all connections of a database.
type contents struct {
	numbers, status, journal, fields *sql.Stmt
}

func (s *contents) prepare(ctx context.Context, db *sql.DB) error {
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&s.numbers, `SELECT numbers FROM content WHERE page = $1`},
		{&s.status, `SELECT data FROM status WHERE page = $1`},
		{&s.journal, `SELECT data, version FROM journal WHERE page = $1 ORDER BY version`},
		{&s.fields, `SELECT fields FROM content WHERE page = $1`},
	} {
		stmt, err := db.PrepareContext(ctx, p.text)
		if err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		*p.stmt = stmt
	}
	return nil
}

// in is the same statements inside a transaction.
func (s *contents) in(ctx context.Context, tx *sql.Tx) *contents {
	return &contents{
		tx.StmtContext(ctx, s.numbers), tx.StmtContext(ctx, s.status), tx.StmtContext(ctx, s.journal), tx.StmtContext(ctx, s.fields),
	}
}

func (s *contents) close() { closeAll(s.numbers, s.status, s.journal, s.fields) }
