package httpgw

import (
	"crypto/tls"
	"time"

	"tocsin/providers/sms"
)

// Config is one account. Texts may hold placeholders, see Template.
type Config struct {
	URL         string            // of the carrier: scheme, host and what all paths begin with
	Account     string            // who we are
	Password    string            // of the account
	Values      map[string]string // what else this account has: a template's code, a region
	Sender      string            // shown on handsets where the campaign names none
	Connections int
	Window      int           // requests unanswered, for each of Connections
	Batch       int           // most numbers of one request
	Timeout     time.Duration // after which an answer is not waited for; 0: 30 s
	MaxValidity time.Duration // the longest the carrier may be asked to try; 0: no limit
	Codings     map[string]string
	TLS         *tls.Config // nil: the machine's authorities

	Sign     Sign
	Send     Request
	Answer   Answer
	Verdicts map[string]string // the carrier's own code, or HTTP's, and what it means; see words
	Receipts *Report           // in callbacks; nil: none
	Incoming *Incoming         // messages from people, in callbacks; nil: none
	Callback Callback
	Poll     *Poll  // nil: receipts are not asked for
	Query    *Query // nil: doubt cannot be asked for
}

// A Request is how something is said to the carrier.
type Request struct {
	Method  string            `yaml:"method"` // default POST
	Path    string            `yaml:"path"`   // behind Config.URL
	Query   map[string]any    `yaml:"query"`
	Headers map[string]string `yaml:"headers"`
	Form    map[string]any    `yaml:"form"` // the body, as a form …
	JSON    any               `yaml:"json"` // … or as JSON; neither: there is none
}

// An Answer is how an answer to Send is read. Paths lead through JSON: a.b.0.c.
type Answer struct {
	Code []string `yaml:"code"` // paths of the carrier's own code; the first that leads somewhere holds
	OK   []string `yaml:"ok"`   // codes of what was taken
	// Pattern is a regular expression for an answer that is a text: its first group is the
	// code, its second one the id.
	Pattern string `yaml:"pattern"`
	ID      string `yaml:"id"`   // path of the message's id, which its receipts repeat
	Own     bool   `yaml:"own"`  // receipts repeat our own reference instead
	Each    string `yaml:"each"` // path of a list with an element for each number, in their order
	// Paths in an element; with EachNumber elements may come in any order.
	EachCode   string `yaml:"each_code"`
	EachID     string `yaml:"each_id"`
	EachNumber string `yaml:"each_number"`
}

// A Report is how receipts are read.
type Report struct {
	Each      string `yaml:"each"`      // path of the list of receipts; "": the document, or its elements
	Number    string `yaml:"number"`    // a path, or several in a text: ((nationcode))((mobile))
	ID        string `yaml:"id"`        // path of the carrier's reference
	Reference string `yaml:"reference"` // path of our own
	Status    string `yaml:"status"`    // path
	Code      string `yaml:"code"`      // path of the carrier's reason
	Time      string `yaml:"time"`      // path
	Layout    string `yaml:"layout"`    // of Time: unix, or as Go writes its reference time; Beijing's where it has no zone
	National  bool   `yaml:"national"`  // eleven digits that begin with 13 to 19 are a number of China
	// States is what a status means: delivered, failed, accepted, ignore, or a reason's name,
	// for failed.
	States  map[string]string `yaml:"states"`
	Reasons map[string]string `yaml:"reasons"` // reasons' names by Code
	Reply   string            `yaml:"reply"`   // body of the answer to a callback
	// Text and Created are paths of a query whose records have no reference of ours.
	Text          string `yaml:"text"`
	Created       string `yaml:"created"`
	CreatedLayout string `yaml:"created_layout"`
}

// An Incoming is how messages from people are read.
type Incoming struct {
	Path   string `yaml:"path"` // of the callback
	Each   string `yaml:"each"` // paths, as in Report
	From   string `yaml:"from"`
	To     string `yaml:"to"`
	Text   string `yaml:"text"`
	Time   string `yaml:"time"`
	ID     string `yaml:"id"` // of the carrier's name for it, the same each time it says it
	Layout string `yaml:"layout"`
	Reply  string `yaml:"reply"`
}

// A Callback is where and how the carrier brings receipts.
type Callback struct {
	Path     string // "": it does not
	Auth     string // key, header, basic, hmac or twilio
	Name     string // of the parameter or header; "": key, or X-Signature
	Login    string // of basic
	Password string // of twilio the account's, when empty
	// Suffix is what our address ends with where the carrier is told it with each message.
	Suffix string
	URL    string // the listener's as the carrier sees it, without a path
}

// A Poll asks for receipts.
type Poll struct {
	Every   time.Duration `yaml:"every"`
	Request `yaml:",inline"`
	Report  Report `yaml:"receipts"`
	More    int    `yaml:"more"` // a list of so many has a next one at once; 0: never
}

// A Query asks what became of one message whose answer never came.
type Query struct {
	After   time.Duration `yaml:"after"` // the first time; then three times as long, and so on
	Tries   int           `yaml:"tries"` // how often at most
	Request `yaml:",inline"`
	Report  Report `yaml:"receipts"`
}

// words are the meanings of codes.
var words = map[string]verdict{
	"taken":          {sms.Taken, sms.None, plain},
	"throttled":      {sms.NotNow, sms.Throttled, plain},
	"queue_full":     {sms.NotNow, sms.QueueFull, plain},
	"carrier_fault":  {sms.NotNow, sms.CarrierFault, plain},
	"in_doubt":       {sms.Unknown, sms.UnknownOutcome, plain},
	"invalid_number": {sms.Refused, sms.InvalidNumber, plain},
	"unreachable":    {sms.Refused, sms.Unreachable, plain},
	"blocked":        {sms.Refused, sms.Blocked, plain},
	"too_late":       {sms.Refused, sms.TooLate, plain},
	"bad_sender":     {sms.Refused, sms.BadSender, plain},
	"bad_request":    {sms.Refused, sms.BadRequest, plain},
	"not_permitted":  {sms.Refused, sms.NotPermitted, plain},
	"rejected":       {sms.Refused, sms.Rejected, plain},
	// no_batches: no message was taken because there were several; from here on one by one.
	"no_batches": {sms.NotNow, sms.BadRequest, noBatches},
	// stop: sending is pointless until a person corrects the account.
	"stop": {sms.NotNow, sms.NotPermitted, stops},
}

// Word reports whether a code may mean this, and Words lists what it may.
func Word(word string) bool { _, ok := words[word]; return ok }

// A verdict is what an answer says of a message.
type verdict struct {
	outcome sms.Outcome
	reason  sms.Reason
	effect  effect
}

// An effect is what an answer means for more than its message.
type effect uint8

const (
	plain effect = iota
	noBatches
	stops
)
