package providers

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"tocsin/providers/sms"

	"pgregory.net/rapid"
)

func TestRoute(t *testing.T) {
	ported, err := ReadPorted("ported.csv", strings.NewReader("8613800138000,China Unicom\n"))
	if err != nil {
		t.Fatal(err)
	}
	routes, err := NewRoutes([]Rule{
		{Carrier: "China Mobile", To: []string{"mobile", "unicom"}},
		{Carrier: "中国联通", To: []string{"unicom"}},
		{Prefix: "86", To: []string{"china"}},
		{Prefix: "8618", To: []string{"eighteen"}},
		{Prefix: "1", To: []string{"america"}},
		{Prefix: "44", To: []string{"britain", "world"}},
		{Prefix: "447624", To: []string{"man"}},
	}, &Numbering{BuiltInPrefixes(), ported})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		n    sms.Number
		want sms.Route
	}{
		{"a carrier's rule names its providers in order", 8613900000001, "mobile,unicom"},
		{"a ported number goes to the carrier that serves it", 8613800138000, "unicom"},
		{"its neighbour stays", 8613800138001, "mobile,unicom"},
		{"a carrier's rule beats a longer prefix", 8618600000000, "unicom"},
		{"a carrier without a rule falls to the prefix", 8617300000000, "china"},
		{"the longest prefix wins", 8618900000000, "eighteen"},
		{"a prefix inside a prefix", 447624123456, "man"},
		{"just before the inner prefix", 447623999999, "britain,world"},
		{"just behind the inner prefix", 447625000000, "britain,world"},
		{"a short number", 12025550100, "america"},
		{"no rule fits", 33612345678, ""},
		{"the shortest number of a neighbour prefix", 4312345678, ""},
		{"zero is nobody", 0, ""},
		{"more digits than a number has", 9_999_999_999_999_999, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := routes.Route(c.n); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRouteOfEveryNumber(t *testing.T) {
	routes, err := NewRoutes([]Rule{{Prefix: "*", To: []string{"world"}}, {Prefix: "86", To: []string{"china"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := routes.Route(33612345678); got != "world" {
		t.Errorf("got %q, want world", got)
	}
	if got := routes.Route(8613800138000); got != "china" {
		t.Errorf("got %q, want china", got)
	}
	none, err := NewRoutes(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := none.Route(8613800138000); got != "" {
		t.Errorf("without rules: got %q, want none", got)
	}
}

func TestRoutesRefuseRules(t *testing.T) {
	to := []string{"a"}
	for name, rules := range map[string][]Rule{
		"neither carrier nor prefix":  {{To: to}},
		"both carrier and prefix":     {{Carrier: "China Mobile", Prefix: "86", To: to}},
		"an unknown carrier":          {{Carrier: "China Pigeon", To: to}},
		"a prefix with a plus":        {{Prefix: "+86", To: to}},
		"a prefix with a zero":        {{Prefix: "0086", To: to}},
		"a prefix longer than E.164":  {{Prefix: "1234567890123456", To: to}},
		"no provider":                 {{Prefix: "86"}},
		"a provider with a comma":     {{Prefix: "86", To: []string{"a,b"}}},
		"a provider twice":            {{Prefix: "86", To: []string{"a", "a"}}},
		"the same prefix twice":       {{Prefix: "86", To: to}, {Prefix: "86", To: to}},
		"one carrier under two names": {{Carrier: "China Mobile", To: to}, {Carrier: "中国移动", To: to}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewRoutes(rules, nil); !errors.Is(err, ErrRule) {
				t.Errorf("got %v, want %v", err, ErrRule)
			}
		})
	}
}

// The flattened ranges say the same as trying every prefix.
func TestRouteAgreesWithTryingEveryPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefixes := rapid.SliceOfNDistinct(rapid.StringMatching(`[1-3][0-2]{0,4}`), 0, 12, rapid.ID[string]).Draw(t, "prefixes")
		var rules []Rule
		for _, p := range prefixes {
			rules = append(rules, Rule{Prefix: p, To: []string{"to" + p}})
		}
		routes, err := NewRoutes(rules, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := rapid.StringMatching(`[1-3][0-3]{6,14}`).Draw(t, "number")
		want := ""
		for _, p := range prefixes {
			if strings.HasPrefix(n, p) && len(p)+2 > len(want) {
				want = "to" + p
			}
		}
		v, err := strconv.ParseUint(n, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := routes.Route(sms.Number(v)); got != sms.Route(want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		if got := strings.Join(routes.Explain(sms.Number(v)).To, ","); got != want {
			t.Fatalf("explained: got %q, want %q", got, want)
		}
	})
}

func TestRouteAllocatesNothing(t *testing.T) {
	ported, err := ReadPorted("ported.csv", strings.NewReader("13800138000,China Unicom\n"))
	if err != nil {
		t.Fatal(err)
	}
	routes, err := NewRoutes([]Rule{{Carrier: "China Mobile", To: []string{"mobile"}}, {Prefix: "86", To: []string{"china"}}}, &Numbering{BuiltInPrefixes(), ported})
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(100, func() { routes.Route(8613800138000); routes.Route(8617300138000) }); got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}

func BenchmarkRoute(b *testing.B) {
	var file strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&file, "86138%08d,China Unicom\n", i*499%100_000_000)
	}
	ported, err := ReadPorted("ported.csv", strings.NewReader(file.String()))
	if err != nil {
		b.Fatal(err)
	}
	routes, err := NewRoutes([]Rule{
		{Carrier: "China Mobile", To: []string{"mobile"}},
		{Carrier: "China Unicom", To: []string{"unicom"}},
		{Prefix: "86", To: []string{"china"}},
		{Prefix: "1", To: []string{"america"}},
		{Prefix: "44", To: []string{"britain"}},
	}, &Numbering{BuiltInPrefixes(), ported})
	if err != nil {
		b.Fatal(err)
	}
	n := sms.Number(8613800000000)
	for b.Loop() {
		n += 997
		if n > 8613899999999 {
			n = 8613800000000
		}
		routes.Route(n)
	}
}
