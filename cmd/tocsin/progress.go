package main

import (
	"context"
	"fmt"
	"io"
	"os"
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
	// receipts says that a recipient is settled by a receipt; without, by the
	// carrier's answer.
	receipts bool
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
	speed := newSpeed(tally(), time.Now())
	start := time.Now()
	tick := time.NewTicker(lineFirst)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		t := tally()
		fmt.Fprintf(p.out, "%6.1fs  %s  %s\n", time.Since(start).Seconds(), speed.words(p.say, t, time.Now()), p.counts(t))
		if ctx.Err() != nil {
			return
		}
		if n == linesAtFirst {
			tick.Reset(lineEvery)
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
	speed := newSpeed(tally(), time.Now())
	bars := mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
	bar := bars.AddBar(int64(planned),
		mpb.PrependDecorators(decor.CountersNoUnit(p.say.Settled, decor.WCSyncWidth)),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(decor.Statistics) string {
			t := tally()
			return fmt.Sprintf(" | %s | %s", speed.words(p.say, t, time.Now()), p.counts(t))
		})),
	)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		bar.SetCurrent(int64(p.settled(tally())))
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	bar.SetCurrent(int64(p.settled(tally())))
	bar.Abort(false)
	bars.Wait()
}

// settled is how many recipients nothing more is awaited for.
func (p progress) settled(t ledger.Tally) int {
	n := t.Delivered + t.Failed + t.Expired + t.Cancelled
	if !p.receipts {
		n += t.Accepted
	}
	return n
}

// A speed is how fast recipients leave, from when somebody began to look: what a
// run before this one sent is no speed of this one.
type speed struct {
	gone int
	at   time.Time
}

func newSpeed(t ledger.Tally, now time.Time) speed {
	return speed{t.Sum() - t.Waiting - t.Offered, now}
}

// words are the speed, and how long it will take to send the rest.
func (s speed) words(say *words, t ledger.Tally, now time.Time) string {
	waiting := t.Waiting + t.Offered
	rate := float64(t.Sum()-waiting-s.gone) / max(now.Sub(s.at).Seconds(), 0.001)
	text := fmt.Sprintf("%.0f/s", rate)
	if waiting > 0 && rate >= 1 {
		text += " · " + fmt.Sprintf(say.Left, (time.Duration(float64(waiting)/rate)*time.Second+time.Second).String())
	}
	return text
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
