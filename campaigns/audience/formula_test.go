package audience

import "testing"

func TestHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Li": "Li", "13800138000": "13800138000", "a=b": "a=b",
		"=1+1": "'=1+1", "+8613800138000": "'+8613800138000", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", " \u00a0=x": "' \u00a0=x",
	} {
		if got := Harmless(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
