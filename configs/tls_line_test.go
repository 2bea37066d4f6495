package configs

import (
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
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certified is a listener on loopback with a certificate for names, good until end, and
// the path of its authority.
func certified(t *testing.T, end time.Time, most uint16, names ...string) (address, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "carrier of a test"}, NotBefore: end.Add(-24 * time.Hour), NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS10, MaxVersion: most,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buf := make([]byte, 64)
				if _, err := conn.Read(buf); err == nil { // bind_transceiver: it is let in
					conn.Write([]byte("\x00\x00\x00\x11\x80\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x01\x00"))
					conn.Read(buf)
				}
			}()
		}
	}()
	return ln.Addr().String(), ca
}

func TestACarrierThatIsNotWhoItShouldBeIsNotSpokenTo(t *testing.T) {
	good := time.Now().Add(time.Hour)
	for _, tt := range []struct {
		name  string
		end   time.Time
		most  uint16
		host  string
		other bool   // another authority is trusted
		fault string // "": the line is up
	}{
		{"it is the one", good, tls.VersionTLS13, "127.0.0.1", false, ""},
		{"its certificate has expired", time.Now().Add(-time.Minute), tls.VersionTLS13, "127.0.0.1", false, "certificate has expired"},
		{"its certificate is another host's", good, tls.VersionTLS13, "smpp.example.com", false, "certificate"},
		{"its certificate is of an authority that nobody trusts", good, tls.VersionTLS13, "127.0.0.1", true, "unknown authority"},
		{"it speaks an old TLS alone", good, tls.VersionTLS11, "127.0.0.1", false, "protocol version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address, ca := certified(t, tt.end, tt.most, tt.host)
			if tt.other {
				_, ca = certified(t, tt.end, tt.most, tt.host)
			}
			password := filepath.Join(t.TempDir(), "password")
			if err := os.WriteFile(password, []byte("secret"), 0o600); err != nil {
				t.Fatal(err)
			}
			c := defaultProvider()
			c.Name, c.Protocol, c.Address, c.SystemID, c.Connections = "mobile", SMPP, address, "tocsin", 1
			c.Password, c.TLS = SecretSource{File: password}, &TLSConfig{CA: ca}
			p, err := Provider(c, nil)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- p.Run(ctx, nil) }()
			defer func() { stop(); <-ended }()
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				l := p.Line()
				if tt.fault == "" && l.Up == 1 || tt.fault != "" && strings.Contains(l.Fault, tt.fault) {
					return
				}
				if tt.fault != "" && l.Up > 0 {
					t.Fatal("the line is up")
				}
			}
			t.Errorf("got %+v, want a line that is up: %v, or the fault %q", p.Line(), tt.fault == "", tt.fault)
		})
	}
}
