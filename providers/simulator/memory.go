package simulator

import (
	"sync"
	"sync/atomic"
	"time"

	"tocsin/providers/wire"
)

// A memory is what a carrier still knows of the messages it took, by their ids as it
// names them. A nil memory knows nothing.
type memory struct {
	mu       sync.Mutex
	messages map[string][]*fate
}

// A fate is what becomes of one segment for one number.
type fate struct {
	to        uint64
	taken     int64 // nanoseconds since 1970
	due       int64 // when it is delivered or fails; until then it may be cancelled
	failed    bool
	cancelled atomic.Bool
}

// add remembers a message that was taken.
func (m *memory) add(name []byte, f *fate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages[string(name)] = append(m.messages[string(name)], f)
}

// cancel takes a message back, if it is not too late; to 0 is every number of a batch.
func (m *memory) cancel(name []byte, to uint64, now int64) (ok bool) {
	for _, f := range m.find(name) {
		if (to == 0 || f.to == to) && now < f.due && f.cancelled.CompareAndSwap(false, true) {
			ok = true
		}
	}
	return ok
}

// find is the fates under a name.
func (m *memory) find(name []byte) []*fate {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.messages[string(name)]
}

// cancel takes a message back for the client, and counts it.
func (s *session) cancel(name []byte, to uint64) bool {
	if !s.carrier.memory.cancel(name, to, s.now) {
		return false
	}
	s.carrier.counts.cancelled.Add(1)
	return true
}

// gone reports whether nothing more is to be said of a message.
func (f *fate) gone() bool { return f != nil && f.cancelled.Load() }

// A tally of a day: CMPP 3.0 section 7.4.6.2, SMGP 3.0.3 section 7.2.7.
type daysFigures struct{ messages, delivered, waiting, failed uint32 }

// figures are those of a day, YYYYMMDD of Beijing's calendar.
func (m *memory) figures(day string, now int64) (t daysFigures) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, fates := range m.messages {
		for _, f := range fates {
			switch {
			case time.Unix(0, f.taken).In(wire.Beijing).Format("20060102") != day:
				continue
			case f.gone(), f.failed && now >= f.due:
				t.failed++
			case now >= f.due:
				t.delivered++
			default:
				t.waiting++
			}
			t.messages++
		}
	}
	return t
}
