package smpp

import (
	"testing"
	"time"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
	"tocsin/providers/wire/wiretest"
)

// at is a time as the carrier's clock shows it, which is ours.
func at(year int, month time.Month, day, hour, minute, second int) int64 {
	return time.Date(year, month, day, hour, minute, second, 0, time.Local).UnixMilli()
}

const (
	textReceipt = "id:0123456789 sub:001 dlvrd:001 submit date:2611251515 done date:2611251516 stat:DELIVRD err:000 text:Flood warning: keep "
	network     = "\x03\x00\x1b" // GSM, 27
)

func TestReceipts(t *testing.T) {
	done := at(2026, 11, 25, 15, 16, 0)
	id, delivered := tlv(TagReceiptedMessageID, "abc\x00"), tlv(TagMessageState, "\x02")
	undeliverable := tlv(TagMessageState, "\x05")
	for _, tt := range []struct {
		name    string
		class   byte
		text    string
		options wire.TLVs
		want    sms.Receipt // To is the person's
		ref     string
	}{
		{"in text", 4, textReceipt, nil, sms.Receipt{State: sms.Delivered, Time: done}, "0123456789"},
		{"in parameters", 4, "", tlvs(id, delivered), sms.Receipt{State: sms.Delivered}, "abc"},
		{
			"in both: the parameters hold, the text has the time", 4, textReceipt, tlvs(id, undeliverable),
			sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Time: done},
			"abc",
		},
		{"in both, delivered", 4, textReceipt, tlvs(id, delivered), sms.Receipt{State: sms.Delivered, Time: done}, "abc"},
		{"with the id in a parameter, the state in text", 4, textReceipt, id, sms.Receipt{State: sms.Delivered, Time: done}, "abc"},
		{
			"with the state in a parameter, the id in text", 4, textReceipt, undeliverable,
			sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Time: done},
			"0123456789",
		},
		{
			"with an empty id in a parameter", 4, textReceipt, tlvs(tlv(TagReceiptedMessageID, "\x00"), delivered),
			sms.Receipt{State: sms.Delivered, Time: done},
			"0123456789",
		},
		{"with an id that has no NUL", 4, "", tlvs(tlv(TagReceiptedMessageID, "abc"), delivered), sms.Receipt{State: sms.Delivered}, "abc"},
		{
			"with a parameter twice: the first holds", 4, "", tlvs(id, tlv(TagReceiptedMessageID, "xyz\x00"), delivered, undeliverable),
			sms.Receipt{State: sms.Delivered},
			"abc",
		},
		{
			"with parameters nobody knows between", 4, "", tlvs(tlv(0x1400, "vendor"), id, tlv(0x0204, "\x00\x01"), delivered, tlv(0x3FFF, "")),
			sms.Receipt{State: sms.Delivered},
			"abc",
		},
		{
			"with keys in capitals", 4, "ID:7 SUB:001 DLVRD:001 SUBMIT DATE:2611251515 DONE DATE:2611251516 STAT:delivrd ERR:000 TEXT:", nil,
			sms.Receipt{State: sms.Delivered, Time: done},
			"7",
		},
		{
			"with keys in any order", 4, "stat:UNDELIV err:27 done date:2611251516 id:7", nil,
			sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Code: 27, Time: done},
			"7",
		},
		{
			"with keys on lines of their own", 4, "id:7\nsub:001\r\ndone date:2611251516\nstat:DELIVRD\n", nil,
			sms.Receipt{State: sms.Delivered, Time: done},
			"7",
		},
		{"with Text and keys in the message itself", 4, "id:7 stat:DELIVRD err:000 Text:id:8 stat:REJECTD", nil, sms.Receipt{State: sms.Delivered}, "7"},
		{"in message_payload", 4, "", tlv(TagMessagePayload, textReceipt), sms.Receipt{State: sms.Delivered, Time: done}, "0123456789"},
		{"with an empty message_payload beside text", 4, textReceipt, tlv(TagMessagePayload, ""), sms.Receipt{State: sms.Delivered, Time: done}, "0123456789"},
		{
			"with seconds", 4, "id:7 done date:261125151607 stat:DELIVRD", nil,
			sms.Receipt{State: sms.Delivered, Time: at(2026, 11, 25, 15, 16, 7)},
			"7",
		},
		{
			"with a year of four digits", 4, "id:7 done date:20261125151607 stat:DELIVRD", nil,
			sms.Receipt{State: sms.Delivered, Time: at(2026, 11, 25, 15, 16, 7)},
			"7",
		},
		{"with a date that is none", 4, "id:7 done date:2613451516 stat:DELIVRD", nil, sms.Receipt{State: sms.Delivered}, "7"},
		{"with a date of letters", 4, "id:7 done date:yesterday! stat:DELIVRD", nil, sms.Receipt{State: sms.Delivered}, "7"},
		{"with a submit date only", 4, "id:7 submit date:2611251515 stat:DELIVRD", nil, sms.Receipt{State: sms.Delivered}, "7"},
		{"without an id", 4, "sub:001 dlvrd:001 stat:DELIVRD err:000", nil, sms.Receipt{State: sms.Delivered}, ""},
		{"with an empty id", 4, "id: sub:001 stat:DELIVRD err:000", nil, sms.Receipt{State: sms.Delivered}, ""},
		{"with a decimal code", 4, "id:7 stat:UNDELIV err:027", nil, sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Code: 27}, "7"},
		{"with a hexadecimal code", 4, "id:7 stat:UNDELIV err:01b", nil, sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Code: 27}, "7"},
		{"with a hexadecimal code and 0x", 4, "id:7 stat:UNDELIV err:0x1B", nil, sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Code: 27}, "7"},
		{"with a word for a code", 4, "id:7 stat:UNDELIV err:ABSENT", nil, sms.Receipt{State: sms.Failed, Reason: sms.Unreachable}, "7"},
		{"with an endless code", 4, "id:7 stat:UNDELIV err:123456789", nil, sms.Receipt{State: sms.Failed, Reason: sms.Unreachable}, "7"},
		{"with no code", 4, "id:7 stat:UNDELIV err: text:", nil, sms.Receipt{State: sms.Failed, Reason: sms.Unreachable}, "7"},
		{
			"with network_error_code: it goes before err", 4, "id:7 stat:UNDELIV err:099", tlv(TagNetworkErrorCode, network),
			sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Code: 27},
			"7",
		},
		{
			"with a network_error_code of another size", 4, "id:7 stat:UNDELIV err:099", tlv(TagNetworkErrorCode, "\x1b"),
			sms.Receipt{State: sms.Failed, Reason: sms.Unreachable, Code: 99},
			"7",
		},
		{"delivered with a code: it is none", 4, "id:7 stat:DELIVRD err:005", tlv(TagNetworkErrorCode, network), sms.Receipt{State: sms.Delivered}, "7"},
		{"as an intermediate notification", 0x20, "id:7 stat:ENROUTE err:000", nil, sms.Receipt{State: sms.Accepted}, "7"},
		{
			"as an intermediate notification that says failed: not the last word", 0x20, "id:7 stat:UNDELIV err:027", nil,
			sms.Receipt{State: sms.Accepted, Code: 27},
			"7",
		},
		{"with the esm_class of a message but the parameters of a receipt", 0, "", tlvs(id, delivered), sms.Receipt{State: sms.Delivered}, "abc"},
		{"with other bits in its esm_class", 0x44, "id:7 stat:DELIVRD", nil, sms.Receipt{State: sms.Delivered}, "7"},
		{"EXPIRED", 4, "id:7 stat:EXPIRED err:000", nil, sms.Receipt{State: sms.Failed, Reason: sms.TooLate}, "7"},
		{"DELETED", 4, "id:7 stat:DELETED err:000", nil, sms.Receipt{State: sms.Failed, Reason: sms.Rejected}, "7"},
		{"ACCEPTD", 4, "id:7 stat:ACCEPTD err:000", nil, sms.Receipt{State: sms.Accepted}, "7"},
		{"UNKNOWN settles nothing", 4, "id:7 stat:UNKNOWN err:000", nil, sms.Receipt{State: sms.Accepted}, "7"},
		{"REJECTD", 4, "id:7 stat:REJECTD err:000", nil, sms.Receipt{State: sms.Failed, Reason: sms.Blocked}, "7"},
		{"ENROUTE", 4, "id:7 stat:ENROUTE err:000", nil, sms.Receipt{State: sms.Accepted}, "7"},
		{"DELIVERED in full", 4, "id:7 stat:DELIVERED err:000", nil, sms.Receipt{State: sms.Delivered}, "7"},
		{"SKIPPED", 4, "", tlvs(id, tlv(TagMessageState, "\x09")), sms.Receipt{State: sms.Failed, Reason: sms.UnknownOutcome}, "abc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body, err := wire.Encode(nil, &Deliver{Submit{Source: person, To: code, Message: Message{
				Class: tt.class, Text: []byte(tt.text), Options: tt.options,
			}}})
			if err != nil {
				t.Fatal(err)
			}
			a, err := ParseDeliver(body)
			if err != nil || !a.IsReceipt() {
				t.Fatalf("got %v, receipt %v, want a receipt", err, a.IsReceipt())
			}
			checkReceipt(t, &a, tt.want, tt.ref)

			// data_sm has no text but in message_payload.
			options := tt.options
			if tt.text != "" {
				options = tlvs(tlv(TagMessagePayload, tt.text), options)
			}
			if body, err = wire.Encode(nil, &Data{Source: person, To: code, Class: tt.class, Options: options}); err != nil {
				t.Fatal(err)
			}
			if a, err = ParseData(body); err != nil || !a.IsReceipt() {
				t.Fatalf("in data_sm: got %v, receipt %v, want a receipt", err, a.IsReceipt())
			}
			checkReceipt(t, &a, tt.want, tt.ref)
		})
	}
}

