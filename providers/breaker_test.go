package providers

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tocsin/providers/sms"
)

// saying is an airline that answers everything alike, and a Breaker around it.
func saying(trip time.Duration) (*airline, *sms.Ack, *Breaker, *bytes.Buffer) {
	answer := &sms.Ack{Outcome: sms.Taken}
	a := &airline{window: 100, batch: 1, trip: trip, answer: func(*sms.Message) sms.Ack { return *answer }}
	var log bytes.Buffer
	return a, answer, NewBreaker(a, slog.New(slog.NewTextHandler(&log, nil))), &log
}

// offerEvery offers 20 messages each period until d has passed, and is how many of the
// last ones the carrier saw.
func offerEvery(b *Breaker, a *airline, period, d time.Duration) (seen int) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(period) {
		before := len(a.left)
		msgs := texts(20, 1)
		acks := make([]sms.Ack, len(msgs))
		b.Submit(context.Background(), msgs, acks)
		seen = 0
		for _, d := range a.left[before:] {
			seen += d.segments
		}
	}
	return seen
}

func TestTheCircuitOpensForIllnessAndForNothingElse(t *testing.T) {
	for _, c := range []struct {
		name  string
		ack   sms.Ack
		after time.Duration // 0: never
	}{
		{"taken", sms.Ack{Outcome: sms.Taken}, 0},
		{"refused numbers", sms.Ack{Outcome: sms.Refused, Reason: sms.InvalidNumber}, 0},
		{"refused senders", sms.Ack{Outcome: sms.Refused, Reason: sms.BadSender}, 0},
		{"throttled", sms.Ack{Outcome: sms.NotNow, Reason: sms.Throttled}, 0},
		{"not sent", sms.Ack{Outcome: sms.NotSent, Reason: sms.LineDown}, 0},
		{"too late", sms.Ack{Outcome: sms.NotSent, Reason: sms.TooLate}, 0},
		{"system errors", sms.Ack{Outcome: sms.NotNow, Reason: sms.CarrierFault}, 3 * time.Second},
		{"no answers", sms.Ack{Outcome: sms.Unknown, Reason: sms.NoAnswer}, 2 * time.Second},
		{"lines that drop", sms.Ack{Outcome: sms.Unknown, Reason: sms.LineDown}, 2 * time.Second},
		{"a queue that stays full", sms.Ack{Outcome: sms.NotNow, Reason: sms.QueueFull}, 33 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, answer, b, _ := saying(time.Millisecond)
				*answer = c.ack
				if c.after == 0 {
					if seen := offerEvery(b, a, 50*time.Millisecond, 3*time.Minute); seen != 20 || b.Line().Ill {
						t.Errorf("got %d of 20 offered and %+v, want all and no illness", seen, b.Line())
					}
					return
				}
				offerEvery(b, a, 50*time.Millisecond, c.after-1500*time.Millisecond)
				if b.Line().Ill {
					t.Errorf("the carrier is ill already")
				}
				offerEvery(b, a, 50*time.Millisecond, 2*time.Second)
				if l := b.Line(); !l.Ill || l.Up != 0 || !strings.Contains(l.Fault, "ill") {
					t.Errorf("got %+v, want an ill carrier with nothing up", l)
				}
			})
		})
	}
}

func TestOneGoodAnswerInBetweenKeepsTheCircuitClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, answer, b, _ := saying(time.Millisecond)
		for range 60 {
			*answer = sms.Ack{Outcome: sms.NotNow, Reason: sms.CarrierFault}
			offerEvery(b, a, time.Second, 2*time.Second)
			*answer = sms.Ack{Outcome: sms.Taken}
			offerEvery(b, a, time.Second, time.Second)
		}
		if b.Line().Ill {
			t.Errorf("got %+v, want a carrier that is well", b.Line())
		}
	})
}

