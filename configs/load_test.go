package configs

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"tocsin/providers"
	"tocsin/providers/httpgw"
	"tocsin/providers/sms"
)

// write puts a file into a new folder and makes that folder current.
func write(t *testing.T, text string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile(DefaultFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return DefaultFile
}

const oneStub = "providers:\n  - {name: Town.Name, protocol: stub}\nroutes:\n  - {prefix: \"86\", to: [Town.Name]}\n"

func TestWithoutAFileTheDefaultsHoldAndNothingCanBeSent(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Defaults(), c, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if err := c.CanSend(); !errors.Is(err, ErrNoProvider) {
		t.Errorf("CanSend: got %v, want %v", err, ErrNoProvider)
	}
}

func TestTheFileOfTheCurrentFolderIsReadWithoutBeingNamed(t *testing.T) {
	write(t, oneStub)
	c, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CanSend(); err != nil {
		t.Error(err)
	}
	if got := c.Providers[0].Name; got != "Town.Name" {
		t.Errorf("name: got %q, want its case and its dot kept", got)
	}
}

func TestANamedFileThatIsMissingIsAnError(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := Load("other.yaml", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
}

func TestAnEmptyFileIsAllDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing yet\n", "---\n"} {
		c, err := Load(write(t, text), nil)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if c.Queue != "embedded" || c.Data != "data" {
			t.Errorf("%q: got %+v", text, c)
		}
	}
}

func TestFlagsBeatVariablesBeatTheFileBeatTheDefaults(t *testing.T) {
	values := map[string][4]string{ // default, file, variable, flag
		"data":     {"data", "/f/data", "/e/data", "/a/data"},
		"ledger":   {"sqlite", "sqlite", "sqlite", "sqlite"},
		"queue":    {"embedded", "redis://f:1/0", "redis://e:1/0", "redis://a:1/0"},
		"admin":    {"127.0.0.1:9090", "f:1", "e:1", "off"},
		"country":  {"CN", "FR", "EE", "AU"},
		"ported":   {"", "/f/ported", "/e/ported", "/a/ported"},
		"prefixes": {"", "/f/prefixes", "/e/prefixes", "/a/prefixes"},
		"tokens":   {"", "/f/tokens", "/e/tokens", "/a/tokens"},
		"roles":    {"all", "send,schedule", "schedule,send", "all"},
		"machine":  {"", "f", "e", "a"},
	}
	for _, s := range settings {
		v, ok := values[s.key]
		if !ok {
			t.Fatalf("setting %s has no test", s.key)
		}
		for level, want := range v {
			t.Run(fmt.Sprintf("%s at level %d", s.key, level), func(t *testing.T) {
				text := ""
				if level >= 1 {
					text = s.key + ": " + v[1] + "\n"
				}
				path := write(t, text)
				if level >= 2 {
					t.Setenv("TOCSIN_"+strings.ToUpper(s.key), v[2])
				}
				flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
				flags.String(s.key, "not given", "")
				if level >= 3 {
					if err := flags.Parse([]string{"--" + s.key, v[3]}); err != nil {
						t.Fatal(err)
					}
				}
				c, err := Load(path, flags)
				if err != nil {
					t.Fatal(err)
				}
				if got := *s.field(c); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	}
}

func TestEveryTopLevelTextIsASetting(t *testing.T) {
	keys := map[string]bool{}
	for _, s := range settings {
		keys[s.key] = true
	}
	for f := range reflect.TypeFor[Config]().Fields() {
		if key := f.Tag.Get("yaml"); f.Type.Kind() == reflect.String && key != "-" && !keys[key] {
			t.Errorf("%s cannot be set by variable or flag: add it to settings", key)
		}
	}
}

func TestAVariableIsCheckedLikeTheFile(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TOCSIN_QUEUE", "http://user:hunter2@example.com")
	_, err := Load("", nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the password", err)
	}
}

func TestPathsOfAFileAreRelativeToItsFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("etc", 0o755); err != nil {
		t.Fatal(err)
	}
	text := "data: d\nported: p.csv\nproviders:\n" +
		"  - {name: a, protocol: smpp, address: 'h:1', system_id: s, password: {file: secret}, tls: {ca: ca.pem}}\n" +
		"  - {name: b, protocol: smpp, address: 'h:1', system_id: s, password: {file: $CREDENTIALS_DIRECTORY/b}}\n" +
		"routes: [{prefix: '*', to: [a, b]}]\n"
	if err := os.WriteFile("etc/t.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load("etc/t.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Data, c.Ported, c.Providers[0].Password.File, c.Providers[0].TLS.CA, c.Providers[1].Password.File}
	want := []string{"etc/d", "etc/p.csv", "etc/secret", "etc/ca.pem", "$CREDENTIALS_DIRECTORY/b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestEachExampleLoadsAndRoutes(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			c, err := Load(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.Ported = "" // the example's own file is the reader's
			routes, err := Routes(c)
			if err != nil {
				t.Fatal(err)
			}
			if got := routes.Route(sms.Number(8613800138000)); got.First() != c.Routes[0].To[0] {
				t.Errorf("a number of China Mobile goes to %q, want %s first", got, c.Routes[0].To[0])
			}
		})
	}
}

func TestTheReferenceNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile("tocsin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[Config](), reflect.TypeFor[ProviderConfig](), reflect.TypeFor[RouteConfig](), reflect.TypeFor[FallbackConfig](), reflect.TypeFor[Replies](),
		reflect.TypeFor[TLSConfig](), reflect.TypeFor[Price](), reflect.TypeFor[SecretSource](),
		reflect.TypeFor[CallbacksConfig](), reflect.TypeFor[HTTPCallback](), reflect.TypeFor[httpgw.Sign](), reflect.TypeFor[httpgw.Request](),
		reflect.TypeFor[httpgw.Answer](), reflect.TypeFor[httpgw.Report](), reflect.TypeFor[httpgw.Incoming](),
	} {
		for _, key := range keysOf(typ) {
			if !strings.Contains(string(data), key+":") {
				t.Errorf("%s of %s is not in tocsin.yaml", key, typ.Name())
			}
		}
	}
}

func TestDefaultsOfAProviderAreThoseTheReferenceNames(t *testing.T) {
	c, err := Load(write(t, oneStub), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := ProviderConfig{
		Name: "Town.Name", Protocol: Stub, Connections: 2, Window: 100, Batch: 1, Floor: 0.05, Bind: "transceiver", ReceiptIDs: "auto",
		EnquireLink: 30 * time.Second, ResponseTimeout: 30 * time.Second,
	}
	if diff := cmp.Diff(want, c.Providers[0]); diff != "" {
		t.Errorf("provider (-want +got):\n%s", diff)
	}
}

func TestAWindowIsWhatTheProtocolSuggestsWhereTheFileSaysNothing(t *testing.T) {
	c, err := Load(write(t, "providers:\n"+
		"  - {name: a, protocol: cmpp, address: 'h:1', source_addr: x, password: {env: P}}\n"+
		"  - {name: b, protocol: sgip, address: 'h:1', login: x, node: 3053112345, corp_id: x, password: {env: P}}\n"+
		"  - {name: c, protocol: smgp, address: 'h:1', client_id: x, password: {env: P}, window: 5}\n"+
		"  - {name: d, protocol: smpp, address: 'h:1', system_id: x, password: {env: P}}\n"+
		"routes:\n  - {prefix: '86', to: [a]}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{16, 32, 5, 100} {
		if got := c.Providers[i].Window; got != want {
			t.Errorf("%s: got a window of %d, want %d", c.Providers[i].Protocol, got, want)
		}
	}
}

func TestChinasProvidersAreBuiltAndTakeTheirTextsInOctets(t *testing.T) {
	c, err := Load("tocsin.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TOCSIN_TEST_PASSWORD", "secret")
	built := 0
	for _, p := range c.Providers {
		if p.Protocol == SMPP || p.Protocol == HTTP || p.Protocol == Stub {
			continue
		}
		p.Password = SecretSource{Env: "TOCSIN_TEST_PASSWORD"}
		if !p.GatewayPassword.IsZero() {
			p.GatewayPassword = p.Password
		}
		made, err := Provider(p, nil)
		if err != nil {
			t.Errorf("%s: %v", p.Protocol, err)
			continue
		}
		if l := made.Line(); l.Batch != p.Batch || l.Up != 0 {
			t.Errorf("%s: got %+v, want batches of %d", p.Protocol, l, p.Batch)
		}
		if got := p.Alphabet(); got != sms.Octets {
			t.Errorf("%s: got alphabet %d, want octets", p.Protocol, got)
		}
		if c.Signed()(sms.NewRoute("rehearsal", p.Name)) || !(&Config{Providers: []ProviderConfig{{Name: p.Name, CarrierSigns: true}}}).Signed()(sms.NewRoute("rehearsal", p.Name)) {
			t.Errorf("%s: nobody signs but who says so", p.Protocol)
		}
		p.Text = "gb18030"
		if got := p.Alphabet(); got != sms.OctetsGB {
			t.Errorf("%s: got alphabet %d for gb18030", p.Protocol, got)
		}
		built++
	}
	if built != 3 {
		t.Errorf("got %d built, want 3", built)
	}
}

func TestPortedNumbersAreRead(t *testing.T) {
	c, err := Load(write(t, "ported: p.csv\nproviders:\n  - {name: m, protocol: stub}\n  - {name: u, protocol: stub}\n"+
		"routes:\n  - {carrier: 中国移动, to: [m]}\n  - {carrier: China Unicom, to: [u]}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Routes(c); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the file: got %v, want %v", err, os.ErrNotExist)
	}
	if err := os.WriteFile("p.csv", []byte("8613800138000,China Unicom\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	routes, err := Routes(c)
	if err != nil {
		t.Fatal(err)
	}
	if got := routes.Route(8613800138000); got != "u" {
		t.Errorf("the number that moved goes to %q, want u", got)
	}
	if got := routes.Route(8613800138001); got != "m" {
		t.Errorf("its neighbour goes to %q, want m", got)
	}
}

func TestAStubIsBuilt(t *testing.T) {
	c, err := Load("stub.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Provider(c.Providers[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	msgs := []sms.Message{{To: 8613800138000, Content: sms.Content{Segments: 1}, Envelope: &sms.Envelope{}}}
	acks := make([]sms.Ack, 1)
	p.Submit(t.Context(), msgs, acks)
	if acks[0].Outcome != sms.NotSent || acks[0].Reason != sms.LineDown {
		t.Errorf("before Run: got %+v, want not sent for want of a line", acks[0])
	}
	var _ providers.Provider = p
}

func TestASecretIsReadFromItsOwnersFileOrAVariable(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("CREDENTIALS_DIRECTORY", ".")
	t.Setenv("MOBILE_PASSWORD", "from the variable")
	for name, mode := range map[string]os.FileMode{"good": 0o600, "group": 0o640, "world": 0o644, "changed": 0o620} {
		if err := os.WriteFile(name, []byte("hunter2\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil { // past the umask
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("empty", []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("large", make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		source SecretSource
		want   string
		err    string
	}{
		{"a file of the owner", SecretSource{File: "good"}, "hunter2", ""},
		{"a file the group may read", SecretSource{File: "group"}, "hunter2", ""},
		{"a credential of systemd", SecretSource{File: "$CREDENTIALS_DIRECTORY/good"}, "hunter2", ""},
		{"a variable", SecretSource{Env: "MOBILE_PASSWORD"}, "from the variable", ""},
		{"a file the world may read", SecretSource{File: "world"}, "", "chmod 600 world"},
		{"a file the group may write", SecretSource{File: "changed"}, "", "chmod 600 changed"},
		{"an empty file", SecretSource{File: "empty"}, "", "write the password into it"},
		{"a file that is none", SecretSource{File: "large"}, "", "is it the right file?"},
		{"a missing file", SecretSource{File: "missing"}, "", "no such file"},
		{"a missing variable", SecretSource{Env: "TOCSIN_NO_SUCH"}, "", "export it"},
		{"nothing", SecretSource{}, "", "{env: NAME}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.source.Read()
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %v, want an error with %q", err, test.err)
				}
				return
			}
			if err != nil || got.Reveal() != test.want {
				t.Errorf("got %q, %v, want %q", got.Reveal(), err, test.want)
			}
		})
	}
}

func TestASecretPrintsAsNothing(t *testing.T) {
	s := struct{ Password Secret }{NewSecret("hunter2")}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", s.Password, "b", s)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", s.Password, "b", s)
	j, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := s.Password.MarshalText()
	all := fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s) + fmt.Sprint(s.Password, &s.Password) +
		fmt.Sprintf("%v %s %q %x %#v", s.Password, s.Password, s.Password, s.Password, s.Password) +
		s.Password.String() + log.String() + string(j) + string(text)
	for _, bad := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), "104 117"} {
		if strings.Contains(all, bad) {
			t.Errorf("%q is in %s", bad, all)
		}
	}
	if got := strings.Count(all, hidden); got < 15 {
		t.Errorf("got %d times %s, want it in place of the secret everywhere: %s", got, hidden, all)
	}
}

func TestAmounts(t *testing.T) {
	for _, test := range []struct {
		text, want string
		amount     Amount
	}{
		{"0.035", "0.035", 35_000},
		{"1", "1.00", 1_000_000},
		{"0", "0.00", 0},
		{"12.5", "12.50", 12_500_000},
		{"0.000001", "0.000001", 1},
		{"999999999.999999", "999999999.999999", 999_999_999_999_999},
	} {
		got, err := ParseAmount(test.text)
		if err != nil || got != test.amount || got.String() != test.want {
			t.Errorf("%s: got %d %s %v, want %d %s", test.text, got, got, err, test.amount, test.want)
		}
	}
	for _, text := range []string{"", ".5", "5.", "-1", "+1", "1e3", "0.0000001", "1234567890", "1,5", "１"} {
		if got, err := ParseAmount(text); !errors.Is(err, ErrAmount) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, ErrAmount)
		}
	}
	if got := Amount(35_000).Times(900_000).String(); got != "31500.00" {
		t.Errorf("900,000 segments at 0.035: got %s, want 31500.00", got)
	}
}

