package dispatcher

// pace makes the lines keep to the rates that people have set.
func (d *Dispatcher) pace() {
	for _, l := range d.lines {
		if l.SetRate == nil {
			continue
		}
		rate := l.Rate
		if told := d.ledger.Provider(l.Name).Rate; told > 0 {
			rate = float64(told)
		}
		if rate != l.rate {
			d.log.Info("provider's rate is changed", "provider", l.Name, "segments_per_second", rate)
			l.setRate(rate)
		}
	}
}
