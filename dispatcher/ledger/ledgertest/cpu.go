package ledgertest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// tick is the kernel's unit of CPU times: USER_HZ is 100 on every Linux (proc(5)).
const tick = time.Second / 100

// CPU is what the server has used so far: its first process with the children that
// have ended, and those that are at work.
func (p *Postgres) CPU(t testing.TB) time.Duration {
	t.Helper()
	first := p.PID()
	sum, _, err := used(first, true)
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if d, parent, err := used(pid, false); err == nil && parent == first { // or it has just ended
			sum += d
		}
	}
	return sum
}

// used reads /proc/PID/stat (proc(5)): fields 14 and 15 are utime and stime, 16 and
// 17 those of children that have ended, 4 the parent.
func used(pid int, children bool) (d time.Duration, parent int, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The name, field 2, stands in brackets and may hold spaces.
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	value := func(n int) int {
		v, convErr := strconv.Atoi(string(fields[n-3]))
		if convErr != nil {
			err = convErr
		}
		return v
	}
	ticks := value(14) + value(15)
	if children {
		ticks += value(16) + value(17)
	}
	return time.Duration(ticks) * tick, value(4), err
}