func TestFallbacksAreThoseTheRoutesDeclare(t *testing.T) {
	c, err := Load(write(t, "providers:\n  - {name: a, protocol: stub}\n  - {name: b, protocol: stub}\n  - {name: c, protocol: stub}\nroutes:\n"+
		"  - {prefix: \"86\", to: [a, b], fallback: {after: 30s, for: [urgent, emergency]}}\n"+
		"  - {prefix: \"85\", to: [b, a], fallback: never}\n"+
		"  - {prefix: \"1\", to: [c, b], fallback: {for: [emergency]}}\n"+
		"  - {prefix: \"*\", to: [a]}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Fallbacks(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		route    string
		class    sms.Class
		down     time.Duration
		disabled bool
		want     bool
	}{
		{"a,b", sms.Urgent, 29 * time.Second, false, false},
		{"a,b", sms.Urgent, 30 * time.Second, false, true},
		{"a,b", sms.Routine, time.Hour, false, false},
		{"a,b", sms.Routine, time.Hour, true, false},
		{"a,b", sms.Emergency, 0, true, true},
		{"b,a", sms.Emergency, time.Hour, true, false},
		{"c,b", sms.Emergency, 10 * time.Second, false, true},
		{"c,b", sms.Emergency, 9 * time.Second, false, false},
		{"c,b", sms.Urgent, time.Hour, false, false},
		{"a", sms.Routine, 10 * time.Second, false, true},
		{"once,there", sms.Routine, 10 * time.Second, false, true},
		{"once,there", sms.Routine, 9 * time.Second, false, false},
	} {
		if got := f.Allows(sms.Route(one.route), one.class, one.down, one.disabled); got != one.want {
			t.Errorf("%+v: got %v", one, got)
		}
	}
}
