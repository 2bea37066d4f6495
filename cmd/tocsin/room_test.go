package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/dispatcher/ledger"
)

// junk is a submission with a file of so many octets, whose length is announced or not.
func junk(t *testing.T, octets int, announced bool) (body io.Reader, kind string, length int64) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, text := range map[string]string{"reason": "mischief", "definition": "key: junk\ntext: t\naudience: {files: [junk.csv]}\n"} {
		if err := w.WriteField(name, text); err != nil {
			t.Fatal(err)
		}
	}
	to, err := w.CreateFormFile("file", "junk.csv")
	if err == nil {
		_, err = to.Write(bytes.Repeat([]byte("x"), octets))
	}
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if announced {
		return &b, w.FormDataContentType(), int64(b.Len())
	}
	return io.MultiReader(&b), w.FormDataContentType(), -1
}

// TestAnUploadDoesNotTakeTheRoomOfAnEmergency is case D2: the spool is on the ledger's own
// small disk, an emergency is under way at a low rate, and a token for submit alone sends more
// than there is room for, again and again. It is refused, and the emergency is finished.
func TestAnUploadDoesNotTakeTheRoomOfAnEmergency(t *testing.T) {
	slow(t)
	t.Parallel()
	const count = 3000
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, count, "    connections: 1\n    window: 2\n    batch: 10\n    rate: 10", "receipts: {wait: 20s}\nin_doubt: hold")
	mountSmall(t, w.data, "48m")
	write(t, w.campaign, strings.Replace(read(t, w.campaign), "class: routine", "class: emergency", 1), 0o600)
	admin := freePort(t)
	const token, giver = "0123456789abcdef0123456789abcdef", "1123456789abcdef0123456789abcdef"
	write(t, w.dir+"/tokens", token+" mallory (submit)\n"+giver+" li\n", 0o600)
	write(t, w.config, strings.Replace(read(t, w.config), "admin: \"off\"", "admin: "+admin+"\ntokens: tokens\nspool: {folder: data/spool}", 1), 0o600)
	left := filepath.Join(w.data, "uploads", "submission-1") // by an older version that was killed
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(left, "0.csv"), "number\n", 0o600)
	tell := func(method, path, token string, body io.Reader, kind string, length int64) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+admin+"/api/v1/"+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = length
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", kind)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		said, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return a.StatusCode, string(said)
	}
	command := func(path, body string) {
		t.Helper()
		if status, said := tell("POST", path, giver, strings.NewReader(body), "application/json", int64(len(body))); status != http.StatusOK {
			t.Fatalf("%s: got %d %s", path, status, said)
		}
	}
	p := w.start(t, "serve", w.campaign)
	waitFor(t, "some are sent", func() bool { return size(carrier.journal) > 0 })
	if _, err := os.Stat(left); err == nil {
		t.Error("what was left behind is still there")
	}
	for i := range 6 {
		body, kind, length := junk(t, 47<<20, i%2 == 0)
		if status, said := tell("POST", "campaigns", token, body, kind, length); status != http.StatusInsufficientStorage || !strings.Contains(said, "no room") {
			t.Errorf("upload %d: got %d %s, want 507", i+1, status, said)
		}
	}
	if r := w.report(t); r.State != ledger.Running || r.Recipients.Waiting == 0 {
		t.Fatalf("got %s, %+v, want it under way", r.State, r.Recipients)
	}
	command("providers/mobile/rate", `{"reason": "the rest may go", "rate": 5000}`)
	waitFor(t, "the emergency is finished", func() bool { return w.report(t).State == ledger.Finished })
	w.expect(t, carrier.journal, expectation{delivered: count})
	if r := w.report(t); !r.Balanced {
		t.Errorf("got %+v, want it balanced", r)
	}
	select {
	case <-p.ended:
		t.Errorf("the server has ended\n%s", p.talk.String())
	default:
	}
}

// TestAPlanThatCannotBeSortedIsRefusedAndNothingIsLost is case D2 for what a plan sorts on
// disk: the folder is full, plan and run say so, and with room it is sent to everybody.
func TestAPlanThatCannotBeSortedIsRefusedAndNothingIsLost(t *testing.T) {
	t.Parallel()
	slow(t)
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, 10, "", "receipts: {wait: 20s}\n")
	// Rows as long as to need the disk, few as they are.
	const count = 70_000
	var rows bytes.Buffer
	rows.WriteString("number,note\n")
	for i := range count {
		fmt.Fprintf(&rows, "+4917%08d,%s\n", i, strings.Repeat("x", 1000))
	}
	write(t, filepath.Join(w.dir, "audience.csv"), rows.String(), 0o600)
	write(t, w.campaign, strings.Replace(read(t, w.campaign), "text: ", "text: ((note))", 1), 0o600)
	spool := filepath.Join(w.dir, "spool")
	mountSmall(t, spool, "4m")
	write(t, w.config, strings.Replace(strings.Replace(read(t, w.config), "data: ./data", "data: ./data\nspool: {folder: spool}", 1), `prefix: "86"`, `prefix: "49"`, 1), 0o600)
	for _, verb := range []string{"plan", "run"} {
		_, talk, code := w.run(t, verb, w.campaign)
		if code == exitOK || !strings.Contains(string(talk), "there is no room in "+spool) || !strings.Contains(string(talk), "spool.folder") {
			t.Errorf("%s: got exit %d, want what to do\n%s", verb, code, talk)
		}
	}
	if n := len(taken(t, carrier.journal)); n > 0 {
		t.Errorf("got %d sent to", n)
	}
	var all []json.RawMessage
	if out, talk, code := w.run(t, "campaign", "list", "--json"); code != exitOK || json.Unmarshal(out, &all) != nil || len(all) > 0 {
		t.Errorf("got exit %d, %s%s, want no campaign", code, out, talk)
	}
	write(t, w.config, strings.Replace(read(t, w.config), "spool: {folder: spool}", "spool: {folder: other, reserve: \"0\"}", 1), 0o600)
	if _, talk, code := w.run(t, "plan", w.campaign); code != exitOK {
		t.Errorf("with room: got exit %d\n%s", code, talk)
	}
}
