package configs

import (
	"fmt"
	"math"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/providers"
	"tocsin/providers/smpp"
	"tocsin/providers/sms"
)

// Limits of a provider's settings.
const (
	maxName        = 32   // it becomes a queue's name and a metric's label
	maxConnections = 64   // far above what carriers grant
	maxWindow      = 4095 // PDUs; sequence numbers would allow more, no carrier does
	maxBatch       = 254  // SMPP 3.4 section 5.2.24: number_of_dests is 1 to 254
	maxBatch50     = 255  // SMPP 5.0: all of its octet
	maxRate        = 1_000_000
	maxFloor       = 0.5 // more would be no urgency
	maxFallback    = 24 * time.Hour
	maxSystemID    = 15 // SMPP 3.4 section 4.1.1: 16 octets with the closing NUL
	maxSystemType  = 12 // the same table: 13 octets
	maxSender      = 20 // SMPP 3.4 section 4.4.1: source_addr is 21 octets
)

var (
	nameForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	countryForm  = regexp.MustCompile(`^[A-Z]{2}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
	prefixForm   = regexp.MustCompile(`^([1-9][0-9]{0,14}|\*)$`)
	envForm      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// validate returns the first thing that is wrong, where it stands and what to do.
func validate(c *Config, d *document) error {
	if err := validateSettings(c, d); err != nil {
		return err
	}
	if err := validateRoles(c, d); err != nil {
		return err
	}
	if err := validateReplies(c, d); err != nil {
		return err
	}
	if err := validateCallbacks(c, d); err != nil {
		return err
	}
	for i := range c.Providers {
		if err := validateProvider(c, i, d); err != nil {
			return err
		}
	}
	if err := validateRoutes(c, d); err != nil {
		return err
	}
	return validatePrices(c, d)
}

func validateSettings(c *Config, d *document) error {
	c.Country = strings.ToUpper(c.Country)
	switch {
	case c.Data == "":
		return d.at("$.data", "data is empty: name the folder for the ledger, for example data: ./data")
	case c.Ledger != "sqlite":
		if why := postgres(c.Ledger); why != "" {
			return d.at("$.ledger", "%s", why)
		}
	}
	switch {
	case !countryForm.MatchString(c.Country):
		return d.at("$.country", "country %q is not an ISO 3166-1 code: write two letters, for example country: CN", c.Country)
	}
	if c.Queue != "embedded" {
		if why := redis(c.Queue); why != "" {
			return d.at("$.queue", "%s", why)
		}
	}
	if c.Admin != "off" {
		if why := address(c.Admin, true); why != "" {
			return d.at("$.admin", "admin %s: write HOST:PORT, for example 127.0.0.1:9090, or off", why)
		}
	}
	return nil
}

// address says what is wrong with host:port; "" when nothing is.
func address(hostPort string, anyHost bool) string {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return strconv.Quote(hostPort) + " is not an address"
	}
	if host == "" && !anyHost {
		return strconv.Quote(hostPort) + " names no host"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 && !anyHost {
		return strconv.Quote(hostPort) + " has no port between 1 and 65535"
	}
	return ""
}

func validateProvider(c *Config, i int, d *document) error {
	p := &c.Providers[i]
	path := fmt.Sprintf("$.providers[%d]", i)
	if err := validateNames(c, i, path, d); err != nil {
		return err
	}
	batch := maxBatch
	if p.Protocol == SMPP && p.Version == "5.0" {
		batch = maxBatch50
	}
	for _, n := range []struct {
		key              string
		value, low, high int
	}{
		{"connections", p.Connections, 1, maxConnections},
		{"window", p.Window, 1, maxWindow},
		{"batch", p.Batch, 1, batch},
		{"rate", p.Rate, 0, maxRate},
	} {
		if n.value < n.low || n.value > n.high {
			return d.at(path+"."+n.key, "%s of provider %s is %d: it must be %d to %d", n.key, p.Name, n.value, n.low, n.high)
		}
	}
	if p.Floor < 0 || p.Floor > maxFloor || math.IsNaN(p.Floor) {
		return d.at(path+".floor", "floor of provider %s is %v: it is the share of the rate that routine campaigns keep while urgent ones are sent, 0 to %v",
			p.Name, p.Floor, maxFloor)
	}
	if len(p.Sender) > maxSender || !printable(p.Sender) {
		return d.at(path+".sender", "sender of provider %s: at most %d ASCII characters", p.Name, maxSender)
	}
	if err := validateOnlyOn(p, path, d); err != nil {
		return err
	}
	if err := validateForeign(p, path, d); err != nil {
		return err
	}
	if p.Protocol == Stub {
		return validateStub(p, path, d)
	}
	if p.Protocol == HTTP {
		return validateHTTP(c, i, path, d)
	}
	if err := validateDialled(p, path, d); err != nil {
		return err
	}
	switch p.Protocol {
	case SMPP:
		return validateSMPP(p, path, d)
	case CMPP:
		return validateCMPP(p, path, d)
	case SGIP:
		return validateSGIP(p, path, d)
	}
	return validateSMGP(p, path, d)
}

func validateNames(c *Config, i int, path string, d *document) error {
	p := &c.Providers[i]
	switch {
	case p.Name == "":
		return d.at(path, "provider %d has no name: write name: NAME; routes, metrics and reports use it", i+1)
	case len(p.Name) > maxName || !nameForm.MatchString(p.Name):
		return d.at(path+".name", "the provider's name %q will not do: letters, digits, dots, hyphens and underscores, at most %d, beginning with a letter or digit", p.Name, maxName)
	case p.Protocol == "":
		return d.at(path, "provider %s has no protocol: write protocol: smpp, cmpp, sgip, smgp or http, or stub for a stand-in without a network", p.Name)
	case !slices.Contains(Protocols, p.Protocol):
		return d.at(path+".protocol", "protocol %q is not known: there are %s", p.Protocol, strings.Join(Protocols, ", "))
	}
	for j := range c.Providers[:i] {
		if strings.EqualFold(c.Providers[j].Name, p.Name) {
			return d.at(path+".name", "the name %q is taken by provider %d: names must differ in more than upper and lower case", p.Name, j+1)
		}
	}
	return nil
}

// validateForeign refuses keys of another protocol.
func validateForeign(p *ProviderConfig, path string, d *document) error {
	for f := range reflect.TypeFor[ProviderConfig]().Fields() {
		of, key := f.Tag.Get("for"), f.Tag.Get("yaml")
		if of != "" && !slices.Contains(strings.Fields(of), p.Protocol) && d.has(path+"."+key) {
			return d.at(path+"."+key, "%s is a key of protocol %s, and provider %s speaks %s: remove it", key, strings.ReplaceAll(of, " ", ", "), p.Name, p.Protocol)
		}
	}
	return nil
}

// validateDialled checks what all that dial a carrier have.
func validateDialled(p *ProviderConfig, path string, d *document) error {
	if p.Address == "" {
		return d.at(path, "provider %s has no address: write address: HOST:PORT, as the carrier says", p.Name)
	}
	if why := address(p.Address, false); why != "" {
		return d.at(path+".address", "address of provider %s: %s: write HOST:PORT, for example smpp.example.com:2775", p.Name, why)
	}
	if err := secret(p.Password, "password", p.Name, path, d); err != nil {
		return err
	}
	return span(d, path, "response_timeout", p.Name, p.ResponseTimeout, 100*time.Millisecond, 10*time.Minute)
}

// secret checks where a password is read from.
func secret(s SecretSource, key, name, path string, d *document) error {
	switch {
	case s.IsZero():
		return d.at(path, "provider %s has no %s: write %s: {file: PATH} or {env: NAME}", name, key, key)
	case s.File != "" && s.Env != "":
		return d.at(path+"."+key, "%s of provider %s names a file and a variable: keep one", key, name)
	case s.Env != "" && !envForm.MatchString(s.Env):
		return d.blind(path+"."+key+".env", fmt.Errorf("%s of provider %s: env is the name of a variable (letters, digits, underscores), not the password", key, name))
	}
	return nil
}

func validateSMPP(p *ProviderConfig, path string, d *document) error {
	switch {
	case p.SystemID == "":
		return d.at(path, "provider %s has no system_id: write the account's name, as the carrier says", p.Name)
	case len(p.SystemID) > maxSystemID || !printable(p.SystemID):
		return d.at(path+".system_id", "system_id of provider %s: at most %d ASCII characters", p.Name, maxSystemID)
	case len(p.SystemType) > maxSystemType || !printable(p.SystemType):
		return d.at(path+".system_type", "system_type of provider %s: at most %d ASCII characters", p.Name, maxSystemType)
	case p.Version != "3.4" && p.Version != "5.0":
		return d.at(path+".version", "version %q of provider %s is not spoken: write \"3.4\" or \"5.0\", in quotes", p.Version, p.Name)
	case p.Broadcast && p.Version != "5.0":
		return d.at(path+".broadcast", "provider %s speaks SMPP 3.4, which has no cell broadcast: write version: \"5.0\" if the carrier speaks it, or remove broadcast", p.Name)
	case p.Bind != "transceiver" && p.Bind != "separate":
		return d.at(path+".bind", "bind %q is not known: transceiver, or separate for a transmitter and a receiver", p.Bind)
	case !known(receiptIDs, p.ReceiptIDs):
		return d.at(path+".receipt_ids", "receipt_ids %q is not known: decimal or hex, where receipts write ids so and answers do not, or auto", p.ReceiptIDs)
	case p.TLS != nil && (p.TLS.Certificate == "") != (p.TLS.Key == ""):
		return d.at(path+".tls", "tls of provider %s: certificate and key belong together, name both or neither", p.Name)
	}
	return span(d, path, "enquire_link", p.Name, p.EnquireLink, time.Second, time.Hour)
}

// receiptIDs are the notations of ids in receipts.
var receiptIDs = map[string]smpp.Notation{"auto": smpp.Same, "decimal": smpp.Decimal, "hex": smpp.Hex}

func known[T any](table map[string]T, word string) bool {
	_, ok := table[word]
	return ok
}

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

func span(d *document, path, key, name string, value, low, high time.Duration) error {
	if value < low || value > high {
		return d.at(path+"."+key, "%s of provider %s is %v: it must be %v to %v", key, name, value, low, high)
	}
	return nil
}

func validateRoutes(c *Config, d *document) error {
	if len(c.Providers) > 0 && len(c.Routes) == 0 {
		return d.at("$.providers", "there are providers and no routes, so no number would go anywhere: write routes, for example\n"+
			"routes:\n  - {prefix: \"86\", to: [%s]}", c.Providers[0].Name)
	}
	seen := map[string]int{}
	for i, r := range c.Routes {
		path := fmt.Sprintf("$.routes[%d]", i)
		switch {
		case (r.Carrier == "") == (r.Prefix == ""):
			return d.at(path, "route %d must have either carrier or prefix: it says which numbers take it", i+1)
		case r.Carrier != "" && !isCarrier(r.Carrier):
			return d.at(path+".carrier", "carrier %q is not known: there are %s, %s, %s and %s, and %s for Chinese numbers that nobody is known to serve", r.Carrier,
				providers.ChinaMobile, providers.ChinaUnicom, providers.ChinaTelecom, providers.ChinaBroadnet, providers.UnknownCarrier)
		case r.Prefix != "" && !prefixForm.MatchString(r.Prefix):
			return d.at(path+".prefix", "prefix %q will not do: digits after the plus sign, country code first, for example \"86\", or \"*\" for every number", r.Prefix)
		case len(r.To) == 0:
			return d.at(path, "route %d leads nowhere: write to: [NAME], the first provider that is up is taken", i+1)
		}
		numbers := r.Prefix
		if r.Prefix == "" { // a carrier has a name in each language
			c, _ := providers.ParseRuleCarrier(r.Carrier)
			numbers = "carrier " + c.String()
		}
		if j, twice := seen[numbers]; twice {
			return d.at(path, "route %d is for the same numbers as route %d: join their providers in one list", i+1, j+1)
		}
		seen[numbers] = i
		for j, name := range r.To {
			step := fmt.Sprintf("%s.to[%d]", path, j)
			if err := c.known(name, step, d); err != nil {
				return err
			}
			if slices.Contains(r.To[:j], name) {
				return d.at(step, "provider %s stands twice in this route: remove one", name)
			}
		}
		if err := validateFallback(c, i, d); err != nil {
			return err
		}
	}
	return nil
}

// validateFallback looks at the fallback of route i, and at those before it with the
// same providers: their recipients wait together.
func validateFallback(c *Config, i int, d *document) error {
	r := &c.Routes[i]
	path := fmt.Sprintf("$.routes[%d].fallback", i)
	if f := r.Fallback; f != nil {
		for j, name := range f.For {
			if f.After < 0 && len(f.For) == 1 && !d.has(path+".after") {
				return d.at(path, "fallback %q of route %d is not known: write never, or for example {after: 10s, for: [urgent, emergency]}", name, i+1)
			}
			if _, ok := sms.ParseClass(name); !ok {
				return d.at(fmt.Sprintf("%s.for[%d]", path, j), "%q in the fallback of route %d is not a class: there are routine, urgent and emergency", name, i+1)
			}
			if slices.Contains(f.For[:j], name) {
				return d.at(fmt.Sprintf("%s.for[%d]", path, j), "%s stands twice in the fallback of route %d: remove one", name, i+1)
			}
		}
		switch {
		case !f.Never && (f.After < 0 || f.After > maxFallback):
			return d.at(path+".after", "after in the fallback of route %d is %v: it must be 0s to %v", i+1, f.After, maxFallback)
		case d.has(path+".for") && len(f.For) == 0:
			return d.at(path+".for", "for in the fallback of route %d is empty: name classes, or write fallback: never", i+1)
		case !f.Never && len(r.To) < 2:
			return d.at(path, "route %d has a fallback and one provider: write a second one into to, or remove fallback", i+1)
		}
	}
	for j := range c.Routes[:i] {
		if slices.Equal(c.Routes[j].To, r.To) && *orAlways(c.Routes[j].Fallback.policy()) != *orAlways(r.Fallback.policy()) {
			return d.at(path, "route %d has the same providers as route %d and another fallback: who waits for them waits together, so write the same in both", i+1, j+1)
		}
	}
	return nil
}

func orAlways(f *providers.Fallback) *providers.Fallback {
	if f == nil {
		return &providers.Always
	}
	return f
}

func isCarrier(name string) bool {
	_, ok := providers.ParseRuleCarrier(name)
	return ok
}

// known returns an error when no provider has that name.
func (c *Config) known(name, path string, d *document) error {
	var names []string
	for i := range c.Providers {
		if c.Providers[i].Name == name {
			return nil
		}
		names = append(names, c.Providers[i].Name)
	}
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return d.at(path, "there is no provider %q; did you mean %q?", name, n)
		}
	}
	if near := nearest(name, names); near != "" {
		return d.at(path, "there is no provider %q; did you mean %q?", name, near)
	}
	if len(names) == 0 {
		return d.at(path, "there is no provider %q: write it under providers", name)
	}
	return d.at(path, "there is no provider %q: there are %s", name, strings.Join(names, ", "))
}

func validatePrices(c *Config, d *document) error {
	names := make([]string, 0, len(c.Prices))
	for name := range c.Prices {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		path := "$.prices.'" + name + "'"
		if err := c.known(name, path, d); err != nil {
			return err
		}
		if p := c.Prices[name]; !currencyForm.MatchString(p.Currency) {
			return d.at(path, "currency %q of provider %s is not an ISO 4217 code: write three letters, for example CNY", p.Currency, name)
		}
	}
	return nil
}

// printable reports whether s is ASCII without control characters.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
