// Package campaigns knows what is sent, to whom and when: definitions, plans,
// and how a recipient's text is made. It knows no network, no provider and no
// database; a Router tells it which route a number takes, a Sink takes its
// batches.
package campaigns
