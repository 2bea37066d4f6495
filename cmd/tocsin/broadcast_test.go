package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"tocsin/dispatcher/ledger"
)

// TestABroadcastBesideAServerIsInItsLedger: the server that has the ledger's file keeps it,
// in the name of the token's holder; without a token nothing is sent.
func TestABroadcastBesideAServerIsInItsLedger(t *testing.T) {
	t.Parallel()
	carrier := runCarrier(t, "--smpp5")
	w := newWorkplace(t, carrier.address, 10, "    version: \"5.0\"\n    broadcast: true", "receipts: {wait: 5s}")
	admin := freePort(t)
	const token = "0123456789abcdef0123456789abcdef"
	write(t, w.dir+"/tokens", token+" li\n", 0o600)
	write(t, w.config, strings.Replace(read(t, w.config), "admin: \"off\"", "admin: "+admin+"\ntokens: tokens", 1), 0o600)
	w.start(t, "serve")
	waitFor(t, "the server is ready", func() bool { code, _ := ask("http://" + admin + "/readyz"); return code == 200 })
	send := func(token string) *process {
		cmd := w.command(t, "broadcast", "send", "--provider", "mobile", "--text", "Leave now", "--area", "alias:riverside", "--by", "wang", "--reason", "flood", "--yes")
		cmd.Env = append(os.Environ(), tokenVariable+"="+token)
		return startProcess(t, cmd, w.secrets)
	}
	p := send("")
	if code := p.wait(t); code != exitFailed || !strings.Contains(p.talk.String(), tokenVariable) || !strings.Contains(p.talk.String(), "nothing was sent") {
		t.Errorf("without a token: got exit %d, %s", code, p.talk.String())
	}
	p = send(token)
	if code := p.wait(t); code != exitOK || !strings.Contains(p.out.String(), "taken by the carrier") {
		t.Fatalf("got exit %d, %s%s", code, p.out.String(), p.talk.String())
	}
	var all []ledger.Broadcast
	if err := json.Unmarshal(w.tocsin(t, "broadcast", "list", "--json"), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Who != "li" || all[0].State != ledger.BroadcastTaken || all[0].Settled == 0 {
		t.Fatalf("got %+v, want one of li's, taken", all)
	}
	cmd := w.command(t, "broadcast", "cancel", all[0].Key, "--by", "wang", "--reason", "over")
	cmd.Env = append(os.Environ(), tokenVariable+"="+token)
	if p := startProcess(t, cmd, w.secrets); p.wait(t) != exitOK || !strings.Contains(p.out.String(), "cancelled, ") || !strings.Contains(p.out.String(), " by li: over") {
		t.Errorf("cancel: got %s%s", p.out.String(), p.talk.String())
	}
}
