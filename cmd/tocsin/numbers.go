package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/configs"
)

// hangups tells of SIGHUP, at which the files of numbers are read again, until stop.
func hangups() (again <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// numberGauges show how the files of prefixes and ported numbers stand.
type numberGauges struct {
	numbers        *configs.Numbers
	ok, rows, read *prometheus.Desc
}

func newNumberGauges(n *configs.Numbers) *numberGauges {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("tocsin_number_file_"+name, help, []string{"file"}, nil)
	}
	return &numberGauges{
		n, desc("ok", "1 when the file of numbers is in force as it is now; 0: it cannot be used, and what was read before stays."),
		desc("rows", "Rows of the file of numbers in force."),
		desc("read_timestamp_seconds", "When the file of numbers in force was read; 0: it is built in, or there is none."),
	}
}

// Describe is prometheus.Collector's.
func (g *numberGauges) Describe(to chan<- *prometheus.Desc) {
	to <- g.ok
	to <- g.rows
	to <- g.read
}

// Collect is prometheus.Collector's.
func (g *numberGauges) Collect(to chan<- prometheus.Metric) {
	for _, f := range g.numbers.Files() {
		ok, read := 1.0, 0.0
		if f.Err != nil {
			ok = 0
		}
		if !f.Read.IsZero() {
			read = float64(f.Read.UnixMilli()) / 1000
		}
		to <- prometheus.MustNewConstMetric(g.ok, prometheus.GaugeValue, ok, f.Name)
		to <- prometheus.MustNewConstMetric(g.rows, prometheus.GaugeValue, float64(f.Rows), f.Name)
		to <- prometheus.MustNewConstMetric(g.read, prometheus.GaugeValue, read, f.Name)
	}
}
