package simulator

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tocsin/providers/sms"
)

// A Config says how the carrier behaves. The zero Config listens on
// loopback, takes every message at once and sends no receipts. A share is
// from 0 to 1; which numbers or submits it falls on is decided by Seed.
type Config struct {
	Listen string // host:port, the protocol's own port on loopback when empty; port 0: any free one
	// Listener, when set, is where clients come in instead; it is the Carrier's to
	// close. Tests with simulated time have one in memory.
	Listener net.Listener
	Protocol string // "smpp", also when empty, "cmpp", "sgip", "smgp" or "http"
	Profile  string // of http: "kannel", also when empty, "aliyun", "tencent" or "twilio"
	// DialBack is where SGIP's client listens, host:port: the carrier brings its receipts
	// there, and logs in with this name and password. Several, where the client is several
	// processes, are parted by commas. Empty: on the client's connections.
	// Of http it is the address for receipts where the client names none.
	DialBack, DialBackID, DialBackPassword string

	SystemID string // the only account; empty: any
	Password string // of the account; empty: any
	Most     int    // connections logged in at once, more are refused; 0: no limit

	Rate    int           // segments a second over all connections; 0: no limit
	Burst   int           // segments that may come at once; 0: half a second's worth of Rate
	Latency time.Duration // from a submit to its answer
	Jitter  time.Duration // up to so much more; answers may overtake each other

	Receipts      bool          // send the receipts that are asked for
	ReceiptDelay  time.Duration // from the answer to the receipt
	ReceiptJitter time.Duration // up to so much more; receipts overtake each other
	ReceiptWindow int           // receipts not acknowledged on one connection; 0: 2000
	// ReceiptsOn is the connection that a receipt comes on, of those of the account that
	// take receipts: OnAny, also when empty, OnSame, its submit's, or OnOther, another than
	// its submit's where there is one. HTTP has none.
	ReceiptsOn string
	// ReceiptForm is how a receipt says what it says: "tlv" (3.4, section 5.3.2),
	// "text" (appendix B), or both when empty. CMPP 3.0 has "short", with a number of 21
	// octets instead of 32.
	ReceiptForm       string
	LoseReceipts      float64 // share that never come
	FailReceipts      float64 // share that say undeliverable
	DuplicateReceipts float64 // share that come twice
	EarlyReceipts     float64 // share that come before the answer
	UnknownReceipts   float64 // share that bring with them a receipt for a stranger

	// Replies are texts that people send back, each person one of them: the share of
	// those who got a message that do, so long after it.
	Replies []string
	// ReplyTo is where they go over HTTP, an address; Kannel's has escapes, as its sms-service
	// get-url: %p from, %P to, %b text, %T time, %I id.
	ReplyTo    string
	ReplyShare float64
	ReplyDelay time.Duration

	Refuse    float64 // share of numbers refused, RINVDSTADR
	Throttle  float64 // share of submits answered RTHROTTLED whatever the rate
	QueueFull float64 // share of submits answered RMSGQFUL
	Silent    float64 // share of submits taken and never answered
	CutAfter  int     // submits after which the line is cut: the last is taken, not answered
	CutAgain  bool    // cut after every CutAfter submits, not only once
	Mute      bool    // accept connections and answer nothing at all
	NoMulti   bool    // not know submit_multi: generic_nack with RINVCMDID
	// HexIDs is where a message id stands in hexadecimal: "resp" in the answer,
	// "receipt" in the receipt, nowhere when empty. In the other place it is
	// decimal.
	HexIDs string

	// Remember keeps what becomes of every message, so that it may be asked for and,
	// until its receipt is or would be due, cancelled: by SMPP's query_sm and cancel_sm,
	// CMPP's QUERY and CANCEL, SMGP's Query. Without it the carrier does not know these.
	Remember bool

	// Version50 is an SMPP 5.0 carrier: with clients of 5.0 it speaks that, and takes
	// cell broadcasts, in Areas alone when that names any. Congestion is the
	// congestion_state that it says to them with every answer, 1 to 100; 0: none.
	// SetCongestion changes it.
	Version50  bool
	Areas      []string
	Congestion int

	// Journal and JournalPath take a line of JSON for every recipient of every
	// segment taken, written before the answer: time, number, id, text, and for a
	// long text part and parts; and one for every reply: time, number and reply; a
	// broadcast has time, broadcast, which is its id, areas, repeat, every, text. The file is appended to; carriers may share one.
	Journal     io.Writer
	JournalPath string

	Seed   uint64
	Logger *slog.Logger // nil: nothing is logged
}

