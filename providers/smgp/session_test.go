package smgp

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
	"tocsin/providers/wire"
)

const secret = "testauth"

// login lets a gateway answer our Login with a status, and is what came of it.
func login(t *testing.T, status uint32, id uint32) (link.Speaker, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		defer theirs.Close()
		frame, err := wire.NewReader(theirs, HeaderSize, MaxFrame).Next()
		if err != nil {
			return
		}
		h, body := Split(frame)
		var l Login
		digest := Authenticator("testid", secret, 0)
		if err := wire.Decode(body, &l); err == nil {
			digest = Authenticator("testid", secret, l.Timestamp)
		}
		if h.ID != LoginID || string(l.Client) != "testid" || !bytes.Equal(l.Authenticator, digest[:]) || l.Mode != Both || l.Version != Version30 {
			t.Errorf("got PDU %#x, %+v", h.ID, l)
		}
		own := Reply(status, digest, secret)
		answer, err := Append(nil, id, h.Sequence, &LoginAnswer{Status: status, Authenticator: own[:], Version: 0x13})
		if err != nil {
			t.Error(err)
		}
		theirs.Write(answer)
	}()
	p := protocol{c: Config{ClientID: "testid", Password: secret}, log: smstest.Logger(t, secret)}
	s, err := p.Login(ours, wire.NewReader(ours, HeaderSize, MaxFrame), link.Role{Sends: true})
	ours.Close()
	<-gone
	return s, err
}

func TestALogin(t *testing.T) {
	for _, tt := range []struct {
		name        string
		status      uint32
		credentials bool
		want        string // in the error; none: it is let in
	}{
		{"is let in", StatusOK, false, ""},
		{"from a wrong address is not tried again", StatusAddress, true, "status 20"},
		{"with a wrong digest is not tried again", StatusSecret, true, "status 21"},
		{"in a version that is not spoken names the gateway's", StatusVersion, false, "it names 1.3"},
		{"while there are too many is tried again", 2, false, "status 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := login(t, tt.status, LoginID|Response)
			if (err == nil) != (tt.want == "") || (s == nil) != (err != nil) {
				t.Fatalf("got %v, %v", s, err)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret)) || errors.Is(err, ErrCredentials) != tt.credentials {
				t.Errorf("got %v, want %q, of credentials: %v", err, tt.want, tt.credentials)
			}
		})
	}
	if _, err := login(t, StatusOK, SubmitID|Response); !errors.Is(err, ErrPDU) {
		t.Errorf("answered by something else: got %v, want ErrPDU", err)
	}
}

// rehearsal is a session without a connection.
func rehearsal(batch int) *link.Rehearsal {
	return link.Rehearse(&speaker{c: Config{FeeType: "00", FeeCode: "000000", Sender: "10690002"}, valid: wire.Validity{InBeijing: true}}, 16, batch)
}

// written are the Submits that are written now.
func written(t *testing.T, r *link.Rehearsal) (all []Submit, sequences []uint32) {
	t.Helper()
	out := bytes.Clone(r.Written())
	for len(out) > 0 {
		h, _ := Split(out)
		var m Submit
		if err := wire.Decode(out[HeaderSize:h.Length], &m); err != nil || h.ID != SubmitID {
			t.Fatalf("got PDU %#x, %v", h.ID, err)
		}
		all, sequences = append(all, m), append(sequences, h.Sequence)
		out = out[h.Length:]
	}
	return all, sequences
}

// answer answers a Submit.
func answer(t *testing.T, r *link.Rehearsal, sequence uint32, id [idSize]byte, status uint32) {
	t.Helper()
	frame, err := Append(nil, SubmitID|Response, sequence, &Answer{id[:], status})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Hear(frame); err != nil {
		t.Fatal(err)
	}
}

