package main

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// china is a workplace with accounts at three carriers, which write one journal.
type china struct {
	workplace
	journal string
}

// newChina runs a carrier for each of CMPP, SGIP and SMGP, with flags besides.
func newChina(t *testing.T, count int, campaign string, flags ...string) china {
	t.Helper()
	mobile := runCarrier(t, append([]string{"--protocol", "cmpp", "--system-id", "900001", "--password", testPassword}, flags...)...)
	back := freePort(t)
	others := map[string]string{}
	for _, c := range [][]string{
		{"sgip", "--dial-back", back, "--dial-back-password", testPassword, "--system-id", "tocsin"},
		{"smgp", "--system-id", "10000001"},
	} {
		address := freePort(t)
		others[c[0]] = address
		args := append([]string{"carrier", "--listen", address, "--journal", mobile.journal, "--protocol"}, c...)
		startProcess(t, exec.Command(mustBinary(t), append(append(args, "--password", testPassword), flags...)...), nobody)
		waitFor(t, "the carrier listens", func() bool {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
	w := newWorkplace(t, mobile.address, count, "    rate: 0", campaign)
	write(t, w.config, fmt.Sprintf(`data: ./data
admin: "off"
providers:
  - {name: mobile, protocol: cmpp, address: "%s", source_addr: "900001", password: {file: password}, batch: 99, sender: "10690000"}
  - {name: unicom, protocol: sgip, address: "%s", login: tocsin, password: {file: password}, node: 3053112345, corp_id: "12345", batch: 84,
     sender: "10690001", listen: "%s", gateway_login: smg, gateway_password: {file: password}}
  - {name: telecom, protocol: smgp, address: "%s", client_id: "10000001", password: {file: password}, batch: 100, sender: "10690002"}
routes:
  - {carrier: China Mobile, to: [mobile]}
  - {carrier: China Unicom, to: [unicom]}
  - {carrier: China Telecom, to: [telecom]}
  - {prefix: "86", to: [mobile]}
`, mobile.address, others["sgip"], back, others["smgp"]), 0o600)
	return china{w, mobile.journal}
}

func TestACampaignGoesThroughTheThreeCarriersOfChina(t *testing.T) {
	t.Parallel()
	const count = 6000
	for _, tt := range []struct{ name, text string }{
		{"a text in Chinese", testText},
		{"a text in English that is longer than a segment", strings.Repeat("Keep off the banks of the river until it has fallen. ", 4)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newChina(t, count, "receipts: {wait: 20s}", "--latency", "2ms")
			write(t, w.campaign, strings.Replace(read(t, w.campaign), "text: "+testText, "text: "+tt.text, 1), 0o600)
			w.tocsin(t, "run", w.campaign)
			r := w.report(t)
			a := w.audited(t, w.journal)
			if !r.Balanced || r.Recipients.Delivered != count || a.duplicates > 0 || a.inDoubt > 0 {
				t.Errorf("got %+v, %+v, want everybody delivered once", r.Recipients, a)
			}
			for _, name := range []string{"mobile", "unicom", "telecom"} {
				if n := r.Providers[name].Delivered; n < count/10 {
					t.Errorf("%s delivered %d, want its share", name, n)
				}
			}
			journal := read(t, w.journal)
			for _, protocol := range []string{"cmpp", "sgip", "smgp"} {
				if !strings.Contains(journal, `"text":"`+tt.text[:20]) || !strings.Contains(journal, `"protocol":"`+protocol+`"}`) {
					t.Errorf("the journal has no line of %s with the text", protocol)
				}
			}
		})
	}
}

func TestTheThreeCarriersOfChinaInTrouble(t *testing.T) {
	t.Parallel()
	const count = 3000
	w := newChina(t, count, "receipts: {wait: 5s}\nin_doubt: hold", "--latency", "2ms", "--refuse", "0.02", "--throttle", "0.1", "--cut-after", "40",
		"--lose-receipts", "0.1", "--fail-receipts", "0.05", "--early-receipts", "0.2", "--duplicate-receipts", "0.2", "--unknown-receipts", "0.05")
	w.run(t, "run", w.campaign) // it says that some are in doubt
	r := w.report(t)
	w.audited(t, w.journal)
	if !r.Balanced || r.Recipients.Failed == 0 || r.Recipients.Delivered < count/2 || r.Recipients.Waiting+r.Recipients.Offered > 0 {
		t.Errorf("got %+v, want most delivered, some failed, nobody waiting", r.Recipients)
	}
}
