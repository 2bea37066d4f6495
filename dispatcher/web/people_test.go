package web

import (
	"net/http"
	"strings"
	"testing"

	"tocsin/providers/sms"
)

func TestRepliesAreRead(t *testing.T) {
	s, l := serve(t)
	if _, err := l.Receive("a", nil, []sms.Incoming{{From: "8613800000001", Text: "hello"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, token string
		status      int
		want        string
	}{
		{"campaigns/k/replies", reader, http.StatusOK, `"campaign":"k","messages":0`},
		{"campaigns/k/replies", reader, http.StatusOK, `"silent":0`},
		{"campaigns/nobody/replies", reader, http.StatusNotFound, "urn:tocsin:campaign"},
		{"campaigns/k/replies", writer, http.StatusForbidden, "urn:tocsin:"},
		{"campaigns/k/replies", "", http.StatusUnauthorized, "urn:tocsin:token"},
		{"replies", reader, http.StatusOK, "[]"},
	} {
		status, _, body := call(t, s, http.MethodGet, Path+c.path, c.token, "")
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: got %d %s, want %d with %q", c.path, status, body, c.status, c.want)
		}
	}
}

func TestTheListIsChanged(t *testing.T) {
	s, l := serve(t)
	for _, c := range []struct {
		verb, token, body string
		status            int
		want              string
	}{
		{"add", reader, `{"reason": "asked", "numbers": ["+8613800000001"]}`, http.StatusForbidden, "urn:tocsin:"},
		{"add", giver, `{"numbers": ["+8613800000001"]}`, http.StatusBadRequest, "wants numbers and a reason"},
		{"add", giver, `{"reason": "asked", "numbers": []}`, http.StatusBadRequest, "wants numbers and a reason"},
		{"add", giver, `{"reason": "asked", "numbers": ["+8613800000001", "13800000002"]}`, http.StatusUnprocessableEntity, "numbers[1] is no telephone number"},
		{"shuffle", giver, `{"reason": "asked", "numbers": ["+8613800000001"]}`, http.StatusNotFound, "urn:tocsin:command"},
		{"add", giver, `{"reason": "asked", "numbers": ["+8613800000001", "+8613800000002"]}`, http.StatusOK, `{"numbers":2,"changed":2}`},
		{"add", giver, `{"reason": "asked", "numbers": ["+8613800000001"]}`, http.StatusOK, `{"numbers":1,"changed":0}`},
		{"remove", giver, `{"reason": "asked", "numbers": ["+8613800000002"]}`, http.StatusOK, `{"numbers":1,"changed":1}`},
	} {
		status, _, body := call(t, s, http.MethodPost, Path+"suppression/"+c.verb, c.token, c.body)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: got %d %s, want %d with %q", c.verb, c.body, status, body, c.status, c.want)
		}
		if strings.Contains(body, "1380000000") {
			t.Errorf("%s: the answer shows a number: %s", c.verb, body)
		}
	}
	listed, err := l.Suppressed(t.Context())
	if err != nil || !listed(8613800000001) || listed(8613800000002) {
		t.Errorf("got %v, %v, %v, want the first number alone", listed(8613800000001), listed(8613800000002), err)
	}
}
