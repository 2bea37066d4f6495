// Package link keeps connections to a carrier up and fills their windows. It is
// what the TCP protocols share: dialling, logging in, sending as far as the window
// has room, joining neighbouring messages into batches, matching answers, testing a
// silent peer, coming back after a cut, handing receipts to the ledger before they
// are acknowledged, and leaving in good order.
//
// It knows no protocol. A protocol writes and reads frames: it is a Protocol, which
// logs in, and for each connection a Speaker.
package link
