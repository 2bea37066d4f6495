package peers

import (
	"fmt"
	"strings"
	"testing"
)

// A campaign goes over HTTP to a Kannel that nobody here wrote, from there over SMPP to the
// simulated carrier, and the receipts come back all the way.
func TestKannelIsAGatewayOfTheShippedProfile(t *testing.T) {
	for _, c := range []struct {
		name, text string
		segments   int
		carrier    []string
		state      string
	}{
		{"a text in English", "Flood warning: keep away from the river, 100% & more {now}.", 1, nil, "delivered"},
		{"a text in Chinese", "河水上涨，请勿靠近。", 1, nil, "delivered"},
		{"a long text", strings.Repeat("河水上涨，请勿靠近。", 20), 3, nil, "delivered"},
		{"undeliverable", "河水上涨，请勿靠近。", 1, []string{"--fail-receipts", "1"}, "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			program(t, "bearerbox")
			address, path := startCarrier(t, append(c.carrier, "--system-id", "kannel", "--password", "secret")...)
			kannel := startKannel(t, address, "port = PORT\ntransceiver-mode = true")
			const count = 60
			w := newWorkplace(t, "127.0.0.1:1", "", c.text, people(count, "李"))
			door := freePort(t)
			write(t, w.config, fmt.Sprintf(`data: ./data
admin: "off"
callbacks: {listen: "127.0.0.1:%d", url: "http://127.0.0.1:%d"}
providers:
  - {name: mobile, protocol: http, profile: kannel, url: "http://%s", account: tester, password: {file: password}, sender: "10690000",
     callback: {path: /receipts/kannel, password: {file: password}}}
routes:
  - {prefix: "86", to: [mobile]}
`, door, door, kannel.sendsms))
			w.run(t, "run", w.campaign, "--no-progress")
			r := w.report(t)
			if !r.Balanced || r.State != "finished" || r.NoReceipt != 0 || r.Recipients[c.state] != count || r.Segments != count*c.segments {
				t.Errorf("got report %+v, want all %s", r, c.state)
			}
			texts := map[string]string{}
			for _, row := range w.export(t) {
				texts[row["number"]] = c.text
			}
			checkKannelJournal(t, lines[line](t, path), texts, true)
		})
	}
}
