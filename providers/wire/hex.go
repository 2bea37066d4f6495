package wire

// hexDigits are the two hexadecimal digits of every octet.
var hexDigits = func() (t [256][2]byte) {
	const digits = "0123456789abcdef"
	for i := range t {
		t[i] = [2]byte{digits[i>>4], digits[i&15]}
	}
	return t
}()

// PutHex writes the hexadecimal digits of octets into b, which has room for them. An id
// is written for every recipient: it takes two digits at a time.
func PutHex(b, octets []byte) {
	for i, c := range octets {
		*(*[2]byte)(b[2*i:]) = hexDigits[c]
	}
}
