package wire

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestPutHexWritesEveryOctet(t *testing.T) {
	var octets [256]byte
	for i := range octets {
		octets[i] = byte(i)
	}
	got := make([]byte, 2*len(octets))
	PutHex(got, octets[:])
	if want := hex.AppendEncode(nil, octets[:]); !bytes.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	PutHex(nil, nil)
}