const defaultReceiptWindow = 2000

// withDefaults fills in what is empty and reports what cannot be.
func (c Config) withDefaults() (Config, error) {
	if c.Protocol == "" {
		c.Protocol = "smpp"
	}
	speaks, ok := protocols[c.Protocol]
	if !ok {
		return c, fmt.Errorf("simulator: protocol %q is not spoken, only %s", c.Protocol, strings.Join(slices.Sorted(maps.Keys(protocols)), ", "))
	}
	for _, s := range []struct {
		name  string
		share float64
	}{
		{"lose_receipts", c.LoseReceipts},
		{"fail_receipts", c.FailReceipts},
		{"duplicate_receipts", c.DuplicateReceipts},
		{"early_receipts", c.EarlyReceipts},
		{"unknown_receipts", c.UnknownReceipts},
		{"reply_share", c.ReplyShare},
		{"refuse", c.Refuse},
		{"throttle", c.Throttle},
		{"queue_full", c.QueueFull},
		{"silent", c.Silent},
	} {
		if !(s.share >= 0 && s.share <= 1) {
			return c, fmt.Errorf("simulator: %s is %v, want a share from 0 to 1", s.name, s.share)
		}
	}
	for _, text := range c.Replies {
		if text == "" || len(sms.AppendUCS2(nil, []byte(text))) > maxReply || !utf8.ValidString(text) {
			return c, fmt.Errorf("simulator: a reply has 1 to %d characters", maxReply/2)
		}
	}
	if len(c.Replies) > 255 {
		return c, fmt.Errorf("simulator: there are at most 255 replies")
	}
	if c.Most < 0 || c.ReplyDelay < 0 || c.Rate < 0 || c.Burst < 0 || c.Latency < 0 || c.Jitter < 0 || c.ReceiptDelay < 0 || c.ReceiptJitter < 0 || c.ReceiptWindow < 0 || c.CutAfter < 0 {
		return c, fmt.Errorf("simulator: rates, times and counts cannot be negative")
	}
	switch c.HexIDs {
	case "", "resp", "receipt":
	default:
		return c, fmt.Errorf(`simulator: hex ids in %q, want "resp", "receipt" or nothing`, c.HexIDs)
	}
	switch c.ReceiptsOn {
	case "":
		c.ReceiptsOn = OnAny
	case OnAny, OnSame, OnOther:
	default:
		return c, fmt.Errorf("simulator: receipts on %q, want %s, %s or %s", c.ReceiptsOn, OnAny, OnSame, OnOther)
	}
	switch c.ReceiptForm {
	case "", "tlv", "text", "short":
	default:
		return c, fmt.Errorf(`simulator: receipt form %q, want "tlv", "text", "short" or nothing`, c.ReceiptForm)
	}
	if c.Congestion < 0 || c.Congestion > 100 {
		return c, fmt.Errorf("simulator: congestion is %d, want 0 to 100", c.Congestion)
	}
	if (c.Version50 || c.Congestion > 0 || len(c.Areas) > 0) && c.Protocol != "smpp" {
		return c, fmt.Errorf("simulator: broadcasts and congestion are of smpp alone")
	}
	if (c.Congestion > 0 || len(c.Areas) > 0) && !c.Version50 {
		return c, fmt.Errorf("simulator: broadcasts and congestion are of SMPP 5.0 alone")
	}
	if c.DialBack != "" && c.Protocol != "sgip" && c.Protocol != "http" {
		return c, fmt.Errorf("simulator: only carriers of sgip and http dial back")
	}
	if err := c.withHTTP(); err != nil {
		return c, err
	}
	if len(c.DialBackID) > 16 || len(c.DialBackPassword) > 16 {
		return c, fmt.Errorf("simulator: names and passwords have at most 16 characters (SGIP 1.2, 4.2.1)")
	}
	if c.Journal != nil && c.JournalPath != "" {
		return c, fmt.Errorf("simulator: a journal and the path of one")
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:" + speaks.port
	}
	if c.Burst == 0 {
		c.Burst = max(c.Rate/2, 1)
	}
	if c.ReceiptWindow == 0 {
		c.ReceiptWindow = defaultReceiptWindow
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
