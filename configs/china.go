package configs

import (
	"log/slog"
	"strconv"
	"time"

	"tocsin/providers"
	"tocsin/providers/cmpp"
	"tocsin/providers/sgip"
	"tocsin/providers/smgp"
	"tocsin/providers/sms"
)

// Alphabet is what the provider's carrier takes texts in.
func (p *ProviderConfig) Alphabet() sms.Alphabet {
	switch {
	case p.Protocol == HTTP && p.Text == "ucs2":
		return sms.Wide
	case p.Protocol != CMPP && p.Protocol != SGIP && p.Protocol != SMGP:
		return sms.GSM
	case p.Text == "gb18030":
		return sms.OctetsGB
	}
	return sms.Octets
}

// Alphabets says what the first provider of a route takes texts in.
func (c *Config) Alphabets() func(route sms.Route) sms.Alphabet {
	by := map[string]sms.Alphabet{}
	for i := range c.Providers {
		by[c.Providers[i].Name] = c.Providers[i].Alphabet()
	}
	return func(route sms.Route) sms.Alphabet {
		return by[route.First()]
	}
}

// Signed says whether a carrier among a route's providers puts the signature in front of
// texts itself.
func (c *Config) Signed() func(route sms.Route) bool {
	signs := map[string]bool{}
	for i := range c.Providers {
		signs[c.Providers[i].Name] = c.Providers[i].CarrierSigns
	}
	return func(route sms.Route) bool {
		for name := range route.Names() {
			if signs[name] {
				return true
			}
		}
		return false
	}
}

// field checks one text of a fixed size.
func field(d *document, path, key, name, value string, least, most int) error {
	switch {
	case value == "" && least > 0:
		return d.at(path, "provider %s has no %s: write it as the carrier says", name, key)
	case len(value) < least || len(value) > most || !printable(value):
		return d.at(path+"."+key, "%s of provider %s: at most %d ASCII characters", key, name, most)
	}
	return nil
}

// validateChina checks what China's protocols share.
func validateChina(p *ProviderConfig, path string, d *document, mostBatch int) error {
	switch {
	case p.Text != "ucs2" && p.Text != "gb18030":
		return d.at(path+".text", "text %q is not known: ucs2, or gb18030 where the carrier wants Chinese so", p.Text)
	case p.Batch > mostBatch:
		return d.at(path+".batch", "batch of provider %s is %d: %s takes 1 to %d numbers in one request", p.Name, p.Batch, p.Protocol, mostBatch)
	case p.FeeCode != "" && !digits(p.FeeCode, 6):
		return d.at(path+".fee_code", "fee_code of provider %s: at most 6 digits, in cents", p.Name)
	case p.Sender != "" && !digits(p.Sender, maxSender):
		return d.at(path+".sender", "sender of provider %s: at most %d digits, the number the carrier gave", p.Name, maxSender)
	}
	return nil
}

