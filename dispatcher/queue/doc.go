// Package queue is a wake-up signal and a set of lanes, on asynq. It is never the
// truth and never a lock: a task says which page to look at and in which epoch,
// the ledger decides whether there is anything to do. It may be flushed at will.
package queue
