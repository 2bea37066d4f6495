package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"tocsin/dispatcher/ledger"
)

// broadcast keeps a broadcast whose sender cannot write to the ledger while this process
// does. The holder of the token is recorded as its sender, whatever the body says. It
// begins in doubt, and only its sender says what became of it.
func (a *api) broadcast(w http.ResponseWriter, r *http.Request, c caller) {
	var said ledger.Broadcast
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&said); errors.Is(err, ledger.ErrValue) {
		fail(w, err)
		return
	} else if err != nil {
		refuse(w, http.StatusBadRequest, "broadcast", "the body is no broadcast: tocsin broadcast sends it")
		return
	}
	b, err := a.told(r.Context(), said, c.name, time.Now().UnixMilli())
	if err == nil {
		err = a.Ledger.KeepBroadcast(r.Context(), b)
	}
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, b)
}

// told is the broadcast to keep after its sender has said what became of it.
func (a *api) told(ctx context.Context, said ledger.Broadcast, who string, now int64) (ledger.Broadcast, error) {
	known, err := a.Ledger.Broadcast(ctx, said.Key)
	switch {
	case errors.Is(err, ledger.ErrNoBroadcast) && said.Cancel == "":
		return a.begun(said, who, now)
	case err != nil:
		return known, err
	case said.Cancel != "":
		return cancelled(known, said, who, now)
	}
	return settled(known, said, who, now)
}

// begun is a broadcast whose request has not left yet.
func (a *api) begun(said ledger.Broadcast, who string, now int64) (ledger.Broadcast, error) {
	if !slices.Contains(a.Providers, said.Provider) {
		return said, fmt.Errorf("%w: %s", ledger.ErrNoProvider, said.Provider)
	}
	if state := cmp.Or(said.State, ledger.BroadcastInDoubt); state != ledger.BroadcastInDoubt {
		return said, fmt.Errorf("%w: no such broadcast was begun, so that it cannot be %s", ledger.ErrNotAllowed, state)
	}
	return ledger.Broadcast{
		Key: said.Key, At: now, Provider: said.Provider, Who: who, Why: said.Why, Text: said.Text, Areas: said.Areas, Content: said.Content,
		Priority: said.Priority, Repeat: said.Repeat, Every: said.Every, State: ledger.BroadcastInDoubt,
	}, nil
}

// settled is a broadcast with what its sender has heard of the carrier.
func settled(known, said ledger.Broadcast, who string, now int64) (ledger.Broadcast, error) {
	state := cmp.Or(said.State, ledger.BroadcastInDoubt)
	switch {
	case known.Who != who:
		return known, fmt.Errorf("%w: %s sent it, and nobody else knows what became of it", ledger.ErrNotAllowed, known.Who)
	case known.State == state && known.Ref == said.Ref: // it is said again
		return known, nil
	case known.State != ledger.BroadcastInDoubt || known.Ref != "":
		return known, fmt.Errorf("%w: it is %s already", ledger.ErrNotAllowed, known.State)
	}
	known.State, known.Ref, known.Code, known.Failed = state, said.Ref, said.Code, said.Failed
	if state != ledger.BroadcastInDoubt {
		known.Settled = now
	}
	return known, nil
}

// cancelled is a broadcast with a cancel that is about to leave, or with what its sender
// has heard of that.
func cancelled(known, said ledger.Broadcast, who string, now int64) (ledger.Broadcast, error) {
	switch {
	case said.Cancel == ledger.BroadcastInDoubt:
		if known.Ref == "" {
			return known, fmt.Errorf("%w: the carrier has not said what it calls the broadcast, which is %s", ledger.ErrNotAllowed, known.State)
		}
		if known.Cancel == ledger.BroadcastTaken {
			return known, fmt.Errorf("%w: it is cancelled already", ledger.ErrNotAllowed)
		}
		known.CancelAt, known.CancelWho, known.CancelWhy = now, who, said.CancelWhy
	case known.Cancel != ledger.BroadcastInDoubt || known.CancelWho != who:
		return known, fmt.Errorf("%w: no cancel of %s is under way, so that it cannot be %s", ledger.ErrNotAllowed, who, said.Cancel)
	}
	known.Cancel = said.Cancel
	return known, nil
}
