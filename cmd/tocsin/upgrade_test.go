package main

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// nextBinary is the program as its next version may be: with a migration more.
var nextBinary = sync.OnceValues(func() (string, error) { return build("tocsin-next", "-tags", "nextschema") })

// TestOldAndNewSideBySide: a fleet is brought up to date one process at a time while a
// campaign goes out; a program that is too old for the ledger says so.
func TestOldAndNewSideBySide(t *testing.T) {
	t.Parallel()
	slow(t)
	const count = 20_000
	next, err := nextBinary()
	if err != nil {
		t.Fatal(err)
	}
	f := newFleet(t, 2, count, []string{"--latency", "10ms"}, "    connections: 1\n    window: 4\n    batch: 10\n    rate: 2000"+patience, "receipts: {wait: 1m}")
	g := f.atGate(t, f.carrier, 50_000)
	f.serve = append(f.serve, f.campaign)
	f.launch(t, 0)
	f.ready(t, 0)
	g.shut(t)
	f.ships[1] = startProcess(t, exec.Command(next, "serve", "--admin", f.admins[1], "--config", f.config), f.secrets)
	f.ready(t, 1)
	g.open(100_000)
	waitFor(t, "both send", func() bool { a, b := f.sent(0), f.sent(1); return a != "" && a != "0" && b != "" && b != "0" })
	// Another of the old ones comes up beside it, and one goes.
	f.ships = append(f.ships, nil)
	f.admins = append(f.admins, freePort(t))
	f.launch(t, 2)
	g.open(never)
	f.ready(t, 2)
	f.ships[0].signal(syscall.SIGTERM)
	if code := f.ships[0].wait(t); code != exitOK {
		t.Errorf("got exit %d of the old one after SIGTERM, want 0", code)
	}
	f.finished(t)
	a := f.audited(t, f.carrier.journal)
	f.whole(t, count, a)
	if r := f.report(t); r.Recipients.Delivered != count || a.duplicates+a.inDoubt > 0 {
		t.Errorf("got %+v, %d taken twice, want everybody delivered once", r.Recipients, a.duplicates)
	}
	for _, p := range f.ships {
		if talk := p.talk.String(); strings.Contains(talk, "sending has stopped") || strings.Contains(talk, "cannot be read") {
			t.Errorf("a process was disturbed: %s", talk)
		}
	}

	// The version after the next one asks for the next one's schema.
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, regexp.MustCompile(`postgres://\S+`).FindString(read(t, f.config)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "UPDATE compat SET oldest = 999"); err != nil {
		t.Fatal(err)
	}
	_, talk, code := f.run(t, "serve", "--admin", "off")
	if code != exitFailed || !strings.Contains(string(talk), "this ledger belongs to a newer tocsin") || !strings.Contains(string(talk), "install the newer one") {
		t.Errorf("got exit %d and %s of a program that is too old, want 1 and what to do", code, talk)
	}
}
