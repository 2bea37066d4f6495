// Package cmpp speaks CMPP 2.0 and 3.0, China Mobile's protocol, as a service
// provider. Written from CMPP 3.0.0 (QB-GF-028-2003, 3 November 2003) and CMPP 2.0
// (April 2002).
//
// Done: CONNECT with its digest, several connections, window, ACTIVE_TEST and
// TERMINATE both ways, SUBMIT to up to 99 numbers, long texts with a user data header,
// Msg_Fmt 0, 8 and 15, validity and time of delivery, reports of 60 and 71 octets,
// messages from handsets, QUERY and CANCEL. In 2.0 a batch that asks for reports goes one
// by one, as its text demands, unless the account says otherwise. A batch that is refused
// for one of its numbers is halved until that one is found. Where the gateway puts the
// signature in front itself, a text's own is not sent.
//
// Not done: the short connection (one request for each TCP connection), FWD and the
// routing of GNS, which are between gateways, joining the segments of an incoming
// message.
package cmpp
