// Package campaigns knows what is sent, to whom, and when: it reads a campaign's
// definition, plans it into batches and renders its texts. It knows no network
// and no database; what routes a number is a Router, what keeps a plan a Sink.
package campaigns
