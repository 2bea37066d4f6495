package web

import (
	"net/http"
	"strings"
	"testing"

	"tocsin/dispatcher/ledger"
)

// TestEveryRouteIsClosedToWhoMayNot goes through the table of routes itself, so that
// none is left out.
func TestEveryRouteIsClosedToWhoMayNot(t *testing.T) {
	s, l := serve(t)
	low := map[Scope]string{Read: writer, Give: reader, Submit: giver} // tokens for everything but this
	for _, r := range routes {
		method, path, _ := strings.Cut(r.pattern, " ")
		path = strings.NewReplacer("{key}", "k", "{verb}", "cancel").Replace(path)
		if strings.Contains(path, "/providers/") {
			path = Path + "providers/a/disable"
		}
		for _, tt := range []struct {
			name, token, problem string
			status               int
		}{
			{"no token", "", "urn:tocsin:token", http.StatusUnauthorized},
			{"a wrong token", secret[1:] + "x", "urn:tocsin:token", http.StatusUnauthorized},
			{"a token's beginning", secret[:31], "urn:tocsin:token", http.StatusUnauthorized},
			{"a token for something else", low[r.scope], "urn:tocsin:scope", http.StatusForbidden},
		} {
			status, kind, body := call(t, s, method, path, tt.token, `{"reason": "test"}`)
			if status != tt.status || kind != "application/problem+json" || !strings.Contains(body, tt.problem) || tt.token != "" && strings.Contains(body, tt.token) {
				t.Errorf("%s with %s: got %d and %s, want %d and %s", r.pattern, tt.name, status, body, tt.status, tt.problem)
			}
		}
	}
	if c, err := l.Campaign("k"); err != nil || c.State != ledger.Running {
		t.Errorf("got %+v, %v, want nothing changed", c, err)
	}
	if p := l.Provider("a"); p.State != ledger.Enabled {
		t.Errorf("got %+v, want nothing changed", p)
	}
}
