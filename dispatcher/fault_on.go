//go:build faults

package dispatcher

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var faults atomic.Int64

// fault kills the process, as kill -9 does, at the n-th passing of the point that
// the environment names: FAULT=after-intent:7.
func fault(point string) {
	name, count, _ := strings.Cut(os.Getenv("FAULT"), ":")
	if name != point {
		return
	}
	n, _ := strconv.ParseInt(count, 10, 64)
	if faults.Add(1) >= n {
		syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	}
}
