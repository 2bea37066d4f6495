// Package wire turns protocol bodies into octets and back, and cuts a stream
// into frames. A body lists its fields once, in wire order, and the same list
// writes and reads it. Integers are big endian.
//
// It knows no protocol: only the shapes that SMPP, CMPP, SGIP and SMGP share.
package wire
