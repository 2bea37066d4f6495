package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tocsin/configs"
	"tocsin/providers"
)

// checkWithin is how long a check may take where --timeout does not say.
const checkWithin = 30 * time.Second

func newProviderCheck() *cobra.Command {
	asJSON, within := false, checkWithin
	cmd := &cobra.Command{
		Use:   "check NAME",
		Short: "Log in to its carrier, test the line, and say what the carrier said",
		Long: `Connects to the provider's carrier as the configuration says, logs in, tests the
line, says goodbye, and sends nothing. It works beside a running server where the
carrier allows one more connection. What the carrier begins to deliver meanwhile is
not acknowledged: it says it again to the server.

It ends with 1 when something fails, and says what to do.`,
		Args: exactArgs(1, "the provider's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if within <= 0 {
				return usage(errors.New("--timeout is how long it may take: write for example 30s"))
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			p, err := findProvider(c, args[0])
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), within)
			defer cancel()
			k := check(ctx, p, &say.Check)
			if asJSON {
				err = writeJSON(os.Stdout, k)
			} else {
				k.print(os.Stdout, p, &say.Check)
			}
			if err == nil && !k.OK {
				return &exitError{code: exitFailed}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().DurationVar(&within, "timeout", within, "how long it may take in all")
	return cmd
}

// findProvider is the configured provider of a name.
func findProvider(c *configs.Config, name string) (configs.ProviderConfig, error) {
	for _, p := range c.Providers {
		if p.Name == name {
			return p, nil
		}
	}
	if err := c.CanSend(); err != nil {
		return configs.ProviderConfig{}, usage(err)
	}
	return configs.ProviderConfig{}, fmt.Errorf("there is no provider %s; the configuration has %s", name, strings.Join(providerNames(c), ", "))
}

// A checkup is what a call of a carrier came to.
type checkup struct {
	Provider string   `json:"provider"`
	Protocol string   `json:"protocol"`
	Address  string   `json:"address,omitempty"`
	OK       bool     `json:"ok"`
	NoLogin  bool     `json:"no_login,omitempty"` // there is nothing to log in to
	Connect  string   `json:"connect,omitempty"`  // how long each took
	TLS      *tlsJSON `json:"tls,omitempty"`
	Logins   int      `json:"logins"` // connections that the carrier let in
	Login    string   `json:"login,omitempty"`
	Version  string   `json:"version,omitempty"` // as the carrier names it
	Name     string   `json:"name,omitempty"`
	Tests    int      `json:"tests"`
	Test     string   `json:"test,omitempty"`
	Arrived  int      `json:"arrived,omitempty"`
	Listen   string   `json:"listen,omitempty"`
	Listener string   `json:"listen_error,omitempty"`
	Fault    string   `json:"fault,omitempty"` // in one word
	Code     uint32   `json:"code,omitempty"`  // the carrier's own
	Error    string   `json:"error,omitempty"`
	ToDo     string   `json:"to_do,omitempty"`

	hello providers.Hello
}

type tlsJSON struct {
	Version string    `json:"version"`
	Subject string    `json:"subject"`
	Issuer  string    `json:"issuer"`
	Ends    time.Time `json:"ends"`
}

// check calls a provider's carrier.
func check(ctx context.Context, p configs.ProviderConfig, say *checkWords) *checkup {
	k := &checkup{Provider: p.Name, Protocol: p.Protocol, Address: cmp.Or(p.Address, p.URL)}
	made, err := configs.Provider(p, nil)
	if err != nil {
		k.fail(p, err, faultSettings, say)
		return k
	}
	greeter, ok := made.(providers.Greeter)
	if !ok {
		k.OK, k.NoLogin = true, true
		return k
	}
	h, err := greeter.Greet(ctx)
	k.hello = h
	k.Connect, k.Logins, k.Login, k.Tests, k.Test = took(h.Connect), h.Logins, took(h.Login), h.Tests, took(h.Test)
	k.Name, k.Arrived, k.Listen = h.Name, h.Arrived, h.Listen
	if h.Version != 0 {
		k.Version = fmt.Sprintf("%d.%d", h.Version>>4, h.Version&15)
	}
	if h.TLS != nil && len(h.TLS.PeerCertificates) > 0 {
		their := h.TLS.PeerCertificates[0]
		k.TLS = &tlsJSON{tls.VersionName(h.TLS.Version), their.Subject.String(), their.Issuer.String(), their.NotAfter}
	}
	k.OK = err == nil
	if err != nil {
		k.fail(p, err, faultOf(err, &h), say)
	}
	if h.ListenErr != nil {
		k.Listener = h.ListenErr.Error()
		if !errors.Is(h.ListenErr, syscall.EADDRINUSE) && k.OK {
			k.fail(p, h.ListenErr, faultListen, say)
		}
	}
	return k
}

// took writes how long something took; "" when it was not come to.
func took(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return max(d.Round(100*time.Microsecond), 100*time.Microsecond).String()
}

// fail says what went wrong and what to do.
func (k *checkup) fail(p configs.ProviderConfig, err error, fault string, say *checkWords) {
	k.OK, k.Fault, k.Error = false, fault, err.Error()
	var refused *providers.LoginError
	if errors.As(err, &refused) {
		k.Code = refused.Code
	}
	k.ToDo = strings.NewReplacer("{account}", accountKeys[p.Protocol], "{address}", k.Address, "{listen}", p.Listen).Replace(say.ToDo[fault])
}

// accountKeys are what the settings of each protocol call the account.
var accountKeys = map[string]string{configs.SMPP: "system_id", configs.CMPP: "source_addr", configs.SGIP: "login", configs.SMGP: "client_id", configs.HTTP: "account"}

// soon is when the end of a certificate is said loudly.
const soon = 21 * 24 * time.Hour

// print says it for people, step by step.
func (k *checkup) print(w io.Writer, p configs.ProviderConfig, say *checkWords) {
	title := p.Protocol
	if k.Address != "" {
		title += ", " + k.Address
	}
	fmt.Fprintf(w, "%s (%s)\n", p.Name, title)
	var t sheet
	defer func() { t.write(w, 0) }()
	if k.NoLogin {
		t.add(say.Login, say.NoLogin)
		return
	}
	if k.Connect != "" {
		t.add(say.Connection, fmt.Sprintf(say.Stands, k.Connect))
		k.printTLS(&t, say)
	}
	if k.Logins > 0 {
		text := fmt.Sprintf(say.LetIn, k.Login)
		if k.Name != "" {
			text += fmt.Sprintf(say.Calls, k.Name)
		}
		t.add(say.Login, text)
		switch {
		case k.Version == "":
			t.add(say.Version, say.VersionUnsaid)
		case p.Version != "" && p.Version != k.Version: // of cmpp
			t.add(say.Version, fmt.Sprintf(say.SpeaksOther, k.Version, p.Version))
		default:
			t.add(say.Version, fmt.Sprintf(say.Speaks, k.Version))
		}
	}
	switch {
	case k.Tests > 0:
		t.add(say.Test, fmt.Sprintf(say.Answered, k.Test))
	case k.OK:
		t.add(say.Test, say.NoTest)
	}
	if k.Logins > 0 {
		t.add(say.Window, fmt.Sprintf(say.WindowIs, p.Window, p.Connections, p.Batch))
	}
	if k.Arrived > 0 {
		t.add(say.Arrivals, fmt.Sprintf(say.Arrived, k.Arrived))
	}
	if p.Protocol == configs.SGIP {
		k.printListener(&t, say)
	}
	if !k.OK {
		t.add(say.Fault, k.explain(say))
		t.add(say.Advice, k.ToDo)
	}
}

func (k *checkup) printTLS(t *sheet, say *checkWords) {
	if k.TLS == nil {
		t.add(say.TLS, say.NoTLS)
		return
	}
	left := time.Until(k.TLS.Ends)
	text := fmt.Sprintf(say.Certificate, k.TLS.Version, k.TLS.Subject, moment(k.TLS.Ends.UnixMilli()), int(left.Hours()/24))
	if left < soon {
		text += say.EndsSoon
	}
	t.add(say.TLS, text)
}

// printListener says whether SGIP's gateway could call us.
func (k *checkup) printListener(t *sheet, say *checkWords) {
	switch {
	case k.Listen == "":
		t.add(say.Receipts, say.NoListener)
	case k.Listener == "":
		t.add(say.Receipts, fmt.Sprintf(say.Listener, k.Listen))
	case errors.Is(k.hello.ListenErr, syscall.EADDRINUSE):
		t.add(say.Receipts, fmt.Sprintf(say.ListenerTaken, k.Listen))
	default:
		t.add(say.Receipts, fmt.Sprintf(say.ListenerNot, k.Listen))
	}
}

// explain is the fault in words: the code's own where the protocol explains it.
func (k *checkup) explain(say *checkWords) string {
	if k.Code == 0 {
		return k.Error
	}
	if text, ok := say.Codes[fmt.Sprintf("%s %d", k.Protocol, k.Code)]; ok {
		return fmt.Sprintf(say.Refused, k.Code, text)
	}
	return fmt.Sprintf(say.Refused, k.Code, say.Unexplained)
}
