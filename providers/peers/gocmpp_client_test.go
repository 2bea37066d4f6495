package peers

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmpp "github.com/bigwhite/gocmpp"
	cmpputils "github.com/bigwhite/gocmpp/utils"
)

// A cmppClient is gocmpp logged in to the simulated carrier, and what it was told.
type cmppClient struct {
	*gocmpp.Client
	t       *testing.T
	version gocmpp.Type
	reading sync.WaitGroup

	mu       sync.Mutex
	sent     map[uint32][]string // numbers of a submit, by its sequence number
	early    map[uint32]answer   // answers read before Submit's caller knew its number
	answered int
	refused  map[string]bool
	ids      map[string][]uint64 // of what was taken, by number
	reports  map[string][]report60
	tests    int  // of the line, answered
	gone     bool // the carrier has answered our goodbye
}

type answer struct {
	id     uint64
	result uint32
}

type report60 struct {
	id    uint64
	state string
}

// newCMPPClient logs in until the test ends.
func newCMPPClient(t *testing.T, address string, version gocmpp.Type) *cmppClient {
	t.Helper()
	c := &cmppClient{
		Client: gocmpp.NewClient(version), t: t, version: version, sent: map[uint32][]string{}, early: map[uint32]answer{},
		refused: map[string]bool{}, ids: map[string][]uint64{}, reports: map[string][]report60{},
	}
	if err := c.Connect(address, "900001", "secret", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	c.reading.Go(c.read)
	t.Cleanup(func() {
		c.Disconnect()
		c.reading.Wait()
	})
	return c
}

// read takes what arrives. gocmpp forgets half a PDU when its time is over: it is given
// none.
func (c *cmppClient) read() {
	for {
		p, err := c.RecvAndUnpackPkt(0)
		if err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			if !c.gone || !errors.Is(err, io.EOF) {
				c.t.Errorf("receive: %v", err)
			}
			return
		}
		switch p := p.(type) {
		case *gocmpp.Cmpp2SubmitRspPkt:
			c.answer(p.SeqId, answer{p.MsgId, uint32(p.Result)})
		case *gocmpp.Cmpp3SubmitRspPkt:
			c.answer(p.SeqId, answer{p.MsgId, p.Result})
		case *gocmpp.Cmpp2DeliverReqPkt:
			c.report(p.RegisterDelivery, p.SrcTerminalId, p.MsgContent)
			err = c.SendRspPkt(&gocmpp.Cmpp2DeliverRspPkt{MsgId: p.MsgId}, p.SeqId)
		case *gocmpp.Cmpp3DeliverReqPkt:
			c.report(p.RegisterDelivery, p.SrcTerminalId, p.MsgContent)
			err = c.SendRspPkt(&gocmpp.Cmpp3DeliverRspPkt{MsgId: p.MsgId}, p.SeqId)
		case *gocmpp.CmppActiveTestReqPkt:
			err = c.SendRspPkt(&gocmpp.CmppActiveTestRspPkt{}, p.SeqId)
		case *gocmpp.CmppActiveTestRspPkt:
			c.mu.Lock()
			c.tests++
			c.mu.Unlock()
		case *gocmpp.CmppTerminateRspPkt:
			c.mu.Lock()
			c.gone = true
			c.mu.Unlock()
		default:
			c.t.Errorf("got %T", p)
		}
		if err != nil {
			c.t.Errorf("answer: %v", err)
			return
		}
	}
}

// answer is the carrier's. gocmpp says what number a request had when it has left: the
// answer may be here first.
func (c *cmppClient) answer(sequence uint32, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	numbers, ok := c.sent[sequence]
	if !ok {
		c.early[sequence] = a
		return
	}
	c.settle(numbers, a)
}

func (c *cmppClient) settle(numbers []string, a answer) {
	c.answered++
	for i, number := range numbers {
		if a.result != 0 {
			c.refused[number] = true
			continue
		}
		// Of a batch the ids follow each other, CMPP 3.0 appendix 1; the sequence is the
		// low 16 bits.
		c.ids[number] = append(c.ids[number], a.id&^0xFFFF|uint64(uint16(a.id)+uint16(i)))
	}
}

