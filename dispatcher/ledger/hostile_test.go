package ledger

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// A stranger calls the ledger with values that nobody should.
type stranger struct {
	*rapid.T
	l      *Ledger
	r      *Reader
	claims *[]*Claim // of the campaign known, as they were taken
	known  Campaign
}

// incompressible is a text that no database packs: longer than an index may hold.
var incompressible = func() string {
	b := make([]byte, 5000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return hex.EncodeToString(b)
}()

var strangeTexts = []string{
	"", "a", "b", "k", "\x00", "a\x00b", "\xff\xfe", "caf\xe9", "\xed\xa0\x80", "汛\xe6\xb1", "\x1b[2J", "a\nbalanced: everything delivered", "\u0085",
	"' OR 1=1 --", "taken", "TAKEN", "sideways", "running", "finished", "𝕏🌊", incompressible, strings.Repeat("汛", 1<<19), strings.Repeat("\x00", 1<<20),
}

func (s *stranger) text(name string) string {
	return rapid.OneOf(rapid.SampledFrom(strangeTexts), rapid.String()).Draw(s.T, name)
}

func (s *stranger) number(name string) int64 {
	return rapid.OneOf(rapid.SampledFrom([]int64{0, -1, 1, 2, 1 << 15, 1 << 16, math.MaxInt32 + 1, math.MinInt32 - 1, math.MaxInt64, math.MinInt64, s.known.ID}),
		rapid.Int64()).Draw(s.T, name)
}

func (s *stranger) time(name string) time.Time {
	return rapid.SampledFrom([]time.Time{{}, time.Now(), time.UnixMilli(math.MaxInt64), time.UnixMilli(math.MinInt64), time.Unix(-1, 0), time.Unix(1<<60, 0)}).Draw(s.T, name)
}

func (s *stranger) octets(name string) []byte { return []byte(s.text(name)) }

func (s *stranger) few(name string) int { return rapid.IntRange(0, 4).Draw(s.T, name) }

func (s *stranger) numbers() []sms.Number {
	list := make([]sms.Number, s.few("how many"))
	for i := range list {
		list[i] = rapid.OneOf(rapid.Just(first), rapid.Map(rapid.Uint64(), func(n uint64) sms.Number { return sms.Number(n) })).Draw(s.T, "telephone")
	}
	return list
}

func (s *stranger) command() Command {
	verb := rapid.OneOf(rapid.SampledFrom([]string{"approve", "pause", "resume", "cancel", "resend", "leave", "mark", "rate", "enable", "drain", "disable", "reroute", "test"}),
		rapid.SampledFrom(strangeTexts)).Draw(s.T, "verb")
	c := Command{
		Key: s.text("key"), Verb: verb, Who: s.text("who"), Why: s.text("why"), Rate: int(s.number("rate")), As: s.text("as"),
		Provider: s.text("provider"), To: s.text("to"), Campaign: s.text("campaign"),
	}
	if rapid.Bool().Draw(s.T, "known key") {
		c.Key = s.known.Key
	}
	return c
}

func (s *stranger) claim() *Claim {
	own := *rapid.SampledFrom(*s.claims).Draw(s.T, "claim")
	if rapid.IntRange(0, 3).Draw(s.T, "other page") == 0 {
		own.Page, own.Epoch = s.number("page"), s.number("epoch")
	}
	return &own
}

func (s *stranger) indexes() []uint16 {
	return rapid.SliceOfN(rapid.OneOf(rapid.Uint16Range(0, 6), rapid.Uint16()), 0, 8).Draw(s.T, "indexes")
}

func (s *stranger) acks() []sms.Ack {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sms.Ack {
		return sms.Ack{
			Outcome: sms.Outcome(rapid.Uint8().Draw(t, "outcome")), Reason: sms.Reason(rapid.Uint8().Draw(t, "reason")), Code: rapid.Uint32().Draw(t, "code"),
			Done: rapid.Uint16().Draw(t, "done"), Batch: rapid.Bool().Draw(t, "batch"),
			Refs: rapid.SampledFrom([]sms.Refs{nil, {0}, {9, 1}, []byte(incompressible), make([]byte, 1<<17), sms.AppendRef(nil, []byte("r\x00"))}).Draw(t, "refs"),
		}
	}), 0, 8).Draw(s.T, "acks")
}

