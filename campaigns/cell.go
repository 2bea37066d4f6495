package campaigns

import (
	"encoding/binary"
	"slices"
)

// control reports whether a value holds a character that no text may hold: one below
// U+0020 but for \n and \r, or U+007F.
func control(value []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(value) >= 8 { // eight octets at a time: those below 0x20, and 0x7F
		w := binary.LittleEndian.Uint64(value)
		del := w ^ 0x7F*ones
		if ((w-0x20*ones)&^w|(del-ones)&^del)&highs != 0 && slices.ContainsFunc(value[:8], isForbidden) {
			return true
		}
		value = value[8:]
	}
	return slices.ContainsFunc(value, isForbidden)
}

func isForbidden(c byte) bool { return c < ' ' && c != '\n' && c != '\r' || c == 0x7F }
