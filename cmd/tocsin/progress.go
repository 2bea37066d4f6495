package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sys/unix"

	"tocsin/dispatcher/ledger"
)

// A progress shows how far a campaign is: a bar where there is a terminal, a line
// every few seconds where there is none, nothing when quiet.
type progress struct {
	out   io.Writer
	quiet bool
	say   *words
}

// How often a line is written where there is no terminal: often at first, for the
// many campaigns that take seconds, then seldom enough for a log.
const (
	linesAtFirst = 5
	lineFirst    = time.Second
	lineEvery    = 5 * time.Second
)

// watch shows tally until ctx ends. planned is how many recipients there are.
func (p progress) watch(ctx context.Context, planned int, tally func() ledger.Tally) {
	if p.quiet || planned == 0 {
		return
	}
	if wide(p.out) {
		p.bar(ctx, planned, tally)
		return
	}
	start := time.Now()
	tick := time.NewTicker(lineFirst)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			fmt.Fprintf(p.out, "%5.0fs  %s\n", time.Since(start).Seconds(), p.counts(tally()))
			if n == linesAtFirst {
				tick.Reset(lineEvery)
			}
		}
	}
}

// wide reports whether out is a terminal that has room for a bar: those of some
// build servers say that they have no width.
func wide(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) || os.Getenv("TERM") == "dumb" {
		return false
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil && size.Col > 0
}

func (p progress) bar(ctx context.Context, planned int, tally func() ledger.Tally) {
	var last atomic.Pointer[ledger.Tally] // the bar is drawn by a goroutine of its own
	last.Store(&ledger.Tally{})
	start := time.Now()
	bars := mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
	bar := bars.AddBar(int64(planned),
		mpb.PrependDecorators(decor.CountersNoUnit(p.say.Settled, decor.WCSyncWidth)),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(decor.Statistics) string {
			t := last.Load()
			done := t.Recipients.Sum() - t.Waiting - t.Offered
			return fmt.Sprintf(" | %.0f/s | %s", float64(done)/max(time.Since(start).Seconds(), 0.001), p.counts(*t))
		})),
	)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	show := func() {
		t := tally()
		last.Store(&t)
		bar.SetCurrent(int64(t.Delivered + t.Failed + t.Expired + t.Cancelled))
	}
	for ctx.Err() == nil {
		show()
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	show()
	bar.Abort(false)
	bars.Wait()
}

// counts names the states that hold somebody.
func (p progress) counts(t ledger.Tally) string {
	text := ""
	for _, s := range []struct {
		name string
		n    int
	}{
		{p.say.Waiting, t.Waiting},
		{p.say.Offered, t.Offered},
		{p.say.InDoubt, t.InDoubt},
		{p.say.Accepted, t.Accepted},
		{p.say.Delivered, t.Delivered},
		{p.say.Failed, t.Failed},
		{p.say.Expired, t.Expired},
		{p.say.Cancelled, t.Cancelled},
	} {
		if s.n > 0 {
			if text != "" {
				text += " · "
			}
			text += fmt.Sprintf("%s %d", s.name, s.n)
		}
	}
	return text
}
