package cmpp

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers"
)

func TestACancelWithoutAnAnswer(t *testing.T) {
	of := providers.Sent{To: 8613800138000, Ref: []byte("522a4980002aa6cd")}
	t.Run("is not known, and the line stays", func(t *testing.T) {
		play(t, Config{Timeout: 5 * time.Second}, func(p *peer) {
			p.login()
			p.serve(p.usual) // which has never heard of CANCEL
		}, func(s *stage) {
			if err := s.Provider.Cancel(context.Background(), of); !errors.Is(err, providers.ErrNoAnswer) {
				t.Errorf("got %v, want ErrNoAnswer", err)
			}
			if l := s.Provider.Line(); len(s.Dials()) != 1 || l.InFlight != 0 {
				t.Errorf("got %d connections, %+v, want the window empty", len(s.Dials()), l)
			}
		})
	})
	t.Run("is not waited for when the caller leaves", func(t *testing.T) {
		play(t, Config{}, func(p *peer) {
			p.login()
			p.serve(p.usual)
		}, func(s *stage) {
			ctx, stop := context.WithTimeout(context.Background(), time.Second)
			defer stop()
			if err := s.Provider.Cancel(ctx, of); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the caller's own", err)
			}
		})
	})
	t.Run("is not known when the line is cut", func(t *testing.T) {
		play(t, Config{}, func(p *peer) {
			p.login()
			if h, body, ok := p.next(); ok && h.ID != CancelID {
				p.usual(h, body)
			} else if ok && (len(body) != 8 || binary.BigEndian.Uint64(body) != 0x522a4980002aa6cd) {
				t.Errorf("got CANCEL of %x", body)
			}
		}, func(s *stage) {
			if err := s.Provider.Cancel(context.Background(), of); !errors.Is(err, providers.ErrNoAnswer) {
				t.Errorf("got %v, want ErrNoAnswer", err)
			}
		})
	})
	t.Run("was not asked when no line is up", func(t *testing.T) {
		play(t, Config{}, func(*peer) {}, func(s *stage) {
			if err := s.Provider.Cancel(context.Background(), of); !errors.Is(err, providers.ErrNotAsked) {
				t.Errorf("got %v, want ErrNotAsked", err)
			}
		})
	})
	t.Run("waits for room in the window, and is not asked while there is none", func(t *testing.T) {
		play(t, Config{Window: 1, Timeout: time.Minute}, func(p *peer) {
			p.login()
			p.serve(func(h Header, body []byte) {
				if h.ID != SubmitID {
					p.usual(h, body)
				}
			})
		}, func(s *stage) {
			go s.Submit(crowd(1, 20))
			synctest.Wait()
			if err := s.Provider.Cancel(context.Background(), of); !errors.Is(err, providers.ErrNotAsked) {
				t.Errorf("got %v, want ErrNotAsked", err)
			}
		})
	})
	t.Run("is not asked of a reference that is no Msg_Id", func(t *testing.T) {
		for _, ref := range []string{"", "7", "0123456789abcdeg", "522a4980002aa6cd00"} {
			if err := (Provider{}).Cancel(context.Background(), providers.Sent{Ref: []byte(ref)}); !errors.Is(err, providers.ErrNotAsked) {
				t.Errorf("%q: got %v, want ErrNotAsked", ref, err)
			}
		}
	})
}
