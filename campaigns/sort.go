package campaigns

import "math/bits"

// An entry is one recipient of a plan on its way: key is its series and its
// number, for sorting; ref is where its row is kept.
type entry struct {
	key  uint64 // series << numberBits | number
	ref  uint32
	line uint32
}

const entrySize = 16 // octets, of an entry

// numberBits is the width of a number: fifteen digits, ITU-T E.164.
const numberBits = 50

const numberMask = 1<<numberBits - 1

// sortEntries sorts by key, in place, entries of one key in no order. It is a
// radix sort from the top (American flag sort) over the bits in which keys
// differ.
func sortEntries(e []entry) {
	if len(e) > 32 {
		low, high := e[0].key, e[0].key
		for i := range e {
			low, high = min(low, e[i].key), max(high, e[i].key)
		}
		if low == high {
			return
		}
		width := bits.Len64(high - low)
		digit := min(width, 11, bits.Len(uint(len(e)))-1)
		scatter(e, low, width-digit, digit)
		return
	}
	for i := 1; i < len(e); i++ {
		x := e[i]
		j := i
		for ; j > 0 && e[j-1].key > x.key; j-- {
			e[j] = e[j-1]
		}
		e[j] = x
	}
}

// scatter puts entries into buckets by digit bits of key-low from shift on, and
// sorts each.
func scatter(e []entry, low uint64, shift, digit int) {
	var start, end [1 << 11]uint32
	for i := range e {
		end[(e[i].key-low)>>shift]++
	}
	at := uint32(0)
	for b := range 1 << digit {
		n := end[b]
		start[b] = at
		at += n
		end[b] = at
	}
	for b := range 1 << digit {
		for start[b] < end[b] {
			x := e[start[b]]
			for {
				to := (x.key - low) >> shift
				if to == uint64(b) {
					break
				}
				e[start[to]], x = x, e[start[to]]
				start[to]++
			}
			e[start[b]] = x
			start[b]++
		}
	}
	if shift == 0 {
		return
	}
	from := uint32(0)
	for b := range 1 << digit {
		if end[b]-from > 1 {
			sortEntries(e[from:end[b]])
		}
		from = end[b]
	}
}
