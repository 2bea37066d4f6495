package peers

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// startNode runs node-smpp's carrier, testdata/carrier.js, with its options until
// the test ends.
func startNode(t *testing.T, options ...string) (address, journal string) {
	t.Helper()
	return startScript(t, "carrier.js", options...)
}

// startScript runs a carrier on node-smpp, a file of testdata.
func startScript(t *testing.T, script string, options ...string) (address, journal string) {
	t.Helper()
	node := program(t, "node")
	modules := filepath.Join(os.Getenv("TOCSIN_PEERS"), "node_modules")
	if os.Getenv("TOCSIN_PEERS") == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		modules = filepath.Join(cache, "tocsin", "peers", "node_modules")
	}
	if _, err := os.Stat(filepath.Join(modules, "smpp", "package.json")); err != nil {
		t.Skip("node-smpp is not installed: deploy/ci/install.sh brings it")
	}
	journal = filepath.Join(t.TempDir(), "journal.jsonl")
	cmd := exec.Command(node, append([]string{filepath.Join("testdata", script), modules, journal}, options...)...)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd.Stdout = write
	start(t, cmd)
	write.Close()
	port, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("node-smpp does not listen: %v", err)
	}
	return "127.0.0.1:" + strings.TrimSpace(port), journal
}

// people is an audience of count numbers in a row, so that every fate falls on
// one in a hundred. The names are of all lengths, so that borders between segments
// fall everywhere.
func people(count int, name string) string {
	runes := []rune(name)
	var b strings.Builder
	b.WriteString("number,name\n")
	for i := range count {
		fmt.Fprintf(&b, "%d,%s\n", 13_800_000_000+i*7, strings.Repeat(name, i/len(runes)%4)+string(runes[:i%len(runes)+1]))
	}
	return b.String()
}

func TestACampaignGoesOutThroughNodeSMPP(t *testing.T) {
	for _, c := range []struct {
		name     string
		provider string
		text     string
		people   string
		count    int
		secure   bool
		options  []string // of testdata/carrier.js
		binds    map[string]int
		most     int // destinations in a submit_multi; 0: there is none
		coding   int
	}{
		{
			name:     "one Chinese text in batches of a hundred",
			provider: "    batch: 100",
			text:     "紧急通知：河水上涨，请勿靠近，远离低洼地带🌊。",
			people:   "李", count: 4000,
			binds: map[string]int{"bind_transceiver": 2}, most: 100, coding: 8,
		},
		{
			name:     "one English text in batches of a hundred, transmitters and receivers",
			provider: "    batch: 100\n    bind: separate",
			text:     "Flood warning [level 3]: keep away from the river. Help: 119 ~ {free} £0 €0 Üñè@ΔΦΓ",
			people:   "A", count: 4000,
			binds: map[string]int{"bind_transmitter": 2, "bind_receiver": 2}, most: 100, coding: 0,
		},
		{
			name:     "a text of one's own in one segment each",
			provider: "    batch: 1\n    window: 20\n    connections: 3",
			text:     "((name))，河水上涨。",
			people:   "欧阳娜娜", count: 3000,
			binds: map[string]int{"bind_transceiver": 3}, coding: 8,
		},
		{
			name:     "a long Chinese text of one's own, with surrogate pairs at every border",
			provider: "    batch: 100",
			text:     "((name))您好：" + strings.Repeat("河水上涨🌊请勿靠近。", 9) + "((name))",
			people:   "欧阳🌊娜", count: 2000,
			binds: map[string]int{"bind_transceiver": 2}, coding: 8,
		},
		{
			name:     "a long English text of one's own, with escapes at every border, one by one",
			provider: "    batch: 1\n    bind: separate",
			text:     "((name)): " + strings.Repeat("river {rising} €", 24) + "((name))",
			people:   "An[n]a", count: 1500,
			binds: map[string]int{"bind_transmitter": 2, "bind_receiver": 2}, coding: 0,
		},
		{
			name:     "batches for a carrier that does not know submit_multi",
			provider: "    batch: 100",
			text:     "河水上涨，请勿靠近。",
			people:   "李", count: 1000, options: []string{"multi=no"},
			binds: map[string]int{"bind_transceiver": 2}, coding: 8,
		},
		{
			name:     "TLS",
			provider: "    batch: 100",
			text:     "河水上涨，请勿靠近。",
			people:   "李", count: 2000, secure: true,
			binds: map[string]int{"bind_transceiver": 2}, most: 100, coding: 8,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.secure {
				ca, key, certificate := authority(t, t.TempDir())
				c.options = append(c.options, "key="+key, "cert="+certificate)
				c.provider += "\n    tls: {ca: " + ca + "}"
			}
			address, path := startNode(t, c.options...)
			w := newWorkplace(t, address, c.provider, c.text, people(c.count, c.people))
			w.run(t, "run", w.campaign, "--no-progress")

			r := w.report(t)
			if !r.Balanced || r.State != "finished" || r.Planned != c.count || r.Resent != 0 || r.NoReceipt != 0 ||
				r.Recipients["delivered"]+r.Recipients["failed"] != c.count {
				t.Errorf("got report %+v", r)
			}
			journal := lines[entry](t, path)
			compareJournal(t, journal, w.export(t), func(row map[string]string) string {
				return strings.ReplaceAll(c.text, "((name))", row["name"])
			})
			compareSessions(t, journal, c.binds)
			most := 0
			for _, e := range journal {
				if e.Command == "submit_multi" && e.Destinations > most {
					most = e.Destinations
				}
				if (e.Kind == "taken" || e.Kind == "refused") && e.Coding != c.coding {
					t.Fatalf("got data_coding %d, want %d", e.Coding, c.coding)
				}
			}
			if most != c.most {
				t.Errorf("got %d destinations in the largest submit_multi, want %d", most, c.most)
			}
		})
	}
}

