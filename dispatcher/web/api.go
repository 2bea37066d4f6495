package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
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
	// Broadcast is one, or ledger.ErrNoBroadcast.
	Broadcast(ctx context.Context, key string) (ledger.Broadcast, error)
	// KeepBroadcast puts a broadcast, or what became of it, on disk.
	KeepBroadcast(ctx context.Context, b ledger.Broadcast) error
}

// A Planner puts campaigns into the ledger. An error has left nothing behind; what is
// wrong with a definition or its files is a *campaigns.Refusal, which names files as
// the caller did.
type Planner interface {
	// Submit plans a campaign that is not in the ledger yet.
	Submit(ctx context.Context, s Submission) (Planned, error)
	// Retry plans a campaign for the recipients of another one that have failed: see
	// ledger.Retry.
	Retry(ctx context.Context, c ledger.Command, approve bool) (Planned, error)
}

// People is what the API asks and tells of the people themselves.
type People interface {
	// Replies counts the people who have answered a campaign. Its error may be ledger.ErrNotFound.
	Replies(ctx context.Context, key string) (*ledger.ReplyCounts, error)
	// List puts numbers on the suppression list, or takes them off it; doing it twice
	// changes nothing more. It reports how many it has changed.
	List(ctx context.Context, s ledger.Listing) (changed int, err error)
}

// Planned says what was planned. Rows is Planned and all of Excluded together.
type Planned struct {
	Campaign string              `json:"campaign"`
	State    string              `json:"state"`
	RetryOf  string              `json:"retry_of,omitempty"`
	Rows     int                 `json:"rows"`
	Planned  int                 `json:"planned"`
	Excluded map[string]int      `json:"excluded"` // by reason
	Segments int                 `json:"segments"`
	Routes   map[sms.Route]int   `json:"routes"` // recipients
	Warnings []campaigns.Warning `json:"warnings,omitempty"`
	Schedule campaigns.Times     `json:"schedule,omitzero"`
}

// Path is where the API is.
const Path = "/api/v1/"

// maxBody is far above any command, in octets.
const maxBody = 16 << 10

// Options are what the API is made of.
type Options struct {
	Ledger  Ledger
	Planner Planner
	People  People
	Tokens  Tokens
	// Providers are the names of those that there are.
	Providers []string
	// Uploads is the folder in which files are kept while they are planned; it is
	// made when it is needed, and left empty.
	Uploads string
	// OldUploads is the folder that an older version kept files in, which is cleared too;
	// "": there is none.
	OldUploads string
	// MaxFile is how many octets a file that is sent may have; 0: 1 GiB. MaxCaller is how
	// many all uploads of one caller may have that are not planned yet, 0: 4 GiB, and MaxAll
	// those of all callers together, 0: 8 GiB.
	MaxFile, MaxCaller, MaxAll int64
	// Room says how much room there is in Uploads; nil: as much as the disk has.
	Room *Room

	shares *shares
}

// A route is a request that the API answers, and what its token must be for.
type route struct {
	pattern string
	scope   Scope
	serve   func(a *api, w http.ResponseWriter, r *http.Request, c caller)
}

var routes = []route{
	{"GET " + Path + "campaigns", Read, (*api).list},
	{"GET " + Path + "campaigns/{key}", Read, (*api).report},
	{"GET " + Path + "replies", Read, (*api).allReplies},
	{"GET " + Path + "campaigns/{key}/replies", Read, (*api).replies},
	{"POST " + Path + "suppression/{verb}", Give, (*api).suppress},
	{"POST " + Path + "broadcasts", Give, (*api).broadcast},
	{"POST " + Path + "campaigns", Submit, (*api).submit},
	{"POST " + Path + "campaigns/{key}/retry", Submit, (*api).retry},
	{"POST " + Path + "campaigns/{key}/{verb}", Give, (*api).command},
	{"POST " + Path + "providers/{key}/{verb}", Give, (*api).command},
}

// New is the API for the holders of tokens. Whoever gives a command is named by
// their token.
func New(o Options) http.Handler {
	o.shares = &shares{}
	a := &api{o}
	a.clear()
	mux := http.NewServeMux()
	for _, t := range routes {
		mux.HandleFunc(t.pattern, func(w http.ResponseWriter, r *http.Request) {
			if c, ok := a.admit(w, r, t.scope); ok {
				t.serve(a, w, r, c)
			}
		})
	}
	return mux
}

type api struct{ Options }

// A Problem is an error as RFC 9457 wants it.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// Refused is the type of a Problem with a definition or its files.
const Refused = "urn:tocsin:refused"

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

