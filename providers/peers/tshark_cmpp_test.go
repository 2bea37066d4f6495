package peers

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tocsin/providers/cmpp"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// What tshark 4.0 knows of CMPP: the layouts of 3.0, on ports 7890, 7900, 7930 and
// 9168, in PDUs of at most 1000 octets. Of 2.0 it reads what is laid out alike: headers,
// CONNECT, TERMINATE, ACTIVE_TEST, and the other PDUs as far as their first field of
// another width. It has dissectors for neither SGIP nor SMGP.
const (
	mostOfTshark = 20 // numbers in a submit: 163 + 20 x 32 + 140 octets

	wrongCMPP = "_ws.malformed || cmpp && _ws.expert || _ws.expert.severity >= 0x600000"
)

// cmppTalk is a provider's conversation with the simulated carrier.
type cmppTalk struct {
	msgs     []sms.Message
	acks     []sms.Ack
	receipts *received
	capture  string
	counted  map[uint64]int // PDUs, by their octets alone
	all      []reading
}

// talkCMPP sends all kinds of messages, lets the line be idle, and says goodbye.
func talkCMPP(t *testing.T, version cmpp.Version) *cmppTalk {
	t.Helper()
	program(t, "tshark")
	address, _ := startCarrier(t, "--protocol", "cmpp", "--receipt-delay", "700ms", "--fail-receipts", "0.1", "--system-id", "900001", "--password", "secret")
	tapped := newTap(t, address)
	tapped.port = cmppPort
	p, err := cmpp.New(cmpp.Options{Config: cmpp.Config{
		Address: tapped.address, Version: version, SourceAddr: "900001", Password: "secret", ServiceID: "FLOOD", Connections: 2, Window: 16,
		Batch: mostOfTshark, Sender: "10690000", FeeUserType: 2, ActiveTest: 200 * time.Millisecond, Timeout: 10 * time.Second,
	}, Logger: smstest.Logger(t, "secret")})
	if err != nil {
		t.Fatal(err)
	}
	k := &cmppTalk{receipts: newReceived(), capture: filepath.Join(t.TempDir(), "capture.pcap")}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, k.receipts.receive) }()
	waitFor(t, "both connections are up", func() bool { return p.Line().Up == 2 })
	k.msgs, _ = gocmppMessages(t)
	k.acks = make([]sms.Ack, len(k.msgs))
	p.Submit(ctx, k.msgs, k.acks)
	segments := 0
	for i, a := range k.acks {
		if a.Outcome != sms.Taken {
			t.Fatalf("message %d: got %v %v, want taken", i, a.Outcome, a.Reason)
		}
		segments += int(k.msgs[i].Content.Segments)
	}
	waitFor(t, "all reports came", func() bool { return k.receipts.count() == segments })
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	tapped.capture(t, k.capture)
	k.counted, k.all = tapped.count(t), readings(t, k.capture, "cmpp")
	got := map[uint64]int{}
	for _, r := range k.all {
		got[r.command]++
	}
	if !maps.Equal(got, k.counted) {
		t.Errorf("tshark counts PDUs %x, the octets hold %x", got, k.counted)
	}
	for _, id := range []uint64{cmpp.ConnectID, cmpp.SubmitID, cmpp.DeliverID, cmpp.ActiveTestID, cmpp.TerminateID} {
		if got[id] == 0 || got[id|cmpp.Response] != got[id] {
			t.Errorf("got %d of command %#x and %d answers, want as many and some", got[id], id, got[id|cmpp.Response])
		}
	}
	return k
}

func TestTsharkReadsOurCMPP30(t *testing.T) {
	t.Parallel()
	k := talkCMPP(t, cmpp.V30)
	if wrong := tshark(t, k.capture, "-Y", wrongCMPP); len(wrong) > 0 {
		t.Errorf("tshark complains:\n%.2000s", wrong)
	}
	c := &complaints{t: t}
	c.connects(k.all, cmpp.V30)
	c.cmppAnswers(k)
	c.cmppSubmits(k)
	c.cmppReports(k)
}

// Of 2.0 tshark may complain only of PDUs that end where it expects more.
func TestTsharkReadsOfOurCMPP20WhatIsLaidOutAlike(t *testing.T) {
	t.Parallel()
	k := talkCMPP(t, cmpp.V20)
	alike := fmt.Sprintf("(%s) && !(cmpp.Command_Id in {0x80000001, 4, 0x80000004, 5, 0x80000005})", wrongCMPP)
	if wrong := tshark(t, k.capture, "-Y", alike); len(wrong) > 0 {
		t.Errorf("tshark complains:\n%.2000s", wrong)
	}
	c := &complaints{t: t}
	c.connects(k.all, cmpp.V20)
	for _, r := range k.all {
		switch r.command {
		case cmpp.SubmitID:
			c.submitHead(r)
		case cmpp.DeliverID:
			if got := r.text("cmpp.deliver.Dest_Id"); got != "10690000" || r.number("cmpp.TP_udhi") != 0 || r.number("cmpp.Msg_Fmt") != 0 {
				c.say("a report to %q, TP_udhi %d, Msg_Fmt %d", got, r.number("cmpp.TP_udhi"), r.number("cmpp.Msg_Fmt"))
			}
		}
	}
}

