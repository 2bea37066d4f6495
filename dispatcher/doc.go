// Package dispatcher moves a campaign from its plan to its report: it feeds
// pages to the queue, lets workers claim and send them, puts answers and
// receipts into the ledger, and ends campaigns.
//
// It joins ledger, queue and providers; it knows no protocol, no file format and
// no command line.
package dispatcher
