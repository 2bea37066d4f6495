package configs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refusal loads a file and is the error.
func refusal(t *testing.T, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tocsin.yaml")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path, nil)
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), path, "tocsin.yaml")
}

var places = regexp.MustCompile(`(?m)^tocsin\.yaml:[0-9]+:[0-9]+: `)

func TestAValueThatYAMLReadsAsANumberIsRefused(t *testing.T) { // B18
	const sound = "providers:\n  - {name: m, protocol: smpp, address: \"127.0.0.1:2775\", system_id: %, password: {env: P}, sender: @}\nroutes:\n  - {prefix: 86, to: [m]}\n"
	for name, tt := range map[string]struct{ id, sender, want string }{
		"a sender with a zero in front": {"t", "01062777", "tocsin.yaml:2:100: this is read as a number and becomes another text"},
		"an account in hexadecimal":     {"0x10", `"1"`, "tocsin.yaml:2:69: this is read as a number and becomes another text"},
		"an account with a point":       {"1.0", `"1"`, "tocsin.yaml:2:69: this is read as a number"},
		"an account that is true":       {"True", `"1"`, "tocsin.yaml:2:69: this is read as true or false"},
		"with quotation marks":          {`"0x10"`, `"01062777"`, ""},
		"a number as it is written":     {"10", "10690000", ""},
	} {
		got := refusal(t, strings.NewReplacer("%", tt.id, "@", tt.sender).Replace(sound))
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestSettingsWithSeveralFaultsNameThemAllInOrder(t *testing.T) { // item 12
	got := refusal(t, `datta: x
country: China
admin: nowhere
providers:
  - name: mobile
    protocol: smpp
    address: 127.0.0.1:2775
    system_id: 007
    password: {env: P}
    window: 99999
    rate: -1
  - {name: other, protocol: smpp, addres: "127.0.0.1:2775", system_id: t, password: {env: P}}
  - {name: third, protocol: fax}
`)
	want := []string{"tocsin.yaml:1:1: ", "tocsin.yaml:2:10: ", "tocsin.yaml:3:8: ", "tocsin.yaml:8:16: ", "tocsin.yaml:10:13: ", "tocsin.yaml:11:11: ", "tocsin.yaml:12:35: ", "tocsin.yaml:13:29: "}
	if d := cmp.Diff(want, places.FindAllString(got, -1)); d != "" {
		t.Errorf("%s\n%s", d, got)
	}
	got = refusal(t, "providers: [{name: m, protocol: stub}]\nroutes:\n  - {to: [m]}\n  - {prefix: '+86', to: [m]}\n  - {prefix: '86', to: [n]}\n")
	want = []string{"tocsin.yaml:3:5: ", "tocsin.yaml:4:14: ", "tocsin.yaml:5:25: "}
	if d := cmp.Diff(want, places.FindAllString(got, -1)); d != "" {
		t.Errorf("%s\n%s", d, got)
	}
}
