package dispatcher

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/queue"
	"tocsin/providers/sms"
)

// Metrics is what operators watch of the dispatcher. Nothing in it names a
// person.
type Metrics struct {
	receipts *prometheus.CounterVec
	delay    *prometheus.HistogramVec
	commits  prometheus.Counter
	commit   prometheus.Histogram
	orphans  prometheus.Counter
	replies  *prometheus.CounterVec
	registry prometheus.Registerer
}

// NewMetrics registers the dispatcher's metrics; those of each provider begin at 0.
func NewMetrics(r prometheus.Registerer, names []string) *Metrics {
	m := &Metrics{
		registry: r,
		receipts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receipts_settled_total", Help: "Receipts by what became of them in the ledger.",
		}, []string{"provider", "result"}),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tocsin_receipt_delay_seconds", Help: "Time from offer to receipt, the mean of each batch of receipts.",
			Buckets: []float64{1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400},
		}, []string{"provider"}),
		orphans: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tocsin_orphan_receipts_total", Help: "Receipts that found no recipient when they came.",
		}),
		replies: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_replies_total", Help: "Messages from people by what they mean.",
		}, []string{"meaning"}),
		commits: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tocsin_ledger_commits_total", Help: "Transactions of the ledger.",
		}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_ledger_commit_duration_seconds", Help: "How long a transaction of the ledger takes.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
	}
	r.MustRegister(m.receipts, m.delay, m.orphans, m.replies, m.commits, m.commit)
	for _, meaning := range []string{campaigns.OptOut, campaigns.OptIn, campaigns.Answer, campaigns.Other} {
		m.replies.WithLabelValues(meaning)
	}
	for _, name := range names {
		m.delay.WithLabelValues(name)
		for _, result := range receiptResults {
			m.receipts.WithLabelValues(name, result)
		}
	}
	return m
}

var receiptResults = []string{"delivered", "failed", "intermediate", "repeated", "orphan"}

// Committed counts one transaction; it is made to be ledger.Options.Commit.
func (m *Metrics) Committed(d time.Duration, _ int) {
	m.commits.Inc()
	m.commit.Observe(d.Seconds())
}

func (m *Metrics) received(provider string, got ledger.Received) {
	for i, n := range []int{got.Delivered, got.Failed, got.Intermediate, got.Repeated, got.Orphans} {
		if n > 0 {
			m.receipts.WithLabelValues(provider, receiptResults[i]).Add(float64(n))
		}
	}
	m.orphans.Add(float64(got.Orphans))
	for meaning, n := range got.Incoming {
		m.replies.WithLabelValues(meaning).Add(float64(n))
	}
	if n := got.Delivered + got.Failed + got.Intermediate; n > 0 {
		m.delay.WithLabelValues(provider).Observe((got.Delay / time.Duration(n)).Seconds())
	}
}

// Watch adds what is read from ledger and queue at each scrape.
func (m *Metrics) Watch(l *ledger.Ledger, q *queue.Queue) { m.registry.MustRegister(&watch{l, q}) }

// watch is a prometheus.Collector.
type watch struct {
	ledger *ledger.Ledger
	queue  *queue.Queue
}

// maxCampaigns bounds the campaigns that have a label of their own.
const maxCampaigns = 50

var (
	recipientsDesc = prometheus.NewDesc("tocsin_campaign_recipients", "Recipients of a campaign that is not finished, by state.", []string{"campaign", "state"}, nil)
	pagesDesc      = prometheus.NewDesc("tocsin_pages", "Pages of campaigns that are not finished.", []string{"state"}, nil)
	imbalanceDesc  = prometheus.NewDesc("tocsin_imbalance", "Recipients more or fewer than planned: must be 0.", nil, nil)
	doubtDesc      = prometheus.NewDesc("tocsin_recipients_in_doubt", "Recipients in doubt, over all campaigns.", nil, nil)
	orphansDesc    = prometheus.NewDesc("tocsin_orphan_receipts", "Receipts kept that found no recipient.", nil, nil)
	ledgerDesc     = prometheus.NewDesc("tocsin_ledger_up", "1 while the ledger can be written.", nil, nil)
	redisDesc      = prometheus.NewDesc("tocsin_redis_up", "1 while Redis answers.", nil, nil)
	tasksDesc      = prometheus.NewDesc("tocsin_queue_tasks", "Tasks in a lane.", []string{"lane"}, nil)
)

// Describe names the metrics.
func (w *watch) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{recipientsDesc, pagesDesc, imbalanceDesc, doubtDesc, orphansDesc, ledgerDesc, redisDesc, tasksDesc} {
		ch <- d
	}
}

// Collect reads them.
func (w *watch) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	imbalance, doubt, pages, open, shown := 0, 0, 0, 0, 0
	for _, c := range w.ledger.Campaigns() {
		t := w.ledger.Tally(c.ID)
		imbalance += max(t.Imbalance, -t.Imbalance)
		doubt += t.InDoubt
		if c.State == ledger.Finished || c.State == ledger.Cancelled {
			continue
		}
		pages += t.Pages
		open += t.Open
		if shown++; shown > maxCampaigns {
			continue
		}
		for s, n := range []int{t.Waiting, t.Offered, t.InDoubt, t.Accepted, t.Delivered, t.Failed, t.Expired, t.Cancelled} {
			gauge(recipientsDesc, float64(n), c.Key, sms.State(s).String())
		}
	}
	gauge(imbalanceDesc, float64(imbalance))
	gauge(doubtDesc, float64(doubt))
	gauge(pagesDesc, float64(open), "open")
	gauge(pagesDesc, float64(pages-open), "settling")
	gauge(orphansDesc, float64(w.ledger.Orphans()))
	gauge(ledgerDesc, up(w.ledger.Err() == nil))
	gauge(redisDesc, up(w.queue.Down() == 0))
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for lane, n := range w.queue.Depth(ctx) {
		gauge(tasksDesc, float64(n), lane.Provider+":"+lane.Class.String())
	}
}

func up(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
