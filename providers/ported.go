package providers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"tocsin/providers/sms"
)

// Ported knows which Chinese mobile numbers have moved to another carrier. It
// never changes once read and takes four octets a number; nil knows none.
type Ported struct {
	// entries are grouped by the number's first five digits; within a group they
	// are sorted: the last six digits, shifted by carrierBits, and the carrier.
	entries []uint32
	starts  [fives + 1]uint32
}

const carrierBits = 3 // enough for Carriers

// ErrPorted says that a file of ported numbers has a line that is not
// "number,carrier". It is wrapped with the line's number, never with its text.
var ErrPorted = errors.New("want number,carrier")

// ReadPorted reads lines of "number,carrier", for example
// "8613800138000,China Unicom". Numbers are Chinese mobile numbers in any
// spelling sms.ParseNumber reads, carriers are as in ParseCarrier. Empty lines,
// lines beginning with # and a first line "number,carrier" are passed over. A
// number named twice is with the carrier named last.
func ReadPorted(r io.Reader) (*Ported, error) {
	var all []uint64 // (number - firstMobile), shifted, and its carrier
	lines := bufio.NewScanner(r)
	for at := 1; lines.Scan(); at++ {
		line := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\uFEFF")))
		if len(line) == 0 || line[0] == '#' || at == 1 && string(line) == "number,carrier" {
			continue
		}
		number, name, _ := bytes.Cut(line, []byte(","))
		n, err := sms.ParseNumber(number, true)
		if err != nil || n < firstMobile || n > lastMobile {
			return nil, fmt.Errorf("ported numbers, line %d: %w: not a Chinese mobile number", at, ErrPorted)
		}
		c, ok := ParseCarrier(string(bytes.TrimSpace(name)))
		if !ok {
			return nil, fmt.Errorf("ported numbers, line %d: %w: not a carrier's name", at, ErrPorted)
		}
		all = append(all, (uint64(n)-firstMobile)<<carrierBits|uint64(c))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read ported numbers: %w", err)
	}
	return packPorted(all), nil
}

func packPorted(all []uint64) *Ported {
	slices.SortStableFunc(all, func(a, b uint64) int {
		return int(int64(a>>carrierBits) - int64(b>>carrierBits))
	})
	p := &Ported{entries: make([]uint32, 0, len(all))}
	for i, e := range all {
		number := e >> carrierBits
		if i+1 < len(all) && all[i+1]>>carrierBits == number {
			continue // named again further down
		}
		p.entries = append(p.entries, uint32(number%perFive<<carrierBits|e&(1<<carrierBits-1)))
		p.starts[number/perFive+1] = uint32(len(p.entries))
	}
	for i := 1; i < len(p.starts); i++ {
		p.starts[i] = max(p.starts[i], p.starts[i-1])
	}
	return p
}

// Len is how many numbers are known to have moved.
func (p *Ported) Len() int {
	if p == nil {
		return 0
	}
	return len(p.entries)
}

// CarrierOf is the carrier that serves n: the one it moved to, or else the one
// whose prefix it has.
func (p *Ported) CarrierOf(n sms.Number) Carrier {
	if n < firstMobile || n > lastMobile {
		return NoCarrier
	}
	at := uint64(n) - firstMobile
	if p != nil && len(p.entries) > 0 {
		lo, hi := p.starts[at/perFive], p.starts[at/perFive+1]
		want := uint32(at % perFive)
		for lo < hi {
			mid := (lo + hi) / 2
			if p.entries[mid]>>carrierBits < want {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		if lo < p.starts[at/perFive+1] && p.entries[lo]>>carrierBits == want {
			return Carrier(p.entries[lo] & (1<<carrierBits - 1))
		}
	}
	return carrierTable[at/perFive]
}
