package httpgw

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// plainConfig is a gateway that takes a list of numbers and answers {"code":…,"id":…}.
func plainConfig(url string) Config {
	return Config{
		URL: url, Account: "me", Password: "hunter2", Sender: "10690000", Window: 4, Batch: 4, Timeout: 2 * time.Second,
		Send:     Request{Path: "/send", JSON: map[string]any{"to": map[string]any{"each": "((number))"}, "text": "((text))", "ref": "((reference))"}},
		Answer:   Answer{Code: []string{"code"}, OK: []string{"0"}, ID: "id"},
		Verdicts: map[string]string{"1": "invalid_number", "2": "throttled", "3": "stop", "4": "no_batches", "9*": "blocked", "503": "queue_full"},
	}
}

// run runs a provider until the test ends, waits for its line, and gives what it received.
func run(t *testing.T, c Config, door *Door, receive sms.ReceiveFunc) (p *Provider, ended chan error, stop context.CancelFunc) {
	t.Helper()
	p, err := New(Options{Config: c, Door: door, Logger: smstest.Logger(t, "hunter2")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	done := make(chan struct{})
	go func() { defer close(done); ended <- p.Run(ctx, receive) }()
	t.Cleanup(func() { stop(); <-done })
	until(t, "the line is up", func() bool { return p.Line().Up > 0 })
	return p, ended, stop
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func some(n int, text string) []sms.Message {
	content, err := sms.Encode(nil, text)
	if err != nil {
		panic(err)
	}
	e := &sms.Envelope{Campaign: 1, Receipt: true}
	msgs := make([]sms.Message, n)
	for i := range msgs {
		msgs[i] = sms.Message{To: sms.Number(8613800000000 + i), Content: content, Envelope: e}
	}
	return msgs
}

func offered(p *Provider, msgs []sms.Message) []sms.Ack {
	acks := make([]sms.Ack, len(msgs))
	p.Submit(context.Background(), msgs, acks)
	return acks
}

func TestAnAnswerMeansWhatItsTableSays(t *testing.T) {
	for _, c := range []struct {
		name         string
		status       int
		retry, body  string
		outcome      sms.Outcome
		reason       sms.Reason
		code         uint32
		calls        int // for one number
		stops, pause bool
	}{
		{"taken", 200, "", `{"code":"0","id":"a1"}`, sms.Taken, sms.None, 0, 1, false, false},
		{"a number for a code", 200, "", `{"code":0,"id":"a1"}`, sms.Taken, sms.None, 0, 1, false, false},
		{"taken without an id", 200, "", `{"code":"0"}`, sms.Unknown, sms.UnknownOutcome, 0, 1, false, false},
		{"a code of the table", 200, "", `{"code":"1"}`, sms.Refused, sms.InvalidNumber, 1, 1, false, false},
		{"a code of the table with a status", 400, "", `{"code":"2"}`, sms.NotNow, sms.Throttled, 2, 1, false, false},
		{"a code that begins like one of the table", 400, "", `{"code":"977"}`, sms.Refused, sms.Blocked, 977, 1, false, false},
		{"a code that nobody knows", 200, "", `{"code":"77"}`, sms.Refused, sms.Rejected, 77, 1, false, false},
		{"no code", 200, "", `{"id":"a1"}`, sms.Unknown, sms.UnknownOutcome, 0, 1, false, false},
		{"no JSON", 200, "", `<html>`, sms.Unknown, sms.UnknownOutcome, 0, 1, false, false},
		{"the account is refused by code", 200, "", `{"code":"3"}`, sms.NotNow, sms.NotPermitted, 3, 1, true, false},
		{"the account is refused by status", 401, "", ``, sms.NotNow, sms.NotPermitted, 0, 1, true, false},
		{"forbidden", 403, "", ``, sms.NotNow, sms.NotPermitted, 0, 1, true, false},
		{"too many requests", 429, "", ``, sms.NotNow, sms.Throttled, 0, 1, false, false},
		{"too many requests, and how long to wait", 429, "30", ``, sms.NotNow, sms.Throttled, 0, 1, false, true},
		{"a status of the table", 503, "", ``, sms.NotNow, sms.QueueFull, 0, 1, false, false},
		{"bad request", 400, "", ``, sms.Refused, sms.BadRequest, 0, 1, false, false},
		{"unprocessable", 422, "", ``, sms.Refused, sms.BadRequest, 0, 1, false, false},
		{"not found is nobody's failure", 404, "", ``, sms.NotNow, sms.CarrierFault, 0, 1, false, false},
		{"moved is not followed", 302, "", ``, sms.NotNow, sms.CarrierFault, 0, 1, false, false},
		{"a server's error leaves doubt", 500, "", ``, sms.Unknown, sms.UnknownOutcome, 0, 1, false, false},
		{"a gateway's time-out leaves doubt", 504, "", ``, sms.Unknown, sms.UnknownOutcome, 0, 1, false, false},
		{"a request time-out leaves doubt", 408, "", ``, sms.Unknown, sms.UnknownOutcome, 0, 1, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls++
				if c.retry != "" {
					w.Header().Set("Retry-After", c.retry)
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			}))
			defer server.Close()
			p, ended, _ := run(t, plainConfig(server.URL), nil, nil)
			a := offered(p, some(1, "flood"))[0]
			if a.Outcome != c.outcome || a.Reason != c.reason || a.Code != c.code || calls != c.calls {
				t.Errorf("got %v %v, code %d, %d calls; want %v %v, %d, %d", a.Outcome, a.Reason, a.Code, calls, c.outcome, c.reason, c.code, c.calls)
			}
			if ref, _ := a.Refs.Next(); a.Outcome == sms.Taken && string(ref) != "a1" {
				t.Errorf("got reference %q, want a1", ref)
			}
			if c.stops {
				if err := <-ended; !errors.Is(err, ErrAccount) {
					t.Errorf("run ended with %v, want %v", err, ErrAccount)
				}
			}
			if l := p.Line(); (l.Up == 0) != (c.stops || c.pause) {
				t.Errorf("got line %+v", l)
			}
			if c.pause {
				if a := offered(p, some(1, "flood"))[0]; a.Outcome != sms.NotSent || a.Reason != sms.LineDown || calls != 1 {
					t.Errorf("while the carrier asks to wait: got %v %v, %d calls", a.Outcome, a.Reason, calls)
				}
			}
		})
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-3": 0, "soon": 0, "86400": mostPause, "99999999999": mostPause,
		"Wed, 01 Jul 2026 12:00:20 GMT": 20 * time.Second, "Wed, 01 Jul 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

// requests records the numbers of each request.
type requests struct {
	mu   sync.Mutex
	sets [][]string
}

func (r *requests) add(body io.Reader) []string {
	var one struct{ To []string }
	json.NewDecoder(body).Decode(&one)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sets = append(r.sets, one.To)
	return one.To
}

func TestABatchThatIsRefusedForOneNumberIsDividedUntilItIsFound(t *testing.T) {
	var seen requests
	const bad = "8613800000002"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(seen.add(r.Body), bad) {
			io.WriteString(w, `{"code":"1"}`)
			return
		}
		io.WriteString(w, `{"code":"0","id":"a"}`)
	}))
	defer server.Close()
	p, _, _ := run(t, plainConfig(server.URL), nil, nil)
	for i, a := range offered(p, some(4, "flood")) {
		want := sms.Taken
		if i == 2 {
			want = sms.Refused
		}
		if a.Outcome != want {
			t.Errorf("message %d: got %v, want %v", i, a.Outcome, want)
		}
	}
	if n := len(seen.sets); n != 5 { // 4, 2, 2, 1, 1
		t.Errorf("got %d requests %v, want 5", n, seen.sets)
	}
}