// The tests above mean something only if tshark does find fault with what is wrong.
func TestTsharkComplainsOfWrongCMPP(t *testing.T) {
	program(t, "tshark")
	for _, tt := range []struct {
		name string
		pdu  string
	}{
		{"a CONNECT that is cut", "00000017000000010000000139303030303100000000000000"[:46]},
		{"an answer of 2.0 to a submit", "000000158000000400000001000000000000000100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			octets, err := hex.DecodeString(tt.pdu)
			if err != nil {
				t.Fatal(err)
			}
			p := &tap{port: cmppPort, conversations: []*conversation{{words: []word{{true, time.Now(), octets}}}}}
			capture := filepath.Join(t.TempDir(), "capture.pcap")
			p.capture(t, capture)
			if len(tshark(t, capture, "-Y", wrongCMPP)) == 0 {
				t.Error("tshark finds no fault with it")
			}
		})
	}
}

// connects holds the logins: of both versions they are laid out alike.
func (c *complaints) connects(all []reading, version cmpp.Version) {
	c.t.Helper()
	for _, r := range all {
		if r.command != cmpp.ConnectID {
			continue
		}
		stamp, err := strconv.ParseUint(strings.Join(r.fields["cmpp.connect.Timestamp"], ""), 16, 32)
		if err != nil {
			c.say("Timestamp: %v", err)
		}
		digest := cmpp.Authenticator("900001", "secret", uint32(stamp))
		if r.text("cmpp.connect.Source_Addr") != "900001" || strings.Join(r.fields["cmpp.connect.AuthenticatorSource"], "") != hex.EncodeToString(digest[:]) {
			c.say("a login as %q with digest %v", r.text("cmpp.connect.Source_Addr"), r.fields["cmpp.connect.AuthenticatorSource"])
		}
		if v := r.number("cmpp.Version"); v != int(version) {
			c.say("got Version %#x, want %#x", v, version)
		}
		if month := stamp / 1e8; month < 1 || month > 12 {
			c.say("got Timestamp %d", stamp)
		}
	}
}

// cmppAnswers holds what both sides answered: every sequence number once, and that all is
// well.
func (c *complaints) cmppAnswers(k *cmppTalk) {
	c.t.Helper()
	ids := map[string]bool{} // that answers gave, in hexadecimal
	for _, r := range k.all {
		switch r.command {
		case cmpp.ConnectID | cmpp.Response:
			if status := r.number("cmpp.connect_resp.Status"); status != 0 || r.number("cmpp.Version") != int(cmpp.V30) || len(r.fields["cmpp.connect_resp.AuthenticatorISMG"]) != 1 {
				c.say("a login is answered with %d", status)
			}
		case cmpp.SubmitID | cmpp.Response:
			id := r.fields["cmpp.Msg_Id"]
			if result := r.number("cmpp.submit_resp.Result"); result != 0 || len(id) != 1 || ids[id[0]] {
				c.say("a submit is answered with %d and %v, which is another's or none", result, id)
				continue
			}
			ids[id[0]] = true
		case cmpp.DeliverID | cmpp.Response:
			if result := r.number("cmpp.deliver_resp.Result"); result != 0 || len(r.fields["cmpp.Msg_Id"]) != 1 {
				c.say("a report is answered with %d", result)
			}
		}
	}
	for _, a := range k.acks {
		if first, _ := a.Refs.Next(); !a.Batch && !ids[string(first)] {
			c.say("reference %s is in no answer", first)
		}
	}
}

// submitHead holds the fields of a submit that come before the first that 2.0 and 3.0
// lay out differently.
func (c *complaints) submitHead(r reading) {
	c.t.Helper()
	for field, want := range map[string]int{
		"cmpp.Msg_Id": 0, "cmpp.submit.Registered_Delivery": 1, "cmpp.submit.Msg_level": 9, "cmpp.submit.Fee_UserType": 2,
	} {
		if got := r.number(field); got != want {
			c.say("got %s %d, want %d", field, got, want)
		}
	}
	if got := r.text("cmpp.Servicd_Id"); got != "FLOOD" {
		c.say("got Service_Id %q", got)
	}
	if part, parts := r.number("cmpp.submit.Pk_number"), r.number("cmpp.submit.Pk_total"); part < 1 || part > parts {
		c.say("got part %d of %d", part, parts)
	}
}

