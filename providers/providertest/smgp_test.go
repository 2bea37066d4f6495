package providertest_test

import (
	"net"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/providertest"
	"tocsin/providers/simulator"
	"tocsin/providers/smgp"
	"tocsin/providers/sms/smstest"
)

func TestSMGP(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		name   string
		config smgp.Config
	}{
		{"one by one", smgp.Config{Connections: 1, Window: 10, Batch: 1}},
		{"in batches over two connections", smgp.Config{Connections: 2, Window: 10, Batch: 100}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, "smgp", func(t *testing.T, addr net.Addr, c simulator.Config) providers.Provider {
				config := s.config
				config.Address, config.ClientID, config.Password = addr.String(), "10000001", "secret"
				config.Timeout = 300 * time.Millisecond
				if c.Latency >= time.Second { // the caller gives up first
					config.Timeout = time.Minute
				}
				p, err := smgp.New(smgp.Options{Config: config, Logger: smstest.Logger(t, config.Password)})
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}
