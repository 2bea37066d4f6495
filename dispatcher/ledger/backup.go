package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tocsin/providers/sms"
)

// Backup writes a copy of the ledger that o names, as it is at one instant, into a
// new file; processes may be at work on it meanwhile. Whatever the ledger is kept
// in, the copy is a file of SQLite, readable by its owner alone.
func Backup(ctx context.Context, o Options, file string) error {
	if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("back up: %s is there already: name a new file", file)
	}
	r, err := OpenReader(o)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer r.Close()
	// A folder of its own, so that the file is whole when it gets its name.
	dir, err := os.MkdirTemp(filepath.Dir(file), ".tocsin-backup-")
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer os.RemoveAll(dir)
	l, err := Open(ctx, Options{Dir: dir, Owner: "backup"})
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if err := errors.Join(l.copyInto(ctx, r.db), l.Close()); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "ledger.db-wal")); err == nil {
		return errors.New("back up: the copy could not be made one file")
	}
	if err := os.Rename(filepath.Join(dir, "ledger.db"), file); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return nil
}

// Restore copies a backup into the ledger that o names, which must be empty. What
// was sent after the backup was made is not in it: every campaign that was at work
// is paused and says so, and everybody in it who was not settled is in doubt, until
// receipts or a person settle that.
func Restore(ctx context.Context, o Options, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	from, err := readSQLite(file, "mode=ro")
	if err != nil {
		return fmt.Errorf("restore: %s: %w", file, err)
	}
	defer from.Close()
	o.Anew = true
	l, err := Open(ctx, o)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	err = l.copyInto(ctx, from)
	if err == nil {
		err = l.doubt(ctx, fmt.Sprintf("restored from a backup of %s: what was sent after it is not known here", info.ModTime().Format(time.RFC3339)))
	}
	if err := errors.Join(err, l.Close()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// Move copies the ledger that o names into another, which must be empty. Nobody may
// be at work on it.
func Move(ctx context.Context, o, to Options) error {
	// Opening it to write keeps others out, or finds them.
	from, err := Open(ctx, o)
	if err != nil {
		return fmt.Errorf("move: %w", err)
	}
	defer from.Close()
	if from.Owners() > 1 {
		return fmt.Errorf("move: %d other processes are at work on the ledger: stop them first", from.Owners()-1)
	}
	if err := from.Fold(ctx); err != nil {
		return fmt.Errorf("move: %w", err)
	}
	to.Anew = true
	l, err := Open(ctx, to)
	if err != nil {
		return fmt.Errorf("move: %w", err)
	}
	if err := errors.Join(l.copyInto(ctx, from.db), l.Close()); err != nil {
		return fmt.Errorf("move: %w", err)
	}
	return nil
}

// doubt pauses every campaign that is not over, with a note, and moves its waiting and
// offered recipients into doubt.
func (l *Ledger) doubt(ctx context.Context, note string) error {
	all, err := readCampaigns(ctx, l.db, "")
	if err != nil {
		return err
	}
	for _, c := range all {
		l.adopt(c)
	}
	return l.commit(func(c *commit) error {
		for _, k := range l.campaigns {
			if k.State == Finished || k.State == Cancelled {
				continue
			}
			k.State, k.Note = Paused, note
			c.do(`UPDATE campaign SET state = $1, note = $2 WHERE id = $3`, Paused, note, k.ID)
			for _, p := range k.pages {
				if err := l.load(p); err != nil {
					return err
				}
				if waiting := p.indexes(sms.Waiting); len(waiting) > 0 {
					c.offer(p, waiting, slices.Repeat([]uint8{1}, len(waiting)))
				}
				c.shift(p, sms.Offered, sms.InDoubt, nil)
				c.release(p)
			}
		}
		return nil
	})
}

// indexes are the recipients in a state.
func (p *page) indexes(s sms.State) []uint16 {
	var all []uint16
	for i, is := range p.people.state {
		if is == s {
			all = append(all, uint16(i))
		}
	}
	return all
}