// cmppSubmits holds that tshark finds in the submits each number's text, segment by
// segment, once, and the fields that go with it.
func (c *complaints) cmppSubmits(k *cmppTalk) {
	c.t.Helper()
	contents, seen := map[string]sms.Content{}, map[string]uint16{}
	for _, m := range k.msgs {
		contents[m.To.Digits()] = m.Content
	}
	largest := 0
	for _, r := range k.all {
		if r.command != cmpp.SubmitID {
			continue
		}
		c.submitHead(r)
		numbers := r.texts("cmpp.Dest_terminal_Id")
		largest = max(largest, len(numbers))
		octets, err := hex.DecodeString(strings.Join(r.fields["cmpp.Msg_Content"], ""))
		if err != nil || len(octets) != r.number("cmpp.Msg_Length") || len(numbers) != r.number("cmpp.submit.DestUsr_tl") {
			c.say("%d octets and %d numbers, Msg_Length is %d, DestUsr_tl %d: %v", len(octets), len(numbers), r.number("cmpp.Msg_Length"), r.number("cmpp.submit.DestUsr_tl"), err)
			continue
		}
		for field, want := range map[string]string{
			"cmpp.submit.Fee_terminal_Id": "", "cmpp.submit.Msg_src": "900001", "cmpp.submit.FeeType": "01", "cmpp.submit.FeeCode": "000000",
			"cmpp.submit.At_time": "", "cmpp.submit.Src_Id": "10690000", "cmpp.LinkID": "",
		} {
			if got := r.text(field); got != want {
				c.say("got %s %q, want %q", field, got, want)
			}
		}
		// Absolute, with the offset of Beijing: SMPP 3.3's format, as CMPP 3.0.0 says in 6.1.
		if got := r.text("cmpp.submit.Valld_Time"); len(got) != 16 || !strings.HasSuffix(got, "032+") {
			c.say("got ValId_Time %q", got)
		}
		part, parts := r.number("cmpp.submit.Pk_number"), r.number("cmpp.submit.Pk_total")
		for _, number := range numbers {
			content, ok := contents[number]
			if !ok || parts != int(content.Segments) {
				c.say("a submit of %d parts, want %d", parts, content.Segments)
				continue
			}
			text, udhi := octets, 0
			if parts > 1 {
				// Concatenation, 8-bit reference: 3GPP TS 23.040 section 9.2.3.24.1.
				if !bytes.HasPrefix(octets, []byte{5, 0, 3, octets[3], byte(parts), byte(part)}) {
					c.say("part %d of %d begins with % x", part, parts, octets[:6])
				}
				text, udhi = octets[6:], 1
			}
			if !bytes.Equal(text, content.Part(part-1)) {
				c.say("part %d of %d is % x, want % x", part, parts, text, content.Part(part-1))
			}
			for field, want := range map[string]int{
				"cmpp.TP_udhi": udhi, "cmpp.TP_pId": 0, "cmpp.Msg_Fmt": map[sms.Coding]int{sms.ASCII: 0, sms.UCS2: 8, sms.GB: 15}[content.Coding],
				"cmpp.submit.Fee_terminal_type": 0, "cmpp.submit.Dest_terminal_type": 0,
			} {
				if got := r.number(field); got != want {
					c.say("got %s %d, want %d", field, got, want)
				}
			}
			if seen[number]>>(part-1)&1 != 0 {
				c.say("part %d came twice", part)
			}
			seen[number] |= 1 << (part - 1)
		}
	}
	for number, content := range contents {
		if seen[number] != 1<<content.Segments-1 {
			c.say("got parts %b, want %d", seen[number], content.Segments)
		}
	}
	if largest != mostOfTshark {
		c.say("got %d numbers in the largest submit, want %d", largest, mostOfTshark)
	}
}

// cmppReports holds that tshark finds in the reports what we have made of them.
func (c *complaints) cmppReports(k *cmppTalk) {
	c.t.Helper()
	found := 0
	for _, r := range k.all {
		if r.command != cmpp.DeliverID {
			continue
		}
		found++
		number := r.text("cmpp.deliver.Src_terminal_Id")
		ids := r.fields["cmpp.Msg_Id"] // the PDU's own, the report's
		if len(ids) != 2 || r.number("cmpp.deliver.Registered_Delivery") != 1 || r.text("cmpp.deliver.Dest_Id") != "10690000" || r.text("cmpp.Dest_terminal_Id") != number {
			c.say("no report: Msg_Ids %v, Registered_Delivery %d, to %q", ids, r.number("cmpp.deliver.Registered_Delivery"), r.text("cmpp.deliver.Dest_Id"))
			continue
		}
		for _, field := range []string{"cmpp.deliver.Report.Submit_time", "cmpp.deliver.Report.Done_time"} {
			if _, err := time.Parse("0601021504", r.text(field)); err != nil {
				c.say("%s: %v", field, err)
			}
		}
		want := map[string]sms.State{"DELIVRD": sms.Delivered, "UNDELIV": sms.Failed}[r.text("cmpp.deliver.Report.Status")]
		if got := k.receipts.of(number, ids[1]); len(got) != 1 || got[0] != want {
			c.say("tshark reads %q of %s, we %v", r.text("cmpp.deliver.Report.Status"), ids[1], got)
		}
	}
	if found != k.receipts.count() {
		c.say("tshark reads %d reports, we %d", found, k.receipts.count())
	}
}
