package simulator

import "slices"

// The connections of an account that a receipt may come on: Config.ReceiptsOn.
const (
	OnAny   = "any"   // any of them, at random
	OnSame  = "same"  // its submit's
	OnOther = "other" // any but its submit's, if there is another one
)

// pass queues receipts for submits that came on s, on connections of its account that take
// receipts.
func (c *Carrier) pass(s *session, receipts []receipt) {
	if s.receives && c.config.ReceiptsOn == OnSame {
		s.push(receipts)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := s.account.receivers
	if len(lines) < 2 || c.config.ReceiptsOn == OnSame {
		c.hand(s.account, receipts)
		return
	}
	own := slices.Index(lines, s)
	for i := range receipts {
		line := lines[c.line(len(lines), own)]
		line.share = append(line.share, receipts[i])
	}
	for _, line := range lines {
		line.push(line.share)
		line.share = line.share[:0]
	}
}

// line is the place, among n, of the line that the next receipt comes on; own is that of
// the submit, below 0 when it takes no receipts. Under c.mu.
func (c *Carrier) line(n, own int) int {
	c.picks++
	luck := mix(c.picks ^ c.config.Seed + saltLine)
	if c.config.ReceiptsOn != OnOther || own < 0 {
		return int(luck % uint64(n))
	}
	k := int(luck % uint64(n-1))
	if k >= own {
		k++
	}
	return k
}

// passFollowing passes on the receipts of answers that have been written.
func (s *session) passFollowing() {
	s.mu.Lock()
	receipts := s.follow
	s.follow = nil
	s.mu.Unlock()
	if len(receipts) > 0 {
		s.carrier.pass(s, receipts)
	}
}
