package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	reader = "1123456789abcdef0123456789abcdef"
	writer = "2123456789abcdef0123456789abcdef"
	giver  = "3123456789abcdef0123456789abcdef"
)

// A desk plans nothing, and remembers what it was given.
type desk struct {
	submission Submission
	files      map[string]string // what stood in each
}

func (d *desk) Submit(_ context.Context, s Submission) (Planned, error) {
	d.submission, d.files = s, map[string]string{}
	for name, kept := range s.Files {
		text, err := os.ReadFile(kept)
		if err != nil {
			return Planned{}, err
		}
		d.files[name] = string(text)
	}
	if len(s.Files) == 0 {
		return Planned{}, &campaigns.Refusal{File: s.Path, Line: 4, Err: errors.New("there is no file")}
	}
	return Planned{Campaign: "new", State: ledger.Submitted, Planned: 1}, nil
}

func (d *desk) Retry(_ context.Context, c ledger.Command, approve bool) (Planned, error) {
	if c.Key != "k" {
		return Planned{}, ledger.ErrNotFound
	}
	return Planned{Campaign: "k-retry-1", RetryOf: c.Key, State: map[bool]string{true: ledger.Approved, false: ledger.Submitted}[approve]}, nil
}

// serve is the API over a real ledger with one campaign of three, k, that runs.
func serve(t *testing.T) (*httptest.Server, *ledger.Ledger) {
	t.Helper()
	l, err := ledger.Open(t.Context(), ledger.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, err := l.Plan(t.Context(), ledger.Draft{Key: "k", Title: "Test", Hash: "h"}, func(s campaigns.Sink) (*campaigns.Summary, error) {
		b := &campaigns.Batch{Route: "a"}
		for i := range 3 {
			b.Numbers, b.Lines = append(b.Numbers, sms.Number(8613800000000+i)), append(b.Lines, uint32(i))
		}
		return &campaigns.Summary{Rows: 3, Planned: 3, Excluded: map[string]int{}}, s.AddBatch(b)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.SetState(c.ID, c.State, ledger.Running); err != nil {
		t.Fatal(err)
	}
	tokens, err := ParseTokens("# who may call\n\n" + secret + " li\n" + reader + " wang (read)\n" + writer + " zhao (submit)\n" + giver + " qian (read, command)\n")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(New(Options{Ledger: l, Planner: &desk{}, People: l, Tokens: tokens, Providers: []string{"a", "b"}, Uploads: t.TempDir()}))
	t.Cleanup(s.Close)
	return s, l
}

func call(t *testing.T, s *httptest.Server, method, path, token, body string) (int, string, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	said, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, a.Header.Get("Content-Type"), string(said)
}

func TestAPI(t *testing.T) {
	why := `{"reason": "the river falls"}`
	tests := []struct {
		name, method, path, token, body string
		status                          int
		want                            string
	}{
		{"without a token nobody is told anything", "GET", "/api/v1/campaigns", "", "", 401, "urn:tocsin:token"},
		{"nor with one that is not known", "POST", "/api/v1/campaigns/k/pause", secret[1:] + "x", why, 401, "urn:tocsin:token"},
		{"campaigns are listed", "GET", "/api/v1/campaigns", secret, "", 200, `"campaign":"k"`},
		{"a campaign is reported on", "GET", "/api/v1/campaigns/k", secret, "", 200, `"planned":3`},
		{"one that is not there is not", "GET", "/api/v1/campaigns/other", secret, "", 404, "urn:tocsin:campaign"},
		{"a command wants a reason", "POST", "/api/v1/campaigns/k/pause", secret, `{}`, 400, "urn:tocsin:reason"},
		{"a body that is none is refused", "POST", "/api/v1/campaigns/k/pause", secret, `{"reason": "a", "by": "me"}`, 400, "urn:tocsin:reason"},
		{"a command there is not is refused", "POST", "/api/v1/campaigns/k/fly", secret, why, 404, "urn:tocsin:command"},
		{"a campaign cannot be drained", "POST", "/api/v1/campaigns/k/drain", secret, why, 404, "urn:tocsin:command"},
		{"a provider can", "POST", "/api/v1/providers/a/drain", secret, why, 200, `"state":"draining"`},
		{"a rate wants a number", "POST", "/api/v1/providers/a/rate", secret, why, 400, "urn:tocsin:command"},
		{"and is set with one", "POST", "/api/v1/providers/a/rate", secret, `{"reason": "contract", "rate": 500}`, 200, `"state":"draining"`},
		{"one that does not fit changes nothing", "POST", "/api/v1/campaigns/k/resume", secret, why, 409, "urn:tocsin:state"},
		{"a provider that is not there cannot", "POST", "/api/v1/providers/nobody/drain", secret, why, 404, "urn:tocsin:provider"},
		{"nor be given anything", "POST", "/api/v1/providers/a/reroute", secret, `{"reason": "slow", "to": "nobody"}`, 404, "urn:tocsin:provider"},
		{"one that is there is", "POST", "/api/v1/providers/a/reroute", secret, `{"reason": "slow", "to": "b", "campaign": "k"}`, 200, `"moved":3`},
		{"doubt is not marked as anything", "POST", "/api/v1/campaigns/k/mark", secret, `{"reason": "a list", "as": "lost"}`, 400, "urn:tocsin:command"},
		{"it is marked as it may end", "POST", "/api/v1/campaigns/k/mark", secret, `{"reason": "a list", "as": "failed"}`, 200, `"state":"running"`},
		{"nor through a provider that is not there", "POST", "/api/v1/campaigns/k/mark", secret, `{"reason": "a list", "as": "failed", "provider": "nobody"}`, 404, "urn:tocsin:provider"},
		{"a retry wants a reason", "POST", "/api/v1/campaigns/k/retry", writer, `{}`, 400, "urn:tocsin:reason"},
		{"a retry is planned", "POST", "/api/v1/campaigns/k/retry", writer, why, 200, `"state":"submitted","retry_of":"k"`},
		{"and approved by who may", "POST", "/api/v1/campaigns/k/retry", secret, `{"reason": "b", "approve": true}`, 200, `"state":"approved"`},
		{"and by nobody else", "POST", "/api/v1/campaigns/k/retry", writer, `{"reason": "b", "approve": true}`, 403, "urn:tocsin:scope"},
		{"of one that is not there it is not", "POST", "/api/v1/campaigns/other/retry", writer, why, 404, "urn:tocsin:campaign"},
		{"a submission is a form", "POST", "/api/v1/campaigns", writer, why, 400, "urn:tocsin:submission"},
		{"one that fits is done", "POST", "/api/v1/campaigns/k/cancel", secret, why, 200, `"prevented":3`},
	}
	s, l := serve(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, kind, body := call(t, s, tt.method, tt.path, tt.token, tt.body)
			if status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("got %d and %s, want %d and %s", status, body, tt.status, tt.want)
			}
			if problem := kind == "application/problem+json"; problem != (status >= 400) {
				t.Errorf("got %s with status %d", kind, status)
			}
		})
	}
	if c, err := l.Campaign("k"); err != nil || c.State != ledger.Cancelled || !strings.Contains(c.Note, "cancel by li: the river falls") {
		t.Errorf("got %+v, %v, want it cancelled by the token's holder", c, err)
	}
}

func TestParseTokensRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no token":                   {"# nobody\n", "there is no token in it"},
		"a token of nobody":          {secret + "\n", "line 1: write TOKEN NAME"},
		"a token that is short":      {"\nabc li\n", "line 2: the token is shorter than 32 characters"},
		"a token for something else": {secret + " li (read, fly)\n", "line 1: a token is for read, command or submit"},
		"a token for nothing":        {secret + " li ()\n", "line 1: a token is for read, command or submit"},
		"scopes of nobody":           {secret + " (read)\n", "line 1: write TOKEN NAME"},
	} {
		_, err := ParseTokens(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "abc") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want %s and no token", name, err, tt.want)
		}
	}
}

// broken is a ledger that cannot do anything.
type broken struct{ Ledger }

func (broken) Report(context.Context, string) (*ledger.Report, error) {
	return nil, errors.New("disk of /secret/place")
}

func TestTheLedgersTroublesAreNotTold(t *testing.T) {
	tokens, err := ParseTokens(secret + " li")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(New(Options{Ledger: broken{}, Tokens: tokens}))
	defer s.Close()
	status, _, body := call(t, s, "GET", "/api/v1/campaigns/k", secret, "")
	if status != http.StatusServiceUnavailable || strings.Contains(body, "place") {
		t.Errorf("got %d and %s, want 503 without the reason", status, body)
	}
}
