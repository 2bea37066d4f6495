package smpp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// An Area is the value of broadcast_area_identifier, SMPP 5.0, section 4.8: an
// octet that says the format, then the details.
type Area []byte

// Formats of an Area.
const (
	areaAlias   = 0 // a name agreed with the carrier
	areaArc     = 1 // 3GPP TS 23.032, section 7.3.7
	areaPolygon = 2 // 3GPP TS 23.032, section 7.3.4
)

// Types of shape, in the high four bits of the first octet: 3GPP TS 23.032, table 2a.
const (
	shapePolygon = 0x5
	shapeArc     = 0xA
)

const (
	maxDetails = 100 // octets behind the format: SMPP 5.0, section 4.8
	arcSize    = 13  // octets: 3GPP TS 23.032, figure 10
	pointSize  = 6
	minPoints  = 3 // of a polygon: 3GPP TS 23.032, section 5.4
	maxPoints  = 15
	maxInner   = 5 * 0xFFFF // m: 3GPP TS 23.032, section 6.7
)

var errArea = errors.New("this is no area: write alias:NAME, circle:LAT,LON,METRES, " +
	"arc:LAT,LON,INNER,OUTER,FROM,ANGLE or polygon:LAT,LON;LAT,LON;LAT,LON (degrees and metres)")

// ParseArea reads an area as a person writes it:
//
//	alias:NAME                             a name agreed with the carrier
//	circle:LAT,LON,METRES                  everything so near to a point
//	arc:LAT,LON,INNER,OUTER,FROM,ANGLE     between two radii in metres, from a bearing
//	                                       clockwise over an angle, both in degrees
//	polygon:LAT,LON;LAT,LON;LAT,LON;…      3 to 15 corners
//
// Latitude and longitude are in degrees, south and west below 0. What the carrier is
// told is never smaller than what was written, but for the 5 m that radii are
// counted in and the 2 m of a coordinate.
func ParseArea(text string) (Area, error) {
	kind, rest, _ := strings.Cut(text, ":")
	var a Area
	var err error
	switch kind {
	case "alias":
		if rest == "" || strings.IndexByte(rest, 0) >= 0 {
			return nil, fmt.Errorf("%q: %w", text, errArea)
		}
		a = append(Area{areaAlias}, rest...)
	case "circle":
		var n []float64
		if n, err = numbers(rest, 3); err == nil {
			a, err = arc(n[0], n[1], 0, n[2], 0, 360)
		}
	case "arc":
		var n []float64
		if n, err = numbers(rest, 6); err == nil {
			a, err = arc(n[0], n[1], n[2], n[3], n[4], n[5])
		}
	case "polygon":
		a, err = polygon(rest)
	default:
		err = errArea
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	if len(a)-1 > maxDetails {
		return nil, fmt.Errorf("%q: it has %d octets, a carrier takes at most %d: shorten it", text, len(a)-1, maxDetails)
	}
	return a, nil
}

// numbers reads n numbers with commas between.
func numbers(text string, n int) ([]float64, error) {
	parts := strings.Split(text, ",")
	if len(parts) != n {
		return nil, errArea
	}
	all := make([]float64, n)
	for i, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errArea
		}
		all[i] = v
	}
	return all, nil
}

