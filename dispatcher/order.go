package dispatcher

import (
	"fmt"
	"sync"
	"time"

	"tocsin/campaigns"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

// An order is what sending one campaign takes, made from its definition once.
type order struct {
	definition *campaigns.Definition
	renderer   *campaigns.Renderer
	envelope   *sms.Envelope

	mu     sync.Mutex
	sealed *sms.Envelope // the envelope of the window that is open
}

// orders keeps the orders of the campaigns at work.
type orders struct {
	mu sync.Mutex
	by map[int64]*order
}

// of is the order of a campaign. Its error names the campaign's definition, which
// was read before: it fails only when the program has changed since.
func (o *orders) of(c *ledger.Campaign) (*order, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if known := o.by[c.ID]; known != nil {
		return known, nil
	}
	def, err := campaigns.ParseKept(c.Path, []byte(c.Definition))
	if err != nil {
		return nil, fmt.Errorf("read the stored definition of %s: %w", c.Key, err)
	}
	def = def.At(c.At())
	renderer, err := campaigns.NewRenderer(def, c.Columns)
	if err != nil {
		return nil, fmt.Errorf("read the stored definition of %s: %w", c.Key, err)
	}
	made := &order{definition: def, renderer: renderer, envelope: &sms.Envelope{
		Campaign: uint32(c.ID), Sender: def.Sender, Expires: expiry(def), Receipt: def.Receipts.Wanted, Class: c.Class,
	}}
	if o.by == nil {
		o.by = map[int64]*order{}
	}
	o.by[c.ID] = made
	return made, nil
}

// seal is the envelope of what is offered now: it ends with the sending window, so
// that no carrier delivers in the night what it could not deliver by day. An
// emergency may wake people.
func (o *order) seal(now time.Time) *sms.Envelope {
	ends := o.definition.Schedule.Window.Ends(now)
	if ends.IsZero() || o.envelope.Class == sms.Emergency || !o.envelope.Expires.IsZero() && !o.envelope.Expires.After(ends) {
		return o.envelope
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sealed == nil || !o.sealed.Expires.Equal(ends) {
		e := *o.envelope
		e.Expires = ends
		o.sealed = &e
	}
	return o.sealed
}

// over reports whether the campaign's time is over.
func (o *order) over(now time.Time) bool {
	return !o.envelope.Expires.IsZero() && now.After(o.envelope.Expires)
}

// expiry is when the campaign's messages are worth nothing any more; zero: never.
func expiry(d *campaigns.Definition) time.Time { return d.Schedule.Expires }
