package smpp

import (
	"testing"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

func TestWhichPartOfALongerMessageItIs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		class   byte
		text    string
		options wire.TLVs
		want    string
		part    sms.Part
	}{
		{"all of one", 0, "hello", nil, "hello", sms.Part{}},
		{"a header", UDHI, "\x05\x00\x03\x2A\x02\x01hello", nil, "hello", sms.Part{Ref: 0x2A, Of: 2, Number: 1}},
		{"octets like a header, and nothing that says so", 0, "\x05\x00\x03\x2A\x02\x01hello", nil, "\x05\x00\x03\x2A\x02\x01hello", sms.Part{}},
		{
			"parameters", 0, "hello", tlvs(tlv(TagSarRef, "\x01\x2A"), tlv(TagSarTotal, "\x03"), tlv(TagSarNumber, "\x03")),
			"hello",
			sms.Part{Ref: 0x12A, Of: 3, Number: 3},
		},
		{"parameters, one of them missing", 0, "hello", tlvs(tlv(TagSarRef, "\x01\x2A"), tlv(TagSarTotal, "\x03")), "hello", sms.Part{}},
		{"a parameter of another length", 0, "hello", tlvs(tlv(TagSarRef, "\x2A"), tlv(TagSarTotal, "\x03"), tlv(TagSarNumber, "\x03")), "hello", sms.Part{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body, err := wire.Encode(nil, &Deliver{Submit{Message: Message{Class: tt.class, Text: []byte(tt.text), Options: tt.options}}})
			if err != nil {
				t.Fatal(err)
			}
			a, err := ParseDeliver(body)
			if err != nil {
				t.Fatal(err)
			}
			text, part := a.message()
			if string(text) != tt.want || part != tt.part {
				t.Errorf("got %q, %+v, want %q, %+v", text, part, tt.want, tt.part)
			}
		})
	}
}
