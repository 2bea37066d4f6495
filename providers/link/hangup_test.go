package link_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"tocsin/providers/link"
)

// talkative is a carrier's end that has something left to say when it hears that the
// other is closed. Its error is what a reset makes of that.
func talkative(conn net.Conn) error {
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return err
	}
	for range 3 { // the write behind the one that meets a closed socket is told
		if _, err := conn.Write(make([]byte, 1<<10)); err != nil {
			return err
		}
	}
	return conn.Close()
}

func TestHangUpLetsTheCarrierFinish(t *testing.T) {
	authority := httptest.NewTLSServer(nil) // for its certificate
	authority.Close()
	ours := authority.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	ours.ServerName = "example.com"
	for name, dress := range map[string]struct{ ours, theirs func(net.Conn) net.Conn }{
		"TCP": {func(c net.Conn) net.Conn { return c }, func(c net.Conn) net.Conn { return c }},
		"TLS": {
			func(c net.Conn) net.Conn { return tls.Client(c, ours) },
			func(c net.Conn) net.Conn { return tls.Server(c, authority.TLS) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			ended := make(chan error, 1)
			go func() {
				conn, err := ln.Accept()
				if err == nil {
					err = talkative(dress.theirs(conn))
				}
				ended <- err
			}()
			plain, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			conn := dress.ours(plain)
			if _, err := conn.Write([]byte("goodbye")); err != nil {
				t.Fatal(err)
			}
			link.HangUp(conn)
			if err := <-ended; err != nil {
				t.Errorf("the carrier got %v", err)
			}
			if _, err := plain.Write([]byte{0}); err == nil {
				t.Error("the connection is still open")
			}
		})
	}
}
