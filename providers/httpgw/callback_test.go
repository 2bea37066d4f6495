package httpgw

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/providers/sms"
)

func listenAgain(t *testing.T, address string) net.Listener {
	t.Helper()
	var ln net.Listener
	until(t, "the address is free", func() (ok bool) {
		var err error
		ln, err = net.Listen("tcp", address)
		return err == nil
	})
	return ln
}

// A desk keeps what was received, or refuses to.
type desk struct {
	mu       sync.Mutex
	receipts []sms.Receipt
	incoming []sms.Incoming
	full     bool
	calls    int
}

func (d *desk) receive(receipts []sms.Receipt, incoming []sms.Incoming) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls++; d.full {
		return errors.New("disk full")
	}
	for _, r := range receipts {
		r.Ref = append([]byte(nil), r.Ref...)
		d.receipts = append(d.receipts, r)
	}
	d.incoming = append(d.incoming, incoming...)
	return nil
}

func (d *desk) has() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.receipts)
}

// called is a provider that is called back, and the address of its door.
func called(t *testing.T, d *desk, change func(*Config)) (address string) {
	t.Helper()
	return calledBy(t, d.receive, change)
}

// calledBy is called with any who receives.
func calledBy(t *testing.T, receive sms.ReceiveFunc, change func(*Config)) (address string) {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	c := plainConfig(server.URL)
	c.Receipts = &Report{
		Each: "list", Number: "to", ID: "id", Status: "state", Code: "err", Time: "at", Layout: "2006-01-02 15:04:05", National: true, Reply: `{"result":0}`,
		States:  map[string]string{"DELIVRD": "delivered", "UNDELIV": "failed", "REJECTD": "rejected", "ACCEPTD": "accepted", "NOTHING": "ignore"},
		Reasons: map[string]string{"11": "blocked"},
	}
	c.Incoming = &Incoming{Path: "/incoming", From: "from", To: "to", Text: "text", Time: "at", ID: "id", Layout: "unix"}
	c.Callback = Callback{Path: "/receipts", Auth: "key", Password: "back"}
	if change != nil {
		change(&c)
	}
	door := NewDoor("127.0.0.1:0")
	_, _, _ = run(t, c, door, receive)
	return "http://" + door.Addr().String()
}

func post(t *testing.T, address, kind, body string, header http.Header) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	for key := range header {
		r.Header.Set(key, header.Get(key))
	}
	r.Header.Set("Content-Type", kind)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, _ := io.ReadAll(a.Body)
	return a.StatusCode, string(text)
}

func TestReceiptsAreReadAsConfigured(t *testing.T) {
	d := &desk{}
	address := called(t, d, nil)
	status, reply := post(t, address+"/receipts?key=back", "application/json", `{"list":[
		{"to":"13800138000","id":"a","state":"DELIVRD","at":"2026-07-01 20:00:00"},
		{"to":"+8613800138001","id":7,"state":"UNDELIV","err":"11"},
		{"to":"008613800138002","id":"c","state":"UNDELIV","err":"99"},
		{"to":"8613800138003","id":"d","state":"REJECTD"},
		{"to":"8613800138004","id":"e","state":"ACCEPTD","err":"5"},
		{"to":"8613800138005","id":"f","state":"NEWWORD"},
		{"to":"8613800138006","id":"g","state":"NOTHING"},
		{"to":"nobody","id":"h","state":"DELIVRD"},
		{"to":"447700900123","id":"i","state":"DELIVRD"}]}`, nil)
	if status != 200 || reply != `{"result":0}` {
		t.Errorf("got %d %q", status, reply)
	}
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).UnixMilli()
	var got []string
	for _, r := range d.receipts {
		if !r.Whole {
			t.Error("a receipt is not of the whole message")
		}
		got = append(got, fmt.Sprint(r.To.Digits(), " ", string(r.Ref), " ", r.State, " ", r.Reason, " ", r.Code, " ", r.Time))
	}
	want := []string{
		fmt.Sprint("8613800138000 a delivered  0 ", at), "8613800138001 7 failed blocked 11 0", "8613800138002 c failed unreachable 99 0",
		"8613800138003 d failed rejected 0 0", "8613800138004 e accepted  0 0", "8613800138005 f accepted  0 0", "447700900123 i delivered  0 0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestACallbackIsAnsweredByWhatBecameOfIt(t *testing.T) {
	const good = `{"list":[{"to":"13800138000","id":"a","state":"DELIVRD"}]}`
	d := &desk{}
	address := called(t, d, nil)
	for _, c := range []struct {
		name, path, kind, body string
		full                   bool
		want                   int
	}{
		{"it is on disk", "/receipts?key=back", "application/json", good, false, 200},
		{"it could not be kept", "/receipts?key=back", "application/json", good, true, 503},
		{"a wrong key", "/receipts?key=bacK", "application/json", good, false, 401},
		{"no key", "/receipts", "application/json", good, false, 401},
		{"no JSON", "/receipts?key=back", "application/json", "{", false, 400},
		{"nothing to keep", "/receipts?key=back", "application/json", `{"list":[]}`, true, 200},
		{"too large", "/receipts?key=back", "application/json", `{"list":"` + strings.Repeat("x", mostBody) + `"}`, false, 413},
		{"nobody there", "/elsewhere?key=back", "application/json", good, false, 503},
	} {
		d.mu.Lock()
		d.full, d.receipts = c.full, nil
		d.mu.Unlock()
		status, _ := post(t, address+c.path, c.kind, c.body, nil)
		if kept := d.has() > 0; status != c.want || kept != (c.name == "it is on disk") {
			t.Errorf("%s: got %d, kept %v; want %d", c.name, status, kept, c.want)
		}
	}
}

