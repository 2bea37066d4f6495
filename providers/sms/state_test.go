package sms

import "testing"

func TestMoves(t *testing.T) {
	// A row is a state, a column what it may become, in the order of the states.
	want := [States]string{
		Waiting:   ".x....xx",
		Offered:   "x.xxxx..",
		InDoubt:   "x..xxx..",
		Accepted:  "....xx..",
		Delivered: "........",
		Failed:    "........",
		Expired:   "........",
		Cancelled: "........",
	}
	for from := range State(States) {
		final := true
		for to := range State(States) {
			allowed := want[from][to] == 'x'
			final = final && !allowed
			if got := from.May(to); got != allowed {
				t.Errorf("%v to %v: got %v, want %v", from, to, got, allowed)
			}
		}
		if got := from.Final(); got != final {
			t.Errorf("%v final: got %v, want %v", from, got, final)
		}
	}
	if State(States).May(Waiting) || Waiting.May(States) {
		t.Error("a state that does not exist may move")
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	check := func(name string) {
		t.Helper()
		if seen[name] {
			t.Errorf("got the name %q twice", name)
		}
		seen[name] = true
	}
	for s := range State(States) {
		check("state " + s.String())
	}
	for o := range Outcome(Outcomes) {
		check("outcome " + o.String())
	}
	for r := range Reason(Reasons) {
		check("reason " + r.String())
	}
	for c := range Class(Classes) {
		check("class " + c.String())
		if got, ok := ParseClass(c.String()); !ok || got != c {
			t.Errorf("got %v, %v, want %v", got, ok, c)
		}
	}
}

func TestRefs(t *testing.T) {
	refs := AppendRef(AppendRef(AppendRef(nil, []byte("a1")), nil), make([]byte, 300))
	for i, want := range []int{2, 0, 255} {
		var ref []byte
		if ref, refs = refs.Next(); len(ref) != want {
			t.Errorf("reference %d: got %d octets, want %d", i, len(ref), want)
		}
	}
	if ref, rest := refs.Next(); ref != nil || rest != nil {
		t.Errorf("got %q, %q behind the last, want none", ref, rest)
	}
	if ref, _ := (Refs{5, 'a'}).Next(); ref != nil {
		t.Errorf("got %q of a cut reference, want none", ref)
	}
}
