package providertest_test

import (
	"net"
	"testing"
	"time"

	"tocsin/providers"
	"tocsin/providers/providertest"
	"tocsin/providers/sgip"
	"tocsin/providers/simulator"
	"tocsin/providers/sms/smstest"
)

func TestSGIP(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		name   string
		config sgip.Config
	}{
		{"one by one", sgip.Config{Connections: 1, Window: 10, Batch: 1}},
		{"in batches over two connections", sgip.Config{Connections: 2, Window: 10, Batch: 100}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, "sgip", func(t *testing.T, addr net.Addr, c simulator.Config) providers.Provider {
				config := s.config
				config.Address, config.Login, config.Password, config.Node = addr.String(), "tocsin", "secret", 3053112345
				config.Listen, config.GatewayLogin, config.GatewayPassword = c.DialBack, "smg", "back"
				config.Timeout = 300 * time.Millisecond
				if c.Latency >= time.Second { // the caller gives up first
					config.Timeout = time.Minute
				}
				p, err := sgip.New(sgip.Options{Config: config, Logger: smstest.Logger(t, config.Password)})
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}
