package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"

	"tocsin/providers/sms"
)

// imageVersion begins every status row.
const imageVersion = 1

var errImage = errors.New("internal error: a status row does not fit its page")

// encode appends the recipients as a status row: version, then the columns, compressed;
// sealed, if that is wanted.
func (p *page) encode(b []byte, sealed bool) []byte {
	h := &p.people
	raw := make([]byte, 0, p.size*24+len(h.refs))
	for _, s := range h.state {
		raw = append(raw, byte(s))
	}
	raw = append(raw, h.flags...)
	for _, r := range h.reason {
		raw = append(raw, byte(r))
	}
	raw = append(raw, h.parts...)
	for _, column := range [][]uint16{h.code, h.done, h.arrived} {
		for _, v := range column {
			raw = binary.LittleEndian.AppendUint16(raw, v)
		}
	}
	for _, column := range [][]uint32{h.sent, h.settled, h.ref} {
		for _, v := range column {
			raw = binary.LittleEndian.AppendUint32(raw, v)
		}
	}
	raw = append(raw, h.refs...)
	s := seal{kind: sealStatus, row: p.id}
	if sealed {
		b = s.room(b)
	}
	b = append(b, imageVersion)
	b = append(b, s2.Encode(nil, raw)...)
	if sealed {
		s.close(b)
	}
	return b
}

// decode fills the recipients from a status row.
func (p *page) decode(data []byte) error {
	if len(data) == 0 || data[0] != imageVersion {
		return errImage
	}
	raw, err := s2.Decode(nil, data[1:])
	if err != nil {
		return fmt.Errorf("read status of page %d: %w", p.id, err)
	}
	const fixed = 4*1 + 3*2 + 3*4
	if len(raw) < p.size*fixed+1 {
		return errImage
	}
	h := newPeople(p.size)
	var counts [sms.States]int
	for i := range h.state {
		if raw[i] >= sms.States {
			return errImage
		}
		h.state[i] = sms.State(raw[i])
		counts[raw[i]]++
	}
	raw = raw[p.size:]
	raw = raw[copy(h.flags, raw[:p.size]):]
	for i := range h.reason {
		h.reason[i] = sms.Reason(raw[i])
	}
	raw = raw[p.size:]
	raw = raw[copy(h.parts, raw[:p.size]):]
	for _, column := range [][]uint16{h.code, h.done, h.arrived} {
		for i := range column {
			column[i] = binary.LittleEndian.Uint16(raw[2*i:])
		}
		raw = raw[2*p.size:]
	}
	for _, column := range [][]uint32{h.sent, h.settled, h.ref} {
		for i := range column {
			column[i] = binary.LittleEndian.Uint32(raw[4*i:])
		}
		raw = raw[4*p.size:]
	}
	h.refs = append(h.refs[:0], raw...)
	for _, at := range h.ref {
		if at != 0 && (int(at)+2 > len(h.refs) || int(at)+2+int(h.refs[at])<<8+int(h.refs[at+1]) > len(h.refs)) {
			return errImage
		}
	}
	p.people, p.counts = h, counts
	return nil
}

// fresh are the recipients of a page as planned: all waiting.
func (p *page) fresh() {
	p.people = newPeople(p.size)
	p.counts = [sms.States]int{sms.Waiting: p.size}
}

// encodeNumbers appends ascending numbers as differences.
func encodeNumbers(b []byte, numbers []sms.Number) []byte {
	var last sms.Number
	for _, n := range numbers {
		b = binary.AppendUvarint(b, uint64(n-last))
		last = n
	}
	return b
}

// decodeNumbers reads what encodeNumbers wrote: exactly size numbers, strictly ascending.
func decodeNumbers(data []byte, size int) ([]sms.Number, error) {
	numbers := make([]sms.Number, size)
	var last sms.Number
	for i := range numbers {
		d, n := binary.Uvarint(data)
		if n <= 0 || d == 0 {
			return nil, errImage
		}
		last += sms.Number(d)
		numbers[i] = last
		data = data[n:]
	}
	if len(data) != 0 {
		return nil, errImage
	}
	return numbers, nil
}
