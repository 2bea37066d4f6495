package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A wire between processes and their database that can be cut or swallow everything.
type dbWire struct {
	ln net.Listener
	to string

	mu        sync.Mutex
	swallowed bool
	open      map[net.Conn]struct{}
}

func newDBWire(t *testing.T, to string) *dbWire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &dbWire{ln: ln, to: to, open: map[net.Conn]struct{}{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { w.carry(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		w.cut(0)
		all.Wait()
	})
	return w
}

// carry passes octets on, both ways, until one end is closed.
func (w *dbWire) carry(client net.Conn) {
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		client.Close()
		return
	}
	w.mu.Lock()
	w.open[client], w.open[server] = struct{}{}, struct{}{}
	w.mu.Unlock()
	var both sync.WaitGroup
	pass := func(to, from net.Conn) {
		buf := make([]byte, 64<<10)
		for {
			n, err := from.Read(buf)
			if err != nil {
				break
			}
			w.mu.Lock()
			gone := w.swallowed
			w.mu.Unlock()
			if gone {
				continue
			}
			if _, err := to.Write(buf[:n]); err != nil {
				break
			}
		}
		to.Close()
		from.Close()
	}
	both.Go(func() { pass(server, client) })
	pass(client, server)
	both.Wait()
	w.mu.Lock()
	delete(w.open, client)
	delete(w.open, server)
	w.mu.Unlock()
}

// swallow lets nothing through from here on, or everything again on new connections.
func (w *dbWire) swallow(on bool) {
	w.mu.Lock()
	w.swallowed = on
	w.mu.Unlock()
	if !on {
		w.cut(0)
	}
}

// cut swallows for a while, so that what was asked is done and its answer lost, and then
// cuts every connection.
func (w *dbWire) cut(after time.Duration) {
	w.mu.Lock()
	w.swallowed = true
	w.mu.Unlock()
	time.Sleep(after)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.swallowed = false
	for c := range w.open {
		c.Close()
	}
}

// through makes process i of the fleet reach its database over a wire.
func (f *fleet) through(t *testing.T, i int) *dbWire {
	t.Helper()
	own := fmt.Sprintf("127.0.0.1:%d", f.pg.Port())
	w := newDBWire(t, own)
	path := strings.TrimSuffix(f.config, ".yaml") + fmt.Sprint(i) + ".yaml"
	write(t, path, strings.ReplaceAll(read(t, f.config), own, w.ln.Addr().String()), 0o600)
	f.ships[i] = startProcess(t, exec.Command(mustBinary(t), "serve", "--admin", f.admins[i], "--config", path), f.secrets)
	return w
}

// TestAProcessThatIsCutOffItsDatabaseStopsSending: its carrier is in reach all the time;
// the other process goes on, and takes its pages.
func TestAProcessThatIsCutOffItsDatabaseStopsSending(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits out ten seconds of silence: in make test, not in make check")
	}
	const count, window, batch = 20_000, 4, 10
	f := newFleet(t, 2, count, []string{"--latency", "20ms", "--lose-receipts", "1"},
		fmt.Sprintf("    connections: 1\n    window: %d\n    batch: %d\n    rate: 700", window, batch), "receipts: {wanted: false}\nin_doubt: hold")
	w := f.through(t, 0)
	f.ready(t, 0)
	f.serve = append(f.serve, f.campaign)
	f.launch(t, 1)
	f.ready(t, 1)
	waitFor(t, "both send", func() bool { return f.sent(0) > "0" && f.sent(1) > "0" })
	f.atWork(t, func() { w.swallow(true) }, func() { w.swallow(false) })
	cut := time.Now()
	waitFor(t, "it says that it has stopped", func() bool { return strings.Contains(f.ships[0].talk.String(), "sending has stopped") })
	t.Logf("stopped %v after the cut", time.Since(cut).Round(100*time.Millisecond))
	before := f.sent(0)
	waitFor(t, "the other one takes its pages", func() bool {
		return strings.Contains(f.ships[1].talk.String(), "a process is gone, its pages are taken")
	})
	if after := f.sent(0); after != before && after != "" {
		t.Errorf("it sent to %s after it had stopped at %s", after, before)
	}
	f.finished(t)
	a := f.audited(t, f.carrier.journal)
	f.whole(t, count, a)
	if most := 2 * window * batch; a.inDoubt > most || a.duplicates > 0 {
		t.Errorf("got %d in doubt and %d taken twice, want at most %d and none", a.inDoubt, a.duplicates, most)
	}
	w.swallow(false)
	f.ready(t, 0)
}

