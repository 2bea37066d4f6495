package configs

import (
	"crypto/tls"
	"errors"
	"os"
	"testing"
)

func TestTLSIsOffOrChecksTheCarrier(t *testing.T) {
	var off *TLSConfig
	if got, err := off.Client(); got != nil || err != nil {
		t.Errorf("without the key: got %v, %v, want no TLS", got, err)
	}
	got, err := (&TLSConfig{ServerName: "smpp.example.com"}).Client()
	if err != nil || got.InsecureSkipVerify || got.MinVersion != tls.VersionTLS12 || got.ServerName != "smpp.example.com" {
		t.Errorf("got %+v, %v, want a checked certificate and TLS 1.2 or later", got, err)
	}
	for _, c := range []TLSConfig{{CA: "missing.pem"}, {Certificate: "missing.pem", Key: "missing.key"}} {
		if _, err := c.Client(); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%+v: got %v, want %v", c, err, os.ErrNotExist)
		}
	}
	if _, err := (&TLSConfig{CA: "tls_test.go"}).Client(); err == nil {
		t.Error("a file without a certificate was taken for authorities")
	}
}