func (s *stranger) receipts() []sms.Receipt {
	list := make([]sms.Receipt, s.few("receipts"))
	for i := range list {
		list[i] = sms.Receipt{
			To: rapid.SampledFrom([]sms.Number{first, first + 2, first + 4, 0, math.MaxUint64}).Draw(s.T, "to"), Ref: s.octets("ref"),
			State: sms.State(rapid.Uint8().Draw(s.T, "state")), Reason: sms.Reason(rapid.Uint8().Draw(s.T, "reason")),
			Code: rapid.Uint32().Draw(s.T, "code"), Time: s.number("time"), Whole: rapid.Bool().Draw(s.T, "whole"),
		}
	}
	return list
}

func (s *stranger) incoming() []sms.Incoming {
	list := make([]sms.Incoming, s.few("messages"))
	for i := range list {
		list[i] = sms.Incoming{
			From: s.text("from"), To: s.text("to"), Text: s.text("text"), Ref: s.text("ref"), Time: s.time("time"),
			Part: sms.Part{Ref: rapid.Uint16().Draw(s.T, "part ref"), Of: rapid.Uint8().Draw(s.T, "of"), Number: rapid.Uint8().Draw(s.T, "part")},
		}
	}
	return list
}

func (s *stranger) draft() Draft {
	return Draft{
		Key: s.text("key"), Title: s.text("title"), Class: sms.Class(rapid.Uint8().Draw(s.T, "class")), Hash: s.text("hash"), Path: s.text("path"),
		Definition: s.text("definition"), State: s.text("state"), Who: s.text("who"), Why: s.text("why"), Approver: s.text("approver"),
		RetryOf: s.text("retry of"), OccurrenceOf: s.text("occurrence of"), Due: s.number("due"),
	}
}

// fill gives a sink what no planner makes.
func (s *stranger) fill(sink campaigns.Sink) (*campaigns.Summary, error) {
	b := &campaigns.Batch{
		Series: int(s.number("series")), Sequence: int(s.number("sequence")), Route: sms.Route(s.text("route")), Language: s.text("language"),
		Numbers: s.numbers(), Lines: make([]uint32, s.few("lines")), Segments: int(s.number("segments")),
	}
	if err := sink.AddBatch(b); err != nil && rapid.Bool().Draw(s.T, "heeds") {
		return nil, err
	}
	if err := sink.AddExclusions([]campaigns.Exclusion{{Line: 1, Reason: campaigns.Reason(rapid.Uint8().Draw(s.T, "reason"))}}); err != nil {
		return nil, err
	}
	return &campaigns.Summary{
		Columns: []string{s.text("column")}, Rows: int(s.number("rows")), Planned: int(s.number("planned")),
		Excluded: map[string]int{s.text("excluded"): int(s.number("excluded"))}, Override: s.text("override"),
	}, nil
}

func (s *stranger) broadcast() Broadcast {
	b := Broadcast{
		Key: s.text("key"), At: s.number("at"), Provider: s.text("provider"), Who: s.text("who"), Why: s.text("why"), Text: s.text("text"),
		Areas: []string{s.text("area")}, Content: int(s.number("content")), Priority: int(s.number("priority")), Repeat: int(s.number("repeat")),
		Every: s.number("every"), State: BroadcastState(s.text("state")), Ref: s.text("ref"), Code: s.number("code"), Failed: []string{s.text("failed")},
		Settled: s.number("settled"), Cancel: BroadcastState(s.text("cancel")), CancelAt: s.number("cancel at"), CancelWho: s.text("cancel who"),
		CancelWhy: s.text("cancel why"),
	}
	if rapid.Bool().Draw(s.T, "sound otherwise") { // so that one value alone is wrong, the state for example
		b.Key, b.Provider, b.Who, b.Why, b.Text, b.Areas = "b", "a", "li", "flood", "Leave now", []string{"alias:riverside"}
		b.At, b.Content, b.Priority, b.Repeat, b.Every, b.Settled, b.CancelAt = 1, 1, 0, 1, 0, 0, 0
	}
	return b
}

