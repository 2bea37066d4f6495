// Package pace keeps segments per second: exact, steady, and shared through Redis
// by all processes that use one account. It knows no carrier and no campaign.
//
// Redis keeps one line of time per account. A process reserves a stretch of it, a
// lease of a tenth of a second or one slice, and spends it alone at exact spacing; so
// stretches of several processes follow each other and never overlap, at one small
// script per lease. A turn that nobody took is lost: there are no bursts.
//
// # Why no second has more than 1.02 R
//
// R is the agreed rate, N how many processes share it. Each process has a part, R/N, and
// at any time its part is in one place: in the line of one Redis, or with the process
// itself, or nowhere. Whoever holds parts sends no faster than their sum. As a slice of a
// caller has at most a fiftieth of a second's segments, a second has at most 1.02 R. The
// rules that move parts keep this without any agreement between the processes:
//
// The horizon. A lease begins at most 0.1 s ahead and lasts at most 0.1 s, so nothing is
// ever reserved further ahead than 0.2 s, however many processes there are. (Where the rate
// is so low that a single slice takes longer, 0.1 s and the largest slice at R/N, and the
// waiting times below are longer by as much.) A Redis that
// may have forgotten reservations (the hash is not there, another server answers, nobody has been
// heard for 0.75 s, or its clock was set) lets 0.2 s pass before it gives the first
// lease. This is all that a flush costs.
//
// Hearing. Each script notes when it heard its caller; one that has nothing to send is heard
// every 0.25 s (Run). The line goes at R times the parts of those heard within the last
// 0.75 s. So 0.95 s after Redis last heard a process, nothing that is sent by anybody else
// is sent on its part: 0.75 s until the line leaves it out and 0.2 s until the
// reservations made before that are over.
//
// Being alone. A process that has no answer from Redis goes on at R/N by itself 1 s after the
// last answer: the request of that answer was heard before it came. It shares again only
// when all its own turns are over; the request by which it is heard returns its part to the
// line in that instant. It looks for Redis by a question that says nothing of it. A request
// that a paused Redis reads when its sender has given up says of itself that it is old and
// changes nothing.
//
// Beginning. A Redis that has just begun does not know who is alone. For 5 s it counts as
// many processes as its callers know of (the ledger counts them), and keeps the parts of those it
// has not heard: they are alone or have nothing to send. After 5 s they are of another
// account. One that is not heard any more is kept its part for 15 s, or until the ledger
// counts it out.
//
// Another server. A promoted replica, known by its replication ID, does not know what the server
// before it has given since, and that one may still be asked by others. Who comes from
// it brings its part 1 s after its coming, when the old one counts it out; at once when
// all N have come and the old server's reservations are over.
//
// Joining. The others learn of a new process from the ledger within 3 s. Until then those
// that are alone may have shared R among fewer: so it does not go alone before it is 3 s old,
// and a Redis that has just begun does not count its part before. While all are heard,
// it shares at once.
//
// A lone process waits for none of this, but for the horizon where the ledger has known of
// another one within 5 s.
//
// What is not kept: a process that cannot reach Redis while the others can, for longer than
// 15 s, is taken for dead, and its R/N is beside R. A caller that the machine lets
// run late takes its turn late: those of one lease, 0.1 s, may then leave closer
// together. The carrier's clock is not ours: bytes that the network holds up arrive in a bunch.
package pace