func TestALineThatIsCutOnceIsNoIllness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, answer, b, _ := saying(time.Millisecond)
		*answer = sms.Ack{Outcome: sms.Unknown, Reason: sms.LineDown}
		for range 50 { // many offers under way end in that instant
			b.Submit(t.Context(), texts(1, 1), make([]sms.Ack, 1))
		}
		if b.Line().Ill {
			t.Errorf("got %+v, want a carrier that is well", b.Line())
		}
	})
}

func TestAnIllCarrierIsTriedWithAFewMessagesLessAndLessAndIsWellByOneAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, answer, b, log := saying(time.Second)
		*answer = sms.Ack{Outcome: sms.Unknown, Reason: sms.NoAnswer}
		offerEvery(b, a, time.Second, 5*time.Second)
		if !b.Line().Ill {
			t.Fatal("the carrier is not ill")
		}
		before := len(a.left)
		offerEvery(b, a, 100*time.Millisecond, 5*time.Minute)
		trials := a.left[before:]
		// After 5, 10, 20 and 30 s, each with a second for the answer.
		if len(trials) < 9 || len(trials) > 13 {
			t.Errorf("got %d trials in 5 minutes, want some 11", len(trials))
		}
		for i, d := range trials {
			if d.segments > Trial {
				t.Errorf("trial %d has %d messages, want %d at most", i, d.segments, Trial)
			}
		}
		*answer = sms.Ack{Outcome: sms.Refused, Reason: sms.InvalidNumber} // an answer is an answer
		offerEvery(b, a, 100*time.Millisecond, 35*time.Second)
		if l := b.Line(); l.Ill || l.Up != 1 || l.Fault != "" {
			t.Errorf("got %+v, want a carrier that is well", l)
		}
		if ill, well := strings.Count(log.String(), "is ill"), strings.Count(log.String(), "is well"); ill != 1 || well != 1 {
			t.Errorf("got %d and %d log lines, want one for each change:\n%s", ill, well, log)
		}
	})
}

func TestWhatIsNotOfferedToAnIllCarrierIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, answer, b, _ := saying(time.Millisecond)
		*answer = sms.Ack{Outcome: sms.NotNow, Reason: sms.CarrierFault}
		offerEvery(b, a, time.Second, 4*time.Second)
		msgs, acks := texts(20, 1), make([]sms.Ack, 20)
		msgs[3].Done = 1
		before := len(a.left)
		b.Submit(t.Context(), msgs, acks)
		for i, ack := range acks {
			if ack.Outcome != sms.NotSent || ack.Reason != sms.LineDown || ack.Done != msgs[i].Done {
				t.Fatalf("got %+v for message %d, want it not sent and its segments remembered", ack, i)
			}
		}
		if len(a.left) != before {
			t.Error("something was offered to an ill carrier")
		}
	})
}

func TestATrialThatPanicsIsABadOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, answer, b, _ := saying(time.Millisecond)
		*answer = sms.Ack{Outcome: sms.NotNow, Reason: sms.CarrierFault}
		offerEvery(b, a, time.Second, 4*time.Second)
		a.answer = func(*sms.Message) sms.Ack { panic("odd") }
		time.Sleep(10 * time.Second)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			b.Submit(t.Context(), texts(1, 1), make([]sms.Ack, 1))
		}()
		a.answer = nil
		if !b.Line().Ill {
			t.Error("the carrier is well by a panic")
		}
		time.Sleep(time.Minute)
		if !b.Line().Trial {
			t.Error("the carrier is never tried again")
		}
		b.Submit(t.Context(), texts(1, 1), make([]sms.Ack, 1))
		if b.Line().Ill {
			t.Error("the carrier is still ill")
		}
	})
}

func TestACarrierThatFailsAFewIsTriedEachSecondForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, answer, b, _ := saying(time.Millisecond)
		*answer = sms.Ack{Outcome: sms.NotNow, Reason: sms.CarrierFault}
		for range 60 {
			b.Submit(t.Context(), texts(3, 1), make([]sms.Ack, 3)) // the same three, again and again
			time.Sleep(500 * time.Millisecond)
		}
		if !b.Line().Ill {
			t.Fatal("the carrier is not ill")
		}
		*answer = sms.Ack{Outcome: sms.Taken}
		before := len(a.left)
		if offerEvery(b, a, 100*time.Millisecond, 1200*time.Millisecond); len(a.left) == before || b.Line().Ill {
			t.Error("others have waited for longer than a second")
		}
	})
}

