//go:build !faults

// Package fault ends the process at named points, for tests of what a crash there costs.
// Only a program built with the tag faults has any: else nothing is left of it.
//
// There is a point before and after each arrow of a recipient's way: plan, push, claim,
// intent, outcome, receipt and fold.
package fault

import "time"

// Point does nothing; built with the tag faults it ends the process when the environment
// variable FAULT names the point.
func Point(string) {}

// Now is the wall clock; built with the tag faults it is wrong by the environment
// variable CLOCK.
func Now() time.Time { return time.Now() }
