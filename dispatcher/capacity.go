package dispatcher

import (
	"context"
	"fmt"
	"time"

	"tocsin/dispatcher/ledger"
)

// A Pace is how a line keeps to its rate. Its methods may be called from several
// goroutines.
type Pace interface {
	// Rate is what is in force, in segments per second; 0: no limit.
	Rate() float64
	// Cuts is how often the carrier's complaints have cut it so far.
	Cuts() int64
	// Begin lets it be so many segments per second now, if that is less; it creeps back.
	Begin(segmentsPerSecond float64)
}

const (
	meterEvery = 100 * time.Millisecond
	meterLooks = 10 // a second: carriers count by the second, and the cut's hold is one
)

// A meter sees what a carrier took in the second before it complained: its real
// capacity, if it was kept busy all that second.
type meter struct {
	took [meterLooks]int64
	at   [meterLooks]time.Time
	n    int
	cuts int64
}

// look is asked each meterEvery. It returns what the carrier took, in segments per
// second, over the last second, and whether it has complained just now; ok is false
// when it was idle for part of that second, so that nothing is learned.
func (m *meter) look(now time.Time, took, cuts int64, rate float64) (perSecond float64, complained, ok bool) {
	k := m.n % meterLooks
	since, before := m.at[k], m.took[k]
	busy := 0
	if m.n >= meterLooks {
		last := before
		for i := 1; i <= meterLooks; i++ {
			next := took
			if i < meterLooks {
				next = m.took[(m.n+i)%meterLooks]
			}
			if next > last {
				busy++
			}
			last = next
		}
	}
	m.took[k], m.at[k] = took, now
	complained = cuts != m.cuts
	m.cuts = cuts
	m.n++
	// A slow line has something in few of the looks.
	if busy == 0 || float64(busy) < min(meterLooks-2, rate*0.8) {
		return 0, complained, false
	}
	return float64(took-before) / now.Sub(since).Seconds(), complained, true
}

// wholeRate is the share of the cap that a carrier has to take in a second to have
// taken all of it: turns are not exact.
const wholeRate = 0.9

// begin lets every pace begin where its carrier's capacity was at this hour of the day.
func (d *Dispatcher) begin(ctx context.Context) error {
	for _, l := range d.lines {
		if l.Pace == nil {
			continue
		}
		took, err := d.ledger.Capacity(ctx, l.Name)
		if err != nil {
			return err
		}
		if took > 0 && float64(took) < l.rate {
			l.measured = true
			l.Pace.Begin(float64(took))
			d.log.Info("the pace begins at what the carrier took at this hour before", "provider", l.Name, "segments_per_second", took)
		}
	}
	return nil
}

// attend sees to what is known of the lines: it measures what carriers take while they
// throttle, and tells the ledger how the lines stand.
func (d *Dispatcher) attend(ctx context.Context) error {
	said := map[string]string{}
	for n := 0; ; n++ {
		now := time.Now()
		for _, l := range d.lines {
			if err := d.measure(now, l); err != nil {
				return err
			}
		}
		if n%10 == 0 {
			if err := d.tellLines(said); err != nil {
				return err
			}
		}
		if !sleep(ctx, meterEvery) {
			return nil
		}
	}
}

// measure keeps what a line's carrier took when it has complained, and forgets it when
// the carrier takes everything again.
func (d *Dispatcher) measure(now time.Time, l *line) error {
	if l.Pace == nil || l.Took == nil {
		return nil
	}
	rate := l.Pace.Rate()
	perSecond, complained, ok := l.meter.look(now, l.Took(), l.Pace.Cuts(), rate)
	if !ok {
		return nil
	}
	account := perSecond * float64(d.ledger.Sharers(l.Name)) // each process has about the same part of it
	switch {
	case complained:
		l.measured = true
		if err := d.ledger.Measured(l.Name, int(account+0.5)); err != nil {
			return fmt.Errorf("keep what %s took: %w", l.Name, err)
		}
	case l.measured && rate >= l.rate && account >= wholeRate*l.rate:
		l.measured = false
		if err := d.ledger.Unmeasured(l.Name); err != nil {
			return fmt.Errorf("forget what %s took: %w", l.Name, err)
		}
	}
	return nil
}

// tellLines writes down how lines stand that stand otherwise than said.
func (d *Dispatcher) tellLines(said map[string]string) error {
	var news []ledger.LineState
	for _, l := range d.here() {
		state := l.Provider.Line()
		s := ledger.LineState{Provider: l.Name, State: ledger.LineDown, Fault: state.Fault}
		switch {
		case d.stopped(l.Name) != nil:
			s.State, s.Fault = ledger.LineStopped, d.stopped(l.Name).Error()
		case state.Ill:
			s.State = ledger.LineIll
		case state.Up > 0:
			s.State, s.Fault = ledger.LineUp, ""
		}
		if said[l.Name] != s.State {
			said[l.Name] = s.State
			news = append(news, s)
		}
	}
	if err := d.ledger.NoteLines(news); err != nil {
		return fmt.Errorf("note how the lines stand: %w", err)
	}
	return nil
}