// What a carrier has taken when it says unbind it answers before it hangs up:
// nobody is in doubt, and the campaign goes on over a new line.
func TestNodeSMPPSaysGoodbyeInTheMiddle(t *testing.T) {
	t.Parallel()
	address, path := startNode(t, "goodbye=200")
	const count = 2000
	w := newWorkplace(t, address, "    batch: 1\n    window: 20", "((name))，河水上涨。", people(count, "李"))
	w.run(t, "run", w.campaign, "--no-progress")
	if r := w.report(t); !r.Balanced || r.State != "finished" || r.Resent != 0 || r.NoReceipt != 0 ||
		r.Recipients["delivered"]+r.Recipients["failed"] != count {
		t.Errorf("got report %+v", r)
	}
	journal := lines[entry](t, path)
	goodbyes := 0
	for _, e := range journal {
		if e.Kind == "goodbye" {
			goodbyes++
		}
	}
	if goodbyes != 1 {
		t.Errorf("got %d answers to the carrier's unbind, want one", goodbyes)
	}
	compareJournal(t, journal, w.export(t), func(row map[string]string) string {
		return row["name"] + "，河水上涨。"
	})
}

// compareSessions holds that every line logged in as it should and said goodbye.
func compareSessions(t *testing.T, journal []entry, binds map[string]int) {
	t.Helper()
	got, want, goodbyes := map[string]int{}, 0, 0
	for _, e := range journal {
		switch e.Kind {
		case "bind":
			got[e.Command]++
			if e.Text != "tocsin secret 34" {
				t.Errorf("logged in with %s, want tocsin, its password, version 34", e.Text)
			}
		case "unbind":
			goodbyes++
		}
	}
	for command, n := range binds {
		want += n
		if got[command] != n {
			t.Errorf("got %d times %s, want %d", got[command], command, n)
		}
	}
	if len(got) != len(binds) || goodbyes != want {
		t.Errorf("got binds %v and %d unbinds, want %v and %d", got, goodbyes, binds, want)
	}
}
