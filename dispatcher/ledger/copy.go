package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// kept are the tables that a copy of a ledger holds, and the schema that brought each:
// an older ledger has none. Who is at work on it is not the copy's business.
var kept = []struct {
	table string
	since int64
}{
	{"campaign", 1},
	{"page", 1},
	{"content", 1},
	{"status", 1},
	{"journal", 1},
	{"exclusion", 1},
	{"suppression", 1},
	{"incoming", 1},
	{"orphan", 1},
	{"command", 3},
	{"provider", 5},
	{"provider_hour", 8},
	{"hop", 8},
	{"consent", 14},
	{"broadcast", 15},
}

// ErrNotEmpty says that a ledger has campaigns already.
var ErrNotEmpty = errors.New("the ledger there is not empty")

// copyAtOnce is how many rows are read before they are written: a page's content is
// some 20 KB.
const copyAtOnce = 200

// copyInto copies all that is kept from one instant of from into l, which must be
// empty. It is whole or not at all.
func (l *Ledger) copyInto(ctx context.Context, from *sql.DB) (err error) {
	tx, err := from.BeginTx(ctx, readOnly)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	to, err := l.store.plan(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if endErr := to.end(ctx, err == nil); err == nil {
			err = endErr
		}
	}()
	var campaigns int
	if err := to.query(ctx, `SELECT count(*) FROM campaign`).Scan(&campaigns); err != nil {
		return err
	}
	if campaigns > 0 {
		return ErrNotEmpty
	}
	version, err := schemaOf(ctx, from)
	if err != nil {
		return err
	}
	for _, k := range kept {
		if version < k.since {
			continue
		}
		if err := copyTable(ctx, tx, to, k.table); err != nil {
			return fmt.Errorf("copy %s: %w", k.table, err)
		}
	}
	// The other database's transactions mean nothing here.
	return to.exec(ctx, `UPDATE page SET stamp = 0`)
}

// schemaOf is the schema of a ledger that is copied; ErrTooOld when it has what this
// program knows nothing of, and would lose.
func schemaOf(ctx context.Context, from *sql.DB) (int64, error) {
	var version int64
	if err := from.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read its schema: %w", err)
	}
	own, err := ownSchema()
	if err != nil {
		return 0, err
	}
	if version > own {
		return 0, fmt.Errorf("%w: it is of schema %d, and this one is of %d: use the newer one", ErrTooOld, version, own)
	}
	return version, nil
}

func copyTable(ctx context.Context, from *sql.Tx, to planner, table string) error {
	rows, err := from.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	var some [][]any
	for rows.Next() {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if some = append(some, row); len(some) == copyAtOnce {
			if err := to.copy(ctx, table, columns, some); err != nil {
				return err
			}
			some = some[:0]
		}
	}
	if err := rows.Err(); err != nil || len(some) == 0 {
		return err
	}
	return to.copy(ctx, table, columns, some)
}
