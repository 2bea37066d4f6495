package sms

import (
	"iter"
	"strings"
)

// A Route is the accounts that a recipient may go through, by name: the first choice,
// then its fall-backs in order. It is stored and shown as the names joined with commas;
// what MayBeOnRoute refuses is no name of an account. The zero value has no account. No
// method but NewRoute and With allocates.
type Route string

// MayBeOnRoute reports whether an account may have this name: it is not empty and has no
// comma, which would make it two.
func MayBeOnRoute(name string) bool { return name != "" && !strings.Contains(name, ",") }

// NewRoute is the route through accounts with these names, which MayBeOnRoute allows.
func NewRoute(names ...string) Route { return Route(strings.Join(names, ",")) }

// cut is the first name of r and the route behind it.
func (r Route) cut() (string, Route) {
	name, rest, _ := strings.Cut(string(r), ",")
	return name, Route(rest)
}

// First is the first choice; "" when there is none.
func (r Route) First() string {
	name, _ := r.cut()
	return name
}

// Names yields the accounts in order.
func (r Route) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for r != "" {
			var name string
			if name, r = r.cut(); !yield(name) {
				return
			}
		}
	}
}

// Has reports whether the account with this name, the whole of it, is on the route.
func (r Route) Has(name string) bool { return r.Place(name) > 0 }

// Place is where the account with this name stands, counted from 1; 0: it is not on the
// route.
func (r Route) Place(name string) int {
	for place := 1; r != ""; place++ {
		var one string
		if one, r = r.cut(); one == name {
			return place
		}
	}
	return 0
}

// At is the account at a place, counted from 1; "" when there is none.
func (r Route) At(place int) string {
	for ; r != ""; place-- {
		var name string
		if name, r = r.cut(); place == 1 {
			return name
		}
	}
	return ""
}

// Next is the first usable account other than from; "" when there is none.
func (r Route) Next(from string, usable func(name string) bool) string {
	for r != "" {
		var name string
		if name, r = r.cut(); name != from && usable(name) {
			return name
		}
	}
	return ""
}

// With is r with the account at its end, if it is not on the route already.
func (r Route) With(name string) Route {
	switch {
	case r == "":
		return Route(name)
	case r.Has(name):
		return r
	}
	return r + "," + Route(name)
}