// polygon is a Polygon of 3GPP TS 23.032, section 7.3.4.
func polygon(text string) (Area, error) {
	points := strings.Split(text, ";")
	if len(points) < minPoints || len(points) > maxPoints {
		return nil, fmt.Errorf("a polygon has %d to %d corners, not %d", minPoints, maxPoints, len(points))
	}
	a := Area{areaPolygon, shapePolygon<<4 | byte(len(points))}
	for _, p := range points {
		n, err := numbers(p, 2)
		if err != nil {
			return nil, err
		}
		if a, err = appendPoint(a, n[0], n[1]); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// arc is an Ellipsoid Arc of 3GPP TS 23.032, section 7.3.7.
func arc(latitude, longitude, inner, outer, from, angle float64) (Area, error) {
	switch {
	case inner < 0 || inner > maxInner || outer <= inner || outer-inner > width(0x7F):
		return nil, fmt.Errorf("the radii are metres, the second larger than the first, which is at most %d", maxInner)
	case from < 0 || from >= 360 || angle <= 0 || angle > 360:
		return nil, errors.New("the bearing is 0 to 359 degrees, the angle 1 to 360")
	}
	a, err := appendPoint(Area{areaArc, shapeArc << 4}, latitude, longitude)
	if err != nil {
		return nil, err
	}
	// Section 6.7: the inner radius in steps of 5 m, the uncertainty radius as in 6.2.
	steps := uint16(inner / 5)
	k := byte(0)
	for width(k) < outer-float64(steps)*5 {
		k++
	}
	begin := math.Floor(from / 2)
	// Section 6.7: the included angle is over 2N and at most 2(N+1) degrees.
	included := min(math.Ceil((from+angle)/2)-begin, 180) - 1
	a = binary.BigEndian.AppendUint16(a, steps)
	return append(a, k, byte(begin), byte(included), 0), nil // 0: no confidence is said
}

// width is the uncertainty K in metres: 3GPP TS 23.032, section 6.2.
func width(k byte) float64 { return 10 * (math.Pow(1.1, float64(k)) - 1) }

// appendPoint appends an ellipsoid point: 3GPP TS 23.032, section 6.1. The latitude
// has a sign and 23 bits of 90 degrees, the longitude 24 bits of 360, two's complement.
func appendPoint(a Area, latitude, longitude float64) (Area, error) {
	if math.Abs(latitude) > 90 || math.Abs(longitude) > 180 {
		return nil, errors.New("a point is a latitude, -90 to 90 degrees, and a longitude, -180 to 180")
	}
	n := min(uint32(math.Abs(latitude)/90*(1<<23)), 1<<23-1)
	if latitude < 0 {
		n |= 1 << 23
	}
	e := min(int32(math.Floor(longitude/360*(1<<24))), 1<<23-1)
	return append(a, byte(n>>16), byte(n>>8), byte(n), byte(e>>16), byte(e>>8), byte(e)), nil
}

// point reads what appendPoint wrote.
func point(b []byte) (latitude, longitude float64) {
	n := uint32(b[0]&0x7F)<<16 | uint32(b[1])<<8 | uint32(b[2])
	latitude = float64(n) * 90 / (1 << 23)
	if b[0]&0x80 != 0 {
		latitude = -latitude
	}
	e := int32(uint32(b[3])<<24|uint32(b[4])<<16|uint32(b[5])<<8) >> 8
	return latitude, float64(e) * 360 / (1 << 24)
}

// valid reports whether the details are as the format says.
func (a Area) valid() bool {
	if len(a) < 2 || len(a)-1 > maxDetails {
		return false
	}
	switch d := a[1:]; a[0] {
	case areaAlias:
		return true
	case areaArc:
		return len(d) == arcSize && d[0]>>4 == shapeArc
	case areaPolygon:
		n := int(d[0] & 0x0F)
		return d[0]>>4 == shapePolygon && n >= minPoints && len(d) == 1+n*pointSize
	}
	return false
}

// Alias is the name of an area that is one.
func (a Area) Alias() (name string, ok bool) {
	if len(a) < 2 || a[0] != areaAlias {
		return "", false
	}
	return string(a[1:]), true
}

// String is the area as ParseArea reads it; octets that are not an area are in hexadecimal.
func (a Area) String() string {
	if !a.valid() {
		return fmt.Sprintf("area %x", []byte(a))
	}
	d := a[1:]
	switch a[0] {
	case areaArc:
		latitude, longitude := point(d[1:])
		inner := float64(binary.BigEndian.Uint16(d[7:])) * 5
		outer := inner + width(d[9]&0x7F)
		from, angle := int(d[10])*2, (int(d[11])+1)*2
		if inner == 0 && from == 0 && angle == 360 {
			return fmt.Sprintf("circle:%.5f,%.5f,%.0f", latitude, longitude, outer)
		}
		return fmt.Sprintf("arc:%.5f,%.5f,%.0f,%.0f,%d,%d", latitude, longitude, inner, outer, from, angle)
	case areaPolygon:
		var b strings.Builder
		b.WriteString("polygon:")
		for i := range int(d[0] & 0x0F) {
			if i > 0 {
				b.WriteByte(';')
			}
			latitude, longitude := point(d[1+i*pointSize:])
			fmt.Fprintf(&b, "%.5f,%.5f", latitude, longitude)
		}
		return b.String()
	}
	return "alias:" + string(d)
}

// A Unit is the unit of broadcast_frequency_interval: SMPP 5.0, section 4.8.
type Unit uint8

// The units that are used; 0 is "as often as possible".
const (
	AsOftenAsPossible Unit = 0x00
	Seconds           Unit = 0x08
	Minutes           Unit = 0x09
	Hours             Unit = 0x0A
	Days              Unit = 0x0B
)