func TestWhoeverEndsHisWaitSaysNothingOfTheCarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, answer, b, _ := saying(time.Millisecond)
		*answer = sms.Ack{Outcome: sms.Unknown, Reason: sms.NoAnswer}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 10 {
			b.Submit(ctx, texts(1, 1), make([]sms.Ack, 1))
			time.Sleep(time.Second)
		}
		if b.Line().Ill {
			t.Error("the carrier is ill because we went away")
		}
	})
}

func TestTheMetricsShowWhoIsIllAndWhoHasStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		m := NewMetrics(registry)
		a, answer, _, _ := saying(time.Millisecond)
		b := NewBreaker(m.Wrap("ill", a), nil)
		m.WatchCircuit("ill", b)
		m.WatchCircuit("well", NewBreaker(a, nil))
		stopped, err := NewRenewed(func() (Provider, error) { return &quitter{}, nil })
		if err != nil {
			t.Fatal(err)
		}
		m.Wrap("stopped", stopped)
		stopped.Run(t.Context(), nil)
		*answer = sms.Ack{Outcome: sms.NotNow, Reason: sms.CarrierFault}
		offerEvery(b, a, time.Second, 4*time.Second)
		want := `
# HELP tocsin_provider_circuit_open 1 while the carrier is ill and nothing but trials is offered to it.
# TYPE tocsin_provider_circuit_open gauge
tocsin_provider_circuit_open{provider="ill"} 1
tocsin_provider_circuit_open{provider="well"} 0
# HELP tocsin_provider_stopped 1 when the carrier is not called any more: it refuses the credentials.
# TYPE tocsin_provider_stopped gauge
tocsin_provider_stopped{provider="ill"} 0
tocsin_provider_stopped{provider="stopped"} 1
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "tocsin_provider_circuit_open", "tocsin_provider_stopped"); err != nil {
			t.Error(err)
		}
	})
}

func TestARenewedProviderIsMadeAnewForEachRun(t *testing.T) {
	made := 0
	r, err := NewRenewed(func() (Provider, error) {
		made++
		if made == 3 {
			return nil, context.DeadlineExceeded
		}
		return &quitter{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if l := r.Line(); l.Stopped || made != 1 {
		t.Errorf("got %+v and %d made before the first run, want one that has not stopped", l, made)
	}
	for run, want := range []int{1, 2, 3, 4} {
		if err := r.Run(t.Context(), nil); err == nil {
			t.Error("it ended without an error")
		}
		if l := r.Line(); !l.Stopped || l.Fault == "" || made != want {
			t.Errorf("run %d: got %+v and %d made, want it stopped with a word why, and %d", run, l, made, want)
		}
	}
}

// A quitter gives up at once.
type quitter struct{ airline }

func (*quitter) Run(context.Context, sms.ReceiveFunc) error { return context.Canceled }

// free is a provider that costs nothing.
type free struct{}

func (free) Submit(_ context.Context, msgs []sms.Message, acks []sms.Ack) {
	for i := range msgs {
		acks[i] = sms.Ack{Outcome: sms.Taken}
	}
}
func (free) Run(context.Context, sms.ReceiveFunc) error { return nil }
func (free) Line() Line                                 { return Line{Up: 1, Connections: 1, Window: 100, Batch: 100} }

func BenchmarkBreaker(b *testing.B) {
	msgs, acks := texts(60, 1), make([]sms.Ack, 60)
	for name, p := range map[string]Provider{"bare": free{}, "breaker": NewBreaker(free{}, nil)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Submit(b.Context(), msgs, acks)
			}
		})
	}
}
