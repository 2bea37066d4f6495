package web

import (
	"errors"
	"strings"
	"testing"

	"tocsin/dispatcher/ledger"
)

const order = `"key": "b1", "provider": "a", "reason": "flood", "text": "Leave now", "areas": ["alias:riverside"], "content": 1, "repeat": 1`

// TestWhoActsOnABroadcastIsTheTokensHolder is case D4: a caller says neither who they are
// nor what became of what was never sent. The state nobody knows is case D1.
func TestWhoActsOnABroadcastIsTheTokensHolder(t *testing.T) {
	s, l := serve(t)
	post := func(token, body string, status int, want string) {
		t.Helper()
		if got, _, said := call(t, s, "POST", "/api/v1/broadcasts", token, body); got != status || !strings.Contains(said, want) {
			t.Errorf("%s: got %d and %s, want %d and %s", body, got, said, status, want)
		}
		if err := l.Err(); err != nil {
			t.Fatalf("the ledger is broken: %v", err)
		}
	}
	nothing := func(key string) {
		t.Helper()
		if b, err := l.Broadcast(t.Context(), key); !errors.Is(err, ledger.ErrNoBroadcast) {
			t.Errorf("got %+v, %v, want nothing kept", b, err)
		}
	}
	post(secret, `{`+order+`, "by": "Mayor Wang", "state": "sideways"}`, 400, "urn:tocsin:value")
	post(secret, `{`+order+`, "by": "Mayor Wang", "state": "taken"}`, 409, "urn:tocsin:state")
	post(secret, `{`+order+`, "by": "Mayor Wang", "state": "taken", "cancel": "taken", "cancelled_by": "Mayor Wang", "cancel_reason": "over"}`, 404, "urn:tocsin:broadcast")
	post(secret, `{`+order+`, "by": "Mayor Wang", "state": "in_doubt", "cancel": "in_doubt", "cancelled_by": "Mayor Wang", "cancel_reason": "over"}`, 404, "urn:tocsin:broadcast")
	post(secret, `{`+strings.Replace(order, "flood", `fl\u0000ood`, 1)+`}`, 400, "urn:tocsin:value")
	post(secret, `{`+strings.Replace(order, `"a"`, `"nobody"`, 1)+`}`, 404, "urn:tocsin:provider")
	nothing("b1")

	post(secret, `{`+order+`, "by": "Mayor Wang", "at": 5, "id": "forged", "state": "in_doubt", "settled": 7}`, 200, `"by":"li"`)
	begun, err := l.Broadcast(t.Context(), "b1")
	if err != nil || begun.Who != "li" || begun.State != ledger.BroadcastInDoubt || begun.Ref != "" || begun.Settled != 0 || begun.At == 5 {
		t.Fatalf("got %+v, %v, want one of li's, in doubt", begun, err)
	}
	post(giver, `{"key": "b1", "state": "taken", "id": "7"}`, 409, "li sent it")
	post(secret, `{"key": "b1", "cancel": "in_doubt", "cancel_reason": "over"}`, 409, "the carrier has not said")
	post(secret, `{"key": "b1", "by": "Mayor Wang", "state": "taken", "id": "7", "text": "Stay"}`, 200, `"state":"taken"`)
	post(secret, `{"key": "b1", "state": "refused", "id": "7"}`, 409, "it is taken already")
	post(giver, `{"key": "b1", "cancel": "taken", "cancel_reason": "over"}`, 409, "no cancel of qian is under way")
	post(giver, `{"key": "b1", "by": "Mayor Wang", "cancelled_by": "Mayor Wang", "cancel": "in_doubt"}`, 400, "urn:tocsin:command")
	post(giver, `{"key": "b1", "by": "Mayor Wang", "cancelled_by": "Mayor Wang", "cancel": "in_doubt", "cancel_reason": "over"}`, 200, `"cancelled_by":"qian"`)
	post(secret, `{"key": "b1", "cancel": "taken"}`, 409, "no cancel of li is under way")
	post(giver, `{"key": "b1", "cancelled_by": "Mayor Wang", "cancel": "taken"}`, 200, `"cancel":"taken"`)
	post(secret, `{"key": "b1", "cancel": "in_doubt", "cancel_reason": "again"}`, 409, "cancelled already")
	got, err := l.Broadcast(t.Context(), "b1")
	if err != nil || got.Who != "li" || got.Text != "Leave now" || got.State != ledger.BroadcastTaken || got.CancelWho != "qian" || got.CancelWhy != "over" || got.Cancel != ledger.BroadcastTaken {
		t.Errorf("got %+v, %v, want li's, taken, and qian's cancel", got, err)
	}
}

// TestACommandWithAControlCharacterChangesNothing is case D1: the caller hears of it and
// the next command is carried out.
func TestACommandWithAControlCharacterChangesNothing(t *testing.T) {
	s, l := serve(t)
	for _, path := range []string{"campaigns/k/pause", "campaigns/k/cancel", "providers/a/drain", "providers/a/reroute", "providers/a/test"} {
		for _, why := range []string{`a\u0000b`, `\u001b[2Jbalanced`, `balanced\neverything delivered`, strings.Repeat("x", 4001)} {
			status, _, said := call(t, s, "POST", "/api/v1/"+path, secret, `{"reason": "`+why+`"}`)
			if status != 400 || !strings.Contains(said, "urn:tocsin:value") || !strings.Contains(said, "the reason") {
				t.Errorf("%s with %q: got %d %s, want it refused", path, why[:min(len(why), 20)], status, said)
			}
		}
	}
	if status, _, said := call(t, s, "POST", "/api/v1/suppression/add", secret, `{"reason": "a\u0000b", "numbers": ["+8613800000001"]}`); status != 400 {
		t.Errorf("got %d %s, want it refused", status, said)
	}
	if k, err := l.Campaign("k"); err != nil || k.State != ledger.Running {
		t.Errorf("got %s, %v, want it to run", k.State, err)
	}
	if status, _, said := call(t, s, "POST", "/api/v1/campaigns/k/pause", secret, `{"reason": "the river falls"}`); status != 200 {
		t.Errorf("got %d %s, want it paused", status, said)
	}
}
