// Package peers holds tests against programs and libraries that nobody here
// wrote, and no code. It is a module of its own, so that what they need stays out
// of the product's go.sum.
//
//   - node-smpp is the carrier of whole campaigns, and one of SMPP 5.0 that takes cell broadcasts
//   - Kannel is a client of the simulated carrier, and a gateway of ours over HTTP
//   - gosmpp is another
//   - gocmpp is the carrier of our CMPP 2.0 and 3.0, and a client of the simulated one
//   - tshark reads what we write
//   - warthog618/sms is the oracle for encoding and cutting texts
//
// deploy/ci/install.sh brings the programs. A test whose program is missing says
// which one and is skipped; on Debian none is.
package peers
