package providers

import (
	"context"
	"time"

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
	registry prometheus.Registerer
}

// outcomes are the label values of attempts.
const (
	accepted = iota
	recipientRejected
	providerError
	timeout
	throttled
	notSent
	outcomes
)

var outcomeLabels = [outcomes]string{"accepted", "recipient_rejected", "provider_error", "timeout", "throttled", "not_sent"}

var receiptLabels = []string{"delivered", "failed", "accepted"}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		registry: r,
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_send_attempts_total", Help: "Messages offered to carriers, by what was answered.",
		}, []string{"provider", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tocsin_send_duration_seconds", Help: "Time from offering a chunk of messages to its last answer.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"provider"}),
		segments: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_segments_total", Help: "Segments taken by carriers.",
		}, []string{"provider", "encoding"}),
		receipts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receipts_total", Help: "Receipts from carriers, by what they say.",
		}, []string{"provider", "status"}),
		incoming: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_incoming_messages_total", Help: "Messages from people.",
		}, []string{"provider"}),
	}
	r.MustRegister(m.attempts, m.duration, m.segments, m.receipts, m.incoming)
	return m
}

// Wrap makes a provider counted under a name.
func (m *Metrics) Wrap(name string, inner Provider) Provider {
	w := &metered{inner: inner, duration: m.duration.WithLabelValues(name), incoming: m.incoming.WithLabelValues(name)}
	for i, label := range outcomeLabels {
		w.attempts[i] = m.attempts.WithLabelValues(name, label)
	}
	for i, label := range receiptLabels {
		w.receipts[i] = m.receipts.WithLabelValues(name, label)
	}
	w.gsm7, w.ucs2 = m.segments.WithLabelValues(name, sms.GSM7.String()), m.segments.WithLabelValues(name, sms.UCS2.String())
	m.registry.MustRegister(newLineCollector(name, inner))
	return w
}

// metered counts what goes through a Provider.
type metered struct {
	inner      Provider
	attempts   [outcomes]prometheus.Counter
	receipts   [3]prometheus.Counter
	duration   prometheus.Observer
	incoming   prometheus.Counter
	gsm7, ucs2 prometheus.Counter
}

// Submit counts once for the whole call.
func (m *metered) Submit(ctx context.Context, msgs []sms.Message, acks []sms.Ack) {
	start := time.Now()
	m.inner.Submit(ctx, msgs, acks)
	m.duration.Observe(time.Since(start).Seconds())
	var counts [outcomes]int
	var segments [2]int
	for i := range acks {
		k := label(&acks[i])
		counts[k]++
		if k == accepted {
			segments[msgs[i].Content.Coding>>3] += int(msgs[i].Content.Segments)
		}
	}
	for k, n := range counts {
		if n > 0 {
			m.attempts[k].Add(float64(n))
		}
	}
	m.gsm7.Add(float64(segments[0]))
	m.ucs2.Add(float64(segments[1]))
}

func label(a *sms.Ack) int {
	switch a.Outcome {
	case sms.Taken:
		return accepted
	case sms.Unknown:
		return timeout
	case sms.NotSent:
		return notSent
	case sms.NotNow:
		if a.Reason == sms.Throttled || a.Reason == sms.QueueFull {
			return throttled
		}
		return providerError
	}
	if a.Reason == sms.InvalidNumber || a.Reason == sms.Blocked || a.Reason == sms.Unreachable {
		return recipientRejected
	}
	return providerError
}

// Run counts receipts and incoming messages once they are on disk.
func (m *metered) Run(ctx context.Context, receive sms.ReceiveFunc) error {
	return m.inner.Run(ctx, func(receipts []sms.Receipt, incoming []sms.Incoming) error {
		if err := receive(receipts, incoming); err != nil {
			return err
		}
		var counts [3]int
		for i := range receipts {
			switch receipts[i].State {
			case sms.Delivered:
				counts[0]++
			case sms.Failed:
				counts[1]++
			default:
				counts[2]++
			}
		}
		for k, n := range counts {
			if n > 0 {
				m.receipts[k].Add(float64(n))
			}
		}
		m.incoming.Add(float64(len(incoming)))
		return nil
	})
}

// Line is the inner one's.
func (m *metered) Line() Line { return m.inner.Line() }

// lineCollector reads a provider's Line at each scrape.
type lineCollector struct {
	inner                Provider
	up, inFlight, window *prometheus.Desc
}

func newLineCollector(name string, inner Provider) *lineCollector {
	labels := prometheus.Labels{"provider": name}
	return &lineCollector{
		inner:    inner,
		up:       prometheus.NewDesc("tocsin_provider_up", "Connections logged in.", nil, labels),
		inFlight: prometheus.NewDesc("tocsin_provider_inflight", "PDUs sent and not answered.", nil, labels),
		window:   prometheus.NewDesc("tocsin_provider_window_messages", "PDUs that may be unanswered.", nil, labels),
	}
}

// Describe names the metrics.
func (c *lineCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.up
	ch <- c.inFlight
	ch <- c.window
}

// Collect reads them.
func (c *lineCollector) Collect(ch chan<- prometheus.Metric) {
	l := c.inner.Line()
	ch <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, float64(l.Up))
	ch <- prometheus.MustNewConstMetric(c.inFlight, prometheus.GaugeValue, float64(l.InFlight))
	ch <- prometheus.MustNewConstMetric(c.window, prometheus.GaugeValue, float64(l.Window))
}
