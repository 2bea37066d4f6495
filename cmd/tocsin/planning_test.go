package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/web"
	"tocsin/providers/sms/smstest"
)

// TestASubmissionReadsNoFileOfTheServer that it names and did not bring.
func TestASubmissionReadsNoFileOfTheServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := smstest.Logger(t)
	l, err := ledger.Open(t.Context(), ledger.Options{Dir: filepath.Join(dir, "data"), Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := configs.Defaults()
	c.Providers = []configs.ProviderConfig{{Name: "stub", Protocol: configs.Stub}}
	c.Routes = []configs.RouteConfig{{Prefix: "86", To: []string{"stub"}}}
	theirs, own := filepath.Join(dir, "theirs.csv"), filepath.Join(dir, "0.csv")
	for _, path := range []string{theirs, own} {
		write(t, path, "number\n13800000001\n", 0o600)
	}
	p := &planning{l, c, log}
	for name, tt := range map[string]struct{ files, exclude, want string }{
		"an audience":         {theirs, "", "there is no file " + theirs},
		"an exclude file":     {"people.csv", theirs, "there is no file " + theirs},
		"a way up":            {"../../" + filepath.Base(theirs), "", "there is no file "},
		"what is not named":   {theirs, theirs, "the file people.csv was sent, and the definition does not name it"},
		"its own, by a place": {own, "", "there is no file " + own},
	} {
		files := map[string]string{"people.csv": own}
		if name != "what is not named" && name != "an exclude file" {
			files = nil
		}
		exclude := ""
		if tt.exclude != "" {
			exclude = ", exclude: [" + tt.exclude + "]"
		}
		_, err := p.Submit(t.Context(), web.Submission{
			Who: "li", Why: "test", Path: "flood.yaml", Dir: dir, Files: files,
			Definition: []byte("key: k\ntext: hello\naudience: {files: [" + tt.files + "]" + exclude + "}\n"),
		})
		var refused *campaigns.Refusal
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "flood.yaml:") || strings.Contains(err.Error(), "missing-") {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
	if all := l.Campaigns(); len(all) != 0 {
		t.Errorf("got %d campaigns, want none", len(all))
	}
	planned, err := p.Submit(t.Context(), web.Submission{
		Who: "li", Why: "test", Path: "flood.yaml", Dir: dir, Files: map[string]string{"people.csv": own},
		Definition: []byte("key: k\ntext: hello\naudience: {files: [people.csv]}\n"),
	})
	if err != nil || planned.Planned != 1 {
		t.Errorf("got %+v, %v, want what it brought planned", planned, err)
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Error(err)
	}
	// B5: the answer carries what the plan warns of, and a refusal the caller's own names.
	write(t, own, "number,name\n13800000001,NULL\n13800000002,张三\n", 0o600)
	submission := web.Submission{
		Who: "li", Why: "test", Path: "flood.yaml", Dir: dir, Files: map[string]string{"people.csv": own},
		Definition: []byte("key: warned\ntext: ((name))您好\naudience: {files: [people.csv]}\n"),
	}
	planned, err = p.Submit(t.Context(), submission)
	if want := (campaigns.Warning{Kind: campaigns.WarnFillers, Count: 1, What: "NULL: 1"}); err != nil || len(planned.Warnings) != 1 ||
		planned.Warnings[0].Kind != want.Kind || planned.Warnings[0].Count != 1 || planned.Warnings[0].What != want.What || !strings.HasPrefix(planned.Warnings[0].Text, "1 values") {
		t.Errorf("got %+v, %v, want the warning %+v", planned, err, want)
	}
	write(t, own, "number,name\n13800000001,\n13800000002,张三\n13800000003,\n", 0o600)
	submission.Definition = []byte("key: missing\ntext: ((name))您好\naudience: {files: [people.csv]}\n")
	if _, err = p.Submit(t.Context(), submission); err == nil || !strings.HasPrefix(err.Error(), "people.csv:2: 2 of 3 rows have no value") || !strings.Contains(err.Error(), "(people.csv:2, people.csv:4)") {
		t.Errorf("got %v", err)
	}
}
