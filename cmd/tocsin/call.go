package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/web"
)

// tokenVariable holds the token with which a command calls a server's API.
const tokenVariable = "TOCSIN_TOKEN"

// do carries a command out: straight on the ledger, or, when a server holds it in a
// file, through that server's API.
func do(ctx context.Context, c *configs.Config, command ledger.Command) (ledger.Effect, error) {
	o := ledgerOptions(c)
	o.Visitor = true
	l, err := ledger.Open(ctx, o)
	if errors.Is(err, ledger.ErrBusy) {
		return call(ctx, c, command)
	}
	if err != nil {
		return ledger.Effect{}, err
	}
	e, err := l.Do(ctx, command)
	return e, errors.Join(err, l.Close())
}

// call asks the server on this machine's admin listener.
func call(ctx context.Context, c *configs.Config, command ledger.Command) (ledger.Effect, error) {
	address, on := c.AdminAddress()
	token := os.Getenv(tokenVariable)
	if !on || token == "" {
		return ledger.Effect{}, fmt.Errorf("a server works on this ledger, and it is asked through its API: name a file of tokens in its configuration "+
			"(tokens:), start it again, and put your token into %s", tokenVariable)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	body, err := json.Marshal(web.Reason{Reason: command.Why, Rate: command.Rate})
	if err != nil {
		return ledger.Effect{}, err
	}
	things := "campaigns/"
	if ledger.ToProvider(command.Verb) {
		things = "providers/"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+web.Path+things+command.Key+"/"+command.Verb, bytes.NewReader(body))
	if err != nil {
		return ledger.Effect{}, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return ledger.Effect{}, fmt.Errorf("ask the server on %s: %w", address, err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		var p web.Problem
		if json.NewDecoder(a.Body).Decode(&p) != nil || p.Detail == "" {
			return ledger.Effect{}, fmt.Errorf("the server on %s answers %s: is its API on (tokens: in its configuration)?", address, a.Status)
		}
		return ledger.Effect{}, fmt.Errorf("the server on %s: %s", address, p.Detail)
	}
	var e ledger.Effect
	if err := json.NewDecoder(a.Body).Decode(&e); err != nil {
		return ledger.Effect{}, fmt.Errorf("read the answer of the server on %s: %w", address, err)
	}
	return e, nil
}
