//go:build !faults

// Package fault ends the process, or holds it, at named points, for tests of what happens there.
// Only a program built with the tag faults has any: else nothing is left of it.
//
// There is a point before and after each arrow of a recipient's way: plan, push, claim,
// intent, outcome, receipt and fold.
package fault

import "time"

// Point does nothing; built with the tag faults it ends the process, or holds it, when the environment
// variable FAULT, or HOLD, names the point.
func Point(string) {}

// Now is the wall clock; built with the tag faults it is wrong by the environment
// variable CLOCK.
func Now() time.Time { return time.Now() }
