package providertest_test

import (
	"net"
	"net/url"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/httpgw"
	"tocsin/providers/providertest"
	"tocsin/providers/simulator"
	"tocsin/providers/sms/smstest"
)

// The profiles that are shipped play the suite in package configs, where they are.
func TestHTTP(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		name  string
		batch int
	}{{"one by one", 1}, {"in batches", 10}} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, "http/kannel", func(t *testing.T, addr net.Addr, c simulator.Config) providers.Provider {
				back, err := url.Parse(c.DialBack)
				if err != nil {
					t.Fatal(err)
				}
				config := httpgw.Config{
					URL: "http://" + addr.String(), Account: c.SystemID, Password: c.Password, Sender: "10690000", Window: 10, Batch: s.batch,
					Timeout: httpPatience(&c),
					Send: httpgw.Request{Method: "GET", Path: "/cgi-bin/sendsms", Query: map[string]any{
						"username": "((account))", "password": "((password))", "to": map[string]any{"each": "+((number))", "join": " "}, "text": "((text))",
						"dlr-mask": "31", "dlr-url": "((callback))", "charset": "UTF-8",
					}},
					Answer:   httpgw.Answer{Pattern: `^([0-9]+|Not routable)`, OK: []string{"0"}, Own: true},
					Verdicts: map[string]string{"503": "queue_full", "Not routable": "invalid_number"},
					Receipts: &httpgw.Report{Number: "to", Reference: "ref", Status: "status", States: map[string]string{"1": "delivered", "2": "failed"}},
					Callback: httpgw.Callback{
						Path: back.Path, Auth: "key", Password: "back", URL: "http://" + back.Host, Suffix: "&ref=((reference))&to=%p&status=%d",
					},
				}
				p, err := httpgw.New(httpgw.Options{Config: config, Door: httpgw.NewDoor(back.Host), Logger: smstest.Logger(t, config.Password)})
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}

// httpPatience is short where answers never come; elsewhere a slow machine is no time-out.
func httpPatience(c *simulator.Config) time.Duration {
	if c.Silent > 0 {
		return 300 * time.Millisecond
	}
	return time.Minute
}
