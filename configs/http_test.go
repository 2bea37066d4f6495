package configs

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/httpgw"
	"tocsin/providers/providertest"
	"tocsin/providers/simulator"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// accountKeys are what each profile needs besides a name and a password.
var accountKeys = map[string]string{
	"aliyun":  `account: tocsin, values: {template: SMS_1, signature: 县防汛办}, callback: {path: /receipts, password: {env: CALLBACK}}`,
	"tencent": `account: tocsin, values: {template: "1110", signature: 县防汛办, app: "1400006666"}, callback: {path: /receipts, password: {env: CALLBACK}}`,
	"twilio":  `account: tocsin, callback: /receipts`,
	"kannel":  `account: tocsin, callback: {path: /receipts, password: {env: CALLBACK}}`,
}

// shipped reads a configuration with a provider of a profile, at url, called at door.
func shipped(t *testing.T, profile, address, door, more string) ProviderConfig {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tocsin.yaml")
	text := fmt.Sprintf(`callbacks: {listen: "%s", url: "http://%s"}
providers:
  - {name: gateway, protocol: http, profile: %s, url: "http://%s", password: {env: PASSWORD}, sender: "10690000", %s%s}
routes: [{prefix: "86", to: [gateway]}]
`, door, door, profile, address, accountKeys[profile], more)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Providers[0]
}

// Each profile plays the suite of all providers against a stand-in written from the
// gateway's public description, which checks signatures.
func TestEveryProfileIsAProvider(t *testing.T) {
	t.Setenv("PASSWORD", "secret")
	t.Setenv("CALLBACK", "back")
	if want := []string{"aliyun", "kannel", "tencent", "twilio"}; !slices.Equal(Profiles(), want) {
		t.Errorf("got %v, want %v", Profiles(), want)
	}
	for _, profile := range Profiles() {
		t.Run(profile, func(t *testing.T) {
			providertest.Run(t, "http/"+profile, func(t *testing.T, addr net.Addr, c simulator.Config) providers.Provider {
				back, err := url.Parse(c.DialBack)
				if err != nil {
					t.Fatal(err)
				}
				batch := map[string]string{"aliyun": ", batch: 10", "tencent": ", batch: 100"}[profile]
				p := shipped(t, profile, addr.String(), back.Host, batch)
				p.ResponseTimeout = time.Minute
				if c.Silent > 0 {
					p.ResponseTimeout = 300 * time.Millisecond
				}
				made, err := Provider(p, smstest.Logger(t, "secret"))
				if err != nil {
					t.Fatal(err)
				}
				return made
			})
		})
	}
}

func TestWhatAProviderSaysGoesOverItsProfile(t *testing.T) {
	p := shipped(t, "aliyun", "127.0.0.1:1", "127.0.0.1:2", `, batch: 7, window: 3, verdicts: {isv.BUSINESS_LIMIT_CONTROL: throttled}, query: {after: 20s}`)
	if p.Batch != 7 || p.Window != 3 || p.Connections != 1 || p.URL != "http://127.0.0.1:1" {
		t.Errorf("got batch %d, window %d, connections %d, url %s", p.Batch, p.Window, p.Connections, p.URL)
	}
	if p.Verdicts["isv.BUSINESS_LIMIT_CONTROL"] != "throttled" || p.Verdicts["isv.AMOUNT_NOT_ENOUGH"] != "stop" {
		t.Errorf("got verdicts %v, want the file's one over the profile's", p.Verdicts)
	}
	if p.Values["variable"] != "text" || p.Values["template"] != "SMS_1" {
		t.Errorf("got values %v, want both", p.Values)
	}
	if p.Callback.Auth != "key" || p.Callback.Path != "/receipts" || p.Sign != (httpgw.Sign{Kind: "aliyun"}) {
		t.Errorf("got callback %+v and signing %+v", p.Callback, p.Sign)
	}
	if q := p.Query; q.After != 20*time.Second || q.Tries != 6 || q.Report.Reference != "OutId" {
		t.Errorf("got query %+v, want the profile's but for its time", q)
	}
	if strings.Contains(fmt.Sprintf("%+v", p), "secret") {
		t.Error("a provider's settings print its password")
	}
}

func TestHowLettersCountIsTheGatewaysAffair(t *testing.T) {
	for _, tt := range []struct {
		profile, more string
		want          sms.Alphabet
	}{{"aliyun", "", sms.Wide}, {"tencent", "", sms.Wide}, {"twilio", "", sms.GSM}, {"kannel", "", sms.GSM}, {"aliyun", ", text: gsm7", sms.GSM}} {
		p := shipped(t, tt.profile, "127.0.0.1:1", "127.0.0.1:2", tt.more)
		if got := p.Alphabet(); got != tt.want {
			t.Errorf("%s%s: got %v, want %v", tt.profile, tt.more, got, tt.want)
		}
	}
}
