package configs

import (
	"fmt"
	"log/slog"

	"tocsin/providers"
	"tocsin/providers/smpp"
	"tocsin/providers/stub"
)

// Provider makes the provider that p describes; it opens no connection but reads
// the password and certificates. logger may be nil.
func Provider(p ProviderConfig, logger *slog.Logger) (providers.Provider, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	made, err := build(p, logger.With("provider", p.Name))
	if err != nil {
		return nil, fmt.Errorf("set up provider %s: %w", p.Name, err)
	}
	return made, nil
}

func build(p ProviderConfig, logger *slog.Logger) (providers.Provider, error) {
	switch p.Protocol {
	case Stub:
		return stub.New(stub.Config{
			Latency:      p.Latency,
			Rate:         p.Capacity,
			Refuse:       p.Refuse,
			Throttle:     p.Throttle,
			Unknown:      p.Unknown,
			ReceiptDelay: p.ReceiptDelay,
			LoseReceipts: p.LoseReceipts,
			FailReceipts: p.FailReceipts,
			Seed:         p.Seed,
		})
	case SMPP:
		return buildSMPP(p, logger)
	case CMPP:
		return buildCMPP(p, logger)
	case SGIP:
		return buildSGIP(p, logger)
	case SMGP:
		return buildSMGP(p, logger)
	case HTTP:
		return buildHTTP(p, logger)
	default:
		return nil, fmt.Errorf("protocol %q is not known", p.Protocol)
	}
}

func buildSMPP(p ProviderConfig, logger *slog.Logger) (providers.Provider, error) {
	c, err := configSMPP(p)
	if err != nil {
		return nil, err
	}
	return smpp.New(smpp.Options{Logger: logger, Config: c})
}

// Broadcaster makes what calls the carrier of p for cell broadcasts; it opens no
// connection but reads the password and certificates.
func Broadcaster(p ProviderConfig) (*smpp.Broadcaster, error) {
	if p.Protocol != SMPP || !p.Broadcast {
		return nil, fmt.Errorf("provider %s is not for broadcasts: write broadcast: true and version: \"5.0\" into its configuration, if the carrier allows it", p.Name)
	}
	c, err := configSMPP(p)
	if err != nil {
		return nil, fmt.Errorf("set up provider %s: %w", p.Name, err)
	}
	return smpp.NewBroadcaster(smpp.Options{Config: c}), nil
}

// configSMPP is the account that p describes.
func configSMPP(p ProviderConfig) (none smpp.Config, err error) {
	password, err := p.Password.Read()
	if err != nil {
		return none, err
	}
	encryption, err := p.TLS.Client()
	if err != nil {
		return none, err
	}
	return smpp.Config{
		Address:         p.Address,
		SystemID:        p.SystemID,
		Password:        password.Reveal(),
		SystemType:      p.SystemType,
		Bind:            p.Bind,
		ReceiptIDs:      receiptIDs[p.ReceiptIDs],
		Connections:     p.Connections,
		Window:          p.Window,
		Batch:           p.Batch,
		Five:            p.Version == "5.0",
		Sender:          p.Sender,
		TLS:             encryption,
		EnquireLink:     p.EnquireLink,
		ResponseTimeout: p.ResponseTimeout,
	}, nil
}

// Routes makes the routes of c with what its files of prefixes and ported numbers say
// now. What is read later changes nothing in them.
func Routes(c *Config) (*providers.Routes, error) {
	numbering, err := c.NumberFiles().Numbering()
	if err != nil {
		return nil, err
	}
	return providers.NewRoutes(rules(c), numbering)
}

// Fallbacks makes the policies of the routes of c.
func Fallbacks(c *Config) (providers.Fallbacks, error) { return providers.NewFallbacks(rules(c)) }

func rules(c *Config) []providers.Rule {
	all := make([]providers.Rule, len(c.Routes))
	for i, r := range c.Routes {
		all[i] = providers.Rule{Carrier: r.Carrier, Prefix: r.Prefix, To: r.To, Fallback: r.Fallback.policy()}
	}
	return all
}