func TestACarrierWithoutBatchesIsLearnedOnce(t *testing.T) {
	var seen requests
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(seen.add(r.Body)) > 1 {
			io.WriteString(w, `{"code":"4"}`)
			return
		}
		io.WriteString(w, `{"code":"0","id":"a"}`)
	}))
	defer server.Close()
	p, _, _ := run(t, plainConfig(server.URL), nil, nil)
	for range 2 {
		for _, a := range offered(p, some(4, "flood")) {
			if a.Outcome != sms.Taken {
				t.Errorf("got %v, want taken", a.Outcome)
			}
		}
	}
	if n := len(seen.sets); n != 9 || p.Line().Batch != 1 {
		t.Errorf("got %d requests, batches of %d; want one too many and 8", n, p.Line().Batch)
	}
}

func TestNeighboursShareARequestOnlyWhereTheyMay(t *testing.T) {
	var seen requests
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.add(r.Body)
		io.WriteString(w, `{"code":"0","id":"a"}`)
	}))
	defer server.Close()
	mixed := append(some(2, "flood"), some(2, "fire")...)
	for i := range mixed {
		mixed[i].Envelope = mixed[0].Envelope
	}
	for _, c := range []struct {
		name string
		json any
		want int
	}{
		{"one text for all", map[string]any{"to": map[string]any{"each": "((number))"}, "text": "((text))"}, 2},
		{"a text for each", map[string]any{"to": map[string]any{"each": "((number))"}, "texts": map[string]any{"each": "((text))"}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen.sets = nil
			config := plainConfig(server.URL)
			config.Send.JSON, config.Window = c.json, 1
			p, _, _ := run(t, config, nil, nil)
			offered(p, mixed)
			if len(seen.sets) != c.want {
				t.Errorf("got %v, want %d requests", seen.sets, c.want)
			}
		})
	}
}