// calls are all that the ledger can be asked and told. A method that is new has to be
// called here too.
var calls = map[string]func(s *stranger) error{
	"Before":  func(s *stranger) error { s.l.Before(s.text("provider"), s.number("page")); return nil },
	"ClassOf": func(s *stranger) error { s.l.ClassOf(s.number("page")); return nil },
	"Ready": func(s *stranger) error {
		s.l.Ready(s.text("provider"), sms.Class(rapid.Uint8().Draw(s.T, "class")), int(s.number("limit")))
		return nil
	},
	"Pressing":  func(s *stranger) error { s.l.Pressing(s.text("provider")); return nil },
	"LineUp":    func(s *stranger) error { s.l.LineUp(s.text("provider")); return nil },
	"Sharers":   func(s *stranger) error { s.l.Sharers(s.text("provider")); return nil },
	"Provider":  func(s *stranger) error { s.l.Provider(s.text("provider")); return nil },
	"Tally":     func(s *stranger) error { s.l.Tally(s.number("campaign")); return nil },
	"Tidy":      func(s *stranger) error { return s.l.Tidy() },
	"Fold":      func(s *stranger) error { return s.l.Fold(s.Context()) },
	"Sync":      func(s *stranger) error { return s.l.Sync(s.Context()) },
	"Campaign":  func(s *stranger) error { _, err := s.l.Campaign(s.text("key")); return err },
	"Report":    func(s *stranger) error { _, err := s.l.Report(s.Context(), s.text("key")); return err },
	"Replies":   func(s *stranger) error { _, err := s.l.Replies(s.Context(), s.text("key")); return err },
	"Broadcast": func(s *stranger) error { _, err := s.l.Broadcast(s.Context(), s.text("key")); return err },
	"Capacity":  func(s *stranger) error { _, err := s.l.Capacity(s.Context(), s.text("provider")); return err },
	"Suppressed": func(s *stranger) error {
		listed, err := s.l.Suppressed(s.Context())
		if err == nil {
			listed(sms.Number(s.number("telephone")))
		}
		return err
	},
	"Cancel": func(s *stranger) error { return s.l.Cancel(s.number("campaign")) },
	"Expire": func(s *stranger) error { return s.l.Expire(s.number("campaign")) },
	"Resend": func(s *stranger) error {
		_, err := s.l.Resend(s.number("campaign"), time.Duration(s.number("after")))
		return err
	},
	"Hold": func(s *stranger) error {
		_, err := s.l.Hold(s.number("campaign"), s.text("from"), s.text("why"))
		return err
	},
	"SetState": func(s *stranger) error {
		_, err := s.l.SetState(s.number("campaign"), rapid.SampledFrom([]string{Running, "sideways"}).Draw(s.T, "from"), s.text("to"))
		return err
	},
	"Occurred": func(s *stranger) error {
		return s.l.Occurred(s.number("campaign"), s.time("at"), rapid.Bool().Draw(s.T, "missed"), s.text("note"))
	},
	"Claim": func(s *stranger) error {
		_, err := s.l.Claim(s.Context(), s.number("page"), s.number("epoch"))
		return err
	},
	"Read":  func(s *stranger) error { return s.l.Read(s.Context(), s.claim()) },
	"Waits": func(s *stranger) error { _, err := s.l.Waits(s.claim(), s.indexes()); return err },
	"Offer": func(s *stranger) error {
		return s.l.Offer(s.claim(), s.indexes(), rapid.SliceOfN(rapid.Uint8(), 0, 8).Draw(s.T, "parts"))
	},
	"Settle":  func(s *stranger) error { return s.l.Settle(s.claim(), s.indexes(), s.acks()) },
	"Release": func(s *stranger) error { return s.l.Release(s.claim()) },
	"Receive": func(s *stranger) error {
		_, err := s.l.Receive(rapid.SampledFrom([]string{"a", "b"}).Draw(s.T, "provider"), s.receipts(), s.incoming())
		if err != nil {
			s.Fatalf("what a carrier says is not kept: %v", err)
		}
		return nil
	},
	"Reroute": func(s *stranger) error {
		_, _, err := s.l.Reroute(s.text("from"), func(sms.Route, sms.Class) bool { return true }, func(string) bool { return true })
		return err
	},
	"Do":            func(s *stranger) error { _, err := s.l.Do(s.Context(), s.command()); return err },
	"KeepBroadcast": func(s *stranger) error { return s.l.KeepBroadcast(s.Context(), s.broadcast()) },
	"List": func(s *stranger) error {
		_, err := s.l.List(s.Context(), Listing{Numbers: s.numbers(), Off: rapid.Bool().Draw(s.T, "off"), Who: s.text("who"), Why: s.text("why")})
		return err
	},
	"Measured":   func(s *stranger) error { return s.l.Measured(s.text("provider"), int(s.number("rate"))) },
	"Unmeasured": func(s *stranger) error { return s.l.Unmeasured(s.text("provider")) },
	"NoteLines": func(s *stranger) error {
		return s.l.NoteLines([]LineState{{Provider: s.text("provider"), State: s.text("state"), Fault: s.text("fault"), Since: s.number("since")}})
	},
	"ForgetLines": func(s *stranger) error { return s.l.ForgetLines() },
	"TellLines":   func(s *stranger) error { s.l.TellLines(nil); return nil },
	"Plan": func(s *stranger) error {
		d := s.draft()
		if rapid.Bool().Draw(s.T, "a sound draft") {
			d = Draft{Key: "p" + s.text("key"), Hash: "h"}
		}
		_, err := s.l.Plan(s.Context(), d, s.fill)
		return err
	},
	"Retry": func(s *stranger) error {
		_, err := s.l.Retry(s.Context(), s.command(), func(_ Campaign, _ campaigns.Earlier, sink campaigns.Sink) (*campaigns.Summary, error) {
			return s.fill(sink)
		})
		return err
	},
	"Occur": func(s *stranger) error {
		_, err := s.l.Occur(s.Context(), s.known, s.text("key"), s.time("due"), func(_ campaigns.Earlier, sink campaigns.Sink) (*campaigns.Summary, error) { return s.fill(sink) })
		return err
	},
	"Close": nil, // it ends the ledger; every test calls it
	// These take no value.
	"Run": nil, "Campaigns": nil, "Err": nil, "Leads": nil, "Owners": nil, "Orphans": nil, "Tide": nil,
}

