package web

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"tocsin/campaigns"
)

// Ceilings of uploads that are open or being planned, where Options say nothing else.
const (
	maxOfCaller = 4 << 30 // octets of one caller, as many as one submission may have
	maxOfAll    = 8 << 30 // octets of all callers
	maxOpen     = 8       // uploads of one caller
)

// grain is after how many octets of a file the room is looked at again.
const grain = 1 << 20

var errCaller = errors.New("this caller has too much under way")

// shares are the uploads that are open or being planned, by their callers.
type shares struct {
	mu      sync.Mutex
	all     int64 // octets that are counted
	written int64 // of them those that are on disk, and so are not free any more
	callers map[string]*holding
}

// A holding is what one caller has under way.
type holding struct {
	octets int64
	open   int
}

// A share is what one upload has taken of the room.
type share struct {
	a      *api
	dir    string
	caller string
	taken  int64 // octets that are counted
	used   int64 // of them those that are on disk
}

// enter begins an upload of so many octets; negative: nobody has said how many. What it
// says is counted at once.
func (a *api) enter(dir, caller string, octets int64) (*share, error) {
	s := &share{a: a, dir: dir, caller: caller}
	sh := a.shares
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.callers == nil {
		sh.callers = map[string]*holding{}
	}
	h := sh.callers[caller]
	if h == nil {
		h = &holding{}
		sh.callers[caller] = h
	}
	if h.open == maxOpen {
		return nil, fmt.Errorf("%w: %d uploads are open: wait until one of them is planned", errCaller, h.open)
	}
	h.open++
	if err := s.count(h, max(octets, 0)); err != nil {
		h.open--
		return nil, err
	}
	return s, nil
}

// count takes more of the room. Under mu.
func (s *share) count(h *holding, more int64) error {
	o, sh := &s.a.Options, s.a.shares
	if most := orElse(o.MaxCaller, maxOfCaller); h.octets+more > most {
		return fmt.Errorf("%w: it may have %d octets under way: wait until an upload is planned", errCaller, most)
	}
	if most := orElse(o.MaxAll, maxOfAll); sh.all+more > most {
		return fmt.Errorf("%w: all uploads together may have %d octets: wait until one is planned", campaigns.ErrNoRoom, most)
	}
	if o.Room != nil && more > 0 {
		// What others have announced and not sent yet is theirs.
		if err := o.Room.Check(s.dir, more+sh.all-sh.written); err != nil {
			return err
		}
	}
	h.octets += more
	sh.all += more
	s.taken += more
	return nil
}

// grow counts octets that are about to be written.
func (s *share) grow(octets int64) error {
	sh := s.a.shares
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if beyond := s.used + octets - s.taken; beyond > 0 {
		if err := s.count(sh.callers[s.caller], beyond); err != nil {
			return err
		}
	} else if s.a.Room != nil { // announced; the room may have become less all the same
		if err := s.a.Room.Check(s.dir, octets); err != nil {
			return err
		}
	}
	s.used += octets
	sh.written += octets
	return nil
}

// leave gives everything back.
func (s *share) leave() {
	sh := s.a.shares
	sh.mu.Lock()
	defer sh.mu.Unlock()
	h := sh.callers[s.caller]
	h.open--
	h.octets -= s.taken
	sh.all -= s.taken
	sh.written -= s.used
	if h.open == 0 {
		delete(sh.callers, s.caller)
	}
}

// A measured writer counts what goes through it.
type measured struct {
	to    io.Writer
	share *share
	room  int64 // octets that are counted and not written yet
}

func (m *measured) Write(b []byte) (int, error) {
	for int64(len(b)) > m.room {
		more := max(grain, int64(len(b))-m.room)
		if err := m.share.grow(more); err != nil {
			if more = int64(len(b)) - m.room; m.share.grow(more) != nil { // for the last few there may be room
				return 0, err
			}
		}
		m.room += more
	}
	n, err := m.to.Write(b)
	m.room -= int64(n)
	return n, err
}

func orElse(n, otherwise int64) int64 {
	if n > 0 {
		return n
	}
	return otherwise
}
