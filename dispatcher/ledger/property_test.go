package ledger

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"pgregory.net/rapid"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// model is what the test believes of each recipient.
type model struct {
	t       *testing.T
	l       *Ledger
	dir     string
	claims  []*Claim
	state   []sms.State
	offered map[*Claim][]uint16
	base    map[int64]int // first recipient of each page
	out     map[int]bool  // who has opted out
}

// TestTheLedgerBalancesWhateverHappens plays random claims, offers, answers,
// receipts, crashes and folds, and compares every recipient's state with a model
// after each step.
func TestTheLedgerBalancesWhateverHappens(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp("", "ledger-property-")
		if err != nil {
			r.Fatal(err)
		}
		defer os.RemoveAll(dir)
		const n, size = 12, 5
		m := &model{t: t, dir: dir, state: make([]sms.State, n), offered: map[*Claim][]uint16{}, base: map[int64]int{}, out: map[int]bool{}}
		m.open(r)
		defer func() { crash(m.l) }()
		c, err := m.l.Plan(t.Context(), Draft{Key: "k", Hash: "h"}, func(s campaigns.Sink) (*campaigns.Summary, error) {
			for at, k := 0, 0; at < n; at, k = at+size, k+1 {
				b := &campaigns.Batch{Sequence: k, Route: "a"}
				for i := at; i < min(at+size, n); i++ {
					b.Numbers, b.Lines = append(b.Numbers, first+sms.Number(2*i)), append(b.Lines, uint32(i))
				}
				if err := s.AddBatch(b); err != nil {
					return nil, err
				}
			}
			return &campaigns.Summary{Rows: n, Planned: n, Excluded: map[string]int{}}, nil
		})
		if err != nil {
			r.Fatal(err)
		}
		become(r, m.l, c.ID, Running)
		for _, p := range m.l.campaigns[0].pages {
			m.base[p.id] = int(p.lowest-first) / 2
		}
		r.Repeat(map[string]func(*rapid.T){
			"claim": m.claim, "offer": m.offer, "settle": m.settle, "release": m.release,
			"receipt": m.receipt, "crash": m.crash, "fold": m.fold, "resend": m.resend, "mark": m.mark, "reroute": m.reroute, "optOut": m.optOut, "optIn": m.optIn, "": m.compare,
		})
	})
}

func (m *model) open(r *rapid.T) {
	l, err := Open(r.Context(), heeding(m.t, m.dir))
	if err != nil {
		r.Fatal(err)
	}
	m.l = l
}

func (m *model) claim(r *rapid.T) {
	tasks := append(m.l.Ready("a", sms.Routine, 10), m.l.Ready("b", sms.Routine, 10)...)
	if len(tasks) == 0 {
		r.Skip("nothing is ready")
	}
	task := rapid.SampledFrom(tasks).Draw(r, "task")
	k, err := m.l.Claim(r.Context(), task.Page, task.Epoch)
	if err != nil {
		r.Fatal(err)
	}
	m.claims = append(m.claims, k)
	m.prevented(k.Page)
}

// prevented takes who waits on a page and has opted out to cancelled.
func (m *model) prevented(page int64) {
	for i := range m.l.pages[page].size {
		if at := m.base[page] + i; m.state[at] == sms.Waiting && m.out[at] {
			m.state[at] = sms.Cancelled
		}
	}
}

func (m *model) optOut(r *rapid.T) { m.message(r, "TD", true) }
func (m *model) optIn(r *rapid.T)  { m.message(r, "START", false) }

// message has a recipient send a keyword, any number of times.
func (m *model) message(r *rapid.T, text string, out bool) {
	i := rapid.IntRange(0, len(m.state)-1).Draw(r, "recipient")
	clear(m.l.lately) // as if it were a while ago
	if _, err := m.l.Receive("b", nil, []sms.Incoming{from(i, text)}); err != nil {
		r.Fatal(err)
	}
	m.out[i] = out
}

func (m *model) one(r *rapid.T) *Claim {
	if len(m.claims) == 0 {
		r.Skip("nothing is claimed")
	}
	return rapid.SampledFrom(m.claims).Draw(r, "claim")
}

func (m *model) offer(r *rapid.T) {
	k := m.one(r)
	var indexes []uint16
	var parts []uint8
	for i := range k.Numbers {
		if m.state[m.base[k.Page]+i] == sms.Waiting && rapid.Bool().Draw(r, "offered") {
			indexes, parts = append(indexes, uint16(i)), append(parts, 1)
		}
	}
	if len(indexes) == 0 {
		r.Skip("nobody waits")
	}
	err := m.l.Offer(k, indexes, parts)
	if errors.Is(err, ErrTaken) && m.l.pages[k.Page].next != "" {
		r.Skip("who waits goes to another provider")
	}
	if errors.Is(err, ErrOptedOut) {
		m.prevented(k.Page)
		return
	}
	if err != nil {
		r.Fatal(err)
	}
	for _, i := range indexes {
		if m.out[m.base[k.Page]+int(i)] {
			r.Fatalf("recipient %d has opted out and is offered it", m.base[k.Page]+int(i))
		}
		m.state[m.base[k.Page]+int(i)] = sms.Offered
	}
	m.offered[k] = append(m.offered[k], indexes...)
}

