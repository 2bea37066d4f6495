package smpp

import (
	"bytes"

	"tocsin/providers/link"
	"tocsin/providers/wire"
)

// congested passes on congestion_state, which any response of a carrier that speaks
// SMPP 5.0 may bring: SMPP 5.0, section 4.8.
func (s *speaker) congested(h Header, body []byte, on *link.Session) {
	if !s.five {
		return
	}
	if level, ok := Congestion(h.ID, body); ok {
		on.Congested(level)
	}
}

// Congestion is the congestion_state of a response, 0 to 100. What cannot be, or
// stands behind a body that cannot be read, is none.
func Congestion(id uint32, body []byte) (level uint8, ok bool) {
	options, ok := parameters(id, body)
	if !ok {
		return 0, false
	}
	v, _ := options.Find(TagCongestionState)
	if len(v) != 1 || v[0] > 100 {
		return 0, false
	}
	return v[0], true
}

// parameters are the optional parameters of a response, found without reading the
// rest of it. A response with a status that is not 0 may have them alone.
func parameters(id uint32, body []byte) (wire.TLVs, bool) {
	switch id {
	case EnquireLink | Response, GenericNack:
		return body, true
	case SubmitSM | Response, SubmitMulti | Response:
	default:
		return nil, false
	}
	end := bytes.IndexByte(body[:min(len(body), idSize)], 0) // behind message_id
	if end < 0 {
		return nil, false
	}
	rest := body[end+1:]
	if id == SubmitSM|Response || len(rest) == 0 {
		return rest, true
	}
	refused := int(rest[0])
	rest = rest[1:]
	for range refused { // ton, npi, an address and its NUL, a status
		if len(rest) < 2 {
			return nil, false
		}
		end := bytes.IndexByte(rest[2:min(len(rest), 2+addressSize)], 0)
		if end < 0 || len(rest) < 2+end+1+4 {
			return nil, false
		}
		rest = rest[2+end+1+4:]
	}
	return rest, true
}
