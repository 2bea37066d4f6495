package providertest_test

import (
	"net"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/providertest"
	"tocsin/providers/simulator"
	"tocsin/providers/smpp"
	"tocsin/providers/sms/smstest"
)

func TestSMPP(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		name   string
		config smpp.Config
	}{
		{"one by one", smpp.Config{Connections: 1, Window: 10, Batch: 1}},
		{"in batches over two connections", smpp.Config{Connections: 2, Window: 10, Batch: 100}},
		{"transmitter and receiver apart", smpp.Config{Connections: 1, Window: 10, Batch: 100, Bind: "separate"}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, "smpp", func(t *testing.T, addr net.Addr, c simulator.Config) providers.Provider {
				config := s.config
				config.Address, config.SystemID, config.Password = addr.String(), "tocsin", "secret"
				config.ResponseTimeout = 300 * time.Millisecond
				if c.Latency >= time.Second { // the caller gives up first
					config.ResponseTimeout = time.Minute
				}
				p, err := smpp.New(smpp.Options{Config: config, Logger: smstest.Logger(t, config.Password)})
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}