func TestABatchHasAHundredNumbersAndARangeOfIDs(t *testing.T) {
	r := rehearsal(MaxBatch)
	msgs := crowd(250, 140)
	acks := make([]sms.Ack, len(msgs))
	r.Offer(msgs, acks)
	all, sequences := written(t, r)
	if len(all) != 3 || len(all[0].To) != 100 || len(all[1].To) != 100 || len(all[2].To) != 50 || all[0].Report != 1 {
		t.Fatalf("got %d Submits", len(all))
	}
	answer(t, r, sequences[0], idOf(t, "01006101161700999950"), 0)
	answer(t, r, sequences[1], idOf(t, "6495c36ac4ea6b00000b"), 0) // no digits: all have this one
	answer(t, r, sequences[2], idOf(t, "00000000000000000000"), StatusBusy)
	for i, want := range map[int]string{
		0: "01006101161700999950", 49: "01006101161700999999", 50: "01006101161700000000", 99: "01006101161700000049",
		100: "6495c36ac4ea6b00000b", 199: "6495c36ac4ea6b00000b",
	} {
		if ref, _ := acks[i].Refs.Next(); acks[i].Outcome != sms.Taken || string(ref) != want || !acks[i].Batch {
			t.Errorf("message %d: got %v %q, want %q of a batch", i, acks[i].Outcome, ref, want)
		}
	}
	if a := acks[249]; a.Outcome != sms.NotNow || a.Reason != sms.Throttled || len(a.Refs) != 0 {
		t.Errorf("got %+v, want it put off", a)
	}
}

func TestABatchIsHalvedUntilTheBadNumberIsFound(t *testing.T) {
	const n, bad = 100, 33
	r := rehearsal(MaxBatch)
	msgs := crowd(n, 20)
	acks := make([]sms.Ack, n)
	r.Offer(msgs, acks)
	pdus := 0
	for r.Open() > 0 {
		all, sequences := written(t, r)
		for i, m := range all {
			pdus++
			status := uint32(StatusOK)
			for _, to := range m.To {
				if string(to) == msgs[bad].To.Digits() {
					status = StatusNumber
				}
			}
			answer(t, r, sequences[i], idOf(t, "01006101161700000000"), status)
		}
	}
	for i, a := range acks {
		if want := map[bool]sms.Outcome{false: sms.Taken, true: sms.Refused}[i == bad]; a.Outcome != want {
			t.Errorf("message %d: got %v %v, want %v", i, a.Outcome, a.Reason, want)
		}
	}
	if pdus > 1+2*7 {
		t.Errorf("got %d Submits", pdus)
	}
}

func TestStatusesOfASubmit(t *testing.T) {
	for _, tt := range []struct {
		status  uint32
		outcome sms.Outcome
		reason  sms.Reason
	}{
		{0, sms.Taken, sms.None},
		{1, sms.NotNow, sms.Throttled},
		{2, sms.NotNow, sms.LineDown},
		{10, sms.Refused, sms.BadRequest},
		{12, sms.NotNow, sms.CarrierFault},
		{33, sms.Refused, sms.BadRequest},
		{37, sms.Refused, sms.TooLate},
		{39, sms.Refused, sms.NotPermitted},
		{47, sms.Refused, sms.InvalidNumber},
		{58, sms.Refused, sms.NotPermitted},
		{74, sms.NotNow, sms.NotPermitted},
		{75, sms.NotNow, sms.NotPermitted},
		{76, sms.NotNow, sms.NotPermitted},
		{128, sms.NotNow, sms.CarrierFault},
	} {
		r := rehearsal(1)
		acks := make([]sms.Ack, 1)
		r.Offer(crowd(1, 20), acks)
		_, sequences := written(t, r)
		answer(t, r, sequences[0], idOf(t, "01006101161700012345"), tt.status)
		if a := acks[0]; a.Outcome != tt.outcome || a.Reason != tt.reason || a.Code != tt.status {
			t.Errorf("status %d: got %v %v %d, want %v %v", tt.status, a.Outcome, a.Reason, a.Code, tt.outcome, tt.reason)
		}
	}
}

