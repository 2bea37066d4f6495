package providertest_test

import (
	"net"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/cmpp"
	"tocsin/providers/providertest"
	"tocsin/providers/simulator"
	"tocsin/providers/sms/smstest"
)

func TestCMPP(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		name   string
		config cmpp.Config
	}{
		{"3.0 one by one", cmpp.Config{Version: cmpp.V30, Connections: 1, Window: 10, Batch: 1}},
		{"3.0 in batches over two connections", cmpp.Config{Version: cmpp.V30, Connections: 2, Window: 10, Batch: 99}},
		{"2.0", cmpp.Config{Version: cmpp.V20, Connections: 2, Window: 10, Batch: 99}},
		{"3.0 with numbers without their country code", cmpp.Config{Version: cmpp.V30, Connections: 1, Window: 10, Batch: 50, National: true}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, "cmpp", func(t *testing.T, addr net.Addr, c simulator.Config) providers.Provider {
				config := s.config
				config.Address, config.SourceAddr, config.Password = addr.String(), "900001", "secret"
				config.Timeout = 300 * time.Millisecond
				if c.Latency >= time.Second { // the caller gives up first
					config.Timeout = time.Minute
				}
				p, err := cmpp.New(cmpp.Options{Config: config, Logger: smstest.Logger(t, config.Password)})
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}
