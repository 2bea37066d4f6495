// Package simulator is the carrier's side of the line: a message centre on real
// TCP with the caps, latencies, refusals and receipt trouble of real ones, for
// trials, demonstrations, benchmarks and tests.
//
// A protocol is a dialect of its own. It speaks SMPP 3.4 (v3.4 Issue 1.2): bind_receiver, bind_transmitter,
// bind_transceiver, submit_sm, submit_multi, deliver_sm, enquire_link, unbind
// and generic_nack. It does not speak outbind, data_sm, query_sm, cancel_sm,
// replace_sm and broadcast_sm; those are answered as unknown commands.
//
// One goroutine for each connection reads, decides and answers everything in its
// buffer with one write; another sends delayed answers and receipts. Nothing is
// allocated for a recipient. A receipt that is not acknowledged is sent again on
// the next connection of the same account.
package simulator
