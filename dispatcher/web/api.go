package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tocsin/dispatcher/ledger"
)

// A Ledger is what the API asks and tells.
type Ledger interface {
	// Campaigns are all campaigns, oldest first.
	Campaigns() []ledger.Campaign
	// Report is what became of a campaign, or ledger.ErrNotFound.
	Report(ctx context.Context, key string) (*ledger.Report, error)
	// Do carries out a command and writes it down; ledger.ErrNotFound and
	// ledger.ErrNotAllowed have changed nothing.
	Do(ctx context.Context, c ledger.Command) (ledger.Effect, error)
}

// Path is where the API is.
const Path = "/api/v1/"

// maxBody is far above any command, in octets.
const maxBody = 16 << 10

// New is the API over l for the holders of tokens. Whoever gives a command is named
// by their token.
func New(l Ledger, tokens Tokens) http.Handler {
	a := &api{l, tokens}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"campaigns", a.list)
	mux.HandleFunc("GET "+Path+"campaigns/{key}", a.report)
	mux.HandleFunc("POST "+Path+"campaigns/{key}/{verb}", a.command)
	mux.HandleFunc("POST "+Path+"providers/{key}/{verb}", a.command)
	return mux
}

type api struct {
	ledger Ledger
	tokens Tokens
}

// A Problem is an error as RFC 9457 wants it.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// refuse answers with a problem; kind is stable, for programs.
func refuse(w http.ResponseWriter, status int, kind, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(Problem{"urn:tocsin:" + kind, http.StatusText(status), status, detail})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(v)
}

// who is the caller's name; "" when they have been refused.
func (a *api) who(w http.ResponseWriter, r *http.Request) string {
	name := a.tokens.caller(r)
	if name == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tocsin"`)
		refuse(w, http.StatusUnauthorized, "token", "no token that is known came with the request: send Authorization: Bearer TOKEN")
	}
	return name
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	if a.who(w, r) == "" {
		return
	}
	all := []*ledger.Report{}
	for _, c := range a.ledger.Campaigns() {
		report, err := a.ledger.Report(r.Context(), c.Key)
		if err != nil {
			fail(w, err)
			return
		}
		all = append(all, report)
	}
	answer(w, all)
}

func (a *api) report(w http.ResponseWriter, r *http.Request) {
	if a.who(w, r) == "" {
		return
	}
	report, err := a.ledger.Report(r.Context(), r.PathValue("key"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, report)
}

// A Reason is the body of a command: why it is given.
type Reason struct {
	Reason string `json:"reason"`
	Rate   int    `json:"rate,omitempty"` // of the command rate: segments per second
}

func (a *api) command(w http.ResponseWriter, r *http.Request) {
	name := a.who(w, r)
	if name == "" {
		return
	}
	if ledger.ToProvider(r.PathValue("verb")) != strings.HasPrefix(r.URL.Path, Path+"providers/") {
		fail(w, fmt.Errorf("%w %q for this", ledger.ErrNoCommand, r.PathValue("verb")))
		return
	}
	var why Reason
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&why); err != nil || strings.TrimSpace(why.Reason) == "" {
		refuse(w, http.StatusBadRequest, "reason", `a command wants a reason: send {"reason": "…"}`)
		return
	}
	e, err := a.ledger.Do(r.Context(), ledger.Command{Key: r.PathValue("key"), Verb: r.PathValue("verb"), Who: name, Why: why.Reason, Rate: why.Rate})
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, e)
}

// fail tells what went wrong; the ledger's own troubles are not a caller's business.
func fail(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		refuse(w, http.StatusNotFound, "campaign", err.Error())
	case errors.Is(err, ledger.ErrIncomplete):
		refuse(w, http.StatusBadRequest, "command", err.Error())
	case errors.Is(err, ledger.ErrNoCommand):
		refuse(w, http.StatusNotFound, "command", err.Error())
	case errors.Is(err, ledger.ErrNotAllowed):
		refuse(w, http.StatusConflict, "state", err.Error())
	default:
		refuse(w, http.StatusServiceUnavailable, "ledger", "the ledger cannot do this now: the process's log says why")
	}
}
