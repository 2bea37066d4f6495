package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"tocsin/dispatcher/ledger"
)

// broadcast keeps a broadcast whose sender cannot write to the ledger while this process
// does. Whoever sends or cancels it is named by their token.
func (a *api) broadcast(w http.ResponseWriter, r *http.Request, c caller) {
	var b ledger.Broadcast
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&b); err != nil {
		refuse(w, http.StatusBadRequest, "broadcast", "the body is no broadcast: tocsin broadcast sends it")
		return
	}
	if !slices.Contains(a.Providers, b.Provider) {
		fail(w, fmt.Errorf("%w: %s", ledger.ErrNoProvider, b.Provider))
		return
	}
	if b.Cancel == "" {
		b.Who = c.name
	} else {
		b.CancelWho = c.name
	}
	if err := a.Ledger.KeepBroadcast(r.Context(), b); err != nil {
		fail(w, err)
		return
	}
	answer(w, b)
}
