package sms

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestARouteKnowsItsAccountsByWholeNames(t *testing.T) { // A2
	for _, c := range []struct {
		route Route
		names []string
		not   []string
	}{
		{"", nil, []string{"", "a", ","}},
		{"mobile", []string{"mobile"}, []string{"", "mob", "bile", "obil", "mobile-b", "Mobile", "mobile,", ",mobile"}},
		{"mobile-b", []string{"mobile-b"}, []string{"mobile", "b", "-", "mobile-"}},
		{"mobile-b,telecom", []string{"mobile-b", "telecom"}, []string{"mobile", "b", "b,telecom", "mobile-b,telecom", "tele", ""}},
		{"a,ab,b", []string{"a", "ab", "b"}, []string{"a,ab", "ab,b", ",", "aab"}},
	} {
		if got := slices.Collect(c.route.Names()); !slices.Equal(got, c.names) {
			t.Errorf("%q: got the accounts %q, want %q", c.route, got, c.names)
		}
		if got := NewRoute(c.names...); got != c.route {
			t.Errorf("got %q of %q, want %q", got, c.names, c.route)
		}
		for i, name := range c.names {
			if !c.route.Has(name) || c.route.Place(name) != i+1 || c.route.At(i+1) != name {
				t.Errorf("%q: %s is at %d, and at %d is %q", c.route, name, c.route.Place(name), i+1, c.route.At(i+1))
			}
			if got := c.route.With(name); got != c.route {
				t.Errorf("%q with %s: got %q, want the same", c.route, name, got)
			}
		}
		for _, name := range c.not {
			if c.route.Has(name) || c.route.Place(name) != 0 {
				t.Errorf("%q has %q, which is no account of it", c.route, name)
			}
		}
		if first := c.route.First(); len(c.names) > 0 && first != c.names[0] || len(c.names) == 0 && first != "" {
			t.Errorf("%q: got %q as the first choice", c.route, first)
		}
		for _, place := range []int{-1, 0, len(c.names) + 1} {
			if got := c.route.At(place); got != "" {
				t.Errorf("%q: got %q at place %d, want nothing", c.route, got, place)
			}
		}
	}
}

func TestTheNextAccountIsTheFirstUsableOther(t *testing.T) {
	up := func(names ...string) func(string) bool {
		return func(name string) bool { return slices.Contains(names, name) }
	}
	for _, c := range []struct {
		route  Route
		from   string
		usable func(string) bool
		want   string
	}{
		{"a,b,c", "a", up("a", "b", "c"), "b"},
		{"a,b,c", "b", up("a", "b", "c"), "a"},
		{"a,b,c", "a", up("a", "c"), "c"},
		{"a,b,c", "a", up("a"), ""},
		{"mobile-b,mobile", "mobile-b", up("mobile-b", "mobile"), "mobile"},
		{"mobile,mobile-b", "mobile", up("mobile", "mobile-b"), "mobile-b"},
		{"a", "b", up("a"), "a"},
		{"", "a", up("a"), ""},
	} {
		if got := c.route.Next(c.from, c.usable); got != c.want {
			t.Errorf("from %s on %q: got %q, want %q", c.from, c.route, got, c.want)
		}
	}
}

// A route is the list of its names and nothing else, whatever parts of one another the
// names are.
func TestARouteIsTheListOfItsNames(t *testing.T) {
	name := rapid.StringMatching(`[ab.]{1,3}`)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(name, 0, 6, rapid.ID[string]).Draw(t, "names")
		r := NewRoute(names...)
		if got := slices.Collect(r.Names()); !slices.Equal(got, names) {
			t.Fatalf("got the accounts %q", got)
		}
		one := rapid.OneOf(name, rapid.SampledFrom([]string{"", ",", "a,b", string(r)})).Draw(t, "one")
		at := slices.Index(names, one) + 1
		if got := r.Place(one); got != at || r.Has(one) != (at > 0) {
			t.Fatalf("got %q at place %d, has %v, want %d", one, got, r.Has(one), at)
		}
		if at > 0 && r.At(at) != one {
			t.Fatalf("got %q at %d, want %q", r.At(at), at, one)
		}
		usable := func(s string) bool { return strings.Contains(s, "a") }
		next := slices.IndexFunc(names, func(s string) bool { return s != one && usable(s) })
		if got := r.Next(one, usable); next < 0 && got != "" || next >= 0 && got != names[next] {
			t.Fatalf("got %q next after %q, want the name at %d", got, one, next)
		}
		if MayBeOnRoute(one) {
			if at == 0 {
				names = append(names, one)
			}
			if got := slices.Collect(r.With(one).Names()); !slices.Equal(got, names) {
				t.Fatalf("got %q with %q, want %q", got, one, names)
			}
		}
	})
}

func TestANameWithACommaIsNoAccount(t *testing.T) {
	for name, want := range map[string]bool{"": false, ",": false, "a,b": false, "a,": false, "a": true, "mobile-b.1_x": true} {
		if got := MayBeOnRoute(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

func TestAskingARouteAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	r := NewRoute("mobile-b", "mobile", "telecom")
	usable := func(name string) bool { return name == "telecom" }
	if got := testing.AllocsPerRun(100, func() {
		if r.First() != "mobile-b" || !r.Has("mobile") || r.Has("mob") || r.At(3) != "telecom" || r.Next("mobile", usable) != "telecom" || r.With("mobile") != r {
			t.Error("got another account")
		}
		for name := range r.Names() {
			if name == "" {
				t.Error("got no name")
			}
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
