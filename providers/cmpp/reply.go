package cmpp

import "strconv"

// messageName is the Msg_Id of a message from a handset, which keeps it when it is
// said again; "" when the gateway gives none.
func messageName(id uint64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(id, 16)
}
