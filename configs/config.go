// Package configs knows the settings of a Tocsin process: where its data is,
// which carriers' accounts it has and which numbers go to which of them. It
// reads them from one YAML file, TOCSIN_ variables and flags, refuses what it
// does not understand with the line it stands on, and builds the providers.
//
// It knows no campaign: definitions of campaigns are files of their own.
package configs

import (
	"errors"
	"time"

	"tocsin/providers"
	"tocsin/providers/httpgw"
	"tocsin/providers/sms"
)

// Config is everything a Tocsin process is told before it starts. Paths written
// in a file are relative to that file's folder; Load makes them whole.
type Config struct {
	// Data is the folder of the ledger.
	Data string `yaml:"data"`
	// Spool is where files are that are needed for a while only.
	Spool SpoolConfig `yaml:"spool"`
	// Ledger names the database; "sqlite" is a file in Data.
	Ledger string `yaml:"ledger"`
	// Queue is "embedded", or the address of a Redis: redis://host:6379/0. It may
	// hold a password: never print it.
	Queue string `yaml:"queue"`
	// Admin is where metrics and health are served, host:port; "off" for nowhere.
	Admin string `yaml:"admin"`
	// Country is the ISO 3166-1 code in whose notation numbers without a country
	// code are read.
	Country string `yaml:"country"`
	// Prefixes is a file of Chinese prefixes and their carriers; "": the built-in table.
	Prefixes string `yaml:"prefixes"`
	// Ported is a file of numbers that moved to another carrier; "" for none.
	Ported string `yaml:"ported"`
	// Tokens is a file of the tokens of the API on the admin listener; "": there is
	// no API.
	Tokens string `yaml:"tokens"`
	// Roles is what tocsin serve does in this process: some of Roles, with commas
	// between; "all" of them.
	Roles string `yaml:"roles"`
	// Machine is this machine's name, for only_on; "": its host name.
	Machine string `yaml:"machine"`

	// Callbacks is where gateways of protocol http call; nil: nowhere.
	Callbacks *CallbacksConfig `yaml:"callbacks"`

	Providers []ProviderConfig `yaml:"providers"`
	Routes    []RouteConfig    `yaml:"routes"`
	// Prices are by provider; a provider without one costs nothing in a plan.
	Prices map[string]Price `yaml:"prices"`
	// Replies says what messages from people mean.
	Replies Replies `yaml:"replies"`

	// File is the path the settings were read from; "" for the built-in ones.
	File string `yaml:"-"`

	numbers *Numbers // what was read of Prefixes and Ported; copies of a Config share it
}

// Defaults is the configuration of a process that was told nothing. It has no
// provider, so that nothing can be sent by accident.
func Defaults() *Config {
	c := &Config{
		Data:    "data",
		Ledger:  "sqlite",
		Queue:   "embedded",
		Admin:   "127.0.0.1:9090",
		Country: "CN",
		Roles:   "all",
	}
	c.numbers = newNumbers(c)
	return c
}

// ErrNoProvider says that there is no carrier's account to send through.
var ErrNoProvider = errors.New("no provider is configured, so nothing can be sent: write providers and routes into tocsin.yaml " +
	"(configs/tocsin.yaml shows every key), or point --config at a file that has them")

// CanSend returns ErrNoProvider when no provider is configured.
func (c *Config) CanSend() error {
	if len(c.Providers) == 0 {
		return ErrNoProvider
	}
	return nil
}

// AdminAddress is where the admin listener listens; ok is false when there
// shall be none.
func (c *Config) AdminAddress() (address string, ok bool) { return c.Admin, c.Admin != "off" }

// Protocols a provider may speak.
const (
	SMPP = "smpp" // SMPP 3.4 or 5.0 over TCP or TLS
	CMPP = "cmpp" // CMPP 2.0 or 3.0: China Mobile
	SGIP = "sgip" // SGIP 1.2: China Unicom
	SMGP = "smgp" // SMGP 3.0: China Telecom
	HTTP = "http" // a gateway over HTTP: Aliyun, Tencent, Twilio, Kannel, or as configured
	Stub = "stub" // no network: answers and receipts are made up in this process
)

