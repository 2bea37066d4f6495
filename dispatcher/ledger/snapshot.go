package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"

	"tocsin/providers/sms"
)

// readAnew makes pages of a shared ledger what the database says now: their rows and
// their recipients, all of one instant, whatever other processes write meanwhile. An
// error changes nothing. Under l.mu.
func (l *Ledger) readAnew(ctx context.Context, pages []*page) error {
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("read pages: %w", err)
	}
	defer conn.Close()
	var fresh []*page
	err = conn.Raw(func(driver any) (err error) {
		fresh, err = snapshot(ctx, driver.(*stdlib.Conn).Conn(), pages)
		return err
	})
	if err != nil {
		return err
	}
	for i, p := range pages {
		if d := l.current.dirty[p]; d != nil && p.version != fresh[i].version {
			// A request of this transaction has decided by the row that is over.
			l.current.moved = true
		}
		l.replace(p, fresh[i])
	}
	return nil
}

// snapshot reads pages in one transaction and one round trip; the result is in the order
// of pages. Numbers that are in memory already never change and are taken over.
func snapshot(ctx context.Context, conn *pgx.Conn, pages []*page) (fresh []*page, err error) {
	at := make(map[int64]int, len(pages))
	var all, unread []int64
	for i, p := range pages {
		at[p.id] = i
		all = append(all, p.id)
		if p.numbers == nil {
			unread = append(unread, p.id)
		}
	}
	b := &pgx.Batch{}
	b.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	b.Queue(`SELECT `+pageColumns+` FROM page WHERE id = ANY($1::bigint[])`, all)
	b.Queue(`SELECT page, 0::bigint, numbers FROM content WHERE page = ANY($1::bigint[])`, unread)
	b.Queue(`SELECT page, 0::bigint, data FROM status WHERE page = ANY($1::bigint[])`, all)
	b.Queue(`SELECT page, version, data FROM journal WHERE page = ANY($1::bigint[]) ORDER BY page, version`, all)
	b.Queue(`COMMIT`)
	results := conn.SendBatch(ctx, b)
	defer func() {
		if closeErr := results.Close(); err == nil {
			err = closeErr
		}
		if err != nil && conn.PgConn().TxStatus() != 'I' {
			conn.Close(ctx) // the transaction is not over: let the pool make another one
		}
	}()
	if _, err := results.Exec(); err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	if fresh, err = snapshotRows(results, pages, at); err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	totals := make([][2]int, len(fresh)) // of the row: replay must not add to them again
	counts := make([][sms.States]int, len(fresh))
	for i, p := range fresh {
		totals[i], counts[i] = [2]int{p.resent, p.segments}, p.counts
		p.fresh() // until its status is read, if it has one
	}
	for _, read := range []struct {
		what string
		take func(p *page, version int64, data []byte) error
	}{{"numbers", (*page).takeNumbers}, {"status", (*page).takeStatus}, {"journal", (*page).takeJournal}} {
		if err := snapshotContents(results, read.what, fresh, at, read.take); err != nil {
			return nil, err
		}
	}
	for i, p := range fresh {
		p.resent, p.segments = totals[i][0], totals[i][1]
		if p.numbers == nil || p.counts != counts[i] {
			return nil, fmt.Errorf("page %d does not balance: %w", p.id, errTorn)
		}
	}
	return fresh, nil
}

// snapshotRows reads the rows of pages.
func snapshotRows(results pgx.BatchResults, pages []*page, at map[int64]int) ([]*page, error) {
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	fresh := make([]*page, len(pages))
	for rows.Next() {
		p, _, err := scanPage(rows)
		if err != nil {
			return nil, err
		}
		i := at[p.id]
		p.campaign, p.numbers = pages[i].campaign, pages[i].numbers
		fresh[i] = p
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i, p := range fresh {
		if p == nil {
			return nil, fmt.Errorf("page %d is not there", pages[i].id)
		}
	}
	return fresh, nil
}

// snapshotContents reads rows of a page and its data, and calls take for each.
func snapshotContents(results pgx.BatchResults, what string, fresh []*page, at map[int64]int, take func(p *page, version int64, data []byte) error) error {
	rows, err := results.Query()
	if err != nil {
		return fmt.Errorf("read %s of pages: %w", what, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, version int64
		var data pgtype.DriverBytes // valid until the next row
		if err := rows.Scan(&id, &version, &data); err != nil {
			return fmt.Errorf("read %s of pages: %w", what, err)
		}
		if err := take(fresh[at[id]], version, data); err != nil {
			return fmt.Errorf("read %s of page %d: %w", what, id, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %s of pages: %w", what, err)
	}
	return nil
}
