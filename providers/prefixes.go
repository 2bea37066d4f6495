package providers

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tocsin/providers/sms"
)

// A Prefix is the first digits of Chinese mobile numbers, and who was given them.
type Prefix struct {
	Digits      string  // three to five, without the country code
	Carrier     Carrier // of a virtual operator's prefix the host it rides on
	Virtual     bool    // a virtual operator's
	Unconfirmed bool    // its source says so alone
}

// Prefixes say which carrier was given a Chinese mobile number's first digits. They
// never change once read. Since 2019 numbers move between carriers: a prefix says who
// issued a number, not who serves it; Ported knows better.
type Prefixes struct {
	Source string
	Date   string // of what the source says, YYYY-MM-DD
	rows   []Prefix
	table  [fives]uint16 // by the first five digits: 1 + the index of a row; 0: nobody's
}

//go:embed prefixes.csv
var builtInPrefixes string

// BuiltInPrefixes are those of prefixes.csv, which was compiled in.
var BuiltInPrefixes = sync.OnceValue(func() *Prefixes {
	p, err := ReadPrefixes("prefixes.csv", strings.NewReader(builtInPrefixes))
	if err != nil {
		panic("providers: internal error: " + err.Error()) // a test reads it
	}
	return p
})

// ErrPrefixes says that a file of prefixes cannot be used. It is wrapped with the
// file's name, the line and why.
var ErrPrefixes = errors.New("the prefixes cannot be used")

// prefixColumns is the line before the rows; the last two columns may be left out.
const prefixColumns = "prefix,carrier,virtual,unconfirmed"

// ReadPrefixes reads lines of "prefix,carrier,virtual,unconfirmed", for example
// "1703,China Mobile,virtual,", behind the comments "# source: …" and "# date:
// YYYY-MM-DD". Carriers are as in ParseCarrier. Empty lines, other comments and the
// line with the columns' names are passed over. No two prefixes may overlap, and each
// carrier must have one: a file without is not whole. Errors name the file and the line.
func ReadPrefixes(name string, r io.Reader) (*Prefixes, error) {
	p := &Prefixes{}
	lines := bufio.NewScanner(r)
	at := 0
	for lines.Scan() {
		at++
		if err := p.line(strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\uFEFF"))); err != nil {
			return nil, fmt.Errorf("%s:%d: %w: %w", name, at, ErrPrefixes, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w: %w", name, at+1, ErrPrefixes, err)
	}
	if err := p.whole(); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrPrefixes, err)
	}
	return p, nil
}

func (p *Prefixes) line(line string) error {
	if comment, ok := strings.CutPrefix(line, "#"); ok {
		comment = strings.TrimSpace(comment)
		if source, ok := strings.CutPrefix(comment, "source:"); ok {
			p.Source = strings.TrimSpace(source)
		}
		if date, ok := strings.CutPrefix(comment, "date:"); ok {
			p.Date = strings.TrimSpace(date)
			if _, err := time.Parse(time.DateOnly, p.Date); err != nil {
				return errors.New("the date is not written YYYY-MM-DD")
			}
		}
		return nil
	}
	if line == "" || line == prefixColumns || line == "prefix,carrier" {
		return nil
	}
	cells := strings.Split(line, ",")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if len(cells) > 4 {
		return fmt.Errorf("it has %d cells: write %s", len(cells), prefixColumns)
	}
	cells = append(cells, make([]string, 4-len(cells))...)
	row := Prefix{Digits: cells[0], Virtual: cells[2] != "", Unconfirmed: cells[3] != ""}
	var ok bool
	switch row.Carrier, ok = ParseCarrier(cells[1]); {
	case !ok:
		return fmt.Errorf("%q is not a carrier: there are %s, %s, %s and %s", cells[1], ChinaMobile, ChinaUnicom, ChinaTelecom, ChinaBroadnet)
	case row.Virtual && cells[2] != "virtual":
		return fmt.Errorf(`the third cell is %q: write "virtual" for a virtual operator's prefix, or nothing`, cells[2])
	case row.Unconfirmed && cells[3] != "unconfirmed":
		return fmt.Errorf(`the fourth cell is %q: write "unconfirmed", or nothing`, cells[3])
	}
	return p.add(row)
}

// add paints the numbers of a prefix.
func (p *Prefixes) add(row Prefix) error {
	lo, err := strconv.Atoi(row.Digits)
	if n := len(row.Digits); err != nil || n < 3 || n > 5 || row.Digits < "13" || row.Digits[0] != '1' {
		return fmt.Errorf("%q is not three to five digits from 130 to 19999, without 86", row.Digits)
	}
	wide := 1
	for range 5 - len(row.Digits) {
		lo, wide = lo*10, wide*10
	}
	for five := lo; five < lo+wide; five++ {
		if other := p.table[five-firstFive]; other != 0 {
			return fmt.Errorf("prefix %s overlaps with %s above", row.Digits, p.rows[other-1].Digits)
		}
		p.table[five-firstFive] = uint16(len(p.rows) + 1)
	}
	p.rows = append(p.rows, row)
	return nil
}

// whole reports what the file as a whole lacks.
func (p *Prefixes) whole() error {
	if p.Source == "" || p.Date == "" {
		return errors.New("a line \"# source: …\" and a line \"# date: YYYY-MM-DD\" must say where they are from")
	}
	for c := NoCarrier + 1; c < Carriers; c++ {
		if !slices.ContainsFunc(p.rows, func(r Prefix) bool { return r.Carrier == c }) {
			return fmt.Errorf("%s has no prefix: is the file whole?", c)
		}
	}
	return nil
}

// Len is how many prefixes there are.
func (p *Prefixes) Len() int { return len(p.rows) }

// Find is the prefix that n has; ok is false when n is no Chinese mobile number, or
// nobody is known to have its prefix.
func (p *Prefixes) Find(n sms.Number) (row Prefix, ok bool) {
	if !ChineseMobile(n) {
		return Prefix{}, false
	}
	at := p.table[(uint64(n)-firstMobile)/perFive]
	if at == 0 {
		return Prefix{}, false
	}
	return p.rows[at-1], true
}

// CarrierOf is the carrier whose prefix n has. It does not allocate.
func (p *Prefixes) CarrierOf(n sms.Number) Carrier {
	if !ChineseMobile(n) {
		return NoCarrier
	}
	if at := p.table[(uint64(n)-firstMobile)/perFive]; at != 0 {
		return p.rows[at-1].Carrier
	}
	return NoCarrier
}