// Protocols are all of them.
var Protocols = []string{SMPP, CMPP, SGIP, SMGP, HTTP, Stub}

// ProviderConfig is one account with one carrier. Keys that belong to one
// protocol only are refused for the others.
type ProviderConfig struct {
	// Name is the provider's name in routes, metrics and reports, case kept.
	Name     string `yaml:"name"`
	Protocol string `yaml:"protocol"`
	// Sender is the number or name shown on handsets when the campaign has none.
	Sender string `yaml:"sender"`
	// Rate is the account's contract, in segments per second; 0: no limit.
	Rate int `yaml:"rate"`
	// Floor is the share of the rate that routine campaigns keep while urgent ones are
	// sent, 0 to 0.5; never while an emergency is.
	Floor float64 `yaml:"floor"`
	// Batch is the most recipients in one PDU; 1: one PDU for each.
	Batch int `yaml:"batch"`
	// Window is how many PDUs may be unanswered on one connection.
	Window int `yaml:"window"`
	// Connections is how many are kept up.
	Connections int `yaml:"connections"`
	// OnlyOn are the machines that log in with this account; none: all of them.
	OnlyOn []string `yaml:"only_on"`

	// For all that dial a carrier.

	Address         string        `yaml:"address" for:"smpp cmpp sgip smgp"`               // host:port
	Password        SecretSource  `yaml:"password" for:"smpp cmpp sgip smgp http"`         // {file: …} or {env: …}
	ResponseTimeout time.Duration `yaml:"response_timeout" for:"smpp cmpp sgip smgp http"` // after which an answer is not waited for

	// For smpp.

	SystemID    string        `yaml:"system_id" for:"smpp"`    // the account's name
	SystemType  string        `yaml:"system_type" for:"smpp"`  // as the carrier says; mostly empty
	Bind        string        `yaml:"bind" for:"smpp"`         // transceiver, or separate: transmitter + receiver
	TLS         *TLSConfig    `yaml:"tls" for:"smpp http"`     // {}: TLS with the machine's authorities
	ReceiptIDs  string        `yaml:"receipt_ids" for:"smpp"`  // auto, or decimal or hex where answers are in the other
	EnquireLink time.Duration `yaml:"enquire_link" for:"smpp"` // silence after which the line is tested
	Broadcast   bool          `yaml:"broadcast" for:"smpp"`    // tocsin broadcast may use it; wants version "5.0"

	// For smpp and cmpp.

	Version string `yaml:"version" for:"smpp cmpp"` // smpp: "3.4" or "5.0"; cmpp: "2.0" or "3.0"

	// For China's carriers.

	Text       string        `yaml:"text" for:"cmpp sgip smgp http"` // China: ucs2 or gb18030, of Chinese; gateways: gsm7 or ucs2, how letters count
	ServiceID  string        `yaml:"service_id" for:"cmpp smgp"`     // the service's code
	FeeType    string        `yaml:"fee_type" for:"cmpp sgip smgp"`  // as the carrier says
	FeeCode    string        `yaml:"fee_code" for:"cmpp sgip smgp"`  // cents
	National   bool          `yaml:"national" for:"cmpp smgp"`       // numbers go without their 86
	ActiveTest time.Duration `yaml:"active_test" for:"cmpp smgp"`    // silence after which the line is tested

	// CarrierSigns: the carrier puts the signature in front itself; a text's own is counted
	// and not sent.
	CarrierSigns bool `yaml:"carrier_signs" for:"cmpp sgip smgp"`

	// For cmpp.

	SourceAddr   string `yaml:"source_addr" for:"cmpp"`   // the account: SP_Id
	MsgSrc       string `yaml:"msg_src" for:"cmpp"`       // Msg_src; empty: source_addr
	FeeUserType  int    `yaml:"fee_user_type" for:"cmpp"` // who pays, 0 to 3
	BatchReports bool   `yaml:"batch_reports" for:"cmpp"` // in 2.0 batches may ask for reports

	// For sgip.

	Login           string       `yaml:"login" for:"sgip"`            // the account's name
	Node            uint32       `yaml:"node" for:"sgip"`             // our node number: 3, area, company
	CorpID          string       `yaml:"corp_id" for:"sgip"`          // the company's code
	ServiceType     string       `yaml:"service_type" for:"sgip"`     // the service's code
	Packet          int          `yaml:"packet" for:"sgip"`           // most octets of a PDU
	Listen          string       `yaml:"listen" for:"sgip"`           // where the gateway calls us, host:port
	GatewayLogin    string       `yaml:"gateway_login" for:"sgip"`    // what it says then
	GatewayPassword SecretSource `yaml:"gateway_password" for:"sgip"` // {file: …} or {env: …}

	// For smgp.

	ClientID string `yaml:"client_id" for:"smgp"` // the account's name

	// For http; a profile says most of it.

	Profile     string            `yaml:"profile" for:"http"`      // a gateway that is known; see Profiles
	URL         string            `yaml:"url" for:"http"`          // https://HOST, and a path when all begin so
	Plaintext   bool              `yaml:"plaintext" for:"http"`    // http:// is meant, though it is not this machine
	Account     string            `yaml:"account" for:"http"`      // its name, or the access key's id
	Values      map[string]string `yaml:"values" for:"http"`       // placeholders of this account: a template's code
	Sign        httpgw.Sign       `yaml:"sign" for:"http"`         // how the carrier knows us
	Send        httpgw.Request    `yaml:"send" for:"http"`         // the request that sends
	Answer      httpgw.Answer     `yaml:"answer" for:"http"`       // how its answer is read
	Verdicts    map[string]string `yaml:"verdicts" for:"http"`     // what the carrier's codes mean
	Receipts    httpgw.Report     `yaml:"receipts" for:"http"`     // how receipts are read
	Incoming    httpgw.Incoming   `yaml:"incoming" for:"http"`     // how messages from people are read
	Callback    HTTPCallback      `yaml:"callback" for:"http"`     // where the carrier brings receipts
	Poll        httpgw.Poll       `yaml:"poll" for:"http"`         // how receipts are asked for
	Query       httpgw.Query      `yaml:"query" for:"http"`        // how doubt is asked for
	MaxValidity time.Duration     `yaml:"max_validity" for:"http"` // the longest the carrier may be asked to try
	Codings     map[string]string `yaml:"codings" for:"http"`      // what ((coding)) is: gsm7, ucs2
	// Door and Callbacks are the process's.
	Door      *httpgw.Door     `yaml:"-"`
	Callbacks *CallbacksConfig `yaml:"-"`

	// For stub.

	Latency      time.Duration `yaml:"latency" for:"stub"`       // from offer to answer
	Capacity     int           `yaml:"capacity" for:"stub"`      // segments per second above which it throttles; 0: no limit
	ReceiptDelay time.Duration `yaml:"receipt_delay" for:"stub"` // from answer to receipt
	Refuse       float64       `yaml:"refuse" for:"stub"`        // share of numbers refused for good, 0 to 1
	Throttle     float64       `yaml:"throttle" for:"stub"`      // share of numbers throttled when first offered
	Unknown      float64       `yaml:"unknown" for:"stub"`       // share of numbers never answered; half of them were taken
	LoseReceipts float64       `yaml:"lose_receipts" for:"stub"` // share of receipts that never come
	FailReceipts float64       `yaml:"fail_receipts" for:"stub"` // share of receipts that say it failed
	Seed         uint64        `yaml:"seed" for:"stub"`          // the same seed, the same answers
}

