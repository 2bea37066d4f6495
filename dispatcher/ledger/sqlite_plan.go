package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// plan begins a plan. Sending waits while the pages are written.
func (s *sqliteStore) plan(ctx context.Context) (planner, error) {
	s.mu.Lock()
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	p := &sqlitePlan{s: s, tx: tx}
	if p.page, err = tx.PrepareContext(ctx, insertPage); err == nil {
		p.content, err = tx.PrepareContext(ctx, insertContent)
	}
	if err != nil {
		return nil, errors.Join(err, p.end(ctx, false))
	}
	return p, nil
}

// sqlitePlan is a planner that holds the one connection.
type sqlitePlan struct {
	s             *sqliteStore
	tx            *sql.Tx
	page, content *sql.Stmt
}

func (p *sqlitePlan) query(ctx context.Context, text string, args ...any) *sql.Row {
	return p.tx.QueryRowContext(ctx, text, args...)
}

func (p *sqlitePlan) addPage(ctx context.Context, k *page, numbers, fields []byte) error {
	if _, err := p.page.ExecContext(ctx, k.planned()...); err != nil {
		return err
	}
	_, err := p.content.ExecContext(ctx, k.id, numbers, fields)
	return err
}

func (p *sqlitePlan) copy(ctx context.Context, table string, columns []string, rows [][]any) error {
	places := make([]string, len(columns))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	stmt, err := p.tx.PrepareContext(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES ("+strings.Join(places, ", ")+")")
	if err != nil {
		return err
	}
	defer stmt.Close()
	for _, row := range rows {
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

func (p *sqlitePlan) exec(ctx context.Context, text string, args ...any) error {
	_, err := p.tx.ExecContext(ctx, text, args...)
	return err
}

func (p *sqlitePlan) end(ctx context.Context, keep bool) error {
	defer p.s.mu.Unlock()
	if !keep {
		return p.tx.Rollback()
	}
	if err := p.tx.Commit(); err != nil {
		return err
	}
	id, err := p.s.campaigns(ctx)
	if err != nil {
		return err
	}
	p.s.guard.mark.campaigns = max(p.s.guard.mark.campaigns, id)
	return errors.Join(p.s.marked(ctx), p.s.at.present())
}
