package smpp

import (
	"errors"
	"time"
)

// lengths of the units that people are likely to write, the longest first.
var lengths = [...]struct {
	unit   Unit
	length time.Duration
}{
	{Days, 24 * time.Hour},
	{Hours, time.Hour},
	{Minutes, time.Minute},
	{Seconds, time.Second},
}

// Interval writes a time between repetitions in the longest unit that it is a
// multiple of; 0 is as often as possible.
func Interval(every time.Duration) (Unit, uint16, error) {
	if every == 0 {
		return AsOftenAsPossible, 0, nil
	}
	for _, l := range lengths {
		if every > 0 && every%l.length == 0 && every/l.length <= 0xFFFF {
			return l.unit, uint16(every / l.length), nil
		}
	}
	return 0, 0, errors.New("the time between repetitions is a whole number of seconds, minutes, hours or days, at most 65535 of them")
}

// Length is the time between repetitions; 0: as often as possible, or in a unit whose
// length differs, as months do.
func (o *Order) Length() time.Duration {
	for _, l := range lengths {
		if l.unit == o.Unit {
			return time.Duration(o.Every) * l.length
		}
	}
	return 0
}
