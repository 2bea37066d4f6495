package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

// maxListing is how large a list of numbers may be, in octets: some four million.
const maxListing = 64 << 20

// A Listing is the body of a request that changes the suppression list.
type Listing struct {
	Reason  string   `json:"reason"`
	Numbers []string `json:"numbers"` // with plus sign and country code
}

// Listed says what has become of a Listing.
type Listed struct {
	Numbers int `json:"numbers"`
	Changed int `json:"changed"` // numbers that were not on the list, or not off it, before
}

// Answered is a campaign with the counts of its replies.
type Answered struct {
	Campaign string `json:"campaign"`
	ledger.ReplyCounts
}

func (a *api) replies(w http.ResponseWriter, r *http.Request, _ caller) {
	counts, err := a.People.Replies(r.Context(), r.PathValue("key"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, Answered{r.PathValue("key"), *counts})
}

// allReplies are those of the campaigns that ask for answers, or were answered.
func (a *api) allReplies(w http.ResponseWriter, r *http.Request, _ caller) {
	all := []Answered{}
	for _, c := range a.Ledger.Campaigns() {
		report, err := a.Ledger.Report(r.Context(), c.Key)
		if err != nil {
			fail(w, err)
			return
		}
		if report.Replies != nil {
			all = append(all, Answered{c.Key, *report.Replies})
		}
	}
	answer(w, all)
}

// suppress changes the list. What it refuses it says by place: numbers are private.
func (a *api) suppress(w http.ResponseWriter, r *http.Request, c caller) {
	verb := r.PathValue("verb")
	if verb != "add" && verb != "remove" {
		fail(w, fmt.Errorf("%w %q for this", ledger.ErrNoCommand, verb))
		return
	}
	var body Listing
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxListing))
	in.DisallowUnknownFields()
	if err := in.Decode(&body); err != nil || strings.TrimSpace(body.Reason) == "" || len(body.Numbers) == 0 {
		refuse(w, http.StatusBadRequest, "numbers", `this wants numbers and a reason: send {"reason": "…", "numbers": ["+86…", …]}`)
		return
	}
	s := ledger.Listing{Numbers: make([]sms.Number, len(body.Numbers)), Off: verb == "remove", Who: c.name, Why: body.Reason}
	parse := campaigns.NumberReader("")
	for i, text := range body.Numbers {
		n, ok := parse([]byte(text))
		if !ok {
			refuse(w, http.StatusUnprocessableEntity, "numbers", fmt.Sprintf("numbers[%d] is no telephone number with plus sign and country code; nothing was changed", i))
			return
		}
		s.Numbers[i] = n
	}
	changed, err := a.People.List(r.Context(), s)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, Listed{len(s.Numbers), changed})
}
