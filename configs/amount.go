package configs

import (
	"errors"
	"fmt"
	"strings"
)

// An Amount is a sum of money in millionths of the currency's unit, so that
// sums over millions of segments are exact.
type Amount int64

// micros is how many of an Amount make one unit.
const micros = 1_000_000

// ErrAmount says that a text is not a price.
var ErrAmount = errors.New("not a price: write a number of at most six decimals, for example 0.035")

// ParseAmount reads a price such as 0.035: up to nine digits, then up to six
// decimals. The error is ErrAmount.
func ParseAmount(text string) (Amount, error) {
	whole, fraction, point := strings.Cut(text, ".")
	if whole == "" || len(whole) > 9 || len(fraction) > 6 || point && fraction == "" {
		return 0, ErrAmount
	}
	var n int64
	for _, c := range whole + fraction + strings.Repeat("0", 6-len(fraction)) {
		if c < '0' || c > '9' {
			return 0, ErrAmount
		}
		n = n*10 + int64(c-'0')
	}
	return Amount(n), nil
}

// Times is the price of n segments.
func (a Amount) Times(n int64) Amount { return a * Amount(n) }

// String writes the amount with as many decimals as it needs, two at least:
// 31500.00, 0.035.
func (a Amount) String() string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	fraction := fmt.Sprintf("%06d", a%micros)
	for len(fraction) > 2 && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	return fmt.Sprintf("%s%d.%s", sign, a/micros, fraction)
}

// UnmarshalYAML reads a number or a text.
func (a *Amount) UnmarshalYAML(text []byte) error {
	v, err := ParseAmount(strings.Trim(strings.TrimSpace(string(text)), `"'`))
	if err != nil {
		return err
	}
	*a = v
	return nil
}