// asks are all that a reader can be asked.
var asks = map[string]func(s *stranger) error{
	"Broadcast": func(s *stranger) error { _, err := s.r.Broadcast(s.Context(), s.text("key")); return err },
	"Commands":  func(s *stranger) error { _, err := s.r.Commands(s.Context(), s.text("key")); return err },
	"Export":    func(s *stranger) error { return s.r.Export(s.Context(), s.text("key"), io.Discard) },
	"ExportWith": func(s *stranger) error {
		return s.r.ExportWith(s.Context(), s.text("key"), io.Discard, ExportOptions{States: []sms.State{sms.State(s.number("state"))}, Chinese: true})
	},
	"Finish": func(s *stranger) error {
		_, err := s.r.Finish(s.Context(), &Report{id: s.number("campaign"), toGo: map[string]int{s.text("provider"): int(s.number("to go"))}}, map[string]Pace{})
		return err
	},
	"ListReplies": func(s *stranger) error {
		return s.r.ListReplies(s.Context(), s.text("key"), io.Discard, ExportOptions{Chinese: true})
	},
	"Providers": func(s *stranger) error {
		_, err := s.r.Providers(s.Context(), []string{s.text("provider")})
		return err
	},
	"Replies": func(s *stranger) error { _, err := s.r.Replies(s.Context(), s.text("key")); return err },
	"Report":  func(s *stranger) error { _, err := s.r.Report(s.Context(), s.text("key")); return err },
	"Standings": func(s *stranger) error {
		_, err := s.r.Standings(s.Context(), []string{s.text("provider")})
		return err
	},
	// These take no value.
	"Close": nil, "Broadcasts": nil, "Check": nil, "Keys": nil, "Suppressed": nil,
}

