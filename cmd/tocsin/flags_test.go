package main

import (
	"io"
	"strings"
	"testing"
)

func TestMistakesInUseSayWhatIsWanted(t *testing.T) {
	t.Chdir(t.TempDir()) // there is no configuration
	tests := []struct{ args, want string }{
		{"carrier --rate x", `--rate takes a whole number, not "x"`},
		{"carrier --latency 5", `--latency takes a time such as 200ms or 1m30s, not "5"`},
		{"carrier --throttle much", `--throttle takes a number such as 0.05, not "much"`},
		{"carrier --throttle 2 --listen 127.0.0.1:0", "throttle is 2, want a share from 0 to 1"},
		{"carrier --protocol fax", `protocol "fax" is not spoken, only cmpp, http, sgip, smgp, smpp`},
		{"run --fast x.yaml", "unknown flag: --fast; see tocsin run --help"},
		{"report flood --lang fr", "--lang fr is not spoken: en or zh-CN"},
		{"demo --count 0", "demo needs --count above 0"},
		{"plan x.yaml", "no provider is configured"},
		{"plan x.yaml --config there.yaml", "there is no configuration file there.yaml"},
		{"audience generate --out x.csv --encoding latin1", `unknown encoding "latin1"`},
	}
	for _, tt := range tests {
		root := newRoot()
		root.SetArgs(strings.Fields(tt.args))
		root.SetOut(io.Discard)
		err := root.ExecuteContext(t.Context())
		if err == nil || exitCode(err, nil) != exitUsage || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, exit %d, want %q, exit %d", tt.args, err, exitCode(err, nil), tt.want, exitUsage)
		}
	}
}