// TestACommitWhoseAnswerIsLostIsReadAgain: the connection to the database is cut again
// and again, before or behind what was asked.
func TestACommitWhoseAnswerIsLostIsReadAgain(t *testing.T) {
	t.Parallel()
	slow(t)
	const count, window, batch, cuts = 20_000, 4, 10, 5
	f := newFleet(t, 2, count, []string{"--latency", "5ms"}, fmt.Sprintf("    connections: 1\n    window: %d\n    batch: %d\n    rate: 1500", window, batch),
		"receipts: {wait: 20s}\nin_doubt: hold")
	f.serve = append(f.serve, f.campaign)
	f.launch(t, 1)
	f.ready(t, 1)
	w := f.through(t, 0)
	for range cuts {
		f.ready(t, 0)
		before := size(f.carrier.journal)
		waitFor(t, "the carrier has taken more", func() bool { return size(f.carrier.journal) > before+50_000 })
		w.cut(time.Duration(rand.IntN(2)) * 50 * time.Millisecond)
	}
	f.finished(t)
	a := f.audited(t, f.carrier.journal)
	f.whole(t, count, a)
	// Receipts settle what the cuts left in doubt, but for a chunk whose intent was written
	// by a commit whose answer was lost: it never left, and the disk cannot know.
	r := f.report(t)
	if got := r.Recipients; got.Delivered+got.InDoubt != count || got.InDoubt > cuts*window*batch || a.doubtful > 0 || a.duplicates > 0 {
		t.Errorf("got %+v, %d of those in doubt and %d twice taken, want all but a chunk a cut delivered once", got, a.doubtful, a.duplicates)
	}
}

// TestALedgerThatHasGoneBackIsPausedAndInDoubt: a standby that was behind has become the
// server.
func TestALedgerThatHasGoneBackIsPausedAndInDoubt(t *testing.T) {
	t.Parallel()
	slow(t)
	const count = 40_000 // more than it sends before the server goes back
	f := newFleet(t, 2, count, []string{"--latency", "5ms"}, "    connections: 1\n    window: 4\n    batch: 10\n    rate: 500", "receipts: {wait: 1m}\nin_doubt: hold").begin(t)
	f.carrier.hasTaken(t, 100_000)
	if err := f.pg.Snapshot(); err != nil {
		t.Fatal(err)
	}
	for i := range f.ships {
		f.ready(t, i)
	}
	before := size(f.carrier.journal)
	waitFor(t, "the carrier has taken more", func() bool { return size(f.carrier.journal) > before+100_000 })
	if err := f.pg.Rewind(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it is paused", func() bool {
		out, _, code := f.run(t, "report", testKey, "--json")
		return code == exitOK && strings.Contains(string(out), `"state": "paused"`)
	})
	waitFor(t, "nobody waits or is on the way", func() bool { r := f.report(t); return r.Recipients.Waiting+r.Recipients.Offered == 0 })
	at := quiet(t, f.carrier.journal)
	time.Sleep(2 * time.Second) // nothing may be sent meanwhile
	if now := size(f.carrier.journal); now != at {
		t.Errorf("the carrier took %d octets more of a ledger that has lost something, want none", now-at)
	}
	r := f.report(t)
	if !strings.Contains(r.Note, "the ledger was found older than it was") || !r.Balanced || r.Recipients.InDoubt == 0 {
		t.Errorf("got %+v, want it paused, say why, and everybody open in doubt", r)
	}
	told := f.ships[0].talk.String() + f.ships[1].talk.String()
	if !strings.Contains(told, "the ledger is older than what this process has seen of it") {
		t.Error("no process said it")
	}
	f.whole(t, count, f.audited(t, f.carrier.journal))
}

// TestClocksThatAreWrongStealNothing: each machine's clock is minutes off, and all ages
// are by the database's.
func TestClocksThatAreWrongStealNothing(t *testing.T) {
	t.Parallel()
	slow(t)
	const count = 10_000
	f := newFleet(t, 2, count, []string{"--latency", "5ms"}, "    connections: 1\n    window: 4\n    batch: 10\n    rate: 1000"+patience, "receipts: {wait: 1m}\nin_doubt: hold")
	g := f.atGate(t, f.carrier, 20_000)
	for i, wrong := range []string{"2m", "-2m"} {
		cmd := exec.Command(mustFaultBinary(t), "serve", "--admin", f.admins[i], "--config", f.config)
		cmd.Env = append(os.Environ(), "CLOCK="+wrong)
		f.ships[i] = startProcess(t, cmd, f.secrets)
	}
	for i := range f.ships {
		f.ready(t, i)
	}
	f.tocsin(t, "submit", f.campaign, "--approve", "--by", "li", "--reason", "checked")
	f.owners(t, 2)
	g.open(never)
	f.finished(t)
	a := f.audited(t, f.carrier.journal)
	f.whole(t, count, a)
	if r := f.report(t); r.Recipients.Delivered != count || a.duplicates+a.inDoubt > 0 {
		t.Errorf("got %+v, %d taken twice, want everybody delivered once", r.Recipients, a.duplicates)
	}
	for i, p := range f.ships {
		if strings.Contains(p.talk.String(), "a process is gone") {
			t.Errorf("process %d took the pages of one that lives", i)
		}
		if n := f.sent(i); n == "" || n == "0" {
			t.Errorf("process %d has sent nothing", i)
		}
	}
}
