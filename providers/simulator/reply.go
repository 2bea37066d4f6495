package simulator

import (
	"encoding/binary"
	"strconv"
	"time"
	"unicode/utf8"

	"tocsin/providers/cmpp"
	"tocsin/providers/sgip"
	"tocsin/providers/smgp"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// maxReply is the longest reply, in octets of UCS-2: 3GPP TS 23.040, section 9.2.3.16.
const maxReply = 140

// answers decides whether a person that has just got the last segment of a text replies to
// it. The reply is treated as a receipt with a text: it waits for its turn and is sent
// again as receipts are.
func (s *session) answers(number uint64, m *request, id uint64) {
	c := s.carrier
	if m.part.of > 1 && m.part.number != m.part.of {
		return
	}
	which, answers := c.replies(number)
	if !answers {
		return
	}
	s.due = append(s.due, receipt{
		to: number, id: id, origin: m.origin, at: s.now + int64(c.config.ReplyDelay), taken: s.now, reply: uint8(which + 1),
	})
	if c.journal != nil {
		s.lines.addReply(number, c.config.Replies[which])
	}
}

// replies says whether a person replies, and with which of the texts.
func (c *Carrier) replies(number uint64) (which int, answers bool) {
	if len(c.config.Replies) == 0 || !c.happens(c.config.ReplyShare, mix(number), saltReply) {
		return 0, false
	}
	return int(mix(number^c.config.Seed+saltReplyText) % uint64(len(c.config.Replies))), true
}

// replyOf is what a person replies; "" when nothing.
func (c *Carrier) replyOf(number uint64) string {
	if which, answers := c.replies(number); answers {
		return c.config.Replies[which]
	}
	return ""
}

// addReply appends the line of a reply.
func (l *lines) addReply(number uint64, text string) {
	l.buf = append(l.buf, l.head...)
	l.buf = strconv.AppendUint(l.buf, number, 10)
	l.buf = append(l.buf, `","reply":"`...)
	l.buf = appendJSON(l.buf, []byte(text))
	l.buf = append(append(append(l.buf, `","protocol":"`...), l.protocol...), "\"}\n"...)
}

// enqueue puts receipts behind those that wait, and replies, which are due at other
// times, behind the replies. Under s.mu.
func (s *session) enqueue(receipts []receipt) {
	if len(s.carrier.config.Replies) == 0 {
		s.queue = append(s.queue, receipts...)
		return
	}
	for _, r := range receipts {
		if r.reply != 0 {
			s.replies = append(s.replies, r)
		} else {
			s.queue = append(s.queue, r)
		}
	}
}

// collectReplies appends the replies that are due to out, within the window, and says
// when the next one is: 0 when there is none. Under s.mu.
func (s *session) collectReplies(out []byte, now int64) (_ []byte, n int, next time.Duration) {
	for n < len(s.replies) && n < sendAtOnce && s.room() > 0 {
		r := &s.replies[n]
		if r.at > now {
			next = time.Duration(r.at - now)
			break
		}
		out = s.encode(out, r)
		n++
	}
	s.replies = s.replies[:copy(s.replies, s.replies[n:])]
	return out, n, next
}

// replyText is a reply as a handset writes it: in ASCII where it can be, else in UCS-2.
func (c *Config) replyText(r *receipt) (format byte, octets []byte) {
	text := c.Replies[r.reply-1]
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return 8, sms.AppendUCS2(nil, []byte(text))
		}
	}
	return 0, []byte(text)
}

// reply appends r as deliver_sm: SMPP 3.4, section 4.6.
func (d *smppDialect) reply(b []byte, sequence uint32, r *receipt) []byte {
	format, octets := d.config.replyText(r)
	start := len(b)
	b = append(appendHeader(b, deliverSM, 0, sequence), 0, 1, 1) // service_type; international, E.164
	b = append(strconv.AppendUint(b, r.to, 10), 0, r.origin.ton, r.origin.npi)
	b = append(b, r.origin.addr...)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, format, 0, byte(len(octets))) // esm_class …; data_coding
	b = append(b, octets...)
	setLength(b, start)
	return b
}

// reply appends r as DELIVER: CMPP 3.0, section 7.4.5.
func (d *cmppDialect) reply(b []byte, sequence uint32, r *receipt) []byte {
	format, octets := d.config.replyText(r)
	return d.put(b, cmpp.DeliverID, sequence, &cmpp.Deliver{
		Version: d.version, ID: msgID(r.id ^ 1<<41), To: r.origin.addr, Format: format, From: strconv.AppendUint(nil, r.to, 10), Content: octets,
	})
}

// reply appends r as Deliver: SGIP 1.2, section 4.2.4.
func (d *sgipDialect) reply(b []byte, sequence uint32, r *receipt) []byte {
	format, octets := d.config.replyText(r)
	start := len(b)
	b = sgip.Begin(b, sgip.DeliverID, d.sequence(sequence))
	b = appendNumber(b, r.to, 21)
	b = append(wire.AppendPadded(b, r.origin.addr, 21), 0, 0, format) // TP_pid, TP_udhi, MessageCoding
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(octets))), octets...)
	return sgip.End(wire.AppendPadded(b, "", 8), start)
}

// reply appends r as Deliver: SMGP 3.0.3, section 7.2.4.
func (d *smgpDialect) reply(b []byte, sequence uint32, r *receipt) []byte {
	format, octets := d.config.replyText(r)
	start := len(b)
	own := smgpID(r.id + 1<<39)
	b = append(append(smgp.Begin(b, smgp.DeliverID, sequence), own[:]...), 0, format)
	b = append(append(append(b, "20"...), d.form.date(1, max(r.at, r.taken))...), "00"...)
	b = wire.AppendPadded(appendNumber(b, r.to, 21), r.origin.addr, 21)
	b = append(append(b, byte(len(octets))), octets...)
	return smgp.End(wire.AppendPadded(b, "", 8), start)
}
