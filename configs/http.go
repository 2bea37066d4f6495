package configs

import (
	"cmp"
	"embed"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"tocsin/providers"
	"tocsin/providers/httpgw"
)

// profiles are the gateways that are known: files with the keys of a provider.
//
//go:embed profiles/*.yaml
var profiles embed.FS

// Profiles are the names of the gateways that are known.
func Profiles() []string {
	files, err := profiles.ReadDir("profiles")
	if err != nil {
		panic(fmt.Sprintf("configs: internal error: %v", err)) // they are part of the program
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return names
}

// CallbacksConfig is where gateways call this process; it is for all of them.
type CallbacksConfig struct {
	Listen string `yaml:"listen"` // host:port
	URL    string `yaml:"url"`    // as the gateways see it, without a path; "": they are not told
}

// HTTPCallback is where and how one gateway calls: a path, or keys.
type HTTPCallback struct {
	Path     string       `yaml:"path"`
	Auth     string       `yaml:"auth"` // key, header, basic, hmac or twilio
	Name     string       `yaml:"name"` // of the parameter or header
	Login    string       `yaml:"login"`
	Password SecretSource `yaml:"password"` // {file: …} or {env: …}
	Suffix   string       `yaml:"suffix"`   // what our address ends with where it is told with each message
}

// UnmarshalYAML reads a path, or keys over those of the profile.
func (c *HTTPCallback) UnmarshalYAML(unmarshal func(any) error) error {
	var path string
	if unmarshal(&path) == nil {
		c.Path = path
		return nil
	}
	type plain HTTPCallback
	return unmarshal((*plain)(c))
}

// Defaults of a gateway.
const (
	defaultHTTPWindow = 10 // requests
	DefaultHTTPTries  = 6
)

// profiled sets the keys of a gateway's profile, which the file's own go over.
func (p *ProviderConfig) profiled(name string) error {
	p.Connections, p.Window, p.Text = 1, defaultHTTPWindow, "gsm7"
	data, err := profiles.ReadFile("profiles/" + name + ".yaml")
	if err != nil {
		return nil // validate says so, and where
	}
	type plain ProviderConfig
	return yaml.UnmarshalWithOptions(data, (*plain)(p), yaml.Strict())
}

// over takes each value that the file does not give from the profile, in maps key by key.
func over(own *map[string]string, profile map[string]string) {
	if *own == nil {
		*own = map[string]string{}
	}
	for key, value := range profile {
		if _, ok := (*own)[key]; !ok {
			(*own)[key] = value
		}
	}
}

// gateway is p as httpgw wants it, its passwords left out.
func (p *ProviderConfig) gateway() httpgw.Config {
	c := httpgw.Config{
		URL: p.URL, Account: p.Account, Values: p.Values, Sender: p.Sender, Connections: p.Connections, Window: p.Window, Batch: p.Batch,
		Timeout: p.ResponseTimeout, MaxValidity: p.MaxValidity, Codings: p.Codings, Sign: p.Sign, Send: p.Send, Answer: p.Answer, Verdicts: p.Verdicts,
		Callback: httpgw.Callback{
			Path: p.Callback.Path, Auth: p.Callback.Auth, Name: p.Callback.Name, Login: p.Callback.Login, Suffix: p.Callback.Suffix, URL: p.callbackURL(),
		},
	}
	if len(p.Receipts.States) > 0 {
		c.Receipts = &p.Receipts
	}
	if p.Incoming.Path != "" {
		c.Incoming = &p.Incoming
	}
	if p.Poll.Every > 0 {
		c.Poll = &p.Poll
	}
	if p.Query.After > 0 {
		c.Query = &p.Query
	}
	return c
}

func (p *ProviderConfig) callbackURL() string {
	if p.Callbacks == nil {
		return ""
	}
	return strings.TrimSuffix(p.Callbacks.URL, "/")
}

// shareDoor gives every gateway the process's listener.
func (c *Config) shareDoor() {
	if c.Callbacks == nil {
		return
	}
	door := httpgw.NewDoor(c.Callbacks.Listen)
	for i := range c.Providers {
		if c.Providers[i].Protocol == HTTP {
			c.Providers[i].Door, c.Providers[i].Callbacks = door, c.Callbacks
		}
	}
}

func buildHTTP(p ProviderConfig, logger *slog.Logger) (providers.Provider, error) {
	password, err := p.Password.Read()
	if err != nil {
		return nil, err
	}
	encryption, err := p.TLS.Client()
	if err != nil {
		return nil, err
	}
	c := p.gateway()
	c.Password, c.TLS = password.Reveal(), encryption
	if !p.Callback.Password.IsZero() {
		secret, err := p.Callback.Password.Read()
		if err != nil {
			return nil, err
		}
		c.Callback.Password = secret.Reveal()
	}
	return httpgw.New(httpgw.Options{Config: c, Door: p.Door, Logger: logger})
}

func validateCallbacks(c *Config, d *document) error {
	if c.Callbacks == nil {
		return nil
	}
	if why := address(c.Callbacks.Listen, true); why != "" {
		return d.at("$.callbacks.listen", "listen of callbacks: %s: write HOST:PORT, for example 127.0.0.1:8088", why)
	}
	if c.Callbacks.URL == "" {
		return nil
	}
	u, err := url.Parse(c.Callbacks.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return d.at("$.callbacks.url", "url of callbacks is no https://HOST: write what the gateways are to call, without path and password")
	}
	return nil
}

func validateHTTP(c *Config, i int, path string, d *document) error {
	p := &c.Providers[i]
	names := Profiles()
	switch {
	case p.Profile != "" && !slices.Contains(names, p.Profile):
		near := ""
		if n := nearest(p.Profile, names); n != "" {
			near = fmt.Sprintf("; did you mean %q?", n)
		}
		return d.at(path+".profile", "profile %q is not known%s: there are %s; without one, write what its keys say yourself", p.Profile, near, strings.Join(names, ", "))
	case p.URL == "":
		return d.at(path, "provider %s has no url: write url: https://HOST, as the carrier says, or profile: one of %s", p.Name, strings.Join(names, ", "))
	case p.Account == "" && (p.Sign.Kind == "basic" || p.Sign.Kind == "aliyun" || p.Sign.Kind == "tencent"):
		return d.at(path, "provider %s has no account: write the account's name, or its access key's id, as the carrier says", p.Name)
	case p.TLS != nil && (p.TLS.Certificate == "") != (p.TLS.Key == ""):
		return d.at(path+".tls", "tls of provider %s: certificate and key belong together, name both or neither", p.Name)
	case p.Text != "gsm7" && p.Text != "ucs2":
		return d.at(path+".text", "text %q of provider %s is not known: gsm7, or ucs2 where a segment is 70 characters of any kind", p.Text, p.Name)
	case len(p.Send.Form) == 0 && p.Send.JSON == nil && len(p.Send.Query) == 0:
		return d.at(path, "provider %s sends nothing: write send: {form: …}, {json: …} or {query: …}, with ((number)) and ((text)) in it, or a profile", p.Name)
	}
	if err := plaintext(p, path, d); err != nil {
		return err
	}
	if err := secret(p.Password, "password", p.Name, path, d); err != nil {
		return err
	}
	if err := validateCalled(c, i, path, d); err != nil {
		return err
	}
	if err := validateWords(p, path, d); err != nil {
		return err
	}
	if err := validateTimes(p, path, d); err != nil {
		return err
	}
	// What is left is about templates, and needs no secret to be found.
	g := p.gateway()
	g.Password = "0"
	if g.Callback.Path != "" || g.Incoming != nil {
		g.Callback.Password = "0"
	}
	if _, err := httpgw.New(httpgw.Options{Config: g}); err != nil {
		where, _, _ := strings.Cut(err.Error(), ":")
		if !slices.Contains([]string{"sign", "send", "poll", "query", "answer", "callback", "verdicts"}, where) {
			where = "url"
		}
		return d.at(path+"."+where, "provider %s: %v", p.Name, err)
	}
	return nil
}

// plaintext refuses to send passwords and numbers over a network in the clear.
func plaintext(p *ProviderConfig, path string, d *document) error {
	u, err := url.Parse(p.URL)
	if err != nil || u.Scheme != "http" || p.Plaintext {
		return nil
	}
	ip := net.ParseIP(u.Hostname())
	if u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return d.at(path+".url", "url of provider %s is not encrypted: write https, or plaintext: true when a tunnel carries it", p.Name)
}

// validateCalled checks where the gateway calls.
func validateCalled(c *Config, i int, path string, d *document) error {
	p := &c.Providers[i]
	if p.Callback.Path == "" && p.Incoming.Path == "" {
		return nil
	}
	for _, f := range []struct{ key, value string }{{"callback", p.Callback.Path}, {"incoming", p.Incoming.Path}} {
		if f.value != "" && (!strings.HasPrefix(f.value, "/") || strings.ContainsAny(f.value, "?# %")) {
			return d.at(path+"."+f.key, "%s of provider %s: its path begins with a slash and is plain, for example /%s/%s", f.key, p.Name, f.key, p.Name)
		}
		for j := range c.Providers[:i+1] {
			o := &c.Providers[j]
			if f.value != "" && (j < i && f.value == o.Callback.Path || f.value == o.Incoming.Path && (j < i || f.key == "callback")) {
				return d.at(path+"."+f.key, "the path %s is taken by provider %s: give each its own", f.value, o.Name)
			}
		}
	}
	if c.Callbacks == nil {
		return d.at(path+".callback", "provider %s has a callback, and nobody listens: write callbacks: {listen: HOST:PORT} beside providers", p.Name)
	}
	if p.Callback.Auth == "twilio" && p.Callback.Password.IsZero() {
		return nil // the account's
	}
	if p.Callback.Password.IsZero() {
		return d.at(path+".callback", "anybody could bring receipts to provider %s: write callback: {path: %s, password: {file: PATH}} or {env: NAME}", p.Name, cmp.Or(p.Callback.Path, "/receipts/"+p.Name))
	}
	return secret(p.Callback.Password, "password", p.Name, path+".callback", d)
}

// validateWords checks what codes and statuses are said to mean.
func validateWords(p *ProviderConfig, path string, d *document) error {
	for code, word := range p.Verdicts {
		if !httpgw.Word(word) {
			return d.at(path+".verdicts", "verdict %q of provider %s on %s is not known: taken, throttled, queue_full, carrier_fault, in_doubt, no_batches, stop, "+
				"or why it is refused: invalid_number, unreachable, blocked, too_late, bad_sender, bad_request, not_permitted, rejected", word, p.Name, code)
		}
	}
	for _, r := range []struct {
		key string
		of  *httpgw.Report
	}{{"receipts", &p.Receipts}, {"poll", &p.Poll.Report}, {"query", &p.Query.Report}} {
		for status, word := range r.of.States {
			if !httpgw.State(word) {
				return d.at(path+"."+r.key, "state %q of provider %s for %s is not known: delivered, failed, accepted, ignore, or the reason why it failed", word, p.Name, status)
			}
		}
		for code, word := range r.of.Reasons {
			if !httpgw.Reason(word) {
				return d.at(path+"."+r.key, "reason %q of provider %s for %s is not known: for example unreachable, blocked, invalid_number, too_late, rejected", word, p.Name, code)
			}
		}
	}
	for key, value := range p.Values {
		if value == "" {
			return d.at(path+".values", "values of provider %s: %s is empty", p.Name, key)
		}
	}
	return nil
}

func validateTimes(p *ProviderConfig, path string, d *document) error {
	if err := span(d, path, "response_timeout", p.Name, p.ResponseTimeout, 100*time.Millisecond, 10*time.Minute); err != nil {
		return err
	}
	if p.Poll.Every != 0 {
		if err := span(d, path, "poll.every", p.Name, p.Poll.Every, time.Second, time.Hour); err != nil {
			return err
		}
	}
	if p.Query.After != 0 {
		if err := span(d, path, "query.after", p.Name, p.Query.After, time.Second, time.Hour); err != nil {
			return err
		}
	}
	if p.Query.Tries < 0 || p.Query.Tries > 20 {
		return d.at(path+".query.tries", "tries of provider %s is %d: it must be 0 to 20", p.Name, p.Query.Tries)
	}
	return nil
}