// admit returns the caller if it may do this; otherwise the request has been refused.
func (a *api) admit(w http.ResponseWriter, r *http.Request, s Scope) (caller, bool) {
	c, known := a.Tokens.caller(r)
	if !known {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tocsin"`)
		refuse(w, http.StatusUnauthorized, "token", "no token that is known came with the request: send Authorization: Bearer TOKEN")
		return c, false
	}
	return c, a.may(w, c, s)
}

// may reports whether a caller's token is for something; otherwise they have been
// refused.
func (a *api) may(w http.ResponseWriter, c caller, s Scope) bool {
	if c.scopes&s == 0 {
		refuse(w, http.StatusForbidden, "scope", fmt.Sprintf("the token is not for this: it wants %s in the file of tokens", s))
		return false
	}
	return true
}

func (a *api) list(w http.ResponseWriter, r *http.Request, _ caller) {
	all := []*ledger.Report{}
	for _, c := range a.Ledger.Campaigns() {
		report, err := a.Ledger.Report(r.Context(), c.Key)
		if err != nil {
			fail(w, err)
			return
		}
		all = append(all, report)
	}
	answer(w, all)
}

func (a *api) report(w http.ResponseWriter, r *http.Request, _ caller) {
	report, err := a.Ledger.Report(r.Context(), r.PathValue("key"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, report)
}

// A Reason is the body of a command: why it is given, and what it takes besides.
type Reason struct {
	Reason   string `json:"reason"`
	Rate     int    `json:"rate,omitempty"`     // of rate: segments per second
	As       string `json:"as,omitempty"`       // of mark: accepted, delivered or failed
	Provider string `json:"provider,omitempty"` // of mark: only recipients that were offered through it
	To       string `json:"to,omitempty"`       // of reroute: the provider; "": the fall-backs
	Campaign string `json:"campaign,omitempty"` // of reroute: only of this one
	Approve  bool   `json:"approve,omitempty"`  // of retry: let it be sent
}

// reason reads a command's body; when it cannot be read the request has been refused.
func reason(w http.ResponseWriter, r *http.Request) (why Reason, ok bool) {
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&why); err != nil || strings.TrimSpace(why.Reason) == "" {
		refuse(w, http.StatusBadRequest, "reason", `a command wants a reason: send {"reason": "…"}`)
		return why, false
	}
	return why, true
}

func (a *api) command(w http.ResponseWriter, r *http.Request, c caller) {
	key, verb := r.PathValue("key"), r.PathValue("verb")
	toProvider := strings.HasPrefix(r.URL.Path, Path+"providers/")
	if ledger.ToProvider(verb) != toProvider {
		fail(w, fmt.Errorf("%w %q for this", ledger.ErrNoCommand, verb))
		return
	}
	why, ok := reason(w, r)
	if !ok {
		return
	}
	// Recipients may still wait for a provider that is no longer configured.
	if toProvider && verb != "reroute" && !slices.Contains(a.Providers, key) {
		fail(w, fmt.Errorf("%w: %s", ledger.ErrNoProvider, key))
		return
	}
	e, err := a.Ledger.Do(r.Context(), ledger.Command{
		Key: key, Verb: verb, Who: c.name, Why: why.Reason, Rate: why.Rate, As: why.As, Provider: why.Provider, To: why.To, Campaign: why.Campaign,
		Among: a.Providers,
	})
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, e)
}

func (a *api) retry(w http.ResponseWriter, r *http.Request, c caller) {
	why, ok := reason(w, r)
	if !ok || why.Approve && !a.may(w, c, Give) {
		return
	}
	p, err := a.Planner.Retry(r.Context(), ledger.Command{Key: r.PathValue("key"), Verb: "retry", Who: c.name, Why: why.Reason}, why.Approve)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, p)
}

// fail tells what went wrong; the ledger's own troubles are not a caller's business.
func fail(w http.ResponseWriter, err error) {
	var refused *campaigns.Refusal
	switch {
	case errors.Is(err, campaigns.ErrNoRoom):
		refuse(w, http.StatusInsufficientStorage, "room", err.Error())
	case errors.As(err, &refused):
		refuse(w, http.StatusUnprocessableEntity, "refused", err.Error())
	case errors.Is(err, ledger.ErrNotFound):
		refuse(w, http.StatusNotFound, "campaign", err.Error())
	case errors.Is(err, ledger.ErrNoBroadcast):
		refuse(w, http.StatusNotFound, "broadcast", err.Error())
	case errors.Is(err, ledger.ErrValue):
		refuse(w, http.StatusBadRequest, "value", err.Error())
	case errors.Is(err, ledger.ErrNoProvider):
		refuse(w, http.StatusNotFound, "provider", err.Error())
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
