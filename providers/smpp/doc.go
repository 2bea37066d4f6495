// Package smpp speaks SMPP 3.4 (Issue 1.2) as an ESME.
//
// Done: bind_transceiver, bind_transmitter and bind_receiver, several
// connections, TLS, window, enquire_link both ways, unbind both ways, submit_sm,
// submit_multi with a list of addresses, concatenation by UDH, validity,
// receipts in deliver_sm and data_sm (TLVs and text), incoming messages.
//
// Not done: outbind, distribution lists, query_sm, cancel_sm, replace_sm,
// alert_notification (ignored), transaction mode.
package smpp
