package configs

import (
	"fmt"
	"strings"
	"testing"
)

// A2: a route is kept as its providers' names with commas between, so that no name may
// have one.
func TestAProvidersNameThatWouldBreakARouteIsRefusedWithItsLine(t *testing.T) {
	for _, name := range []string{"a,b", "a, b", ",a", "a,", ",", "a b", " a", "a ", "a\tb", "a\nb", "a\u00a0b", "a，b", "", `a\"b`} {
		t.Run(name, func(t *testing.T) {
			path := write(t, fmt.Sprintf("providers:\n  - name: ok\n    protocol: stub\n  - protocol: stub\n    name: %q\nroutes:\n  - {prefix: \"86\", to: [ok]}\n", name))
			c, err := Load(path, nil)
			if err == nil {
				t.Fatalf("got the providers %+v, want it refused", c.Providers)
			}
			line := path + ":5:"
			if name == "" {
				line = path + ":4:" // where the provider begins
			}
			if !strings.Contains(err.Error(), line) {
				t.Errorf("got %v, want it to name %s", err, line)
			}
		})
	}
}
