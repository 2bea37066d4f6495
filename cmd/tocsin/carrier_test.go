package main

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A passage is a listener in front of a carrier that counts who comes; without a
// carrier behind it, it takes connections and says nothing, ever.
type passage struct {
	address string
	came    atomic.Int32
}

func newPassage(t *testing.T, to string) *passage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &passage{address: l.Addr().String()}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			p.came.Add(1)
			open.Go(func() { p.serve(in, to) })
		}
	})
	t.Cleanup(func() { l.Close(); open.Wait() })
	return p
}

func (p *passage) serve(in net.Conn, to string) {
	defer in.Close()
	if to == "" {
		io.Copy(io.Discard, in)
		return
	}
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	go func() { io.Copy(out, in); out.Close() }()
	io.Copy(in, out)
}

func TestACarrierThatIsMuteCostsNothingButTime(t *testing.T) {
	t.Parallel()
	mute := newPassage(t, "")
	w := newWorkplace(t, mute.address, 100, "", "schedule: {expires: \""+time.Now().Add(15*time.Second).Format(time.RFC3339)+"\"}")
	_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
	if code != exitOpen {
		t.Errorf("got exit %d, want 5\n%s", code, talk)
	}
	if r := w.report(t); r.Recipients.Expired != 100 || !r.Balanced {
		t.Errorf("got %+v, want all expired", r.Recipients)
	}
	if mute.came.Load() == 0 {
		t.Error("nobody called the carrier")
	}
}

// TestAWrongPasswordStopsTheRun: trying again would lock the account.
func TestAWrongPasswordStopsTheRun(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t, "--system-id", "tocsin", "--password", "another")
	door := newPassage(t, carrier.address)
	const connections = 4
	w := newWorkplace(t, door.address, 100, "    connections: 4", "")
	_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
	if code != exitFailed || !strings.Contains(string(talk), "the carrier refuses system_id or password: trying again would lock the account: put the configuration right") {
		t.Errorf("got exit %d, want 1\n%s", code, talk)
	}
	if n := door.came.Load(); n > connections {
		t.Errorf("got %d log-ins, want one for each of %d connections at most", n, connections)
	}
	if r := w.report(t); r.Recipients.Waiting != 100 || !r.Balanced {
		t.Errorf("got %+v, want all waiting", r.Recipients)
	}
	w.audited(t, carrier.journal)
}

// TestACarrierThatStopsForAWhile is stopped inside a window and goes on. Whether
// its answers come in time or not, nobody gets two messages.
func TestACarrierThatStopsForAWhile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, timeout string
		doubt         int
	}{
		{"its answers come in time", "10m", 0},
		{"its answers come too late, and receipts settle the doubt", "1s", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			carrier := runCarrier(t, "--latency", "10ms")
			w := newWorkplace(t, carrier.address, 8000, "    window: 10\n    batch: 10\n    response_timeout: "+c.timeout, "receipts: {wait: 10s}")
			g := w.atGate(t, carrier, 10_000)
			p := w.start(t, "run", w.campaign, "--no-progress")
			g.shut(t)
			carrier.process.signal(syscall.SIGSTOP)
			g.open(never)
			time.Sleep(3 * time.Second) // the fault itself
			carrier.process.signal(syscall.SIGCONT)
			code, a := p.wait(t), w.audited(t, carrier.journal)
			// What stood in the socket when the line was given up, the carrier may never
			// read: those are in doubt for good. Whoever it did take, a receipt settles.
			if r := w.report(t); r.Recipients.Delivered != 8000-a.inDoubt || a.inDoubt > c.doubt || !r.Balanced {
				t.Errorf("got %+v, want all delivered but %d at most", r.Recipients, c.doubt)
			}
			if want := map[bool]int{true: exitOpen, false: exitOK}[a.inDoubt > 0]; code != want || a.duplicates > 0 || a.doubtful > 0 {
				t.Errorf("got exit %d, want %d; %d taken twice, %d taken and in doubt", code, want, a.duplicates, a.doubtful)
			}
		})
	}
}