func TestWhatASubmitSays(t *testing.T) {
	expires := time.Date(2096, 11, 25, 16, 15, 0, 0, wire.Beijing)
	for _, tt := range []struct {
		name     string
		alphabet sms.Alphabet
		text     string
		e        sms.Envelope
		want     Submit
		parts    int
	}{
		{"ASCII", sms.Octets, "Flood", sms.Envelope{}, Submit{Sender: b("10690002"), Content: b("Flood")}, 1},
		{
			"UCS-2, with reports, of an emergency", sms.Octets, "洪水",
			sms.Envelope{Receipt: true, Class: sms.Emergency},
			Submit{Sender: b("10690002"), Format: 8, Report: 1, Priority: 3, Content: b("\x6d\x2a\x6c\x34")},
			1,
		},
		{
			"GB 18030, with times and a sender of its own", sms.OctetsGB, "红色预警",
			sms.Envelope{Sender: "10691234", Expires: expires, NotBefore: expires.Add(-time.Hour)},
			Submit{Sender: b("10691234"), Format: 15, Valid: b("961125161500032+"), At: b("961125151500032+"), Content: b("\xba\xec\xc9\xab\xd4\xa4\xbe\xaf")},
			1,
		},
		{"a text of two segments", sms.Octets, strings.Repeat("洪", 80), sms.Envelope{}, Submit{Sender: b("10690002"), Format: 8}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			content, err := tt.alphabet.Encode(nil, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			r := rehearsal(1)
			r.Offer([]sms.Message{{To: 8613300000000, Content: content, Envelope: &tt.e}}, make([]sms.Ack, 1))
			all, _ := written(t, r)
			if len(all) != tt.parts {
				t.Fatalf("got %d Submits, want %d", len(all), tt.parts)
			}
			for i, got := range all {
				want := tt.want
				if tt.parts > 1 {
					want.Content = append([]byte{5, 0, 3, got.Content[3], byte(tt.parts), byte(i + 1)}, content.Part(i)...)
					want.Options = tlvs(tlv(TagUDHI, "\x01"), tlv(TagTotal, "\x02"), tlv(TagNumber, string([]byte{byte(i + 1)})))
				}
				if got.Type != ToHandset || got.Report != want.Report || got.Priority != want.Priority || got.Format != want.Format ||
					string(got.Valid) != string(want.Valid) || string(got.At) != string(want.At) || string(got.Sender) != string(want.Sender) ||
					string(got.Content) != string(want.Content) || string(got.Options) != string(want.Options) || len(got.Content) > MaxText {
					t.Errorf("segment %d: got %+v, want %+v", i+1, got, want)
				}
			}
		})
	}
}

func TestWhatADeliverBrings(t *testing.T) {
	id := b("\x01\x00\x61\x01\x16\x17\x00\x01\x23\x45")
	r := rehearsal(1)
	for i, d := range []*Deliver{
		{ID: id, Report: 1, From: b("13300000000"), Content: b(realReport)},
		{ID: id, Report: 1, From: b("13300000000"), Content: b("no report")},
		{ID: id, Format: 8, From: b("13300000000"), To: b("10690002"), Content: b(received), Options: tlv(TagUDHI, "\x01")},
	} {
		frame, err := Append(nil, DeliverID, 77, d)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Hear(frame); err != nil {
			t.Fatal(err)
		}
		receipts, incoming, answers := r.Delivered()
		h, body := Split(answers)
		var a Answer
		if wire.Decode(body, &a) != nil || h.ID != DeliverID|Response || h.Sequence != 77 || !bytes.Equal(a.ID, id) || a.Status != 0 {
			t.Errorf("deliver %d is answered by %x", i, answers)
		}
		switch {
		case i == 0 && (len(receipts) != 1 || string(receipts[0].Ref) != "01601301032038120568" || receipts[0].State != sms.Delivered):
			t.Errorf("got receipts %v", receipts)
		case i == 1 && (len(receipts) != 0 || len(incoming) != 1):
			t.Errorf("got %d receipts and %d messages of what is no report", len(receipts), len(incoming))
		case i == 2 && (len(incoming) != 1 || incoming[0].Text != "收到" || incoming[0].From != "8613300000000" || incoming[0].To != "10690002"):
			t.Errorf("got messages %+v", incoming)
		}
	}
}