func TestTheCarrierProvesThatItCalls(t *testing.T) {
	const body = `{"list":[{"to":"13800138000","id":"a","state":"DELIVRD"}]}`
	hmac := Sign{Kind: "hmac"}
	for _, c := range []struct {
		name     string
		callback Callback
		kind     string
		body     string
		header   http.Header
		want     int
	}{
		{"a header", Callback{Auth: "header", Name: "X-Key", Password: "back"}, "application/json", body, http.Header{"X-Key": {"back"}}, 200},
		{"a wrong header", Callback{Auth: "header", Name: "X-Key", Password: "back"}, "application/json", body, http.Header{"X-Key": {"no"}}, 401},
		{"basic", Callback{Auth: "basic", Login: "carrier", Password: "back"}, "application/json", body, http.Header{"Authorization": {"Basic Y2FycmllcjpiYWNr"}}, 200},
		{"basic of somebody else", Callback{Auth: "basic", Login: "carrier", Password: "other"}, "application/json", body, http.Header{"Authorization": {"Basic Y2FycmllcjpiYWNr"}}, 401},
		{"no basic", Callback{Auth: "basic", Login: "carrier", Password: "back"}, "application/json", body, nil, 401},
		{"hmac", Callback{Auth: "hmac", Password: "back"}, "application/json", body, http.Header{"X-Signature": {hmac.digest("back", body)}}, 200},
		{"hmac in GitHub's form", Callback{Auth: "hmac", Password: "back"}, "application/json", body, http.Header{"X-Signature": {"sha256=" + hmac.digest("back", body)}}, 200},
		{"hmac of another body", Callback{Auth: "hmac", Password: "back"}, "application/json", body, http.Header{"X-Signature": {hmac.digest("back", "x")}}, 401},
		{
			"twilio",
			Callback{Auth: "twilio", URL: "https://sms.example.org"},
			"application/x-www-form-urlencoded", "to=13800138000&id=a&state=DELIVRD",
			http.Header{"X-Twilio-Signature": {twilioSignature("hunter2", "https://sms.example.org/receipts", map[string][]string{"to": {"13800138000"}, "id": {"a"}, "state": {"DELIVRD"}})}},
			200,
		},
		{
			"twilio for another number",
			Callback{Auth: "twilio", URL: "https://sms.example.org"},
			"application/x-www-form-urlencoded", "to=13800138001&id=a&state=DELIVRD",
			http.Header{"X-Twilio-Signature": {twilioSignature("hunter2", "https://sms.example.org/receipts", map[string][]string{"to": {"13800138000"}, "id": {"a"}, "state": {"DELIVRD"}})}},
			401,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &desk{}
			address := called(t, d, func(config *Config) {
				c.callback.Path = "/receipts"
				config.Callback = c.callback
				if c.callback.Auth == "twilio" {
					config.Receipts.Each = ""
				}
			})
			status, _ := post(t, address+"/receipts", c.kind, c.body, c.header)
			if status != c.want || (d.has() == 1) != (c.want == 200) {
				t.Errorf("got %d and %d receipts, want %d", status, d.has(), c.want)
			}
		})
	}
}

func TestMessagesFromPeopleAreKept(t *testing.T) {
	d := &desk{}
	address := called(t, d, nil)
	status, reply := post(t, address+"/incoming?key=back", "application/x-www-form-urlencoded", "from=%2B8613800138000&to=10690000&text=%E5%9B%9E%E5%A4%8D%20STOP&at=1782907200&id=m7", nil)
	if status != 200 || reply != "" || len(d.incoming) != 1 {
		t.Fatalf("got %d %q, %d messages", status, reply, len(d.incoming))
	}
	m := d.incoming[0]
	if m.From != "8613800138000" || m.To != "10690000" || m.Text != "回复 STOP" || m.Time.Unix() != 1782907200 || m.Ref != "m7" {
		t.Errorf("got %+v", m)
	}
	d.mu.Lock()
	d.full = true
	d.mu.Unlock()
	if status, _ := post(t, address+"/incoming?key=back", "application/x-www-form-urlencoded", "from=1&text=x", nil); status != 503 {
		t.Errorf("not kept: got %d, want 503", status)
	}
}

func TestTwoProvidersShareADoorAndNoPath(t *testing.T) {
	door := NewDoor("127.0.0.1:0")
	reply := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
	}
	leave, err := door.attach("/a", reply("a"), nil)
	if err != nil {
		t.Fatal(err)
	}
	leaveB, err := door.attach("/b", reply("b"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := door.attach("/a", reply("c"), nil); err == nil {
		t.Error("two have one path")
	}
	address := "http://" + door.Addr().String()
	for _, path := range []string{"a", "b"} {
		if status, text := post(t, address+"/"+path, "text/plain", "", nil); status != 200 || text != path {
			t.Errorf("%s: got %d %q", path, status, text)
		}
	}
	leave()
	if status, _ := post(t, address+"/a", "text/plain", "", nil); status != 503 {
		t.Errorf("who has left: got %d, want 503, so that it is said again", status)
	}
	leaveB()
	if door.Addr() != nil {
		t.Error("the door is open for nobody")
	}
	again, err := door.attach("/a", reply("a"), nil)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
