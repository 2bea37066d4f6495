// Package smpp speaks SMPP 3.4 (Issue 1.2, 12 October 1999) as an ESME, and SMPP 5.0
// (19 February 2003) with a carrier that says it does: 255 destinations,
// congestion_state, and cell broadcast.
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
// of one message, generic_nack both ways, the whole command_status
// table; broadcast_sm, query_broadcast_sm and cancel_broadcast_sm, by a Broadcaster on
// connections of its own, with areas by name, ellipsoid arc and polygon.
//
// Read and not used: alert_notification. No submit carries an optional parameter.
//
// Not done: outbind, replace_sm (answered with generic_nack where
// a carrier sends them), replacing a broadcast, broadcasts to one network's own content
// types, asking after a broadcast whose message_id is not known, submitting to
// distribution lists, submitting in data_sm or message_payload, transaction mode,
// joining the segments of an incoming message.
package smpp