func digits(s string, most int) bool {
	if len(s) > most {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func validateCMPP(p *ProviderConfig, path string, d *document) error {
	if err := validateChina(p, path, d, cmpp.MaxBatch); err != nil {
		return err
	}
	for _, f := range []struct {
		key, value  string
		least, most int
	}{{"source_addr", p.SourceAddr, 1, 6}, {"msg_src", p.MsgSrc, 0, 6}, {"service_id", p.ServiceID, 0, 10}} {
		if err := field(d, path, f.key, p.Name, f.value, f.least, f.most); err != nil {
			return err
		}
	}
	switch {
	case p.Version != "2.0" && p.Version != "3.0":
		return d.at(path+".version", "version %q of provider %s is not spoken: write \"2.0\" or \"3.0\", in quotes", p.Version, p.Name)
	case p.FeeUserType < 0 || p.FeeUserType > 3:
		return d.at(path+".fee_user_type", "fee_user_type of provider %s is %d: it must be 0 to 3", p.Name, p.FeeUserType)
	case p.FeeType != "" && (len(p.FeeType) != 2 || !digits(p.FeeType, 2)):
		return d.at(path+".fee_type", "fee_type of provider %s: two digits, in quotes, for example \"01\" for free", p.Name)
	}
	return span(d, path, "active_test", p.Name, p.ActiveTest, time.Second, time.Hour)
}

func validateSMGP(p *ProviderConfig, path string, d *document) error {
	if err := validateChina(p, path, d, smgp.MaxBatch); err != nil {
		return err
	}
	for _, f := range []struct {
		key, value  string
		least, most int
	}{{"client_id", p.ClientID, 1, 8}, {"service_id", p.ServiceID, 0, 10}} {
		if err := field(d, path, f.key, p.Name, f.value, f.least, f.most); err != nil {
			return err
		}
	}
	if p.FeeType != "" && (len(p.FeeType) != 2 || !digits(p.FeeType, 2)) {
		return d.at(path+".fee_type", "fee_type of provider %s: two digits, in quotes, for example \"00\" for free", p.Name)
	}
	return span(d, path, "active_test", p.Name, p.ActiveTest, time.Second, time.Hour)
}

func validateSGIP(p *ProviderConfig, path string, d *document) error {
	if err := validateChina(p, path, d, sgip.MaxBatch); err != nil {
		return err
	}
	for _, f := range []struct {
		key, value  string
		least, most int
	}{{"login", p.Login, 1, 16}, {"corp_id", p.CorpID, 1, 5}, {"service_type", p.ServiceType, 0, 10}, {"gateway_login", p.GatewayLogin, 0, 16}} {
		if err := field(d, path, f.key, p.Name, f.value, f.least, f.most); err != nil {
			return err
		}
	}
	switch {
	case p.Node/1e9 != 3:
		return d.at(path+".node", "node of provider %s: 3, the area code and the company's code, ten digits, as the carrier says", p.Name)
	case p.Packet < 512 || p.Packet > 4096:
		return d.at(path+".packet", "packet of provider %s is %d: it must be 512 to 4096 octets", p.Name, p.Packet)
	case p.FeeType != "" && (len(p.FeeType) != 1 || p.FeeType > "4"):
		return d.at(path+".fee_type", "fee_type of provider %s: 0 to 4", p.Name)
	case p.Listen == "" && !p.GatewayPassword.IsZero():
		return d.at(path+".gateway_password", "gateway_password of provider %s is for the calls of the gateway: write listen: HOST:PORT too", p.Name)
	case p.Listen == "":
		return nil
	}
	if why := address(p.Listen, true); why != "" {
		return d.at(path+".listen", "listen of provider %s: %s: write HOST:PORT, for example 127.0.0.1:8801", p.Name, why)
	}
	return secret(p.GatewayPassword, "gateway_password", p.Name, path, d)
}

func buildCMPP(p ProviderConfig, logger *slog.Logger) (providers.Provider, error) {
	password, err := p.Password.Read()
	if err != nil {
		return nil, err
	}
	version := cmpp.V30
	if p.Version == "2.0" {
		version = cmpp.V20
	}
	return cmpp.New(cmpp.Options{Logger: logger, Config: cmpp.Config{
		Address: p.Address, Version: version, SourceAddr: p.SourceAddr, Password: password.Reveal(), ServiceID: p.ServiceID,
		MsgSrc: p.MsgSrc, FeeUserType: byte(p.FeeUserType), FeeType: p.FeeType, FeeCode: p.FeeCode, Connections: p.Connections,
		Window: p.Window, Batch: p.Batch, Sender: p.Sender, National: p.National, BatchReports: p.BatchReports,
		ActiveTest: p.ActiveTest, Timeout: p.ResponseTimeout, CarrierSigns: p.CarrierSigns,
	}})
}

func buildSMGP(p ProviderConfig, logger *slog.Logger) (providers.Provider, error) {
	password, err := p.Password.Read()
	if err != nil {
		return nil, err
	}
	return smgp.New(smgp.Options{Logger: logger, Config: smgp.Config{
		Address: p.Address, ClientID: p.ClientID, Password: password.Reveal(), ServiceID: p.ServiceID, FeeType: p.FeeType,
		FeeCode: p.FeeCode, Connections: p.Connections, Window: p.Window, Batch: p.Batch, Sender: p.Sender, National: p.National,
		ActiveTest: p.ActiveTest, Timeout: p.ResponseTimeout, CarrierSigns: p.CarrierSigns,
	}})
}

func buildSGIP(p ProviderConfig, logger *slog.Logger) (providers.Provider, error) {
	password, err := p.Password.Read()
	if err != nil {
		return nil, err
	}
	c := sgip.Config{
		Address: p.Address, Login: p.Login, Password: password.Reveal(), Node: p.Node, CorpID: p.CorpID, ServiceType: p.ServiceType,
		FeeType: 1, FeeValue: p.FeeCode, Connections: p.Connections, Window: p.Window, Batch: p.Batch, Packet: p.Packet,
		Sender: p.Sender, Listen: p.Listen, GatewayLogin: p.GatewayLogin, Timeout: p.ResponseTimeout,
		CarrierSigns: p.CarrierSigns,
	}
	if n, err := strconv.Atoi(p.FeeType); err == nil {
		c.FeeType = byte(n)
	}
	if p.Listen != "" {
		back, err := p.GatewayPassword.Read()
		if err != nil {
			return nil, err
		}
		c.GatewayPassword = back.Reveal()
	}
	return sgip.New(sgip.Options{Logger: logger, Config: c})
}
