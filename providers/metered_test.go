package providers

import (
	"context"
	"errors"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tocsin/providers/sms"
)

// scripted answers as it is told and says what it is given.
type scripted struct {
	acks     []sms.Ack
	receipts []sms.Receipt
	incoming []sms.Incoming
}

func (s *scripted) Submit(_ context.Context, _ []sms.Message, acks []sms.Ack) { copy(acks, s.acks) }

func (s *scripted) Run(_ context.Context, receive sms.ReceiveFunc) error {
	return receive(s.receipts, s.incoming)
}

func (s *scripted) Line() Line { return Line{Up: 2, Connections: 3, InFlight: 7, Window: 30} }

func TestMeteredCounts(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics := NewMetrics(registry)
	s := &scripted{
		acks: []sms.Ack{
			{Outcome: sms.Taken, Done: 0b1},
			{Outcome: sms.Taken, Done: 0b111},
			{Outcome: sms.Refused, Reason: sms.InvalidNumber},
			{Outcome: sms.Refused, Reason: sms.Blocked},
			{Outcome: sms.Refused, Reason: sms.BadSender},
			{Outcome: sms.Unknown, Reason: sms.NoAnswer},
			{Outcome: sms.NotNow, Reason: sms.Throttled, Done: 0b1},
			{Outcome: sms.NotNow, Reason: sms.CarrierFault},
			{Outcome: sms.NotSent, Reason: sms.LineDown},
		},
		receipts: []sms.Receipt{{State: sms.Delivered}, {State: sms.Delivered}, {State: sms.Failed}, {State: sms.Accepted}},
		incoming: make([]sms.Incoming, 3),
	}
	p := metrics.Wrap("mobile", s)
	metrics.Wrap("unicom", &scripted{})
	metrics.WatchRate("mobile", &metronome{rate: 300})

	msgs := texts(len(s.acks), 1)
	msgs[1].Content.Segments, msgs[1].Done, msgs[1].Content.Coding = 3, 0b1, sms.UCS2 // two of three are new
	msgs[6].Content.Segments = 2                                                      // one of two was taken
	acks := make([]sms.Ack, len(msgs))
	p.Submit(t.Context(), msgs, acks)
	p.Submit(t.Context(), nil, nil)
	if diff := cmp.Diff(s.acks, acks); diff != "" {
		t.Errorf("the answers were changed:\n%s", diff)
	}
	broken := errors.New("disk full")
	if err := p.Run(t.Context(), func([]sms.Receipt, []sms.Incoming) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if err := p.Run(t.Context(), func([]sms.Receipt, []sms.Incoming) error { return nil }); err != nil {
		t.Error(err)
	}
	if got := p.Line(); got != s.Line() {
		t.Errorf("got %v, want %v", got, s.Line())
	}

	want := `
# HELP tocsin_incoming_messages_total Messages from people that are on disk.
# TYPE tocsin_incoming_messages_total counter
tocsin_incoming_messages_total{provider="mobile"} 3
tocsin_incoming_messages_total{provider="unicom"} 0
# HELP tocsin_provider_inflight PDUs sent to the carrier and not answered yet.
# TYPE tocsin_provider_inflight gauge
tocsin_provider_inflight{provider="mobile"} 7
tocsin_provider_inflight{provider="unicom"} 7
# HELP tocsin_provider_rate_limit_segments_per_second The rate in force: the cap, less after throttling.
# TYPE tocsin_provider_rate_limit_segments_per_second gauge
tocsin_provider_rate_limit_segments_per_second{provider="mobile"} 300
# HELP tocsin_provider_up Connections to the carrier that are logged in.
# TYPE tocsin_provider_up gauge
tocsin_provider_up{provider="mobile"} 2
tocsin_provider_up{provider="unicom"} 2
# HELP tocsin_provider_window_messages PDUs that may be unanswered at once.
# TYPE tocsin_provider_window_messages gauge
tocsin_provider_window_messages{provider="mobile"} 30
tocsin_provider_window_messages{provider="unicom"} 30
# HELP tocsin_receipts_total Receipts from carriers that are on disk, by what they say, repetitions included.
# TYPE tocsin_receipts_total counter
tocsin_receipts_total{provider="mobile",status="accepted"} 1
tocsin_receipts_total{provider="mobile",status="delivered"} 2
tocsin_receipts_total{provider="mobile",status="failed"} 1
tocsin_receipts_total{provider="unicom",status="accepted"} 0
tocsin_receipts_total{provider="unicom",status="delivered"} 0
tocsin_receipts_total{provider="unicom",status="failed"} 0
# HELP tocsin_segments_total Segments that carriers took.
# TYPE tocsin_segments_total counter
tocsin_segments_total{encoding="ASCII",provider="mobile"} 0
tocsin_segments_total{encoding="ASCII",provider="unicom"} 0
tocsin_segments_total{encoding="GB 18030",provider="mobile"} 0
tocsin_segments_total{encoding="GB 18030",provider="unicom"} 0
tocsin_segments_total{encoding="GSM-7",provider="mobile"} 2
tocsin_segments_total{encoding="GSM-7",provider="unicom"} 0
tocsin_segments_total{encoding="UCS-2",provider="mobile"} 2
tocsin_segments_total{encoding="UCS-2",provider="unicom"} 0
# HELP tocsin_send_attempts_total Messages offered to carriers, by what was answered.
# TYPE tocsin_send_attempts_total counter
tocsin_send_attempts_total{outcome="accepted",provider="mobile"} 2
tocsin_send_attempts_total{outcome="accepted",provider="unicom"} 0
tocsin_send_attempts_total{outcome="not_sent",provider="mobile"} 1
tocsin_send_attempts_total{outcome="not_sent",provider="unicom"} 0
tocsin_send_attempts_total{outcome="provider_error",provider="mobile"} 2
tocsin_send_attempts_total{outcome="provider_error",provider="unicom"} 0
tocsin_send_attempts_total{outcome="recipient_rejected",provider="mobile"} 2
tocsin_send_attempts_total{outcome="recipient_rejected",provider="unicom"} 0
tocsin_send_attempts_total{outcome="throttled",provider="mobile"} 1
tocsin_send_attempts_total{outcome="throttled",provider="unicom"} 0
tocsin_send_attempts_total{outcome="timeout",provider="mobile"} 1
tocsin_send_attempts_total{outcome="timeout",provider="unicom"} 0
`
	names := []string{
		"tocsin_incoming_messages_total", "tocsin_provider_inflight", "tocsin_provider_rate_limit_segments_per_second",
		"tocsin_provider_up", "tocsin_provider_window_messages", "tocsin_receipts_total", "tocsin_segments_total", "tocsin_send_attempts_total",
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "tocsin_send_duration_seconds"); err != nil || n != 2 {
		t.Errorf("got %d histograms, %v, want one for each provider", n, err)
	}
}

func TestPromtoolFindsNothingToSay(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: the metrics' names are not checked")
	}
	registry := prometheus.NewRegistry()
	metrics := NewMetrics(registry)
	metrics.Wrap("mobile", &scripted{})
	metrics.WatchRate("mobile", &metronome{rate: 300})
	scrape := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(scrape.Body.String(), "tocsin_send_duration_seconds_bucket") {
		t.Fatalf("got the scrape %q, want the histogram in it", scrape.Body)
	}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = scrape.Body
	if said, err := check.CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("got %v:\n%s", err, said)
	}
}

func TestMeteredAllocatesNothing(t *testing.T) {
	s := &still{}
	p := NewMetrics(prometheus.NewRegistry()).Wrap("mobile", s)
	msgs := texts(1000, 1)
	acks := make([]sms.Ack, len(msgs))
	ctx := t.Context()
	if got := testing.AllocsPerRun(100, func() { p.Submit(ctx, msgs, acks) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
