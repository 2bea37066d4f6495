package providers

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"

	"tocsin/providers/sms"
)

// Ported knows which Chinese mobile numbers have moved to another carrier. It
// never changes once read and takes four octets a number; nil knows none.
type Ported struct {
	// groups are by the number's first five digits, sorted: the last six digits,
	// shifted by carrierBits, and the carrier.
	groups [fives][]uint32
	count  int
}

const (
	carrierBits = 3 // enough for Carriers
	carrierMask = 1<<carrierBits - 1
)

// maxPorted is far more than have moved since 2019, and 800 MB: a larger file is a
// mistake.
const maxPorted = 200_000_000

// ErrPorted says that a file of ported numbers has a line that is not
// "number,carrier". It is wrapped with the line's number, never with its text.
var ErrPorted = errors.New("want number,carrier")

// ReadPorted reads lines of "number,carrier", for example
// "8613800138000,China Unicom", as they are or compressed with gzip. Numbers are
// Chinese mobile numbers in any spelling sms.ParseNumber reads, carriers are as in
// ParseCarrier. Empty lines, lines beginning with # and a first line "number,carrier"
// are passed over. A number named twice is with the carrier named last. Errors name
// the file and the line.
func ReadPorted(name string, r io.Reader) (*Ported, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) { // RFC 1952, section 2.3.1
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		in = bufio.NewReaderSize(unzipped, 64<<10)
	}
	p := &Ported{}
	lines := bufio.NewScanner(in)
	at, rows := 0, 0
	for lines.Scan() {
		at++
		line := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\uFEFF")))
		if len(line) == 0 || line[0] == '#' || at == 1 && string(line) == "number,carrier" {
			continue
		}
		number, carrier, _ := bytes.Cut(line, []byte(","))
		n, err := sms.ParseNumber(number, true)
		if err != nil || !ChineseMobile(n) {
			return nil, fmt.Errorf("%s:%d: %w: not a Chinese mobile number", name, at, ErrPorted)
		}
		c, ok := ParseCarrier(string(bytes.TrimSpace(carrier)))
		if !ok {
			return nil, fmt.Errorf("%s:%d: %w: not a carrier's name", name, at, ErrPorted)
		}
		if rows++; rows > maxPorted {
			return nil, fmt.Errorf("%s:%d: it holds more than %d numbers: is it the right file?", name, at, maxPorted)
		}
		p.add(n, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, at+1, err)
	}
	p.sort()
	return p, nil
}

func (p *Ported) add(n sms.Number, c Carrier) {
	at := uint64(n) - firstMobile
	g := &p.groups[at/perFive]
	*g = append(*g, uint32(at%perFive<<carrierBits)|uint32(c))
}

// sort brings the groups into order, each number once with the carrier named last.
func (p *Ported) sort() {
	var last []uint8 // the carrier by the last six digits, in the group at hand
	for i, g := range p.groups {
		if len(g) == 0 {
			continue
		}
		if !ascending(g) {
			if last == nil {
				last = make([]uint8, perFive)
			}
			for k, e := range g {
				last[e>>carrierBits] = uint8(e & carrierMask)
				g[k] = e >> carrierBits
			}
			slices.Sort(g)
			g = slices.Compact(g)
			for k, n := range g {
				g[k] = n<<carrierBits | uint32(last[n])
			}
		}
		if cap(g)-len(g) > len(g)/16 { // room that nobody needs any more
			g = append(make([]uint32, 0, len(g)), g...)
		}
		p.groups[i] = g
		p.count += len(g)
	}
}

// ascending reports whether the numbers of a group are in order, each once.
func ascending(g []uint32) bool {
	for k := 1; k < len(g); k++ {
		if g[k-1]>>carrierBits >= g[k]>>carrierBits {
			return false
		}
	}
	return true
}

// Len is how many numbers are known to have moved.
func (p *Ported) Len() int {
	if p == nil {
		return 0
	}
	return p.count
}

// CarrierOf is the carrier that n moved to; NoCarrier when it is not known to have
// moved. It does not allocate.
func (p *Ported) CarrierOf(n sms.Number) Carrier {
	if p == nil || !ChineseMobile(n) {
		return NoCarrier
	}
	at := uint64(n) - firstMobile
	g := p.groups[at/perFive]
	want := uint32(at % perFive << carrierBits)
	lo, hi := 0, len(g)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if g[mid] < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(g) && g[lo]&^carrierMask == want {
		return Carrier(g[lo] & carrierMask)
	}
	return NoCarrier
}
