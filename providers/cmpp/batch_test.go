package cmpp

import (
	"strings"
	"testing"
	"time"

	"tocsin/providers/link"
	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

func TestResultsOfASubmit(t *testing.T) {
	for _, tt := range []struct {
		result  uint32
		outcome sms.Outcome
		reason  sms.Reason
	}{
		{0, sms.Taken, sms.None},
		{1, sms.Refused, sms.BadRequest},
		{2, sms.Refused, sms.BadRequest},
		{3, sms.NotNow, sms.CarrierFault},
		{4, sms.Refused, sms.BadRequest},
		{5, sms.Refused, sms.BadRequest},
		{6, sms.Refused, sms.BadRequest},
		{7, sms.Refused, sms.BadRequest},
		{8, sms.NotNow, sms.Throttled},
		{9, sms.Refused, sms.NotPermitted},
		{10, sms.Refused, sms.BadSender},
		{11, sms.Refused, sms.BadSender},
		{12, sms.Refused, sms.BadRequest},
		{13, sms.Refused, sms.InvalidNumber},
		{14, sms.NotNow, sms.CarrierFault},
		{101, sms.NotNow, sms.CarrierFault},
	} {
		for _, v := range []Version{V20, V30} {
			for _, answered := range []Version{V20, V30} { // some answer in the other's width
				r := rehearsal(v, 1)
				acks := make([]sms.Ack, 1)
				r.Offer(crowd(1, 20), acks)
				h, _ := Split(r.Written())
				frame, err := Append(nil, SubmitID|Response, h.Sequence, &SubmitAnswer{answered, 0x522a4980002aa6cd, tt.result})
				if err != nil {
					t.Fatal(err)
				}
				if err := r.Hear(frame); err != nil {
					t.Fatal(err)
				}
				if a := acks[0]; a.Outcome != tt.outcome || a.Reason != tt.reason || a.Code != tt.result {
					t.Errorf("result %d in %#x answered as %#x: got %v %v %d, want %v %v", tt.result, v, answered, a.Outcome, a.Reason, a.Code, tt.outcome, tt.reason)
				}
			}
		}
	}
}

func TestABatchIsHalvedUntilWhoIsRefusedIsFound(t *testing.T) {
	for _, tt := range []struct {
		name    string
		result  uint32
		halved  bool
		outcome sms.Outcome
	}{
		{"for a bad number", ResultNumber, true, sms.Refused},
		{"for a number of another gateway's", ResultForeign, true, sms.Refused},
		{"for who cannot be charged", ResultFee, true, sms.Refused},
		{"for its length", ResultLength, true, sms.Refused},
		{"for its fee code: that is everybody's", 5, false, sms.Refused},
		{"for the rate: that is nobody's", ResultFlow, false, sms.NotNow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const n, bad = 99, 70
			r := rehearsal(V30, MaxBatch)
			msgs := crowd(n, 20)
			acks := make([]sms.Ack, n)
			r.Offer(msgs, acks)
			pdus := 0
			for r.Open() > 0 {
				all, sequences := written(t, r, V30)
				for i, m := range all {
					pdus++
					a := SubmitAnswer{Version: V30, ID: 0x522a4980002a0000}
					for _, to := range m.To {
						if string(to) == msgs[bad].To.Digits() {
							a.ID, a.Result = 0, tt.result
						}
					}
					frame, err := Append(nil, SubmitID|Response, sequences[i], &a)
					if err != nil {
						t.Fatal(err)
					}
					if err := r.Hear(frame); err != nil {
						t.Fatal(err)
					}
				}
			}
			if halved := pdus > 1; halved != tt.halved || pdus > 1+2*7 {
				t.Errorf("got %d SUBMITs", pdus)
			}
			for i, a := range acks {
				want := sms.Taken
				if i == bad || !tt.halved {
					want = tt.outcome
				}
				if a.Outcome != want {
					t.Errorf("message %d: got %v %v, want %v", i, a.Outcome, a.Reason, want)
				}
			}
		})
	}
}

// rehearsal is a session without a connection.
func rehearsal(v Version, batch int) *link.Rehearsal {
	return link.Rehearse(&speaker{c: Config{Version: v, MsgSrc: "900001", FeeType: "01", FeeCode: "0"}, valid: wire.Validity{InBeijing: true}}, 16, batch)
}

// written are the SUBMITs that are written now.
func written(t *testing.T, r *link.Rehearsal, v Version) (all []Submit, sequences []uint32) {
	t.Helper()
	out := append([]byte(nil), r.Written()...)
	for len(out) > 0 {
		h, _ := Split(out)
		m := Submit{Version: v}
		if err := wire.Decode(out[HeaderSize:h.Length], &m); err != nil || h.ID != SubmitID {
			t.Fatalf("got PDU %#x, %v", h.ID, err)
		}
		all, sequences = append(all, m), append(sequences, h.Sequence)
		out = out[h.Length:]
	}
	return all, sequences
}

