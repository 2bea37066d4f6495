package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

// TestATestBesideAServerIsInItsRecord: the server that has the ledger writes down who
// tests, before and after.
func TestATestBesideAServerIsInItsRecord(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t)
	w := newWorkplace(t, carrier.address, 10, "    rate: 500", "receipts: {wait: 5s}")
	admin := freePort(t)
	const token = "0123456789abcdef0123456789abcdef"
	write(t, w.dir+"/tokens", token+" li\n", 0o600)
	write(t, w.config, strings.Replace(read(t, w.config), "admin: \"off\"", "admin: "+admin+"\ntokens: tokens", 1), 0o600)
	w.start(t, "serve")
	waitFor(t, "the server is ready", func() bool { code, _ := ask("http://" + admin + "/readyz"); return code == 200 })
	cmd := w.command(t, "provider", "test", "mobile", "--to", "13800000001", "--by", "wang", "--reason", "new", "--yes")
	cmd.Env = append(os.Environ(), tokenVariable+"="+token)
	p := startProcess(t, cmd, w.secrets)
	if code := p.wait(t); code != exitOK || !strings.Contains(p.out.String(), "taken by the carrier") || !strings.Contains(p.out.String(), "receipt  delivered") {
		t.Fatalf("got exit %d, %s%s", code, p.out.String(), p.talk.String())
	}
	r, err := ledger.OpenReader(ledger.Options{Dir: w.data})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := r.Commands(t.Context(), "mobile")
	if err != nil || len(all) != 3 {
		t.Fatalf("got %d commands, %v, want the intent, the answer and the receipt", len(all), err)
	}
	for i, want := range []string{"new: about to send one message to 8613*******01", "new: taken, id ", "new: receipt delivered, id "} {
		if g := all[i]; g.Verb != "test" || g.Who != "li" || !strings.HasPrefix(g.Why, want) {
			t.Errorf("got %s by %s: %s, want %s by the token's holder", g.Verb, g.Who, g.Why, want)
		}
	}
}

// trialIn is a trial that was taken under the ids, over a ledger of its own; without one
// as if a server had it.
func trialIn(t *testing.T, l *ledger.Ledger, ids ...string) *trial {
	t.Helper()
	k := &trial{
		say: &trialEN, quiet: true, came: make(chan error, 100), noted: make(chan struct{}), sentAt: time.Now(),
		message: sms.Message{To: 8613800000001}, record: &record{ledger: l, gives: ledger.Command{Key: "mobile", Verb: "test", Who: "li", Why: "new"}},
	}
	for _, id := range ids {
		k.refs = append(k.refs, []byte(id))
	}
	close(k.noted)
	return k
}

func TestATestKeepsTheReceiptsOfOthers(t *testing.T) {
	l, err := ledger.Open(t.Context(), ledger.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	own := sms.Receipt{To: 8613800000001, Ref: []byte("FF"), State: sms.Delivered}
	other := sms.Receipt{To: 8613800000002, Ref: []byte("100"), State: sms.Delivered}
	before := sms.Receipt{To: 8613800000001, Ref: []byte("99"), State: sms.Delivered}

	k := trialIn(t, l, "255")
	if err := k.receive([]sms.Receipt{own, other, before}, nil); err != nil {
		t.Fatal(err)
	}
	if len(k.result.Receipts) != 1 || k.result.Receipts[0].ID != "FF" {
		t.Errorf("got %+v, want its own receipt alone", k.result.Receipts)
	}
	if err := <-k.came; err != nil {
		t.Errorf("got %v", err)
	}

	// The server has the ledger: nobody but it acknowledges the others'.
	k = trialIn(t, nil, "255")
	if err := k.receive([]sms.Receipt{other}, nil); !errors.Is(err, errOthers) {
		t.Errorf("got %v, want %v", err, errOthers)
	}
	if err := <-k.came; !errors.Is(err, errOthers) {
		t.Errorf("it waits on: got %v", err)
	}
	if err := k.receive(nil, []sms.Incoming{{From: "8613800000003"}}); !errors.Is(err, errOthers) {
		t.Errorf("a message from somebody: got %v, want %v", err, errOthers)
	}
}

func TestATestKnowsItsReceipts(t *testing.T) {
	receipt := func(to sms.Number, ref string) *sms.Receipt { return &sms.Receipt{To: to, Ref: []byte(ref)} }
	for _, c := range []struct {
		name string
		k    *trial
		r    *sms.Receipt
		want bool
	}{
		{"by its id", trialIn(t, nil, "255"), receipt(8613800000001, "255"), true},
		{"in hexadecimal", trialIn(t, nil, "255"), receipt(8613800000001, "ff"), true},
		{"with another id", trialIn(t, nil, "255"), receipt(8613800000001, "256"), false},
		{"with no id at all", trialIn(t, nil, "255"), receipt(8613800000001, ""), true},
		{"of another number", trialIn(t, nil, "255"), receipt(8613800000002, "255"), false},
		{"when the answer named none", trialIn(t, nil), receipt(8613800000001, "255"), true},
	} {
		if got := c.k.mine(c.r); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	early := trialIn(t, nil)
	early.sentAt = time.Time{}
	if early.mine(receipt(8613800000001, "255")) {
		t.Error("a receipt is its own before it has sent anything")
	}
}
