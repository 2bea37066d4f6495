package ledger

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"tocsin/providers/sms"
)

// A commit gathers what one transaction writes.
type commit struct {
	at    int64 // milliseconds since 1970
	dirty map[*page]*delta
	fold  map[*page][]byte // with the status rows to write
	exec  []statement
	then  []func() // run under l.mu once all is on disk

	retrying  bool         // parked receipts are tried again
	completed []sms.Number // delivered by receipts that were put aside
	campaigns []*Campaign  // whose rows change, to be read anew when they have moved
	moved     bool         // another process has written to a page since a request looked at it
	scratch   []byte       // of records that are counted before they are appended

	spare  []*delta
	sealed bool // what it writes gets checksums
}

// A delta is what one transaction does to one page.
type delta struct {
	journal []byte
	group   group
}

// A group gathers receipts of one page that follow each other into one record.
type group struct {
	body []byte
	n    int
	last said
}

// reset makes c ready for the next transaction; its memory is used again.
func (c *commit) reset(at int64, sealed bool) {
	if c.dirty == nil {
		c.dirty, c.fold = map[*page]*delta{}, map[*page][]byte{}
	}
	for _, d := range c.dirty {
		c.spare = append(c.spare, d)
	}
	clear(c.dirty)
	clear(c.fold)
	clear(c.exec)
	clear(c.then)
	clear(c.campaigns)
	c.campaigns, c.completed = c.campaigns[:0], c.completed[:0]
	c.at, c.sealed, c.exec, c.then, c.moved = at, sealed, c.exec[:0], c.then[:0], false
}

// pages are the pages that the transaction writes, in order of their ids: two processes
// that lock the same pages in one order never wait for each other.
func (c *commit) pages() []*page {
	pages := slices.Collect(maps.Keys(c.dirty))
	slices.SortFunc(pages, func(a, b *page) int { return cmp.Compare(a.id, b.id) })
	return pages
}

func (c *commit) empty() bool { return len(c.dirty) == 0 && len(c.exec) == 0 && len(c.then) == 0 }

// touch is p's delta in this transaction.
func (c *commit) touch(p *page) *delta {
	d := c.dirty[p]
	if d != nil {
		return d
	}
	if n := len(c.spare); n > 0 {
		d, c.spare = c.spare[n-1], c.spare[:n-1]
		d.journal, d.group.body, d.group.n = d.journal[:0], d.group.body[:0], 0
	} else {
		d = &delta{}
	}
	if c.sealed {
		d.journal = seal{}.room(d.journal)
	}
	c.dirty[p] = d
	return d
}

// row is what goes into the journal as p's version; nil when there is nothing.
func (c *commit) row(p *page, d *delta) []byte {
	switch {
	case !c.sealed && len(d.journal) > 0:
		return d.journal
	case c.sealed && len(d.journal) > sealSize:
		return seal{sealJournal, p.id, p.version}.close(d.journal)
	}
	return nil
}

// head begins a record of page p.
func (c *commit) head(kind byte, p *page) *delta {
	d := c.touch(p)
	d.close()
	d.journal = append(d.journal, kind)
	return d
}

// add appends a receipt.
func (d *delta) add(s *said) {
	g := &d.group
	var before *said
	if g.n > 0 {
		before = &g.last
	}
	g.body = appendSaid(g.body, before, s)
	g.n, g.last = g.n+1, *s
}

// close ends the record of receipts that is open.
func (d *delta) close() {
	g := &d.group
	if g.n > 0 {
		d.journal = append(d.journal, kindReceipt)
		d.journal = binary.AppendUvarint(d.journal, uint64(g.n))
		d.journal = append(d.journal, g.body...)
	}
	g.body, g.n = g.body[:0], 0
}
