package configs

import (
	"math"
	"time"
)

func validateStub(p *ProviderConfig, path string, d *document) error {
	if err := span(d, path, "latency", p.Name, p.Latency, 0, time.Hour); err != nil {
		return err
	}
	if err := span(d, path, "receipt_delay", p.Name, p.ReceiptDelay, 0, 24*time.Hour); err != nil {
		return err
	}
	for _, s := range []struct {
		key   string
		value float64
	}{
		{"refuse", p.Refuse},
		{"throttle", p.Throttle},
		{"unknown", p.Unknown},
		{"lose_receipts", p.LoseReceipts},
		{"fail_receipts", p.FailReceipts},
	} {
		if s.value < 0 || s.value > 1 || math.IsNaN(s.value) {
			return d.at(path+"."+s.key, "%s of provider %s is %v: it is a share, 0 to 1", s.key, p.Name, s.value)
		}
	}
	if p.Capacity < 0 || p.Capacity > maxRate {
		return d.at(path+".capacity", "capacity of provider %s is %d: it must be 0 (no limit) to %d", p.Name, p.Capacity, maxRate)
	}
	return nil
}