// TestNoValueStopsTheLedger is case D1: whatever is said to any method of the ledger, it
// is taken or refused, and the ledger goes on, on both databases.
func TestNoValueStopsTheLedger(t *testing.T) {
	dir := t.TempDir()
	l := openWith(t, heeding(t, dir))
	r, err := OpenReader(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := plan(t, l, "k", 7, 7)
	k := claim(t, l)
	offer(t, l, k, 0, 1, 2)
	settle(t, l, k, taken("r"), 0)
	claims := []*Claim{k}
	calledNow := 0
	for _, of := range []struct {
		what  reflect.Type
		calls map[string]func(s *stranger) error
	}{{reflect.TypeFor[*Ledger](), calls}, {reflect.TypeFor[*Reader](), asks}} {
		for m := range of.what.Methods() {
			call, listed := of.calls[m.Name]
			if !listed {
				t.Errorf("%v has a method %s that no stranger calls: add it to the table", of.what, m.Name)
			}
			if call == nil {
				continue
			}
			t.Run(fmt.Sprintf("%s.%s", of.what.Elem().Name(), m.Name), func(t *testing.T) {
				rapid.Check(t, func(rt *rapid.T) {
					if err := call(&stranger{T: rt, l: l, r: r, claims: &claims, known: c}); errors.Is(err, ErrRefused) {
						rt.Fatalf("the database was asked what the edge has to refuse: %v", err)
					}
					if broken := l.Err(); broken != nil {
						rt.Fatalf("the ledger is broken: %v", broken)
					}
					if calledNow++; calledNow%10 == 0 {
						works(rt, l, fmt.Sprintf("works-%d", calledNow))
					} else if _, err := l.Do(rt.Context(), Command{Key: "w", Verb: "test", Who: "li", Why: "it is tried"}); err != nil {
						rt.Fatalf("an ordinary command fails: %v", err)
					}
				})
				works(t, l, "works-after-"+m.Name+of.what.Elem().Name())
			})
		}
	}
	checked, err := r.Check(t.Context())
	if err != nil || len(checked.Findings) > 0 {
		t.Errorf("got %+v, %v, want nothing found", checked, err)
	}
	crash(l)
	l = openWith(t, heeding(t, dir)) // what was written can be read
	works(t, l, "works-again")
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// works takes one recipient from the plan to the carrier's answer.
func works(t interface {
	Helper()
	Fatalf(format string, args ...any)
	Context() context.Context
}, l *Ledger, key string,
) {
	t.Helper()
	c, err := l.Plan(t.Context(), Draft{Key: key, Hash: "h"}, func(s campaigns.Sink) (*campaigns.Summary, error) {
		return &campaigns.Summary{Rows: 1, Planned: 1, Excluded: map[string]int{}},
			s.AddBatch(&campaigns.Batch{Route: "w", Numbers: []sms.Number{49170_0000000}, Lines: []uint32{1}})
	})
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if done, err := l.SetState(c.ID, c.State, Running); err != nil || !done {
		t.Fatalf("run: %v, %v", done, err)
	}
	tasks := l.Ready("w", sms.Routine, 1)
	if len(tasks) != 1 {
		t.Fatalf("got %d pages to claim, want one", len(tasks))
	}
	k, err := l.Claim(t.Context(), tasks[0].Page, tasks[0].Epoch)
	if err == nil {
		err = l.Offer(k, []uint16{0}, []uint8{1})
	}
	if err == nil {
		err = l.Settle(k, []uint16{0}, []sms.Ack{{Outcome: sms.Taken, Done: 1}})
	}
	if err == nil {
		err = l.Release(k)
	}
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	if got := l.Tally(c.ID); got.Accepted != 1 {
		t.Fatalf("got %+v, want one accepted", got)
	}
	if _, err := l.SetState(c.ID, Running, Finished); err != nil {
		t.Fatalf("finish: %v", err)
	}
}
