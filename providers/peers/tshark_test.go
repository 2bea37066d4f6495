package peers

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/providers/sms"
)

// SMPP 3.4, section 5.1.2.1.
const (
	bindReceiver    = 0x00000001
	bindTransmitter = 0x00000002
	submitSM        = 0x00000004
	deliverSM       = 0x00000005
	unbind          = 0x00000006
	bindTransceiver = 0x00000009
	enquireLink     = 0x00000015
	submitMulti     = 0x00000021
	response        = 0x80000000
)

// A sending is a campaign whose octets are read.
type sending struct {
	provider string
	campaign string // replaces class: routine
	text     string
	first    int // number of the audience
	name     string
	priority int
	validity string
}

var sendings = []sending{
	{
		provider: "    batch: 100", campaign: "class: emergency\nschedule: {expires: 2036-07-01T06:00:00+08:00}",
		text: "河水上涨🌊请勿靠近。", first: 13_800_000_000, name: "李", priority: 3, validity: "360630220000000+",
	},
	{
		provider: "    batch: 40", campaign: "class: urgent",
		text: "Flood [level 3]: keep away ~ {help} 119 €", first: 13_810_000_000, name: "A", priority: 1,
	},
	{
		provider: "    batch: 1\n    bind: separate", campaign: "class: routine",
		text: strings.Repeat("((name)): river {rising} €", 9), first: 13_820_000_000, name: "An[n]a",
	},
	{
		provider: "    batch: 30", campaign: "class: routine",
		text: strings.Repeat("((name))，河水上涨🌊请勿靠近。", 9), first: 13_830_000_000, name: "欧阳🌊",
	},
}

const heads = 110 // recipients of each

func (s sending) audience() string {
	return strings.ReplaceAll(people(heads, s.name), "\n1380", fmt.Sprintf("\n%d", s.first/1e7))
}

func TestTsharkReadsWhatWeWrite(t *testing.T) {
	program(t, "tshark")
	t.Parallel()
	// The receipts come late enough for an idle line to be tested.
	address, _ := startCarrier(t, "--receipt-delay", "1500ms", "--refuse", "0.05", "--fail-receipts", "0.1")
	p := newTap(t, address)
	rows := map[string]map[string]string{}
	sent := map[string]sending{}
	for _, s := range sendings {
		w := newWorkplace(t, p.address, s.provider+"\n    enquire_link: 1s", s.text, s.audience())
		campaign := strings.Replace(read(t, w.campaign), "class: routine", s.campaign, 1)
		write(t, w.campaign, campaign)
		w.run(t, "run", w.campaign, "--no-progress")
		for _, row := range w.export(t) {
			rows[row["number"]], sent[row["number"]] = row, s
		}
	}
	capture := filepath.Join(t.TempDir(), "capture.pcap")
	p.capture(t, capture)

	if wrong := tshark(t, capture, "-Y", wrong); len(wrong) > 0 {
		t.Errorf("tshark complains:\n%.2000s", wrong)
	}
	all := readings(t, capture, "smpp")
	got := map[uint64]int{}
	for _, r := range all {
		got[r.command]++
	}
	if want := p.count(t); !maps.Equal(got, want) {
		t.Errorf("tshark counts PDUs %x, the octets hold %x", got, want)
	}
	for _, command := range []uint64{bindTransceiver, bindTransmitter, bindReceiver, submitSM, submitMulti, deliverSM, enquireLink, unbind} {
		if got[command] == 0 || got[command|response] != got[command] {
			t.Errorf("got %d of command %#x and %d answers, want as many and some", got[command], command, got[command|response])
		}
	}
	checkSubmits(t, all, rows, sent)
	checkReceipts(t, all, rows)
}

// wrong is tshark's filter for what it finds fault with: anything in SMPP, and
// warnings (0x600000) elsewhere; it notes the end of every TCP connection.
const wrong = "_ws.malformed || smpp && _ws.expert || _ws.expert.severity >= 0x600000"

// The other test means something only if tshark does find fault with what is wrong.
func TestTsharkComplainsOfWhatIsWrong(t *testing.T) {
	program(t, "tshark")
	for _, c := range []struct {
		name string
		pdu  string
	}{
		{"a body that is cut", "00000017000000090000000000000001746f6373696e00"},
		{"a message shorter than its length", "0000002900000004000000000000000100000100010138363133380000000000000000" + "0800ff616263"},
	} {
		t.Run(c.name, func(t *testing.T) {
			octets, err := hex.DecodeString(c.pdu)
			if err != nil {
				t.Fatal(err)
			}
			p := &tap{port: smppPort, conversations: []*conversation{{words: []word{{true, time.Now(), octets}}}}}
			capture := filepath.Join(t.TempDir(), "capture.pcap")
			p.capture(t, capture)
			if len(tshark(t, capture, "-Y", wrong)) == 0 {
				t.Error("tshark finds no fault with it")
			}
		})
	}
}

