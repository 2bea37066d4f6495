package configs

import (
	"errors"
	"fmt"
	"math"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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

// validate returns all that is wrong, in the order of the file's lines: where each stands
// and what to do. What follows from another fault is not among it.
func validate(c *Config, d *document) error {
	var all []error
	add := func(err error) {
		if err != nil {
			all = append(all, err)
		}
	}
	all = append(all, validateSettings(c, d)...)
	for _, check := range []func(*Config, *document) error{validateRoles, validateReplies, validateCallbacks} {
		add(check(c, d))
	}
	before := len(all)
	for i := range c.Providers {
		all = append(all, validateProvider(c, i, d)...)
	}
	if len(all) == before && (d.form == nil || len(d.form.unknown) == 0) { // else they may name what is not there for that alone
		all = append(all, validateRoutes(c, d)...)
		add(validatePrices(c, d))
	}
	return together(d.withForm(all))
}

// withForm adds to faults of values what is wrong with the form of the file.
func (d *document) withForm(all []error) []error {
	if d.form == nil {
		return all
	}
	found := slices.Clone(d.form.unknown)
	for _, err := range all { // a key that is not known leaves another out
		var own, key *fault
		follows := errors.As(err, &own) && slices.ContainsFunc(d.form.unknown, func(u error) bool {
			return errors.As(u, &key) && strings.Count(key.path, ".") > 1 && item(key.path) == item(own.path)
		})
		if !follows {
			found = append(found, err)
		}
	}
	for _, err := range d.form.changed {
		var own, other *fault
		if errors.As(err, &own) && !slices.ContainsFunc(found, func(e error) bool {
			return errors.As(e, &other) && other.line == own.line && other.column == own.column
		}) {
			found = append(found, err)
		}
	}
	return found
}

func validateSettings(c *Config, d *document) (all []error) {
	c.Country = strings.ToUpper(c.Country)
	switch {
	case c.Data == "":
		all = append(all, d.at("$.data", "data is empty: name the folder for the ledger, for example data: ./data"))
	case c.Ledger != "sqlite":
		if why := postgres(c.Ledger); why != "" {
			all = append(all, d.at("$.ledger", "%s", why))
		}
	}
	if !countryForm.MatchString(c.Country) {
		all = append(all, d.at("$.country", "country %q is not an ISO 3166-1 code: write two letters, for example country: CN", c.Country))
	}
	if _, err := ParseSize(c.Spool.Reserve); c.Spool.Reserve != "" && err != nil {
		all = append(all, d.at("$.spool.reserve", "reserve %q is %v", c.Spool.Reserve, err))
	}
	if c.Queue != "embedded" {
		if why := redis(c.Queue); why != "" {
			all = append(all, d.at("$.queue", "%s", why))
		}
	}
	if c.Admin != "off" {
		if why := address(c.Admin, true); why != "" {
			all = append(all, d.at("$.admin", "admin %s: write HOST:PORT, for example 127.0.0.1:9090, or off", why))
		}
	}
	return all
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

// validateProvider returns all that is wrong with the keys that every provider has, and the
// first of those of its protocol.
func validateProvider(c *Config, i int, d *document) (all []error) {
	p := &c.Providers[i]
	path := fmt.Sprintf("$.providers[%d]", i)
	if err := validateNames(c, i, path, d); err != nil {
		return []error{err}
	}
	add := func(err error) {
		if err != nil {
			all = append(all, err)
		}
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
			add(d.at(path+"."+n.key, "%s of provider %s is %d: it must be %d to %d", n.key, p.Name, n.value, n.low, n.high))
		}
	}
	if p.Floor < 0 || p.Floor > maxFloor || math.IsNaN(p.Floor) {
		add(d.at(path+".floor", "floor of provider %s is %v: it is the share of the rate that routine campaigns keep while urgent ones are sent, 0 to %v",
			p.Name, p.Floor, maxFloor))
	}
	if len(p.Sender) > maxSender || !printable(p.Sender) {
		add(d.at(path+".sender", "sender of provider %s: at most %d ASCII characters", p.Name, maxSender))
	}
	add(validateOnlyOn(p, path, d))
	if err := validateForeign(p, path, d); err != nil {
		return append(all, err)
	}
	add(validateProtocol(c, i, path, d))
	return all
}

// validateProtocol looks at the keys of a provider's protocol.
func validateProtocol(c *Config, i int, path string, d *document) error {
	p := &c.Providers[i]
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

func span(d *document, path, key, name string, value, low, high time.Duration) error {
	if value < low || value > high {
		return d.at(path+"."+key, "%s of provider %s is %v: it must be %v to %v", key, name, value, low, high)
	}
	return nil
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