func TestACarrierKilledAndBackIsUsedAgain(t *testing.T) {
	slow(t)
	t.Parallel()
	carrier := runCarrier(t, "--latency", "10ms")
	w := newWorkplace(t, carrier.address, 8000, "    window: 10\n    batch: 10", "receipts: {wait: 2s}")
	g := w.atGate(t, carrier, 10_000)
	p := w.start(t, "run", w.campaign, "--no-progress")
	g.shut(t)
	carrier.process.signal(syscall.SIGKILL)
	<-carrier.process.ended
	carrier.restart(t)
	g.open(never)
	code, a, r := p.wait(t), w.audited(t, carrier.journal), w.report(t)
	if want := map[bool]int{true: exitOpen, false: exitOK}[r.Open()]; code != want || !r.Balanced || r.State != "finished" {
		t.Errorf("got exit %d and %+v", code, r)
	}
	// Two connections with a window of ten PDUs of ten each: what a cut leaves.
	if a.inDoubt > 200 || r.Recipients.Waiting+r.Recipients.Offered+r.Recipients.Failed > 0 || a.duplicates > 0 {
		t.Errorf("got %+v, %d in doubt, %d taken twice", r.Recipients, a.inDoubt, a.duplicates)
	}
}

// TestASignalWhileTheCarrierHangs: the end comes anyway, what was on its way is
// in doubt, and receipts settle it when the carrier is back.
func TestASignalWhileTheCarrierHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("waits out the drain of 10 s: in make test, not in make check")
	}
	t.Parallel()
	carrier := runCarrier(t, "--latency", "10ms")
	w := newWorkplace(t, carrier.address, 8000, "    window: 10\n    batch: 10", "receipts: {wait: 10s}")
	g := w.atGate(t, carrier, 10_000)
	p := w.start(t, "run", w.campaign, "--no-progress")
	g.shut(t)
	p.signal(syscall.SIGTERM)
	if code := p.wait(t); code != 143 {
		t.Errorf("got exit %d, want 143\n%s", code, p.talk.String())
	}
	r := w.report(t)
	if !r.Balanced || r.Recipients.InDoubt == 0 || r.Recipients.InDoubt > 400 || r.Recipients.Offered != 0 {
		t.Errorf("got %+v, want a window or two in doubt and nothing offered", r.Recipients)
	}
	g.open(never)
	_, talk, code := w.run(t, "run", w.campaign, "--no-progress")
	a := w.audited(t, carrier.journal)
	if want := map[bool]int{true: exitOpen, false: exitOK}[a.inDoubt > 0]; code != want || a.duplicates > 0 {
		t.Errorf("got exit %d, %d in doubt, %d taken twice\n%s", code, a.inDoubt, a.duplicates, talk)
	}
}

// TestASecondSignalExitsAtOnce: not settled, so what was offered still is; that
// is the crash path, and a crash is safe.
func TestASecondSignalExitsAtOnce(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t, "--latency", "10ms")
	w := newWorkplace(t, carrier.address, 8000, "    window: 10\n    batch: 10"+patience, "receipts: {wait: 10s}")
	g := w.atGate(t, carrier, 10_000)
	p := w.start(t, "run", w.campaign, "--no-progress")
	g.shut(t)
	// Its window is full once nothing moves in the ledger any more.
	last := -1
	waitFor(t, "the carrier's windows are full", func() bool {
		r := w.report(t)
		full := r.Recipients.Offered == last && last > 0
		last = r.Recipients.Offered
		return full
	})
	p.signal(syscall.SIGINT)
	waitFor(t, "it says that it stops", func() bool { return strings.Contains(p.talk.String(), "a second signal stops at once") })
	p.signal(syscall.SIGINT)
	if code := p.wait(t); code != 130 {
		t.Errorf("got exit %d, want 130", code)
	}
	if r := w.report(t); r.Recipients.Offered == 0 || r.Recipients.InDoubt != 0 || !r.Balanced {
		t.Errorf("got %+v, want some still offered: it settled first", r.Recipients)
	}
	g.open(never)
	w.run(t, "run", w.campaign, "--no-progress")
	if a := w.audited(t, carrier.journal); a.duplicates > 0 {
		t.Errorf("got %d taken twice", a.duplicates)
	}
}
