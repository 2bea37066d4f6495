package httpgw

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestACarrierIsGreetedWithoutARequest(t *testing.T) {
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came") })
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	for _, c := range []struct {
		name, url string
		encrypted bool
	}{{"plain", plain.URL, false}, {"encrypted", secure.URL, true}} {
		config := plainConfig(c.url)
		if c.encrypted {
			config.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
			config.TLS.RootCAs.AddCert(secure.Certificate())
		}
		p, err := New(Options{Config: config})
		if err != nil {
			t.Fatal(err)
		}
		h, err := p.Greet(t.Context())
		if err != nil || h.Connect <= 0 || (h.TLS != nil) != c.encrypted || h.Address == "" {
			t.Errorf("%s: got %+v, %v", c.name, h, err)
		}
	}
	plain.Close()
	p, err := New(Options{Config: plainConfig(plain.URL)})
	if err != nil {
		t.Fatal(err)
	}
	if h, err := p.Greet(t.Context()); err == nil || h.Connect != 0 {
		t.Errorf("nobody there: got %+v, %v", h, err)
	}
}
