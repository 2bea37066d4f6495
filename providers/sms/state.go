package sms

import "fmt"

// A State is where a recipient of a campaign stands. Every recipient is in
// exactly one of them at every instant.
type State uint8

const (
	Waiting   State = iota // planned, nothing of it has left
	Offered                // its intent is on disk; bytes may be leaving
	InDoubt                // bytes may have left and no answer came
	Accepted               // the carrier took it
	Delivered              // a receipt says that it arrived
	Failed                 // refused for good, or a receipt says so
	Expired                // the campaign's time was over before it was offered
	Cancelled              // the campaign was cancelled before it was offered

	// States is how many there are.
	States = 8
)

var stateNames = [States]string{
	"waiting", "offered", "in_doubt", "accepted", "delivered", "failed", "expired", "cancelled",
}

// String is the state's name in reports, exports, metrics and the database.
func (s State) String() string {
	if s < States {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// moves is the table of allowed moves. Each row is a state, each bit a state it
// may become.
var moves = [States]uint8{
	Waiting:  1<<Offered | 1<<Expired | 1<<Cancelled,
	Offered:  1<<Waiting | 1<<InDoubt | 1<<Accepted | 1<<Delivered | 1<<Failed,
	InDoubt:  1<<Waiting | 1<<Accepted | 1<<Delivered | 1<<Failed,
	Accepted: 1<<Delivered | 1<<Failed,
}

// May reports whether a recipient in state s may become to.
func (s State) May(to State) bool {
	return s < States && to < States && moves[s]&(1<<to) != 0
}

// Final reports whether nothing can move a recipient out of s any more.
func (s State) Final() bool { return s >= States || moves[s] == 0 }
