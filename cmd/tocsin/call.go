package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"tocsin/campaigns"
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

// call asks the server to carry a command out.
func call(ctx context.Context, c *configs.Config, d ledger.Command) (e ledger.Effect, err error) {
	things := "campaigns"
	if ledger.ToProvider(d.Verb) {
		things = "providers"
	}
	err = tell(ctx, c, things, d.Key, d.Verb, web.Reason{
		Reason: d.Why, Rate: d.Rate, As: d.As, Provider: d.Provider, To: d.To, Campaign: d.Campaign,
	}, &e)
	return e, err
}

// answerWithin is how long a server may take to carry out a command.
const answerWithin = 30 * time.Second

// tell posts a command's body.
func tell(ctx context.Context, c *configs.Config, things, key, verb string, why web.Reason, into any) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	body, err := json.Marshal(why)
	if err != nil {
		return err
	}
	return request(ctx, c, http.MethodPost, things+"/"+url.PathEscape(key)+"/"+verb, "application/json", bytes.NewReader(body), into)
}

// request asks the server on this machine's admin listener. What it refuses of a
// definition is a *campaigns.Refusal here too.
func request(ctx context.Context, c *configs.Config, method, path, kind string, body io.Reader, into any) error {
	address, on := c.AdminAddress()
	token := os.Getenv(tokenVariable)
	if !on || token == "" {
		return fmt.Errorf("a server works on this ledger, and it is asked through its API: name a file of tokens in its configuration "+
			"(tokens:), start it again, and put your token into %s", tokenVariable)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+address+web.Path+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Expect", "100-continue") // a refusal needs no body
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("ask the server on %s: %w", address, err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		var p web.Problem
		if json.NewDecoder(a.Body).Decode(&p) != nil || p.Detail == "" {
			return fmt.Errorf("the server on %s answers %s: is its API on (tokens: in its configuration)?", address, a.Status)
		}
		if p.Type == web.Refused {
			return &campaigns.Refusal{Err: errors.New(p.Detail)}
		}
		return fmt.Errorf("the server on %s: %s", address, p.Detail)
	}
	if err := json.NewDecoder(a.Body).Decode(into); err != nil {
		return fmt.Errorf("read the answer of the server on %s: %w", address, err)
	}
	return nil
}
