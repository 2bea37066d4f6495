package ledger

import (
	"context"
	"database/sql"
	"errors"
)

// errMoved says that another process has written to a page since it was read
// here. Nothing was written.
var errMoved = errors.New("another process has written to the page")

// ErrRefused says that the database refuses the content of a request: a value
// that it cannot hold, or that breaks a rule of its tables. Nothing was written.
var ErrRefused = errors.New("the database does not take this")

// A store is the database under a ledger: SQLite for one process, PostgreSQL for
// many.
type store interface {
	// write makes c durable in one transaction, or changes nothing. errMoved: read
	// its pages anew and try again. ErrRefused: nothing was written, and the same c will
	// be refused again. Any other error leaves open whether c was written; nothing may be
	// believed until the database has been read again.
	write(ctx context.Context, c *commit) error
	// plan begins the one transaction at a time that adds campaigns and pages.
	plan(ctx context.Context) (planner, error)
	// lost reports whether the database was found older than it had been, which took says
	// has been dealt with.
	lost() bool
	took() error
	// advice says what a person can do about an error of write.
	advice(err error) string
	// close lets go of everything but what reading needs.
	close() error
}

// A holder is a store that other processes write to, too.
type holder interface {
	// hold keeps every other process from writing to pages, ids ascending, until the next
	// write has ended or free is called.
	hold(ctx context.Context, pages []int64) (free func(), err error)
}

// A planner is the transaction of a plan.
type planner interface {
	// query asks for one row.
	query(ctx context.Context, text string, args ...any) *sql.Row
	// addPage adds a planned page with its content.
	addPage(ctx context.Context, p *page, numbers, fields []byte) error
	// copy adds rows to a table.
	copy(ctx context.Context, table string, columns []string, rows [][]any) error
	// exec runs one statement.
	exec(ctx context.Context, text string, args ...any) error
	// end commits, or, when keep is false, leaves nothing behind.
	end(ctx context.Context, keep bool) error
}

// A statement is one more thing that a transaction does.
type statement struct {
	text string
	args []any
	must bool // it must change a row, or everything is errMoved
}

// do adds a statement to the transaction.
func (c *commit) do(text string, args ...any) {
	c.exec = append(c.exec, statement{text, args, false})
}

// must adds a statement that changes a campaign's row, if that is still as k said;
// otherwise k is read anew and the requests are asked again.
func (c *commit) must(k *Campaign, text string, args ...any) {
	c.exec = append(c.exec, statement{text, args, true})
	c.campaigns = append(c.campaigns, k)
}