func (c *cmppClient) report(registered uint8, from, content string) {
	var r gocmpp.CmppReceiptPkt
	// gocmpp knows reports of 60 octets; what has 71, in 3.0, is the same up to the number.
	if err := r.Unpack([]byte(content)); err != nil || registered != 1 {
		c.t.Errorf("a report of %d octets, Registered_Delivery %d: %v", len(content), registered, err)
		return
	}
	if want := map[gocmpp.Type]int{gocmpp.V20: 60, gocmpp.V30: 71}[c.version]; len(content) != want {
		c.t.Errorf("a report has %d octets, want %d", len(content), want)
	}
	if r.DestTerminalId != from || len(r.SubmitTime) != 10 || len(r.DoneTime) != 10 {
		c.t.Errorf("a report is of %d digits from %d, at %q and %q", len(r.DestTerminalId), len(from), r.SubmitTime, r.DoneTime)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reports[from] = append(c.reports[from], report60{r.MsgId, r.Stat})
}

// submit sends a content to these numbers. Part 0 is a text of one segment.
func (c *cmppClient) submit(format uint8, content string, part, parts uint8, report uint8, numbers ...string) {
	c.t.Helper()
	udhi := uint8(0)
	if parts > 1 {
		udhi = 1
		content = string([]byte{5, 0, 3, 0x77, parts, part}) + content
	}
	var p gocmpp.Packer = &gocmpp.Cmpp2SubmitReqPkt{
		PkTotal: parts, PkNumber: part, RegisteredDelivery: report, ServiceId: "test", TpUdhi: udhi, MsgFmt: format, MsgSrc: "900001",
		FeeType: "01", FeeCode: "0", SrcId: "10690000", DestUsrTl: uint8(len(numbers)), DestTerminalId: numbers,
		MsgLength: uint8(len(content)), MsgContent: content,
	}
	if c.version == gocmpp.V30 {
		p = &gocmpp.Cmpp3SubmitReqPkt{
			PkTotal: parts, PkNumber: part, RegisteredDelivery: report, ServiceId: "test", TpUdhi: udhi, MsgFmt: format, MsgSrc: "900001",
			FeeType: "01", FeeCode: "0", SrcId: "10690000", DestUsrTl: uint8(len(numbers)), DestTerminalId: numbers,
			MsgLength: uint8(len(content)), MsgContent: content,
		}
	}
	sequence, err := c.SendReqPkt(p)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.early[sequence]; ok {
		c.settle(numbers, a)
		return
	}
	c.sent[sequence] = numbers
}

func TestGocmppIsAClientOfTheSimulatedCarrier(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		version gocmpp.Type
		report  uint8 // of batches: in 2.0 they may not ask for any
	}{
		{"2.0", gocmpp.V20, 0},
		{"3.0", gocmpp.V30, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			carrier, path := startCarrier(t, "--protocol", "cmpp", "--refuse", "0.1", "--fail-receipts", "0.2", "--system-id", "900001", "--password", "secret")
			wrong := gocmpp.NewClient(tt.version)
			if err := wrong.Connect(carrier, "900001", "wrong", 5*time.Second); !errors.Is(err, gocmpp.ConnRspStatusErrMap[gocmpp.ErrnoConnAuthFailed]) {
				t.Errorf("with a wrong secret: got %v, want %v", err, gocmpp.ConnRspStatusErrMap[gocmpp.ErrnoConnAuthFailed])
			}
			c := newCMPPClient(t, carrier, tt.version)
			want := map[string]string{}
			segments := map[string]int{} // reports to come
			submits := 0
			for i := range 400 { // one by one
				number := fmt.Sprintf("86139%08d", i)
				want[number] = cmppTexts[i%len(cmppTexts)].text
				parts := cmppTexts[i%len(cmppTexts)].parts(t)
				for k, part := range parts {
					c.submit(cmppTexts[i%len(cmppTexts)].format, part, uint8(k+1), uint8(len(parts)), 1, number)
					submits++
				}
				segments[number] = len(parts)
			}
			for i := range 20 { // and in batches
				text := fmt.Sprintf("批次 %d", i)
				var numbers []string
				for k := range 5 {
					number := fmt.Sprintf("86138%08d", i*5+k)
					numbers = append(numbers, number)
					want[number], segments[number] = text, int(tt.report)
				}
				octets, err := cmpputils.Utf8ToUcs2(text)
				if err != nil {
					t.Fatal(err)
				}
				c.submit(8, octets, 1, 1, tt.report, numbers...)
				submits++
			}
			if _, err := c.SendReqPkt(&gocmpp.CmppActiveTestReqPkt{}); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "gocmpp has an answer to everything and a report for everything taken", func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				for number, n := range segments {
					if !c.refused[number] && len(c.reports[number]) < n {
						return false
					}
				}
				return c.answered >= submits && c.tests == 1
			})
			if _, err := c.SendReqPkt(&gocmpp.CmppTerminateReqPkt{}); err != nil {
				t.Fatal(err)
			}
			c.reading.Wait()
			c.compare(lines[line](t, path), want, segments)
		})
	}
}

