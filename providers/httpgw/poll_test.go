package httpgw

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/providers/sms"
)

func TestReceiptsAreAskedForAndKeptBeforeMoreAre(t *testing.T) {
	var polls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/reports" || r.Method != "GET" {
			t.Errorf("got %s %s", r.Method, r.URL.Path)
		}
		switch n := polls.Add(1); {
		case n <= 2: // full pages: there is more
			fmt.Fprintf(w, `{"list":[{"to":"8613800138000","id":"%d-1","s":"ok"},{"to":"8613800138001","id":"%d-2","s":"ok"}]}`, n, n)
		default:
			io.WriteString(w, `{"list":[]}`)
		}
	}))
	defer server.Close()
	c := plainConfig(server.URL)
	c.Poll = &Poll{
		Every: 10 * time.Millisecond, Request: Request{Method: "GET", Path: "/reports"}, More: 2,
		Report: Report{Each: "list", Number: "to", ID: "id", Status: "s", States: map[string]string{"ok": "delivered"}},
	}
	d := &desk{full: true}
	run(t, c, nil, d.receive)
	until(t, "it was tried to keep them", func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.calls > 0 })
	if n := polls.Load(); n != 1 {
		t.Errorf("%d polls while the first one's receipts were not kept, want 1", n)
	}
	d.mu.Lock()
	d.full = false
	d.mu.Unlock()
	until(t, "all are kept", func() bool { return d.has() == 4 })
	until(t, "it goes on asking", func() bool { return polls.Load() > 3 })
}

// mute is a gateway that takes messages and never answers, but for what it is asked.
func mute(t *testing.T, records func(r *http.Request, asked int) []map[string]any) (address string, sends, asks *atomic.Int64) {
	t.Helper()
	sends, asks = &atomic.Int64{}, &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/send" {
			io.Copy(io.Discard, r.Body)
			sends.Add(1)
			<-r.Context().Done()
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"list": records(r, int(asks.Add(1)))})
	}))
	t.Cleanup(server.Close)
	return server.URL, sends, asks
}

func askingConfig(address string) Config {
	c := plainConfig(address)
	c.Timeout = 100 * time.Millisecond
	c.Query = &Query{
		After: time.Millisecond, Tries: 4, Request: Request{Method: "GET", Path: "/status", Query: map[string]any{"to": "((number))", "ref": "((reference))", "day": "((date))"}},
		Report: Report{Each: "list", Number: "to", ID: "id", Reference: "ref", Status: "s", States: map[string]string{"2": "failed", "3": "delivered", "1": "accepted"}},
	}
	return c
}

func TestDoubtIsAskedForByOurReferenceAndNothingIsSentAgain(t *testing.T) {
	address, sends, _ := mute(t, func(r *http.Request, asked int) []map[string]any {
		q := r.URL.Query()
		if q.Get("day") != time.Now().In(beijing).Format("20060102") {
			t.Errorf("got day %s", q.Get("day"))
		}
		state := map[bool]int{true: 1, false: 3}[asked <= 2] // at first it is on its way
		return []map[string]any{
			{"to": q.Get("to"), "id": "old", "ref": "another", "s": 2},
			{"to": q.Get("to"), "id": "b-" + q.Get("to"), "ref": q.Get("ref"), "s": state},
		}
	})
	c := askingConfig(address)
	c.Answer.Own = true
	d := &desk{}
	p, _, _ := run(t, c, nil, d.receive)
	acks := offered(p, some(2, "flood"))
	ref, _ := acks[0].Refs.Next()
	for _, a := range acks {
		if a.Outcome != sms.Unknown || len(ref) != 16 {
			t.Errorf("got %v with reference %q, want unknown, and our own", a.Outcome, ref)
		}
	}
	until(t, "both are settled", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		n := 0
		for _, r := range d.receipts {
			if string(r.Ref) != string(ref) {
				t.Errorf("got a receipt for %q, want %q", r.Ref, ref)
			}
			if r.State == sms.Delivered {
				n++
			}
		}
		return n == 2
	})
	if sends.Load() != 1 {
		t.Errorf("it was sent %d times, want once", sends.Load())
	}
}

func TestDoubtIsAskedForByTextWhereNoReferenceIsKept(t *testing.T) {
	old, now := time.Now().Add(-time.Hour), time.Now()
	address, _, asks := mute(t, func(r *http.Request, _ int) []map[string]any {
		to := r.URL.Query().Get("to")
		return []map[string]any{
			{"to": to, "id": "old", "text": "flood", "s": "2", "made": old.Unix()},
			{"to": to, "id": "other", "text": "fire", "s": "2", "made": now.Unix()},
			{"to": to, "id": "this", "text": "flood", "s": "3", "made": now.Unix()},
		}
	})
	c := askingConfig(address)
	c.Query.Report.Reference, c.Query.Report.Text = "", "text"
	c.Query.Report.Created, c.Query.Report.CreatedLayout = "made", "unix"
	d := &desk{}
	p, _, _ := run(t, c, nil, d.receive)
	if a := offered(p, some(1, "flood"))[0]; a.Outcome != sms.Unknown || len(a.Refs) != 0 {
		t.Errorf("got %v, references %q", a.Outcome, a.Refs)
	}
	until(t, "it is settled", func() bool { return d.has() > 0 })
	if r := d.receipts[0]; string(r.Ref) != "this" || r.State != sms.Delivered || asks.Load() != 1 {
		t.Errorf("got %q %v after %d questions", r.Ref, r.State, asks.Load())
	}
}

func TestDoubtThatTheCarrierKnowsNothingOfStays(t *testing.T) {
	address, _, asks := mute(t, func(*http.Request, int) []map[string]any { return nil })
	d := &desk{}
	p, _, _ := run(t, askingConfig(address), nil, d.receive)
	offered(p, some(1, "flood"))
	until(t, "it was asked for as often as it may", func() bool { return asks.Load() == 4 })
	time.Sleep(50 * time.Millisecond) // for one too many
	if asks.Load() != 4 || d.has() != 0 {
		t.Errorf("%d questions and %d receipts, want 4 and none", asks.Load(), d.has())
	}
}
