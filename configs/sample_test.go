package configs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sample is the configuration that the project set out to read, letter for letter.
const sample = `data: ./data
ledger: sqlite                 # a file in data; later postgres://…
queue: embedded                # or redis://host:6379/0
admin: 127.0.0.1:9090
country: CN
providers:
  - name: mobile
    protocol: smpp             # or stub
    address: 127.0.0.1:2775
    system_id: tocsin
    password: {file: secrets/mobile}   # or {env: NAME}; a literal is refused
    connections: 2
    window: 100                # requests in flight per connection
    batch: 100                 # most recipients in one submit_multi; 1: submit_sm only
    rate: 3000                 # segments per second, 0: no limit
    sender: "10690000"
routes:
  - {carrier: China Mobile, to: [mobile]}
  - {prefix: "86", to: [mobile]}
`

func TestTheSampleIsReadAsItIsPrinted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tocsin.yaml")
	for _, mark := range []string{"", "\ufeff"} { // Windows editors put one in front
		if err := os.WriteFile(path, []byte(mark+sample), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := &Config{
			Data: filepath.Join(dir, "data"), Ledger: "sqlite", Queue: "embedded", Admin: "127.0.0.1:9090", Country: "CN", Roles: "all", File: path,
			Providers: []ProviderConfig{{
				Name: "mobile", Protocol: SMPP, Address: "127.0.0.1:2775", SystemID: "tocsin", Password: SecretSource{File: filepath.Join(dir, "secrets/mobile")},
				Connections: 2, Window: 100, Batch: 100, Rate: 3000, Floor: DefaultFloor, Sender: "10690000",
				Version: "3.4", Bind: "transceiver", ReceiptIDs: "auto", EnquireLink: DefaultEnquireLink, ResponseTimeout: DefaultResponseTimeout,
			}},
			Routes: []RouteConfig{{Carrier: "China Mobile", To: []string{"mobile"}}, {Prefix: "86", To: []string{"mobile"}}},
		}
		if d := cmp.Diff(want, c, cmpopts.IgnoreUnexported(SecretSource{}, Config{})); d != "" {
			t.Error(d)
		}
		if err := c.CanSend(); err != nil {
			t.Error(err)
		}
	}
}
