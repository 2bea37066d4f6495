// Package httpgw is a provider for carriers that take messages over HTTP. There is no
// common protocol: a Config says how a request looks, what the answer means and how
// receipts arrive; profiles of known carriers are files of package configs.
//
// One request takes whole texts, which the carrier cuts into segments itself, so that
// receipts are Whole. The rule of doubt is that of every provider: a request of which no
// octet left is NotSent, one that has no readable answer is Unknown, and nothing is ever
// sent twice: net/http's own repetitions are shut off (client.go). HTTP/1.1 only, no
// redirects, no proxies.
//
// Doubt is settled by receipts, and where the carrier can be asked, by asking (doubt.go).
// Who is asked about is kept in memory: after a restart receipts and people settle it.
//
// A request costs what net/http costs, some hundred allocations; with a batch that is
// per batch, not per recipient.
package httpgw
