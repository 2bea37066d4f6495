// Package ledger is the truth: which campaigns there are, and what became of
// every recipient. Nothing is sent before its intent is here, and nothing is
// believed before it is here.
//
// A page holds up to 1,000 recipients. Its row has the count of recipients in
// each state, checked by the database to sum to its size. What happens between
// is appended to the page's journal (intents, answers, receipts), many records in
// one row, and the counts change in that same transaction, which takes the page to
// its next version. Now and then, and when all its recipients are settled, a
// page's recipients are folded into its status row and its journal is deleted.
//
// Writers queue up and are committed together: the first one commits for all that
// wait (Ledger.commit). Any error of the database is final: the ledger
// refuses everything after it, so that sending stops; a restart reads the
// journal and goes on.
//
// Programs of two neighbouring versions work on one ledger side by side, so that a fleet
// is brought up to date one process at a time. So a migration only expands: columns with a
// default, tables, indices. What a version no longer uses is taken away by the version
// after it, whose migration says in compat from which schema on programs may stay.
//
// Beside ledger.db a data folder has two files that say what it should be. ledger.mark names
// the last commit, by the salts, the length and a checksum of the write-ahead log; it is
// written after each commit and before anything that the commit allows. ledger.sums has a
// checksum of each page of ledger.db, as of the last time the log was copied into it, which
// this package does instead of SQLite (guard.copy). Both are compared with the files before
// SQLite opens them (inspect). Packed columns have checksums of their own, in PostgreSQL too.
//
// This package knows databases and the layout of pages. It knows no provider,
// no queue and no rate.
package ledger
