package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestServeReadsTheFilesOfNumbersAgain: at SIGHUP, with a broken one said loudly and the
// old one in force; the process goes on.
func TestServeReadsTheFilesOfNumbersAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config, ported, admin := filepath.Join(dir, "tocsin.yaml"), filepath.Join(dir, "ported.csv"), freePort(t)
	write(t, config, "data: ./data\nported: ported.csv\nadmin: "+admin+"\nproviders: [{name: stub, protocol: stub}]\nroutes: [{prefix: '*', to: [stub]}]\n", 0o600)
	write(t, ported, "13800000001,China Unicom\n", 0o600)
	p := startProcess(t, exec.Command(mustBinary(t), "serve", "--config", config), nobody)
	says := func(line string) func() bool {
		return func() bool {
			_, metrics := ask("http://" + admin + "/metrics")
			return strings.Contains(metrics, "\n"+line+"\n")
		}
	}
	waitFor(t, "the file is in force", says(`tocsin_number_file_rows{file="ported"} 1`))
	renew := func(text string) {
		write(t, ported+".new", text, 0o600)
		if err := os.Rename(ported+".new", ported); err != nil {
			t.Fatal(err)
		}
		p.signal(syscall.SIGHUP)
	}
	renew("13800000001,China Unicom\n13900000002,Pigeon\n")
	waitFor(t, "the broken file is said", says(`tocsin_number_file_ok{file="ported"} 0`))
	if !says(`tocsin_number_file_rows{file="ported"} 1`)() {
		t.Error("what was read before is not in force any more")
	}
	renew("13800000001,China Unicom\n13900000002,China Telecom\n")
	waitFor(t, "the corrected file is in force", says(`tocsin_number_file_rows{file="ported"} 2`))
	if !says(`tocsin_number_file_ok{file="ported"} 1`)() {
		t.Error("the corrected file is not in force")
	}
	p.signal(syscall.SIGTERM)
	if code := p.wait(t); code != exitOK {
		t.Errorf("got exit %d after SIGTERM, want 0", code)
	}
	if log := p.talk.String(); strings.Count(log, "level=ERROR") != 1 || !strings.Contains(log, "ported.csv:2: ") {
		t.Errorf("got %s, want one error with the line", log)
	}
}
