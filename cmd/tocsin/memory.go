package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// How much the heap may grow between collections, in percent. Sending keeps
// little alive and makes much garbage in the embedded Redis: collecting seldom
// saves a quarter of the CPU. Planning keeps the whole audience alive, in large
// pieces that cost nothing to scan: collecting often halves the peak. Measured
// with 900,000 recipients by make bench.
const (
	growSending  = 400
	growPlanning = 35
)

// collect sets how much the heap may grow, unless GOGC says it, and returns the
// way back.
func collect(percent int) (back func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	old := debug.SetGCPercent(percent)
	return func() {
		runtime.GC() // what the audience held does not count towards the next collection
		debug.SetGCPercent(old)
	}
}
