// Package smgp speaks SMGP 3.0, China Telecom's protocol, as a service provider.
// Written from SMGP 3.0.3 (August 2008).
//
// Done: Login with its digest, several connections, window, Active_Test and Exit both
// ways, Submit to up to 100 numbers, long texts with a user data header, MsgFormat 0, 8
// and 15, validity and time of delivery, reports in all the dialects that are known,
// messages from handsets, and Query. A batch that is refused for one of its numbers is
// halved until that one is found. Where the gateway puts the signature in front itself, a
// text's own is not sent.
//
// Not done: Forward, routing and payment, which are between gateways, and joining the
// segments of an incoming message. The protocol has no cancel and asks for no single
// message.
package smgp
