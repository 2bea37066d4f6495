package configs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// Client reads the certificates and makes the settings of a connection; nil
// for nil: no TLS. The carrier's certificate is checked for ServerName, which the
// dialer takes from the address when it is empty. TLS 1.2 is the least.
func (c *TLSConfig) Client() (*tls.Config, error) {
	if c == nil {
		return nil, nil
	}
	made := &tls.Config{ServerName: c.ServerName, MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("read the authorities: %w", err)
		}
		made.RootCAs = x509.NewCertPool()
		if !made.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the authorities: %s holds no PEM certificate", c.CA)
		}
	}
	if c.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
		if err != nil {
			return nil, fmt.Errorf("read our certificate: %w", err)
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return made, nil
}
