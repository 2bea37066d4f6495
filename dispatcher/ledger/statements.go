package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// statements are the ones the hot path uses, prepared once.
type statements struct {
	journal, status, page *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, conn *sql.Conn) error {
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&s.journal, `INSERT INTO journal (seq, at, data) VALUES ($1, $2, $3)`},
		{&s.status, `INSERT INTO status (page, data) VALUES ($1, $2) ON CONFLICT (page) DO UPDATE SET data = excluded.data`},
		{&s.page, `UPDATE page SET waiting = $1, offered = $2, in_doubt = $3, accepted = $4, delivered = $5, failed = $6,
			expired = $7, cancelled = $8, resent = $9, segments = $10, folded = $11, epoch = $12, owner = $13, provider = $14
			WHERE id = $15 AND epoch <= $12`},
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
	for _, stmt := range []*sql.Stmt{s.journal, s.status, s.page} {
		if stmt != nil {
			stmt.Close()
		}
	}
}