// count is how many PDUs of each command went by, by their lengths and ids alone.
func (p *tap) count(t *testing.T) map[uint64]int {
	t.Helper()
	counts := map[uint64]int{}
	for _, c := range p.conversations {
		for _, client := range []bool{true, false} {
			rest := c.octets(client)
			for len(rest) >= 12 && int(binary.BigEndian.Uint32(rest)) <= len(rest) {
				counts[uint64(binary.BigEndian.Uint32(rest[4:]))]++
				rest = rest[binary.BigEndian.Uint32(rest):]
			}
			if len(rest) > 0 {
				t.Errorf("%d octets are no PDU", len(rest))
			}
		}
	}
	return counts
}

// checkSubmits holds that tshark finds in the submits each number's text, segment
// by segment, and the fields that go with it.
func checkSubmits(t *testing.T, all []reading, rows map[string]map[string]string, sent map[string]sending) {
	t.Helper()
	c := &complaints{t: t}
	seen := map[string]int{}
	most := 0
	for _, r := range all {
		if r.command != submitSM && r.command != submitMulti {
			continue
		}
		numbers := r.texts("smpp.destination_addr")
		most = max(most, len(numbers))
		if r.command == submitSM && len(numbers) != 1 {
			c.say("a submit_sm has %d destinations", len(numbers))
		}
		message, err := hex.DecodeString(strings.Join(r.fields["smpp.message"], ""))
		if err != nil || len(message) != r.number("smpp.sm_length") {
			c.say("a message has %d octets, sm_length is %d: %v", len(message), r.number("smpp.sm_length"), err)
			continue
		}
		for _, number := range numbers {
			row, s := rows[number], sent[number]
			if row == nil {
				c.say("a submit is for a number of no audience")
				continue
			}
			part := 0
			content, err := sms.Encode(nil, strings.ReplaceAll(s.text, "((name))", row["name"]))
			if err != nil {
				t.Fatal(err)
			}
			text := message
			if content.Segments > 1 {
				// Concatenation, 8-bit reference: 3GPP TS 23.040, section 9.2.3.24.1.
				part = r.number("gsm_sms.udh.mm.msg_part") - 1
				if r.number("gsm_sms.udh.mm.msg_parts") != int(content.Segments) || r.number("smpp.esm.submit.features") != 1 || len(text) < 6 {
					c.say("a segment is one of %d, features %d, want %d, 1", r.number("gsm_sms.udh.mm.msg_parts"), r.number("smpp.esm.submit.features"), content.Segments)
					continue
				}
				text = text[6:]
			} else if r.number("smpp.esm.submit.features") != 0 {
				c.say("a text of one segment has a header")
			}
			if !bytes.Equal(text, content.Part(part)) {
				c.say("segment %d of %d is % x, want % x", part+1, content.Segments, text, content.Part(part))
			}
			if got := r.number("smpp.data_coding"); got != int(content.Coding) {
				c.say("got data_coding %d, want %d", got, content.Coding)
			}
			seen[number] |= 1 << part
			if seen[number] == 1<<content.Segments-1 {
				seen[number] = -1 // whole; once more would be wrong
			}
			c.checkFields(r, s)
		}
	}
	for number := range rows {
		if seen[number] != -1 {
			c.say("the number ending in %s is whole: got segments %b, want -1", number[len(number)-2:], seen[number])
		}
	}
	if most != 100 {
		c.say("got %d destinations in the largest submit_multi, want 100", most)
	}
}

// checkFields holds what all submits of a campaign share.
func (c *complaints) checkFields(r reading, s sending) {
	c.t.Helper()
	for field, want := range map[string]int{
		"smpp.source_addr_ton": 0, "smpp.source_addr_npi": 1, "smpp.dest_addr_ton": 1, "smpp.dest_addr_npi": 1,
		"smpp.regdel.receipt": 1, "smpp.priority_flag": s.priority, "smpp.protocol_id": 0, "smpp.replace_if_present_flag": 0,
	} {
		if got := r.number(field); got != want {
			c.say("got %s %d, want %d", field, got, want)
		}
	}
	if got := r.text("smpp.source_addr"); got != "10690000" {
		c.say("got source_addr %s", got)
	}
	if got := r.text("smpp.validity_period"); got != s.validity {
		c.say("got validity_period %q, want %q", got, s.validity)
	}
}

// checkReceipts holds that tshark finds a receipt for every segment taken, with the
// reference and the end that the ledger has.
func checkReceipts(t *testing.T, all []reading, rows map[string]map[string]string) {
	t.Helper()
	c := &complaints{t: t}
	found := map[string][]string{}
	for _, r := range all {
		if r.command != deliverSM {
			continue
		}
		number := r.text("smpp.source_addr")
		row := rows[number]
		found[number] = append(found[number], r.text("smpp.receipted_message_id"))
		state := r.number("smpp.message_state")
		switch {
		case row == nil, r.number("smpp.esm.submit.msg_type") != 1, r.text("smpp.destination_addr") != "10690000":
			c.say("a deliver_sm is no receipt of ours")
		case row["state"] == "delivered" && state != 2, row["state"] == "failed" && row["segments"] == "1" && state != 5:
			c.say("the ledger says %s, tshark reads state %d", row["state"], state)
		}
	}
	for number, row := range rows {
		want := strings.Fields(row["reference"])
		got := found[number]
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			c.say("state %s, reason %s: got receipts %v, want %v", row["state"], row["reason"], got, want)
		}
	}
}