// Defaults of a provider, where the file says nothing.
const (
	DefaultConnections     = 2
	DefaultWindow          = 100
	DefaultFloor           = 0.05 // an urgent campaign takes a twentieth longer, a routine one never stands still for it
	DefaultBatch           = 1    // submit_multi is asked for: not every carrier has it
	DefaultEnquireLink     = 30 * time.Second
	DefaultResponseTimeout = 30 * time.Second
	DefaultActiveTest      = 60 * time.Second
	DefaultPacket          = 2048 // SGIP 1.2 section 4
)

// windows are what the protocols' texts suggest where the file says nothing.
var windows = map[string]int{CMPP: 16, SGIP: 32, SMGP: 16}

func defaultProvider() ProviderConfig {
	return ProviderConfig{
		Connections: DefaultConnections,
		Window:      DefaultWindow,
		Batch:       DefaultBatch,
		Floor:       DefaultFloor,
		Bind:        "transceiver",
		ReceiptIDs:  "auto",

		EnquireLink:     DefaultEnquireLink,
		ResponseTimeout: DefaultResponseTimeout,
	}
}

// UnmarshalYAML sets the defaults, then what the file says.
func (p *ProviderConfig) UnmarshalYAML(unmarshal func(any) error) error {
	type plain ProviderConfig
	*p = defaultProvider()
	var keys map[string]any
	if unmarshal(&keys) == nil {
		protocol, _ := keys["protocol"].(string)
		p.chinese(protocol)
		if profile, _ := keys["profile"].(string); protocol == HTTP {
			if err := p.profiled(profile); err != nil {
				return err
			}
		}
		if protocol == SMPP {
			p.Version = "3.4"
		}
	}
	values, verdicts := p.Values, p.Verdicts
	err := unmarshal((*plain)(p))
	if p.Protocol == HTTP {
		over(&p.Values, values)
		over(&p.Verdicts, verdicts)
	}
	return err
}

