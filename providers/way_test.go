package providers

import (
	"strings"
	"testing"

	"tocsin/providers/sms"
)

func TestNumbersThatNobodyIsKnownToServe(t *testing.T) {
	ported, err := ReadPorted("ported.csv", strings.NewReader("13800138000,China Unicom\n19400000002,China Mobile\n"))
	if err != nil {
		t.Fatal(err)
	}
	mobile, unknown := Rule{Carrier: "China Mobile", To: []string{"mobile"}}, Rule{Carrier: "unknown", To: []string{"aside"}}
	china, all := Rule{Prefix: "86", To: []string{"china"}}, Rule{Prefix: "*", To: []string{"world"}}
	for _, c := range []struct {
		name  string
		rules []Rule
		n     sms.Number
		want  sms.Route
		rule  int
	}{
		{"without a default they are nobody's", []Rule{mobile}, 8619400000001, "", -1},
		{"they follow the rule for them", []Rule{mobile, unknown}, 8619400000001, "aside", 1},
		{"which beats a prefix", []Rule{unknown, china, all}, 8619400000001, "aside", 0},
		{"they follow the prefix of China", []Rule{mobile, china}, 8619400000001, "china", 1},
		{"they follow the prefix of everybody", []Rule{mobile, all}, 8619400000001, "world", 1},
		{"satellites are among them", []Rule{mobile, unknown}, 8617490000000, "aside", 1},
		{"one that has moved is known", []Rule{mobile, unknown}, 8619400000002, "mobile", 0},
		{"one with a prefix is not among them", []Rule{mobile, unknown}, 8613000000000, "", -1},
		{"nor is another country's", []Rule{mobile, unknown}, 12025550100, "", -1},
		{"a moved one leaves its prefix's carrier", []Rule{mobile, unknown}, 8613800138000, "", -1},
		{"nobody's number", []Rule{all}, 0, "", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			routes, err := NewRoutes(c.rules, &Numbering{BuiltInPrefixes(), ported})
			if err != nil {
				t.Fatal(err)
			}
			if got := routes.Route(c.n); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := routes.Explain(c.n); got.Rule != c.rule || sms.NewRoute(got.To...) != c.want {
				t.Errorf("explained as %+v, want rule %d, %q", got, c.rule, c.want)
			}
		})
	}
}

func TestAWayNamesPrefixPortingAndCarrier(t *testing.T) {
	ported, err := ReadPorted("ported.csv", strings.NewReader("13800138000,China Unicom\n"))
	if err != nil {
		t.Fatal(err)
	}
	routes, err := NewRoutes([]Rule{{Prefix: "86", To: []string{"a", "b"}}}, &Numbering{BuiltInPrefixes(), ported})
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[sms.Number]Way{
		8613800138000: {Prefix: Prefix{Digits: "138", Carrier: ChinaMobile}, Ported: ChinaUnicom, Carrier: ChinaUnicom},
		8613800138001: {Prefix: Prefix{Digits: "138", Carrier: ChinaMobile}, Carrier: ChinaMobile},
		8617012345678: {Prefix: Prefix{Digits: "1701", Carrier: ChinaTelecom, Virtual: true}, Carrier: ChinaTelecom},
		8619412345678: {},
	} {
		got := routes.Explain(n)
		if got.Prefix != want.Prefix || got.Ported != want.Ported || got.Carrier != want.Carrier || strings.Join(got.To, ",") != "a,b" {
			t.Errorf("%s: got %+v, want %+v", n, got, want)
		}
	}
}
