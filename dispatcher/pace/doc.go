// Package pace keeps segments per second: exact, steady, and shared through Redis
// by all processes that use one account. It knows no carrier and no campaign.
//
// Redis keeps one line of time per account. A process reserves a stretch of it, a
// lease of at most a fifth of a second, and spends it alone at exact spacing; so
// stretches of several processes follow each other and never overlap, at one small
// script per lease. A turn that nobody took is lost: there are no bursts.
package pace