func checkReceipt(t *testing.T, a *Arrival, want sms.Receipt, ref string) {
	t.Helper()
	var reader receiptReader
	for range 2 { // the second finds the date kept
		got, ok := reader.read(a)
		if !ok {
			t.Fatal("got no receipt")
		}
		if got.To != 8613800138000 || string(got.Ref) != ref {
			t.Errorf("got a receipt of %v with reference %q, want %q", got.To, got.Ref, ref)
		}
		if got.State != want.State || got.Reason != want.Reason || got.Code != want.Code || got.Time != want.Time {
			t.Errorf("got %v %v, code %d, time %d, want %v %v, code %d, time %d",
				got.State, got.Reason, got.Code, got.Time, want.State, want.Reason, want.Code, want.Time)
		}
	}
}

func TestWhatIsNoReceipt(t *testing.T) {
	id, delivered := tlv(TagReceiptedMessageID, "abc\x00"), tlv(TagMessageState, "\x02")
	for _, tt := range []struct {
		name, from string
		class      byte
		text       string
		options    wire.TLVs
	}{
		{"a message from a person", "8613800138000", 0, "id:7 stat:DELIVRD", nil},
		{"a receipt without a state", "8613800138000", 4, "id:7 sub:001 err:000", nil},
		{"a receipt with a state nobody knows", "8613800138000", 4, "id:7 stat:LOST", nil},
		{"a receipt with a number for a state that nobody knows", "8613800138000", 4, "", tlvs(id, tlv(TagMessageState, "\x0a"))},
		{"a receipt with a state of two octets", "8613800138000", 4, "", tlvs(id, tlv(TagMessageState, "\x00\x02"))},
		{"a receipt from a name", "Tocsin", 4, "", tlvs(id, delivered)},
		{"a receipt from nobody", "", 4, "", tlvs(id, delivered)},
		{"a receipt from a number of 16 digits", "8613800138000123", 4, "", tlvs(id, delivered)},
		{"a receipt from a plus sign", "+", 4, "", tlvs(id, delivered)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body, err := wire.Encode(nil, &Deliver{Submit{Source: Address{1, 1, []byte(tt.from)}, Message: Message{
				Class: tt.class, Text: []byte(tt.text), Options: tt.options,
			}}})
			if err != nil {
				t.Fatal(err)
			}
			a, err := ParseDeliver(body)
			if err != nil {
				t.Fatal(err)
			}
			var reader receiptReader
			if r, ok := reader.read(&a); ok && a.IsReceipt() {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestAReceiptsNumberIsReadAsCarriersWriteIt(t *testing.T) {
	for _, from := range []string{"8613800138000", "+8613800138000", "008613800138000", "+008613800138000"} {
		if got := receiptNumber([]byte(from)); got != 8613800138000 {
			t.Errorf("%s: got %d, want 8613800138000", from, got)
		}
	}
}

func TestTheRealReceiptIsRead(t *testing.T) {
	h, body := Split(wiretest.Frames(t, "SMPP ")["deliver_sm_receipt"])
	a, err := ParseDeliver(body)
	var reader receiptReader
	r, ok := reader.read(&a)
	if h.ID != DeliverSM || err != nil || !ok {
		t.Fatalf("got %+v, %v, %v", h, err, ok)
	}
	const ref = "126e85a6edeac1a02020099312479564"
	if r.To != 44951361920 || string(r.Ref) != ref || r.State != sms.Delivered || r.Time != at(2010, 2, 19, 16, 30, 0) {
		t.Errorf("got a receipt of %d, %q, %v, %d, want 44951361920, %q, delivered, 2010-02-19 16:30", r.To, r.Ref, r.State, r.Time, ref)
	}
	if said := scanText(a.Text); string(said.id) != ref || said.state != delivered || said.code != 0 {
		t.Errorf("got %q, state %d, code %d in its text, want the same", said.id, said.state, said.code)
	}
}

func TestAMessageFromAPersonIsReadable(t *testing.T) {
	for _, tt := range []struct {
		name   string
		coding byte
		octets string
		want   string
	}{
		{"UCS-2", 8, "\x65\x36\x52\x30", "收到"},
		{"UCS-2 with a surrogate pair", 8, "\xd8\x3d\xdc\x4d", "👍"},
		{"UCS-2 with half a character", 8, "\x65\x36\x52", "收"},
		{"GSM", 0, "a\x00\x1be", "a@€"},
		{"ASCII", 1, "STOP", "STOP"},
		{"Latin-1", 3, "gr\xfcn", "grün"},
		{"nothing", 0, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := decodeText(tt.coding, []byte(tt.octets)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
