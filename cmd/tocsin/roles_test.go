package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// TestProcessesShareOutTheirRoles: one schedules and logs in nowhere, two send, each on a
// machine that has an account of its own.
func TestProcessesShareOutTheirRoles(t *testing.T) {
	t.Parallel()
	const count = 6000
	f := newFleet(t, 3, count, []string{"--latency", "5ms"}, "    connections: 1\n    window: 4\n    batch: 10\n    only_on: [north]", "receipts: {wait: 20s}")
	other := runCarrier(t, "--latency", "5ms")
	config := strings.Replace(read(t, f.config), "routes:\n", fmt.Sprintf(`  - {name: unicom, protocol: smpp, address: "%s", system_id: tocsin, password: {file: password}, connections: 1, window: 4, batch: 10, only_on: [south]}
routes:
  - {carrier: China Unicom, to: [unicom]}
`, other.address), 1)
	write(t, f.config, config, 0o600)
	for i, args := range [][]string{{"--roles", "schedule,api", "--machine", "north"}, {"--roles", "send", "--machine", "north"}, {"--roles", "send", "--machine", "south"}} {
		f.ships[i] = f.start(t, append([]string{"serve", "--admin", f.admins[i]}, args...)...)
		f.ready(t, i)
	}
	f.tocsin(t, "submit", f.campaign, "--approve", "--by", "li")
	f.finished(t)
	r := f.report(t)
	if !r.Balanced || r.Recipients.Delivered != r.Planned || r.Providers["unicom"].Delivered < count/10 || r.Providers["mobile"].Delivered < count/10 {
		t.Errorf("got %+v through %+v, want everybody delivered through both", r.Recipients, r.Providers)
	}
	// Each carrier has had its own and nobody else's.
	mobile, unicom := taken(t, f.carrier.journal), taken(t, other.journal)
	if len(mobile) != r.Providers["mobile"].Delivered || len(unicom) != r.Providers["unicom"].Delivered {
		t.Errorf("got %d and %d at the carriers, want %+v", len(mobile), len(unicom), r.Providers)
	}
	for i, want := range []struct{ up, down string }{{"ready (http", "line is up"}, {"line is up", "account: only_on names others\" provider=mobile"}, {"line is up", "account: only_on names others\" provider=unicom"}} {
		talk := f.ships[i].talk.String()
		if !strings.Contains(talk, want.up) || strings.Contains(talk, want.down) {
			t.Errorf("process %d said %s, want %q and not %q", i, talk, want.up, want.down)
		}
		if strings.Count(talk, "campaign runs") != map[int]int{0: 1}[i] {
			t.Errorf("process %d: want the first to begin the campaign, and it alone", i)
		}
	}
	if talk := f.ships[1].talk.String(); !strings.Contains(talk, "only_on names others\" provider=unicom machine=north") {
		t.Errorf("got %s, want it to say which account is not its own", talk)
	}
	for _, p := range f.ships {
		p.signal(syscall.SIGTERM)
		if code := p.wait(t); code != exitOK {
			t.Errorf("got exit %d after SIGTERM, want 0", code)
		}
	}
	if _, talk, code := f.run(t, "serve", "--roles", "api"); code != exitUsage || !strings.Contains(string(talk), "add send or schedule") {
		t.Errorf("got exit %d and %s for a process that does nothing", code, talk)
	}
}