func (m *model) settle(r *rapid.T) {
	k := m.one(r)
	if len(m.offered[k]) == 0 {
		r.Skip("nobody is offered")
	}
	i := m.offered[k][0]
	m.offered[k] = m.offered[k][1:]
	ack := sms.Ack{Outcome: sms.Outcome(rapid.IntRange(0, sms.Outcomes-1).Draw(r, "outcome"))}
	if ack.Outcome == sms.Taken {
		ack.Done, ack.Refs = 1, sms.AppendRef(nil, fmt.Appendf(nil, "P%dI%d", k.Page, i))
	}
	if err := m.l.Settle(k, []uint16{i}, []sms.Ack{ack}); err != nil {
		r.Fatal(err)
	}
	if s := &m.state[m.base[k.Page]+int(i)]; *s == sms.Offered {
		*s = outcomeState[ack.Outcome]
	}
}

func (m *model) release(r *rapid.T) {
	k := m.one(r)
	if err := m.l.Release(k); err != nil {
		r.Fatal(err)
	}
	m.forget(k)
}

// forget ends a claim: what it had offered is in doubt.
func (m *model) forget(k *Claim) {
	for _, i := range m.offered[k] {
		if s := &m.state[m.base[k.Page]+int(i)]; *s == sms.Offered {
			*s = sms.InDoubt
		}
	}
	delete(m.offered, k)
	for i, other := range m.claims {
		if other == k {
			m.claims = append(m.claims[:i:i], m.claims[i+1:]...)
			return
		}
	}
}

func (m *model) receipt(r *rapid.T) {
	i := rapid.IntRange(0, len(m.state)-1).Draw(r, "recipient")
	said := rapid.SampledFrom([]sms.State{sms.Delivered, sms.Failed}).Draw(r, "state")
	switch m.state[i] {
	case sms.Offered, sms.InDoubt, sms.Accepted:
	default:
		r.Skip("no receipt can come for it")
	}
	// Empty: the only candidate by number.
	if _, err := m.l.Receive("a", []sms.Receipt{{To: first + sms.Number(2*i), State: said}}, nil); err != nil {
		r.Fatal(err)
	}
	m.state[i] = said
}

func (m *model) crash(r *rapid.T) {
	crash(m.l)
	for len(m.claims) > 0 {
		m.forget(m.claims[0])
	}
	m.open(r)
}

func (m *model) fold(r *rapid.T) {
	if err := m.l.Fold(r.Context()); err != nil {
		r.Fatal(err)
	}
}

func (m *model) resend(r *rapid.T) {
	if len(m.claims) > 0 {
		r.Skip("some are claimed: their waiting lists are fixed")
	}
	before := map[int]bool{}
	for _, p := range m.l.campaigns[0].pages {
		if err := m.l.load(p); err != nil {
			r.Fatal(err)
		}
		for i := range p.numbers {
			before[m.base[p.id]+i] = p.people.flags[i]&wasResent != 0
		}
	}
	if _, err := m.l.Resend(1, 0); err != nil {
		r.Fatal(err)
	}
	for i := range m.state {
		if m.state[i] == sms.InDoubt && !before[i] && !m.out[i] {
			m.state[i] = sms.Waiting
		}
	}
}

// mark settles all doubt by hand.
func (m *model) mark(r *rapid.T) {
	as := rapid.SampledFrom([]sms.State{sms.Accepted, sms.Delivered, sms.Failed}).Draw(r, "as")
	e, err := m.l.Do(r.Context(), Command{Key: "k", Verb: "mark", Who: "li", Why: "test", As: as.String()})
	if err != nil {
		r.Fatal(err)
	}
	marked := 0
	for i, s := range m.state {
		if s == sms.InDoubt {
			m.state[i] = as
			marked++
		}
	}
	if e.Marked != marked {
		r.Fatalf("got %d marked, want %d", e.Marked, marked)
	}
}

// reroute gives all who wait for one provider to the other: all of them move, now or
// when their page comes back.
func (m *model) reroute(r *rapid.T) {
	from := rapid.SampledFrom([]string{"a", "b"}).Draw(r, "from")
	to := map[string]string{"a": "b", "b": "a"}[from]
	waiting := 0
	for _, p := range m.l.campaigns[0].pages {
		if p.provider == from {
			waiting += p.counts[sms.Waiting]
		}
	}
	e, err := m.l.Do(r.Context(), Command{Key: from, Verb: "reroute", Who: "li", Why: "test", To: to})
	if err != nil {
		r.Fatal(err)
	}
	if e.Moved+e.Later != waiting || e.Stay != 0 {
		r.Fatalf("got %+v, want %d moved", e, waiting)
	}
	for _, t := range m.l.Ready(from, sms.Routine, 10) {
		r.Fatalf("page %d waits for %s still", t.Page, from)
	}
}

// compare holds the ledger against the model, from memory and from the database.
func (m *model) compare(r *rapid.T) {
	var want [sms.States]int
	for _, s := range m.state {
		want[s]++
	}
	report, err := m.l.Report(r.Context(), "k")
	if err != nil {
		r.Fatal(err)
	}
	if report.Recipients != recipientsOf(want) || !report.Balanced {
		r.Fatalf("got %+v, want %+v", report.Recipients, recipientsOf(want))
	}
	if got := m.l.Tally(1); got.Imbalance != 0 || report.OptedOut != want[sms.Cancelled] {
		r.Fatalf("got %+v and %d who opted out, want %d", got, report.OptedOut, want[sms.Cancelled])
	}
	for _, p := range m.l.campaigns[0].pages {
		if p.numbers == nil {
			continue
		}
		for i, s := range p.people.state {
			if want := m.state[m.base[p.id]+i]; s != want {
				r.Fatalf("recipient %d: got %v, want %v", m.base[p.id]+i, s, want)
			}
		}
	}
}