func TestTheWordsOfASession(t *testing.T) {
	s := &speaker{}
	if h, body := Split(s.Say(nil, link.Test, 7)); h.ID != ActiveTestID || h.Sequence != 7 || len(body) != 0 {
		t.Errorf("got PDU %#x to test a line", h.ID)
	}
	if h, body := Split(s.Say(nil, link.Goodbye, 8)); h.ID != ExitID || h.Sequence != 8 || len(body) != 0 {
		t.Errorf("got PDU %#x to leave", h.ID)
	}
	r := rehearsal(1)
	for _, tt := range []struct {
		name  string
		frame []byte
		reply uint32
		err   error
	}{
		{"the gateway's test", AppendEmpty(nil, ActiveTestID, 9), ActiveTestID | Response, nil},
		{"an answer to ours", AppendEmpty(nil, ActiveTestID|Response, 9), 0, nil},
		{"an answer of 13 octets", End(append(Begin(nil, ActiveTestID|Response, 9), 0), 0), 0, nil},
		{"an answer to our goodbye", AppendEmpty(nil, ExitID|Response, 9), 0, link.ErrGoodbye},
		{"what only gateways say", AppendEmpty(nil, 0x0D, 9), 0, nil},
	} {
		if err := r.Hear(tt.frame); !errors.Is(err, tt.err) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.err)
		}
		reply := r.Replied()
		if tt.reply == 0 && len(reply) != 0 {
			t.Errorf("%s is answered by %x", tt.name, reply)
		} else if tt.reply != 0 {
			if h, body := Split(reply); h.ID != tt.reply || h.Sequence != 9 || len(body) != 0 {
				t.Errorf("%s is answered by PDU %#x", tt.name, h.ID)
			}
		}
	}
}

// The carrier puts the signature there itself: it is counted and not sent.
func TestTheSignatureThatTheCarrierPutsThereIsNotSent(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		first      string // content of the first Submit, behind its header
		segments   int
	}{
		{"of one segment", "【县防汛办】" + strings.Repeat("洪", 64), strings.Repeat("\x6d\x2a", 64), 1},
		{"of two segments: the first has room for it", "【县防汛办】" + strings.Repeat("洪", 65), strings.Repeat("\x6d\x2a", 61), 2},
		{"without one", strings.Repeat("洪", 70), strings.Repeat("\x6d\x2a", 70), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			content, err := sms.Octets.Encode(nil, tt.text)
			if err != nil || int(content.Segments) != tt.segments {
				t.Fatalf("got %d segments, %v", content.Segments, err)
			}
			r := link.Rehearse(&speaker{c: Config{FeeType: "00", CarrierSigns: true}, valid: wire.Validity{InBeijing: true}}, 16, MaxBatch)
			r.Offer([]sms.Message{{To: 8613300000000, Content: content, Envelope: &sms.Envelope{}}}, make([]sms.Ack, 1))
			all, _ := written(t, r)
			if len(all) != tt.segments {
				t.Fatalf("got %d Submits", len(all))
			}
			got := all[0].Content
			if tt.segments > 1 {
				if got = got[6:]; string(all[1].Content[6:]) != string(content.Part(1)) {
					t.Errorf("the second segment is %x, want %x", all[1].Content[6:], content.Part(1))
				}
			}
			if string(got) != tt.first {
				t.Errorf("got %x, want %x", got, tt.first)
			}
		})
	}
}
