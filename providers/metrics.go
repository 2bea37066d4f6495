package providers

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/providers/sms"
)

// Metrics is what operators watch of all providers. Nothing in it names a person.
type Metrics struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	segments *prometheus.CounterVec
	receipts *prometheus.CounterVec
	incoming *prometheus.CounterVec
	lines    *lines
}

// The label values of attempts.
const (
	accepted = iota
	recipientRejected
	providerError
	timeout
	throttled
	unsent
	outcomes
)

var outcomeLabels = [outcomes]string{"accepted", "recipient_rejected", "provider_error", "timeout", "throttled", "not_sent"}

// The states that a receipt may say, sms.Receipt.State.
var receiptStates = [...]sms.State{sms.Delivered, sms.Failed, sms.Accepted}

// NewMetrics registers the metrics of all providers. It panics when it is called
// twice for one Registerer.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_send_attempts_total", Help: "Messages offered to carriers, by what was answered.",
		}, []string{"provider", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tocsin_send_duration_seconds", Help: "Time from offering messages together to the last of their answers.",
			// From a carrier in the same building to a response timer of 30 s.
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"provider"}),
		segments: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_segments_total", Help: "Segments that carriers took.",
		}, []string{"provider", "encoding"}),
		receipts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receipts_total", Help: "Receipts from carriers that are on disk, by what they say, repetitions included.",
		}, []string{"provider", "status"}),
		incoming: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_incoming_messages_total", Help: "Messages from people that are on disk.",
		}, []string{"provider"}),
		lines: newLines(),
	}
	r.MustRegister(m.attempts, m.duration, m.segments, m.receipts, m.incoming, m.lines)
	return m
}

// codings is one above the largest sms.Coding.
const codings = 16

// Wrap is inner, counted under a name. Each name is wrapped once.
func (m *Metrics) Wrap(name string, inner Provider) *Metered {
	w := &Metered{
		inner: inner, duration: m.duration.WithLabelValues(name), incoming: m.incoming.WithLabelValues(name),
	}
	for _, coding := range [...]sms.Coding{sms.GSM7, sms.ASCII, sms.UCS2, sms.GB} {
		w.segments[coding] = m.segments.WithLabelValues(name, coding.String())
	}
	for i, label := range outcomeLabels {
		w.attempts[i] = m.attempts.WithLabelValues(name, label)
	}
	for i, state := range receiptStates {
		w.receipts[i] = m.receipts.WithLabelValues(name, state.String())
	}
	m.lines.mu.Lock()
	defer m.lines.mu.Unlock()
	m.lines.providers[name] = inner
	return w
}

// WatchRate shows the rate in force of a provider that has one.
func (m *Metrics) WatchRate(name string, p Pacer) {
	m.lines.mu.Lock()
	defer m.lines.mu.Unlock()
	m.lines.pacers[name] = p
}

// WatchCircuit shows whether a provider's carrier is ill.
func (m *Metrics) WatchCircuit(name string, b *Breaker) {
	m.lines.mu.Lock()
	defer m.lines.mu.Unlock()
	m.lines.breakers[name] = b
}

// lines is a prometheus.Collector that looks at every Line and rate at each scrape.
type lines struct {
	up, inFlight, window, rate, circuit, stopped *prometheus.Desc

	mu        sync.Mutex
	providers map[string]Provider
	pacers    map[string]Pacer
	breakers  map[string]*Breaker
}

func newLines() *lines {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"provider"}, nil)
	}
	return &lines{
		up:        desc("tocsin_provider_up", "Connections to the carrier that are logged in."),
		inFlight:  desc("tocsin_provider_inflight", "PDUs sent to the carrier and not answered yet."),
		window:    desc("tocsin_provider_window_messages", "PDUs that may be unanswered at once."),
		rate:      desc("tocsin_provider_rate_limit_segments_per_second", "The rate in force: the cap, less after throttling."),
		circuit:   desc("tocsin_provider_circuit_open", "1 while the carrier is ill and nothing but trials is offered to it."),
		stopped:   desc("tocsin_provider_stopped", "1 when the carrier is not called any more: it refuses the credentials."),
		providers: map[string]Provider{}, pacers: map[string]Pacer{}, breakers: map[string]*Breaker{},
	}
}

// Describe names the metrics.
func (l *lines) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{l.up, l.inFlight, l.window, l.rate, l.circuit, l.stopped} {
		ch <- d
	}
}

// Collect reads them.
func (l *lines) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gauge := func(d *prometheus.Desc, value float64, name string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, name)
	}
	for name, p := range l.providers {
		line := p.Line()
		gauge(l.up, float64(line.Up), name)
		gauge(l.inFlight, float64(line.InFlight), name)
		gauge(l.window, float64(line.Window), name)
		gauge(l.stopped, yes(line.Stopped), name)
	}
	for name, p := range l.pacers {
		gauge(l.rate, p.Rate(), name)
	}
	for name, b := range l.breakers {
		gauge(l.circuit, yes(b.Line().Ill), name)
	}
}

func yes(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
