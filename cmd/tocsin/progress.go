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

	"tocsin/dispatcher/ledger"
)

// A progress shows how far a campaign is: a bar where there is a terminal, a line
// every few seconds where there is none, nothing when quiet.
type progress struct {
	out   io.Writer
	quiet bool
}

// lineEvery is how often a line is written where there is no terminal.
const lineEvery = 5 * time.Second

// watch shows tally until ctx ends. planned is how many recipients there are.
func (p progress) watch(ctx context.Context, planned int, tally func() ledger.Tally) {
	if p.quiet || planned == 0 {
		return
	}
	if f, ok := p.out.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		p.bar(ctx, planned, tally)
		return
	}
	start := time.Now()
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t := tally()
			fmt.Fprintf(p.out, "%5.0fs  %s\n", time.Since(start).Seconds(), counts(t))
		}
	}
}

func (p progress) bar(ctx context.Context, planned int, tally func() ledger.Tally) {
	var last atomic.Pointer[ledger.Tally] // the bar is drawn by a goroutine of its own
	last.Store(&ledger.Tally{})
	start := time.Now()
	bars := mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
	bar := bars.AddBar(int64(planned),
		mpb.PrependDecorators(decor.CountersNoUnit("%d / %d settled", decor.WCSyncWidth)),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(decor.Statistics) string {
			t := last.Load()
			done := t.Recipients.Sum() - t.Waiting - t.Offered
			return fmt.Sprintf(" | %.0f/s | %s", float64(done)/max(time.Since(start).Seconds(), 0.001), counts(*t))
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
func counts(t ledger.Tally) string {
	text := ""
	for _, s := range []struct {
		name string
		n    int
	}{
		{"waiting", t.Waiting},
		{"offered", t.Offered},
		{"in doubt", t.InDoubt},
		{"accepted", t.Accepted},
		{"delivered", t.Delivered},
		{"failed", t.Failed},
		{"expired", t.Expired},
		{"cancelled", t.Cancelled},
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