func TestAnElementForEachNumberIsReadByItsNumber(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"list":[{"n":"+8613800000002","c":"0","i":"two"},{"n":"13800000000","c":"1"},{"n":"8613800000001","c":"0","i":"one"},{"n":"x","c":"0"}]}`)
	}))
	defer server.Close()
	config := plainConfig(server.URL)
	config.Answer = Answer{OK: []string{"0"}, Each: "list", EachCode: "c", EachID: "i", EachNumber: "n"}
	p, _, _ := run(t, config, nil, nil)
	acks := offered(p, some(4, "flood"))
	for i, want := range []struct {
		outcome sms.Outcome
		ref     string
	}{{sms.Refused, ""}, {sms.Taken, "one"}, {sms.Taken, "two"}, {sms.Unknown, ""}} {
		if ref, _ := acks[i].Refs.Next(); acks[i].Outcome != want.outcome || string(ref) != want.ref || acks[i].Batch {
			t.Errorf("message %d: got %v %q, want %v %q", i, acks[i].Outcome, ref, want.outcome, want.ref)
		}
	}
}

func TestWhatIsOverOrThereAlreadyIsNotSent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came") }))
	defer server.Close()
	p, _, _ := run(t, plainConfig(server.URL), nil, nil)
	late, there := some(1, "flood"), some(1, "flood")
	late[0].Envelope.Expires = time.Now().Add(-time.Second)
	there[0].Done = 1
	if a := offered(p, late)[0]; a.Outcome != sms.NotSent || a.Reason != sms.TooLate {
		t.Errorf("too late: got %v %v", a.Outcome, a.Reason)
	}
	if a := offered(p, there)[0]; a.Outcome != sms.Taken || a.Done != 1 {
		t.Errorf("there already: got %v, done %b", a.Outcome, a.Done)
	}
}

func TestAtMostAWindowIsInFlight(t *testing.T) {
	var mu sync.Mutex
	in, most := 0, 0
	full := make(chan struct{}) // closed when a window is there: nobody is answered before
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		in++
		if in == 6 && most < 6 {
			close(full)
		}
		most = max(most, in)
		mu.Unlock()
		<-full
		time.Sleep(2 * time.Millisecond) // a seventh would come here
		mu.Lock()
		in--
		mu.Unlock()
		io.WriteString(w, `{"code":"0","id":"a"}`)
	}))
	defer server.Close()
	config := plainConfig(server.URL)
	config.Batch, config.Window, config.Connections = 1, 3, 2
	p, _, _ := run(t, config, nil, nil)
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() { offered(p, some(20, "flood")) })
	}
	callers.Wait()
	if most != 6 || p.Line().Window != 6 || p.Line().InFlight != 0 {
		t.Errorf("got %d in flight, line %+v; want a window of 6", most, p.Line())
	}
}

func TestALineComesBackWithItsCarrier(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"code":"0","id":"a"}`) }))
	address := server.Listener.Addr().String()
	server.Start()
	p, _, _ := run(t, plainConfig("http://"+address), nil, nil)
	server.Close()
	until(t, "the line is down", func() bool {
		a := offered(p, some(1, "flood"))[0]
		return a.Outcome == sms.NotSent && a.Reason == sms.LineDown && p.Line().Up == 0
	})
	if f := p.Line().Fault; !strings.Contains(f, "connect") || strings.Contains(f, "hunter2") {
		t.Errorf("got fault %q", f)
	}
	back := httptest.NewUnstartedServer(server.Config.Handler)
	back.Listener.Close()
	back.Listener = listenAgain(t, address)
	back.Start()
	defer back.Close()
	until(t, "the line is back", func() bool { return offered(p, some(1, "flood"))[0].Outcome == sms.Taken })
}

