package main

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/providers"
)

// rateInForce shows what a provider may send now, which is less than its cap
// after the carrier has complained.
func rateInForce(provider string, pacer providers.Pacer) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tocsin_provider_rate_limit_segments_per_second", Help: "Segments per second that may be sent now.",
		ConstLabels: prometheus.Labels{"provider": provider},
	}, pacer.Rate)
}

// buildInfo shows which program runs.
func buildInfo() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tocsin_build_info", Help: "1; the labels say which program runs.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	}, func() float64 { return 1 })
}
