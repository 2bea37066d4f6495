// Package sgip speaks SGIP 1.2, China Unicom's protocol, as a service provider. Written
// from SGIP 1.2 (October 2001).
//
// It goes both ways: we call the gateway (SMG) to submit, and the gateway calls us to
// deliver and report; each side logs in to the other.
//
// Done: Bind and Unbind both ways, several connections, window, Submit to up to 100
// numbers within packets of 2 KiB, long texts with a user data header, MessageCoding 0,
// 8 and 15, expiry and time of delivery, Report, Deliver and UserRpt on the listener with
// its own login, and the layout of Trace. A batch that is refused for one of its numbers
// is halved until that one is found. Where the gateway puts the signature in front
// itself, a text's own is not sent.
//
// Not done: the form over HTTP, Trace, which needs a connection of its own to a test
// port, what gateways and name servers say to each other, and joining the segments of
// an incoming message. The protocol has no test of an idle line and no cancel.
package sgip
