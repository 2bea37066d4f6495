package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"tocsin/providers/smpp"
	"tocsin/providers/wire"
)

// A broadcast is one that the carrier has taken.
type broadcast struct {
	source    string
	areas     []smpp.Area
	ends      time.Time
	cancelled bool
}

// broadcasts are those of one carrier, by what it calls them.
type broadcasts struct {
	mu   sync.Mutex
	last uint64
	all  map[string]*broadcast
}

// A broadcastLine is a broadcast in the journal.
type broadcastLine struct {
	Time      string   `json:"time"`
	Broadcast string   `json:"broadcast"` // its id
	Areas     []string `json:"areas"`     // those that are reached
	Content   uint16   `json:"content"`
	Priority  uint8    `json:"priority"`
	Repeat    uint16   `json:"repeat"`
	Every     string   `json:"every"`
	Text      string   `json:"text"`
	Cancelled bool     `json:"cancelled,omitempty"`
	Protocol  string   `json:"protocol"`
}

// cell takes a request of cell broadcast: SMPP 5.0, sections 4.4 and 4.6.
func (d *smppDialect) cell(s *session, command, sequence uint32, body []byte) {
	if !d.five {
		s.out = appendHeader(s.out, genericNack, statusCommandID, sequence)
		return
	}
	status, answer := uint32(statusBindStatus), wire.Body(nil)
	if s.submits {
		switch command {
		case smpp.BroadcastSM:
			status, answer = d.broadcast(s, body)
		case smpp.QueryBroadcastSM:
			status, answer = d.query(body)
		default:
			status = d.cancel(s, body)
		}
		if c := s.carrier; c.happens(d.config.Silent, uint64(c.pdus.Add(1)), saltSilent) {
			return
		}
	}
	start := len(s.out)
	s.out = appendHeader(s.out, command|response, status, sequence)
	if answer != nil {
		out, err := wire.Encode(s.out, answer)
		if err != nil {
			panic(fmt.Sprintf("simulator: write PDU %#x: %v", command|response, err)) // a mistake in this file
		}
		s.out = out
	}
	setLength(s.out, start)
}

// broadcast takes one, or refuses it when it reaches no area.
func (d *smppDialect) broadcast(s *session, body []byte) (status uint32, answer wire.Body) {
	var request smpp.Broadcast
	if wire.Decode(body, &request) != nil {
		return statusCommandLength, nil
	}
	order, status := request.Order()
	if status != smpp.StatusOK {
		return status, nil
	}
	b := &broadcast{source: string(request.Source.Text), ends: time.Unix(0, s.now).Add(time.Duration(max(order.Repeat, 1)-1) * order.Length())}
	var failed []smpp.Failure
	var reached []string
	for _, a := range order.Areas {
		if name, ok := a.Alias(); ok && len(d.config.Areas) > 0 && !slices.Contains(d.config.Areas, name) {
			failed = append(failed, smpp.Failure{Area: a, Status: smpp.StatusAlias})
			continue
		}
		b.areas = append(b.areas, slices.Clone(a))
		reached = append(reached, a.String())
	}
	if len(reached) == 0 {
		return smpp.StatusAlias, nil
	}
	id := d.carrier.broadcasts.keep(b)
	s.note(&broadcastLine{
		Broadcast: id, Areas: reached, Content: order.Content, Priority: request.Priority, Repeat: order.Repeat,
		Every: order.Length().String(), Text: string(appendText(nil, order.Text, request.Coding)),
	})
	return smpp.StatusOK, &smpp.BroadcastAnswer{Answer: smpp.Answer{ID: []byte(id), Options: d.congestion(smpp.AppendFailures(nil, failed))}}
}

// query says how far one is.
func (d *smppDialect) query(body []byte) (status uint32, answer wire.Body) {
	var request smpp.BroadcastQuery
	if wire.Decode(body, &request) != nil {
		return statusCommandLength, nil
	}
	d.carrier.broadcasts.mu.Lock()
	defer d.carrier.broadcasts.mu.Unlock()
	b := d.carrier.broadcasts.all[string(request.ID)]
	if b == nil || b.source != string(request.Source.Text) {
		return smpp.StatusQuery, nil
	}
	state := uint8(1) // ENROUTE
	switch {
	case b.cancelled:
		state = 4 // DELETED
	case !time.Now().Before(b.ends):
		state = 2 // DELIVERED
	}
	var areas []smpp.Reach
	for _, a := range b.areas {
		areas = append(areas, smpp.Reach{Area: a, Percent: 100})
	}
	return smpp.StatusOK, &smpp.BroadcastState{Answer: smpp.Answer{ID: request.ID, Options: d.congestion(smpp.AppendState(nil, state, areas))}}
}

// cancel ends one.
func (d *smppDialect) cancel(s *session, body []byte) (status uint32) {
	var request smpp.BroadcastCancel
	if wire.Decode(body, &request) != nil {
		return statusCommandLength
	}
	d.carrier.broadcasts.mu.Lock()
	defer d.carrier.broadcasts.mu.Unlock()
	b := d.carrier.broadcasts.all[string(request.ID)]
	if b == nil || b.source != string(request.Source.Text) || b.cancelled {
		return smpp.StatusCancel
	}
	b.cancelled = true
	s.note(&broadcastLine{Broadcast: string(request.ID), Cancelled: true})
	return smpp.StatusOK
}

// keep gives a broadcast its id.
func (k *broadcasts) keep(b *broadcast) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[string]*broadcast{}
	}
	k.last++
	id := "b" + strconv.FormatUint(k.last, 10)
	k.all[id] = b
	return id
}

// note adds a line to the journal, to be written before the answer.
func (s *session) note(line *broadcastLine) {
	if s.carrier.journal == nil {
		return
	}
	line.Time, line.Protocol = time.Unix(0, s.now).UTC().Format(time.RFC3339Nano), s.lines.protocol
	text, err := json.Marshal(line)
	if err != nil {
		panic(fmt.Sprintf("simulator: write the journal: %v", err)) // a mistake in this file
	}
	s.lines.buf = append(append(s.lines.buf, text...), '\n')
}