func TestABatchHasAsManyNumbersAsItsVersionAllows(t *testing.T) {
	for _, tt := range []struct {
		name         string
		v            Version
		receipts     bool
		batchReports bool
		batch        int
		want         []int // numbers of each SUBMIT
	}{
		{"99 in 3.0, with reports", V30, true, false, 99, []int{99, 99, 2}},
		{"99 in 2.0, without reports", V20, false, false, 99, []int{99, 99, 2}},
		{"one in 2.0 with reports", V20, true, false, 99, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}, // as the window has room
		{"99 in 2.0 with reports, where the gateway takes them", V20, true, true, 99, []int{99, 99, 2}},
		{"99 in 2.1 with reports", V21, true, false, 99, []int{99, 99, 2}},
		{"what the account says", V30, true, false, 50, []int{50, 50, 50, 50}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := link.Rehearse(&speaker{c: Config{Version: tt.v, FeeType: "01", BatchReports: tt.batchReports}, valid: wire.Validity{InBeijing: true}}, 16, tt.batch)
			msgs := crowd(200, 140)
			msgs[0].Envelope.Receipt = tt.receipts
			r.Offer(msgs, make([]sms.Ack, len(msgs)))
			all, _ := written(t, r, tt.v)
			var got []int
			for _, m := range all {
				got = append(got, len(m.To))
				if (m.Registered == 1) != tt.receipts {
					t.Errorf("got Registered_Delivery %d", m.Registered)
				}
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got batches of %v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Fatalf("got batches of %v, want %v", got, tt.want)
				}
			}
		})
	}
}

func TestTheMessagesOfABatchHaveTheIDsOfItsRange(t *testing.T) {
	r := rehearsal(V30, MaxBatch)
	msgs := crowd(MaxBatch, 20)
	acks := make([]sms.Ack, len(msgs))
	r.Offer(msgs, acks)
	_, sequences := written(t, r, V30)
	frame, err := Append(nil, SubmitID|Response, sequences[0], &SubmitAnswer{V30, 0x522a4980002afff0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Hear(frame); err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{0: "522a4980002afff0", 15: "522a4980002affff", 16: "522a4980002a0000", 98: "522a4980002a0052"} {
		ref, _ := acks[i].Refs.Next()
		if acks[i].Outcome != sms.Taken || string(ref) != want || !acks[i].Batch {
			t.Errorf("message %d: got %v %q, batch %v, want %q of a batch", i, acks[i].Outcome, ref, acks[i].Batch, want)
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
		{"ASCII", sms.Octets, "Flood", sms.Envelope{}, Submit{Content: b("Flood")}, 1},
		{"UCS-2, with receipts, of an emergency", sms.Octets, "洪水", sms.Envelope{Receipt: true, Class: sms.Emergency}, Submit{Format: 8, Registered: 1, Level: 9, Content: b("\x6d\x2a\x6c\x34")}, 1},
		{"GB 18030, urgent", sms.OctetsGB, "红色预警", sms.Envelope{Class: sms.Urgent}, Submit{Format: 15, Level: 5, Content: b(redAlert)}, 1},
		{
			"times and a sender of its own", sms.Octets, "Flood",
			sms.Envelope{Sender: "10691234", Expires: expires, NotBefore: expires.Add(-time.Hour)},
			Submit{Sender: b("10691234"), Valid: b("961125161500032+"), At: b("961125151500032+"), Content: b("Flood")},
			1,
		},
		{"a text of two segments", sms.Octets, strings.Repeat("洪", 80), sms.Envelope{}, Submit{Format: 8, UDHI: 1}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			content, err := tt.alphabet.Encode(nil, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			r := rehearsal(V30, 1)
			r.Offer([]sms.Message{{To: 8613800138000, Content: content, Envelope: &tt.e}}, make([]sms.Ack, 1))
			all, _ := written(t, r, V30)
			if len(all) != tt.parts {
				t.Fatalf("got %d SUBMITs, want %d", len(all), tt.parts)
			}
			for i, got := range all {
				want := tt.want
				if tt.parts > 1 {
					part := content.Part(i)
					want.Content = append([]byte{5, 0, 3, got.Content[3], byte(tt.parts), byte(i + 1)}, part...)
				}
				if int(got.Total) != tt.parts || int(got.Number) != i+1 || got.Format != want.Format || got.UDHI != want.UDHI || got.Registered != want.Registered ||
					got.Level != want.Level || string(got.Valid) != string(want.Valid) || string(got.At) != string(want.At) ||
					string(got.Sender) != string(want.Sender) || string(got.Content) != string(want.Content) || len(got.Content) > MaxText {
					t.Errorf("segment %d: got %+v, want %+v", i+1, got, want)
				}
			}
		})
	}
}

// The carrier puts the signature there itself: it is counted and not sent.
func TestTheSignatureThatTheCarrierPutsThereIsNotSent(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		first      string // content of the first SUBMIT, behind its header
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
			r := link.Rehearse(&speaker{c: Config{Version: V30, FeeType: "01", CarrierSigns: true}, valid: wire.Validity{InBeijing: true}}, 16, MaxBatch)
			r.Offer([]sms.Message{{To: 8613300000000, Content: content, Envelope: &sms.Envelope{}}}, make([]sms.Ack, 1))
			all, _ := written(t, r, V30)
			if len(all) != tt.segments {
				t.Fatalf("got %d SUBMITs", len(all))
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

// Whoever counts what is in the window must know how many PDUs an offer makes.
func TestTheBatchThatALineNames(t *testing.T) {
	for _, tt := range []struct {
		name         string
		v            Version
		batchReports bool
		receipt      bool
		want         int
	}{
		{"in 3.0", V30, false, true, 99},
		{"in 2.0 without reports", V20, false, false, 99},
		{"in 2.0 with reports is one", V20, false, true, 1},
		{"in 2.0 with reports, where the gateway takes them", V20, true, true, 99},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := New(Options{Config: Config{Version: tt.v, SourceAddr: "900001", Batch: MaxBatch, BatchReports: tt.batchReports}})
			if err != nil {
				t.Fatal(err)
			}
			msgs := crowd(1, 20)
			for _, receipt := range []bool{!tt.receipt, tt.receipt} { // the last counts
				msgs[0].Envelope = &sms.Envelope{Receipt: receipt}
				p.Submit(t.Context(), msgs, make([]sms.Ack, 1))
			}
			if got := p.Line().Batch; got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
