package ledger

import (
	"slices"

	"tocsin/providers/sms"
)

// A page is the stored batch: its row, and while it is in use its recipients.
// The row part is always in memory for campaigns that run; the recipients
// (numbers and below) are loaded when needed and dropped when all are settled.
type page struct {
	id               int64
	campaign         *Campaign
	series, sequence int
	route            sms.Route
	provider         string
	next             string // the provider that waiting recipients go to when the page comes back; "": none
	lowest, highest  sms.Number
	size             int
	plannedSegments  int
	epoch            int64
	owner            string
	version          int64 // transactions that touched it
	folded           int64 // the version that its status row is of; 0: there is none
	counts           [sms.States]int
	resent           int // recipients offered again out of doubt
	segments         int // segments the carrier took
	optedOut         int // of the cancelled, because they opted out

	numbers []sms.Number // sorted; nil when not loaded
	people  people
}

// people are the recipients of a loaded page, column by column.
type people struct {
	state   []sms.State
	flags   []uint8 // batchRef, wasResent, and from bit givenBits on the provider it was offered through: see give
	reason  []sms.Reason
	code    []uint16 // the carrier's own number for the reason
	parts   []uint8  // segments of the text; 0: not offered yet
	done    []uint16 // bit i: segment i is with the carrier
	arrived []uint16 // bit i: segment i was delivered
	sent    []uint32 // when last offered, in ticks after the campaign was planned
	settled []uint32 // when accepted, delivered or failed
	ref     []uint32 // where in refs its references begin; 0: none
	refs    []byte   // per recipient: length (2 octets), then sms.Refs
}

const (
	batchRef  = 1 << iota // its reference is shared with others of one batch PDU
	wasResent             // it was offered again out of doubt
)

// givenBits is where in a recipient's flags the place of its provider in the page's
// route stands, counted from 1; 0: the page's provider now.
const givenBits = 2

// tick is the grain of a recipient's times, in milliseconds: 32 bits of it are
// 497 days.
const tick = 10

func newPeople(n int) people {
	return people{
		state: make([]sms.State, n), flags: make([]uint8, n), reason: make([]sms.Reason, n),
		code: make([]uint16, n), parts: make([]uint8, n), done: make([]uint16, n), arrived: make([]uint16, n),
		sent: make([]uint32, n), settled: make([]uint32, n), ref: make([]uint32, n), refs: make([]byte, 1, 64),
	}
}

// ticks turns milliseconds since 1970 into ticks of p's campaign. 0 means never,
// so what happens in the campaign's first instant, or before it by a clock that
// was set back, is tick 1.
func (p *page) ticks(ms int64) uint32 {
	if ms <= p.campaign.Created {
		return 1
	}
	return uint32((ms-p.campaign.Created)/tick) + 1
}

// millis is the reverse of ticks; 0 stays 0.
func (p *page) millis(t uint32) int64 {
	if t == 0 {
		return 0
	}
	return p.campaign.Created + int64(t-1)*tick
}

// settled reports whether nothing can happen to the page's recipients any more.
func (p *page) settled() bool {
	return p.counts[sms.Waiting]+p.counts[sms.Offered]+p.counts[sms.InDoubt]+p.counts[sms.Accepted] == 0
}

// open reports whether a worker has something to do on it.
func (p *page) open() bool { return p.owner == "" && p.counts[sms.Waiting] > 0 }

// unload drops the recipients from memory; the row stays.
func (p *page) unload() { p.numbers, p.people = nil, people{} }

// find is the recipient with number n, by binary search; -1 when there is none.
func (p *page) find(n sms.Number) int {
	if i, ok := slices.BinarySearch(p.numbers, n); ok {
		return i
	}
	return -1
}

// move takes recipient i to another state if the table of moves allows it, and
// keeps the counts.
func (p *page) move(i int, to sms.State) bool {
	from := p.people.state[i]
	if !from.May(to) {
		return false
	}
	p.people.state[i] = to
	p.counts[from]--
	p.counts[to]++
	return true
}

// refsOf are recipient i's references.
func (p *page) refsOf(i int) sms.Refs {
	at := p.people.ref[i]
	if at == 0 {
		return nil
	}
	b := p.people.refs[at:]
	n := int(b[0])<<8 | int(b[1])
	return sms.Refs(b[2 : 2+n])
}

// keepRefs stores references and says where.
func (p *page) keepRefs(r sms.Refs) uint32 {
	if len(r) == 0 {
		return 0
	}
	at := uint32(len(p.people.refs))
	p.people.refs = append(p.people.refs, byte(len(r)>>8), byte(len(r)))
	p.people.refs = append(p.people.refs, r...)
	return at
}

// columns are the numbers of the page's row that change, in the order of
// updatePages, the version and the id last.
func (p *page) columns() [14]int64 {
	c := &p.counts
	return [...]int64{
		int64(c[sms.Waiting]), int64(c[sms.Offered]), int64(c[sms.InDoubt]), int64(c[sms.Accepted]), int64(c[sms.Delivered]),
		int64(c[sms.Failed]), int64(c[sms.Expired]), int64(c[sms.Cancelled]), int64(p.resent), int64(p.segments), p.folded, p.epoch,
		p.version, p.id,
	}
}

// plannedColumns are the columns of a page as it is planned; planned are their values.
var plannedColumns = [...]string{
	"id", "campaign", "series", "sequence", "route", "provider", "lowest", "highest", "size", "planned_segments",
}

func (p *page) planned() []any {
	return []any{
		p.id, p.campaign.ID, p.series, p.sequence, string(p.route), p.provider, int64(p.lowest), int64(p.highest), p.size, p.plannedSegments,
	}
}

const (
	insertPage = `INSERT INTO page (id, campaign, series, sequence, route, provider, lowest, highest, size, planned_segments, waiting)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9)`
	insertContent = `INSERT INTO content (page, numbers, fields) VALUES ($1, $2, $3)`
)
