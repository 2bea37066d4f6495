package providers

import (
	"testing"

	"tocsin/providers/sms"
)

func TestCarrierOfAPrefix(t *testing.T) {
	p := BuiltInPrefixes()
	for _, c := range []struct {
		name string
		n    sms.Number
		want Carrier
	}{
		{"three digits of China Mobile", 8613800138000, ChinaMobile},
		{"134 is China Mobile's", 8613480000000, ChinaMobile},
		{"but 1349 is China Telecom's", 8613490000000, ChinaTelecom},
		{"a data card with SMS", 8614700000000, ChinaMobile},
		{"China Unicom", 8618612345678, ChinaUnicom},
		{"China Telecom", 8619912345678, ChinaTelecom},
		{"China Broadnet", 8619200000000, ChinaBroadnet},
		{"a virtual operator on China Telecom", 8617021234567, ChinaTelecom},
		{"a virtual operator on China Mobile", 8617031234567, ChinaMobile},
		{"a virtual operator on China Unicom", 8617041234567, ChinaUnicom},
		{"165 virtual, China Mobile", 8616500000000, ChinaMobile},
		{"167 virtual, China Unicom", 8616700000000, ChinaUnicom},
		{"162 virtual, China Telecom", 8616200000000, ChinaTelecom},
		{"171 virtual, China Unicom", 8617100000000, ChinaUnicom},
		{"17405 is China Telecom's", 8617405999999, ChinaTelecom},
		{"17406 is the ministry's", 8617406000000, NoCarrier},
		{"satellite", 8617490000000, NoCarrier},
		{"where two sources differ", 8615400000000, NoCarrier},
		{"nobody's yet", 8619400000000, NoCarrier},
		{"another country", 12025550100, NoCarrier},
		{"just below the mobile range", 8612999999999, NoCarrier},
		{"just above it", 8620000000000, NoCarrier},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := p.CarrierOf(c.n); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestParseCarrier(t *testing.T) {
	for c := NoCarrier + 1; c < Carriers; c++ {
		if got, ok := ParseCarrier(c.String()); !ok || got != c {
			t.Errorf("%v: got %v, %v", c, got, ok)
		}
	}
	for _, name := range []string{"", "unknown", "未知", "China mobile"} {
		if _, ok := ParseCarrier(name); ok {
			t.Errorf("%q is a carrier", name)
		}
	}
	for _, name := range []string{"unknown", "未知"} {
		if got, ok := ParseRuleCarrier(name); !ok || got != NoCarrier {
			t.Errorf("a rule for %s: got %v, %v", name, got, ok)
		}
	}
}