// What is signed and told is what the configuration says.
func TestARequestIsWrittenAsConfigured(t *testing.T) {
	var got *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		got, body = r, string(data)
		io.WriteString(w, `{"code":"0","id":"a"}`)
	}))
	defer server.Close()
	config := plainConfig(server.URL + "/api")
	config.Values = map[string]string{"app": "A&B"}
	config.Codings = map[string]string{"gsm7": "0", "ucs2": "8"}
	config.MaxValidity = time.Hour
	config.Sign = Sign{Kind: "hmac", Of: "((method))((path))((timestamp))((body))", Header: "X-Sig"}
	config.Send = Request{
		Path: "/v1/((account))", Query: map[string]any{"app": "((app))", "none": "((callback))"}, Headers: map[string]string{"X-Time": "((timestamp))"},
		Form: map[string]any{"to": map[string]any{"each": "+((number))", "join": ","}, "text": "((unsigned))", "sign": "((signature))", "coding": "((coding))", "ttl": "((validity_minutes))"},
	}
	p, _, _ := run(t, config, nil, nil)
	msgs := some(2, "【县防汛办】水 100% \"深\"")
	msgs[0].Envelope.Expires = time.Now().Add(48 * time.Hour)
	if a := offered(p, msgs)[0]; a.Outcome != sms.Taken {
		t.Fatalf("got %v", a.Outcome)
	}
	if got.URL.Path != "/api/v1/me" || got.URL.RawQuery != "app=A%26B" {
		t.Errorf("got %s", got.URL)
	}
	want := "coding=8&sign=%E5%8E%BF%E9%98%B2%E6%B1%9B%E5%8A%9E&text=%E6%B0%B4%20100%25%20%22%E6%B7%B1%22&to=%2B8613800000000%2C%2B8613800000001&ttl=60"
	if body != want {
		t.Errorf("got body %s, want %s", body, want)
	}
	signed := config.Sign.digest("hunter2", "POST/api/v1/me"+got.Header.Get("X-Time")+body)
	if got.Header.Get("X-Sig") != signed {
		t.Errorf("got signature %s, want %s", got.Header.Get("X-Sig"), signed)
	}
	if _, err := strconv.Atoi(got.Header.Get("X-Time")); err != nil {
		t.Errorf("got time %q", got.Header.Get("X-Time"))
	}
}

func TestEachSignatureIsWhereItsGatewayLooksForIt(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		got = r
		io.WriteString(w, `{"code":"0","id":"a"}`)
	}))
	defer server.Close()
	for _, c := range []struct {
		name string
		sign Sign
		ok   func() bool
	}{
		{"basic", Sign{Kind: "basic"}, func() bool {
			name, password, _ := got.BasicAuth()
			return name == "me" && password == "hunter2"
		}},
		{"bearer", Sign{Kind: "bearer"}, func() bool { return got.Header.Get("Authorization") == "Bearer hunter2" }},
		{"md5 of account, secret and time, in the form", Sign{Kind: "md5", Of: "((account))((password))((timestamp))", Encoding: "HEX"}, func() bool {
			want := (&Sign{Kind: "md5", Encoding: "HEX"}).digest("", "mehunter2"+got.Form.Get("time"))
			return got.Form.Get("sign") == want && len(want) == 32
		}},
		{"hmac of a nonce, in a header and in the form", Sign{Kind: "hmac", Of: "((nonce))", Header: "X-Sig"}, func() bool {
			want := (&Sign{Kind: "hmac"}).digest("hunter2", got.Form.Get("nonce"))
			return got.Form.Get("sign") == want && got.Header.Get("X-Sig") == want && len(got.Form.Get("nonce")) == 32
		}},
	} {
		config := plainConfig(server.URL)
		config.Sign = c.sign
		config.Send = Request{Form: map[string]any{"to": "((number))", "sign": "((signed))", "time": "((timestamp))", "nonce": "((nonce))"}}
		p, _, stop := run(t, config, nil, nil)
		if a := offered(p, some(1, "flood"))[0]; a.Outcome != sms.Taken || !c.ok() {
			t.Errorf("%s: got %v, form %v, headers %v", c.name, a.Outcome, got.Form, got.Header)
		}
		stop()
	}
}
