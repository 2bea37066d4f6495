package smgp

import (
	"bytes"
	"encoding/hex"
)

// messageName is the MsgID of a message from a handset, which keeps it when it is said
// again; "" when the gateway gives none.
func messageName(id []byte) string {
	if len(bytes.Trim(id, "\x00")) == 0 {
		return ""
	}
	return hex.EncodeToString(id)
}
