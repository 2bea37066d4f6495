// Package smpp speaks SMPP 3.4 (Issue 1.2, 12 October 1999) as an ESME, and knows
// of SMPP 5.0 (19 February 2003) the statuses and optional parameters that a
// carrier may send to it.
//
// Each PDU's layout is written once, as its Fields, and walked both ways; the
// simulated carrier reads and writes with the same lists. Submits and their
// answers have hand-written ways besides, for speed, which tests hold to the
// lists octet for octet.
//
// Done: bind_transceiver, bind_transmitter and bind_receiver, several
// connections, TLS, window, enquire_link both ways, unbind both ways, submit_sm,
// submit_multi with a list of addresses, falling back to submit_sm where the
// carrier takes none, concatenation by UDH, validity and time of delivery, receipts in
// deliver_sm and data_sm (optional parameters and text), their ids in another notation
// than the answers', intermediate notifications, incoming messages, query_sm and cancel_sm
// of one message, generic_nack both ways, the whole command_status table.
//
// Read and not used: alert_notification, congestion_state, sc_interface_version
// (no optional parameter is sent to any carrier).
//
// Not done: outbind, replace_sm, broadcast_sm and its kin
// (answered with generic_nack where a carrier sends them), submitting to
// distribution lists, submitting in data_sm or message_payload, transaction mode,
// joining the segments of an incoming message.
package smpp
