package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A guard keeps the mark and the sums of a ledger that this process writes.
type guard struct {
	dir  string
	mark mark
	sums *sums
	file *os.File // of the mark
	shm  *os.File // the index of the write-ahead log, which says how far it is
	// The mark stays as it is until the ledger has been set back: see Ledger.setBack.
	held bool

	synced time.Time // when the mark was last put on the disk
	next   uint32    // frames in the log at which they are copied into ledger.db
}

const (
	// syncMark is how long a mark may be off the disk. A process that is killed loses none,
	// and when the power goes the log is ahead of the mark.
	syncMark = time.Second
	// copyFrames is how many frames the log may have before they are copied: 16 MiB.
	copyFrames = 4096
)

// newGuard takes over a data folder from what was found in it.
func newGuard(dir string, found *standing) (*guard, error) {
	g := &guard{dir: dir, held: found.back, sums: found.sums}
	if found.mark != nil {
		g.mark = *found.mark
	} else if found.sums != nil {
		g.mark.id = found.sums.id
	} else {
		rand.Read(g.mark.id[:])
	}
	g.mark.boot = thisBoot()
	var err error
	if g.file, err = os.OpenFile(filepath.Join(dir, markName), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	return g, nil
}

// begin says, before SQLite opens anything, what may become of the files: a log may be
// begun whose salts are not known here, or a ledger that has lost something is worked on.
func (g *guard) begin() error {
	switch {
	case g.held:
		g.mark.lost = true
	case g.mark.copied:
		g.mark.begins = true
	default:
		return nil
	}
	return g.write(true)
}

// keep writes the mark, unless it is held.
func (g *guard) keep(now bool) error {
	if g.held {
		return nil
	}
	return g.write(now)
}

// write writes the mark, and puts it on the disk when it is due or has to be there now.
func (g *guard) write(now bool) error {
	if err := g.mark.write(g.file); err != nil {
		return fmt.Errorf("write %s: %w", markName, err)
	}
	if !now && time.Since(g.synced) < syncMark {
		return nil
	}
	g.synced = time.Now()
	if err := flush(g.file); err != nil {
		return fmt.Errorf("write %s: %w", markName, err)
	}
	return nil
}

// committed marks that a transaction is on the disk.
func (g *guard) committed() error {
	at, err := g.position()
	if err != nil {
		return err
	}
	if at.frames == 0 || at == g.mark.at {
		return nil
	}
	g.mark.at, g.mark.copied, g.mark.begins = at, false, false
	return g.keep(false)
}

// position is how far the log is, as SQLite has it in its index:
// https://www.sqlite.org/walformat.html#the_wal_index_file_format
func (g *guard) position() (p position, err error) {
	if g.shm == nil {
		if g.shm, err = os.Open(filepath.Join(g.dir, "ledger.db-shm")); err != nil {
			return p, err
		}
	}
	var head [96]byte
	if _, err := g.shm.ReadAt(head[:], 0); err != nil {
		return p, fmt.Errorf("read ledger.db-shm: %w", err)
	}
	if [48]byte(head[:]) != [48]byte(head[48:]) || binary.NativeEndian.Uint32(head[:]) != walVersion {
		return p, fmt.Errorf("%w: ledger.db-shm is not as SQLite has written it", ErrDamaged)
	}
	return position{
		frames: binary.NativeEndian.Uint32(head[16:]),
		sum:    [2]uint32{binary.NativeEndian.Uint32(head[24:]), binary.NativeEndian.Uint32(head[28:])},
		salt:   [8]byte(head[32:40]),
	}, nil
}

// due reports whether the log is long enough to be copied.
func (g *guard) due() bool { return g.mark.at.frames >= max(g.next, copyFrames) }

// copy copies the log into ledger.db, as far as readers let it. The sums are made of the
// log, after its own checksums were verified, and are on the disk before a page is copied.
// Until all pages are copied, the log still has them.
func (g *guard) copy(ctx context.Context, conn *sql.Conn) error {
	g.next = g.mark.at.frames + copyFrames/4 // when somebody reads
	// A commit that was taken back is not in it, though its frames are in the log.
	at, err := g.position()
	if err != nil {
		return err
	}
	if at.frames == 0 {
		at = g.mark.at
	}
	log, err := walkUpTo(filepath.Join(g.dir, "ledger.db-wal"), at)
	if err != nil {
		return damaged(g.dir, err)
	}
	if log.empty && g.mark.copied {
		return nil
	}
	if !log.reached {
		return damaged(g.dir, fmt.Errorf("%w: it has changed on the disk", errWAL))
	}
	if g.sums == nil {
		if g.sums, err = pagesOf(filepath.Join(g.dir, "ledger.db"), 0); err != nil {
			return err
		}
		g.sums.id = g.mark.id
	}
	g.sums.set(log.pages)
	if err := g.sums.write(g.dir); err != nil {
		return fmt.Errorf("write %s: %w", sumsName, err)
	}
	var busy, frames, copied int
	if err := conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &frames, &copied); err != nil {
		return fmt.Errorf("copy the write-ahead log: %w", err)
	}
	if busy != 0 || frames != copied {
		return nil
	}
	g.next, g.mark.copied = 0, true
	return g.keep(true)
}

// settle is called when the ledger has been set back: from here on the mark is of what is.
func (g *guard) settle(campaigns int64) error {
	g.held = false
	at, err := g.position()
	if err != nil {
		return err
	}
	g.mark.campaigns = campaigns
	g.mark.at, g.mark.copied, g.mark.begins, g.mark.lost = at, false, false, false
	return g.keep(true)
}

// close leaves two marks that say the same, so that none is missed when one is damaged.
func (g *guard) close() error {
	err := errors.Join(g.keep(false), g.keep(true))
	if g.shm != nil {
		err = errors.Join(err, g.shm.Close())
	}
	return errors.Join(err, g.file.Close())
}
