package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// errAway says that the files that this process writes to are not where they were. What
// is written to them is lost, and a process that is started meanwhile finds no ledger.
var errAway = errors.New("the ledger's folder was removed or moved, or another one is in its place")

// A place is where a ledger in files is: the files that were opened there, and the name
// of the folder, which no other process gets as long as this one lives, whatever becomes
// of the folder.
type place struct {
	dir   string
	name  net.Listener // nil: it could not be taken
	files []placed
}

// A placed is a file as it was when it was opened.
type placed struct {
	path  string
	is    inode
	later bool // it may not be there yet: the first that is seen is the one
}

// takePlace takes the name of a folder that exists and is locked: ErrBusy when another
// process has it.
func takePlace(dir string) (*place, error) {
	whole, err := filepath.Abs(dir)
	if err == nil {
		whole, err = filepath.EvalSymlinks(whole)
	}
	if err != nil {
		return nil, err
	}
	p := &place{dir: dir}
	p.name, err = takeName(whole)
	return p, err
}

// takeName listens on a socket that has no file, named after a folder. It ends with the
// process, however that ends.
func takeName(dir string) (net.Listener, error) {
	if runtime.GOOS != "linux" {
		return nil, nil // the lock file alone keeps others out
	}
	sum := sha256.Sum256([]byte(dir))
	address := "@tocsin/" + hex.EncodeToString(sum[:16])
	l, err := net.Listen("unix", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE) && ours(address):
		return nil, fmt.Errorf("%w: %s was removed or moved under it, and it stops within seconds", ErrBusy, dir)
	}
	return nil, nil // a stranger's, or there are no such sockets here
}

// ours reports whether a process of this user, or of root, listens on a socket: anybody
// on this machine can take such a name.
func ours(address string) bool {
	c, err := net.Dial("unix", address)
	if err != nil {
		return !errors.Is(err, syscall.ECONNREFUSED)
	}
	defer c.Close()
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		return true
	}
	uid := -1
	err = raw.Control(func(fd uintptr) { uid = peerUser(int(fd)) })
	return err != nil || uid <= 0 || uid == os.Geteuid()
}

// watch begins to look whether the ledger's files are there.
func (p *place) watch() error {
	p.files = []placed{
		{path: filepath.Join(p.dir, "ledger.db")},
		{path: filepath.Join(p.dir, "ledger.lock")},
		{path: filepath.Join(p.dir, "ledger.db-wal"), later: true},
	}
	for i := range p.files {
		if f := &p.files[i]; !f.later {
			is, err := inodeOf(f.path)
			if err != nil {
				return &fs.PathError{Op: "stat", Path: f.path, Err: err}
			}
			f.is = is
		}
	}
	return nil
}

// present is errAway when a file is not the one that was opened. One caller at a time.
func (p *place) present() error {
	for i := range p.files {
		f := &p.files[i]
		is, err := inodeOf(f.path)
		switch {
		case f.later && err == syscall.ENOENT:
		case err != nil:
			return fmt.Errorf("%w: %s: %w", errAway, f.path, err)
		case f.later:
			f.later, f.is = false, is
		case f.is != is:
			return fmt.Errorf("%w: %s is another file", errAway, f.path)
		}
	}
	return nil
}

// leave gives the name back.
func (p *place) leave() error {
	if p == nil || p.name == nil {
		return nil
	}
	return p.name.Close()
}

// keepPlace looks every beatEvery whether the ledger's files are where they were, until
// ctx ends: also while nothing is written. It returns nil, or what has broken the ledger.
func (l *Ledger) keepPlace(ctx context.Context) error {
	s, ok := l.store.(*sqliteStore)
	if !ok {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		if err := s.present(); err != nil {
			l.fail(fmt.Errorf("%w: %s", err, s.advice(err)))
		}
		if err := l.Err(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