// chinese sets the defaults of one of China's protocols.
func (p *ProviderConfig) chinese(protocol string) {
	if windows[protocol] == 0 {
		return
	}
	p.Window, p.Text = windows[protocol], "ucs2"
	switch protocol {
	case CMPP:
		p.Version, p.ActiveTest = "3.0", DefaultActiveTest
	case SMGP:
		p.ActiveTest = DefaultActiveTest
	case SGIP:
		p.Packet = DefaultPacket
	}
}

// TLSConfig says how a connection is encrypted. The carrier's certificate is
// always checked.
type TLSConfig struct {
	CA          string `yaml:"ca"`          // PEM file of authorities; "": the machine's own
	Certificate string `yaml:"certificate"` // PEM file, when the carrier asks who is calling
	Key         string `yaml:"key"`         // its private key
	ServerName  string `yaml:"server_name"` // the name in the carrier's certificate; "": the address's host
}

// RouteConfig gives the numbers of a carrier, or of a prefix, to the first
// provider of To that is up.
type RouteConfig struct {
	Carrier string   `yaml:"carrier"` // China Mobile, China Unicom, China Telecom, China Broadnet, their Chinese names, or unknown
	Prefix  string   `yaml:"prefix"`  // digits after the plus sign; the longest that fits wins; "*": every number
	To      []string `yaml:"to"`      // names of providers, in order of preference
	// Fallback says when recipients that wait for a provider go to the next one; nil:
	// after 10 s, for every class.
	Fallback *FallbackConfig `yaml:"fallback"`
}

// FallbackConfig is "never", or after how long a provider is down, and for which
// classes, its waiting recipients go to the next one of their route.
type FallbackConfig struct {
	Never bool          `yaml:"-"`
	After time.Duration `yaml:"after"`
	For   []string      `yaml:"for"` // routine, urgent, emergency; none: every class
}

// UnmarshalYAML reads never, or after and for.
func (f *FallbackConfig) UnmarshalYAML(unmarshal func(any) error) error {
	*f = FallbackConfig{After: providers.DefaultFallback}
	var word string
	if unmarshal(&word) == nil {
		f.Never = word == "never"
		if !f.Never {
			f.For = []string{word} // validate refuses it, and knows the line
			f.After = -1
		}
		return nil
	}
	type plain FallbackConfig
	return unmarshal((*plain)(f))
}

// policy is f in the words of providers.
func (f *FallbackConfig) policy() *providers.Fallback {
	if f == nil {
		return nil
	}
	p := providers.Fallback{Never: f.Never, After: f.After}
	for _, name := range f.For {
		if class, ok := sms.ParseClass(name); ok {
			p.For[class] = true
		}
	}
	if len(f.For) == 0 {
		p.For = providers.Always.For
	}
	return &p
}

// Price is what one segment costs.
type Price struct {
	Segment  Amount `yaml:"segment"`
	Currency string `yaml:"currency"` // ISO 4217, for example CNY
}