// A cmppText is a text as gocmpp's own helpers write it.
type cmppText struct {
	text   string
	format uint8 // Msg_Fmt
	size   int   // characters of a segment
}

var cmppTexts = []cmppText{
	{"Flood warning: keep away from the river.", 0, 140},
	{"河水上涨🌊请勿靠近。", 8, 70},
	{"河水上涨，请勿靠近河岸。", 15, 70},
	{strings.Repeat("河水上涨，请勿靠近。", 20), 8, 67},
	{strings.Repeat("河水上涨，请勿靠近。", 20), 15, 67},
	{strings.Repeat("river rising, ", 30), 0, 134},
}

// parts are its segments in octets; the texts have no character that would be cut.
func (x cmppText) parts(t *testing.T) (all []string) {
	t.Helper()
	for part := range slices.Chunk([]rune(x.text), x.size) {
		octets, err := string(part), error(nil)
		switch x.format {
		case 8:
			octets, err = cmpputils.Utf8ToUcs2(octets)
		case 15:
			octets, err = cmpputils.Utf8ToGB18030(octets)
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, octets)
	}
	return all
}

// compare holds what gocmpp was told against the carrier's journal.
func (c *cmppClient) compare(journal []line, want map[string]string, segments map[string]int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.SortStableFunc(journal, func(a, b line) int { return a.Part - b.Part })
	texts, ids := map[string]string{}, map[string][]string{}
	for _, l := range journal {
		texts[l.Number] += l.Text
		ids[l.Number] = append(ids[l.Number], l.ID)
	}
	said := &complaints{t: c.t}
	failed := 0
	for number, text := range want {
		if c.refused[number] {
			if texts[number] != "" || len(c.reports[number]) > 0 {
				said.say("a refused number is in the journal or has a report")
			}
			continue
		}
		if texts[number] != text {
			said.say("the carrier took %.60q, want %.60q", texts[number], text)
		}
		var answered, reported []string
		for _, id := range c.ids[number] {
			answered = append(answered, fmt.Sprintf("%016x", id))
		}
		for _, r := range c.reports[number] {
			reported = append(reported, fmt.Sprintf("%016x", r.id))
			switch r.state {
			case "UNDELIV":
				failed++
			case "DELIVRD":
			default:
				said.say("a report says %q", r.state)
			}
		}
		slices.Sort(ids[number])
		slices.Sort(answered)
		slices.Sort(reported)
		if !slices.Equal(answered, ids[number]) || segments[number] > 0 && !slices.Equal(reported, ids[number]) || len(reported) != segments[number] {
			said.say("the journal has %v, the answers %v, the reports %v", ids[number], answered, reported)
		}
	}
	if len(c.refused) < len(want)/20 || len(c.refused) > len(want)/2 || failed == 0 {
		said.say("got %d of %d refused and %d reports that say failed: not as the carrier was told", len(c.refused), len(want), failed)
	}
}
