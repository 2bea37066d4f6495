package smpp

import (
	"fmt"
	"log/slog"
	"net"

	"tocsin/providers/link"
	"tocsin/providers/wire"
)

// protocol logs in as one account.
type protocol struct {
	c   Config
	log *slog.Logger
}

// Login sends the bind request and waits for its answer.
func (p *protocol) Login(conn net.Conn, r *wire.Reader, role link.Role) (link.Speaker, error) {
	request, err := Append(nil, role.Kind, 0, 1, &Bind{
		SystemID: p.c.SystemID, Password: p.c.Password, SystemType: p.c.SystemType, Version: p.c.version(),
	})
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	frame, err := r.Next()
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	h, body := Split(frame)
	if h.ID != role.Kind|Response && h.ID != GenericNack {
		return nil, fmt.Errorf("answered by PDU %#x: %w", h.ID, ErrPDU)
	}
	switch {
	case h.Status == StatusInvPasswd, h.Status == StatusInvSysID:
		return nil, refused(h.Status, fmt.Errorf("status %#x: %w", h.Status, ErrCredentials))
	case h.Status != StatusOK:
		return nil, refused(h.Status, fmt.Errorf("refused with status %#x", h.Status))
	case h.ID == GenericNack:
		return nil, ErrPDU
	}
	s := &speaker{address: p.c.Address, sender: p.c.Sender, ids: p.c.ReceiptIDs, log: p.log}
	var answer BindAnswer
	if wire.Decode(body, &answer) == nil { // or the login holds, whatever the carrier says of itself
		s.version, s.name = answer.Version(), answer.SystemID
		s.five = p.c.Five && answer.Version() >= Version50
	}
	if p.c.Five && !s.five {
		p.log.Warn("the carrier does not speak SMPP 5.0: speaking 3.4", "address", p.c.Address)
	}
	return s, nil
}
