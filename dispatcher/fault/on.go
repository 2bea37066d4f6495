//go:build faults

package fault

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

var faults atomic.Int64

// Point kills the process, as kill -9 does, at the n-th passing of the point that
// the environment names: FAULT=after-intent:7.
func Point(point string) {
	name, count, _ := strings.Cut(os.Getenv("FAULT"), ":")
	if name != point {
		return
	}
	n, _ := strconv.ParseInt(count, 10, 64)
	if faults.Add(1) >= n {
		syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	}
}

// Now is the wall clock, wrong by the environment variable CLOCK: 2m, -30s. Time that has
// passed is right.
func Now() time.Time {
	wrong, _ := time.ParseDuration(os.Getenv("CLOCK"))
	return time.Now().Add(wrong)
}
