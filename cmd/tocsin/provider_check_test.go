package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/configs"
	"tocsin/providers"
	"tocsin/providers/simulator"
)

// encrypted runs a carrier that speaks TLS with a certificate for 127.0.0.1, valid until
// end, and says where the certificate is kept.
func encrypted(t *testing.T, end time.Time) (address, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a carrier"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	write(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o600)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	carrier, err := simulator.New(simulator.Config{Listener: ln})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- carrier.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), ca
}

func TestACheckSaysWhenTheCertificateEnds(t *testing.T) {
	t.Parallel()
	password := filepath.Join(t.TempDir(), "password")
	write(t, password, testPassword, 0o600)
	soonOver, later := time.Now().Add(36*time.Hour), time.Now().Add(100*24*time.Hour)
	for _, c := range []struct {
		name  string
		end   time.Time
		tls   func(ca string) *configs.TLSConfig
		fault string // "": it is fine
		says  string
	}{
		{"it ends in months", later, func(ca string) *configs.TLSConfig { return &configs.TLSConfig{CA: ca} }, "", "certificate of CN=a carrier, valid until"},
		{"it ends tomorrow", soonOver, func(ca string) *configs.TLSConfig { return &configs.TLSConfig{CA: ca} }, "", "(1 days): IT ENDS SOON"},
		{"it is over", time.Now().Add(-time.Hour), func(ca string) *configs.TLSConfig { return &configs.TLSConfig{CA: ca} }, faultOver, "Look at this machine's clock"},
		{"nobody knows who signed it", soonOver, func(string) *configs.TLSConfig { return &configs.TLSConfig{} }, faultAuthority, "tls: {ca: …}"},
		{"it is another name's", soonOver, func(ca string) *configs.TLSConfig { return &configs.TLSConfig{CA: ca, ServerName: "smpp.example.com"} }, faultStranger, "server_name"},
		{"we do not speak TLS", soonOver, func(string) *configs.TLSConfig { return nil }, faultHungUp, "or wants TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, ca := encrypted(t, c.end)
			p := configs.ProviderConfig{
				Name: "mobile", Protocol: configs.SMPP, Address: address, SystemID: "tocsin", Password: configs.SecretSource{File: password}, TLS: c.tls(ca),
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			k := check(ctx, p, &checkEN)
			var out bytes.Buffer
			k.print(&out, p, &checkEN)
			if k.Fault != c.fault || k.OK != (c.fault == "") || !strings.Contains(out.String(), c.says) {
				t.Errorf("got fault %q (%s), want %q; it says\n%s", k.Fault, k.Error, c.fault, &out)
			}
			if c.fault == "" && (k.TLS == nil || k.TLS.Ends.Unix() != c.end.Unix() || k.TLS.Version != "TLS 1.3") {
				t.Errorf("got %+v, want the end %v", k.TLS, c.end)
			}
		})
	}
	t.Run("we speak TLS and they do not", func(t *testing.T) {
		t.Parallel()
		address, _ := startCarrier(t)
		k := check(t.Context(), configs.ProviderConfig{
			Name: "mobile", Protocol: configs.SMPP, Address: address, Password: configs.SecretSource{File: password}, TLS: &configs.TLSConfig{},
		}, &checkEN)
		if k.Fault != faultPlain {
			t.Errorf("got %q (%s), want %q", k.Fault, k.Error, faultPlain)
		}
	})
}

func TestEveryFaultHasAdvice(t *testing.T) {
	faults := []string{
		faultSettings, faultName, faultNobody, faultNoWay, faultSilence, faultPlain, faultOver, faultStranger, faultAuthority, faultTLS, faultConnect,
		faultMute, faultHungUp, faultStrange, faultUntested, faultListen,
	}
	for f := range providers.LoginFault(providers.LoginFaults) {
		faults = append(faults, f.String())
	}
	for _, f := range faults {
		if checkEN.ToDo[f] == "" {
			t.Errorf("nobody is told what to do about %s", f)
		}
	}
	if len(faults) != len(checkEN.ToDo) {
		t.Errorf("got %d faults and %d pieces of advice", len(faults), len(checkEN.ToDo))
	}
}
