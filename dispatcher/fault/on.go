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

var faults, holds atomic.Int64

// Point kills the process, as kill -9 does, at the n-th passing of the point that
// the environment names: FAULT=after-intent:7. HOLD=after-intent:7 stops it there, as kill
// -STOP does, until it gets SIGCONT.
func Point(point string) {
	if n, here := passed(&faults, os.Getenv("FAULT"), point); here && n >= 0 {
		syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	}
	if n, here := passed(&holds, os.Getenv("HOLD"), point); here && n == 0 {
		syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
	}
}

// passed counts a passing of a point, when that is the one that is named, and says how
// many it is past the number behind the name.
func passed(count *atomic.Int64, named, point string) (past int64, here bool) {
	name, number, _ := strings.Cut(named, ":")
	if name != point {
		return 0, false
	}
	n, _ := strconv.ParseInt(number, 10, 64)
	return count.Add(1) - n, true
}

// Now is the wall clock, wrong by the environment variable CLOCK: 2m, -30s. Time that has
// passed is right.
func Now() time.Time {
	wrong, _ := time.ParseDuration(os.Getenv("CLOCK"))
	return time.Now().Add(wrong)
}
