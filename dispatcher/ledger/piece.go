package ledger

import (
	"context"
	"slices"

	"tocsin/providers/sms"
)

// A piece is the receipt of one segment of somebody in doubt: nobody knows which.
type piece struct {
	provider string
	ref      []byte
	at       int64 // when it came, milliseconds since 1970
}

// complete takes the receipt of a delivered segment of recipient s.index, which is in doubt
// and has several segments without a reference. The receipt may be for any of them, and a
// guess could make a resend leave out the wrong one. Once there are receipts for all of
// them, in whatever order, all are delivered. It reports whether that is so.
func (l *Ledger) complete(c *commit, provider string, p *page, s said, r *sms.Receipt) (bool, error) {
	if len(r.Ref) == 0 { // said again, it cannot be told from another
		return false, nil
	}
	l.putAside(provider, r, c.at)
	open, since := p.openSegments(s.index), p.millis(p.people.sent[s.index])
	refs := l.refsOf(provider, r.To, since)
	if !hasRef(refs, r.Ref) {
		refs = append(refs, slices.Clone(r.Ref))
	}
	if len(refs) < len(open) && !c.retrying {
		var err error
		if refs, err = l.refsElsewhere(refs, provider, r.To, since); err != nil {
			return false, err
		}
	}
	refs = slices.DeleteFunc(refs, func(ref []byte) bool { return p.names(s.index, ref) }) // by an answer since
	if len(refs) != len(open) {
		return false, nil
	}
	for i, segment := range open {
		s.segment = segment
		if p.hear(s) {
			c.touch(p).add(&s)
		}
		c.learn(p, s, refs[i])
	}
	delete(l.pieces, r.To)
	c.completed = append(c.completed, r.To)
	return true, nil
}

// putAside remembers a receipt until there are receipts of the other segments. It is on
// disk as one that found nobody.
func (l *Ledger) putAside(provider string, r *sms.Receipt, at int64) {
	if l.pieces == nil {
		l.pieces = map[sms.Number][]piece{}
	}
	if len(l.pieces) < maxParked && !hasRef(l.refsOf(provider, r.To, 0), r.Ref) { // carriers say it again
		l.pieces[r.To] = append(l.pieces[r.To], piece{provider, slices.Clone(r.Ref), at})
	}
}

// refsOf are the references of what was put aside here for a number since then, in
// milliseconds since 1970.
func (l *Ledger) refsOf(provider string, n sms.Number, since int64) (refs [][]byte) {
	for _, one := range l.pieces[n] {
		if one.provider == provider && one.at >= since {
			refs = append(refs, one.ref)
		}
	}
	return refs
}

// refsElsewhere adds to refs what other processes have put aside for a number, and this
// one so long ago that it is on disk alone (parkFor).
func (l *Ledger) refsElsewhere(refs [][]byte, provider string, n sms.Number, since int64) ([][]byte, error) {
	rows, err := l.db.QueryContext(context.Background(), `SELECT ref FROM orphan WHERE number = $1 AND provider = $2 AND state = $3 AND at >= $4 AND ref <> ''`,
		int64(n), provider, int64(sms.Delivered), since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var ref []byte
		if err := rows.Scan(&ref); err != nil {
			return nil, err
		}
		if !hasRef(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs, rows.Err()
}

func hasRef(refs [][]byte, ref []byte) bool {
	return slices.ContainsFunc(refs, func(one []byte) bool { return SameRef(one, ref) })
}

// names reports whether recipient i has a segment of this reference.
func (p *page) names(i int, ref []byte) bool {
	for refs := p.refsOf(i); len(refs) > 0; {
		var one []byte
		if one, refs = refs.Next(); len(one) > 0 && SameRef(one, ref) {
			return true
		}
	}
	return false
}

// openSegments are recipient i's segments that have no receipt, and no reference of their
// own: that of a batch may be another one in receipts.
func (p *page) openSegments(i int) (open []int) {
	h := &p.people
	refs := p.refsOf(i)
	for k := range max(int(h.parts[i]), 1) {
		var one []byte
		if one, refs = refs.Next(); h.arrived[i]>>k&1 == 0 && (len(one) == 0 || h.flags[i]&batchRef != 0) {
			open = append(open, k)
		}
	}
	return open
}
