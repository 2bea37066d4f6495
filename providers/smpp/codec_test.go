package smpp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tocsin/providers/sms"
	"tocsin/providers/wire"
)

// outgoing is an Outgoing and, as the list has it, the same.
func outgoing(t *rapid.T) (Outgoing, Submit) {
	o := Outgoing{
		Source:    rapid.StringMatching(`[0-9A-Za-z ]{0,20}`).Draw(t, "source"),
		SourceTON: rapid.Byte().Draw(t, "ton"), SourceNPI: rapid.Byte().Draw(t, "npi"),
		Class: rapid.Byte().Draw(t, "class"), Priority: rapid.Byte().Draw(t, "priority"),
		Schedule:   rapid.SampledFrom([]string{"", "261125120000000+"}).Draw(t, "schedule"),
		Validity:   rapid.SampledFrom([]string{"", "261125161500000+", "000000020000000R"}).Draw(t, "validity"),
		Registered: rapid.Byte().Draw(t, "registered"), Coding: rapid.Byte().Draw(t, "coding"),
		Text: rapid.SliceOfN(rapid.Byte(), 0, 160).Draw(t, "text"),
	}
	return o, Submit{
		Source: Address{o.SourceTON, o.SourceNPI, []byte(o.Source)},
		Message: Message{
			Class: o.Class, Priority: o.Priority, Schedule: []byte(o.Schedule), Validity: []byte(o.Validity),
			Registered: o.Registered, Coding: o.Coding, Text: o.Text,
		},
	}
}

func drawNumber(t *rapid.T) sms.Number {
	return sms.Number(rapid.Uint64Range(1, 999_999_999_999_999).Draw(t, "number"))
}

func toPerson(n sms.Number) Address { return Address{1, 1, n.AppendDigits(nil)} }

func TestASubmitByHandIsTheLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, want := outgoing(t)
		to := drawNumber(t)
		udh := rapid.SliceOfN(rapid.Byte(), 0, 7).Draw(t, "udh")
		want.To = toPerson(to)
		want.Text = append(udh[:len(udh):len(udh)], o.Text...)
		sequence := rapid.Uint32().Draw(t, "sequence")
		list, err := Append([]byte("before"), SubmitSM, 0, sequence, &want)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendSubmit([]byte("before"), sequence, &o, to, udh); string(got) != string(list) {
			t.Fatalf("got\n%x, the list writes\n%x", got, list)
		}
	})
}

func TestAMultiByHandIsTheLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, one := outgoing(t)
		want := Multi{Source: one.Source, Message: one.Message}
		header := rapid.SliceOfN(rapid.Byte(), 0, 7).Draw(t, "header")
		want.Text = append(header[:len(header):len(header)], o.Text...)
		msgs := make([]sms.Message, rapid.IntRange(1, 254).Draw(t, "destinations"))
		for i := range msgs {
			msgs[i].To = drawNumber(t)
			want.To = append(want.To, Destination{OneNumber, toPerson(msgs[i].To)})
		}
		sequence := rapid.Uint32().Draw(t, "sequence")
		list, err := Append([]byte("before"), SubmitMulti, 0, sequence, &want)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendMulti([]byte("before"), sequence, &o, msgs, header); string(got) != string(list) {
			t.Fatalf("got\n%x, the list writes\n%x", got, list)
		}
	})
}

// refusalsOf is what Refusals says, as a list.
func refusalsOf(body []byte) (id []byte, refused []Refusal, err error) {
	id, err = Refusals(body, func(to []byte, status uint32) {
		refused = append(refused, Refusal{Address{Text: to}, status})
	})
	return id, refused, err
}

// sameAnswers reports an error unless the readers by hand say of body what its
// lists say.
func sameAnswers(t interface{ Errorf(string, ...any) }, body []byte) {
	var one Answer
	if wire.Decode(body, &one) == nil {
		if id, err := Reference(body); err != nil || string(id) != string(one.ID) {
			t.Errorf("reference of %x: got %q, %v, the list reads %q", body, id, err, one.ID)
		}
	}
	var many MultiAnswer
	if wire.Decode(body, &many) != nil {
		return
	}
	id, refused, err := refusalsOf(body)
	if err != nil || string(id) != string(many.ID) || len(refused) != len(many.Refused) {
		t.Errorf("refusals of %x: got %q, %d of them, %v, the list reads %q and %d", body, id, len(refused), err, many.ID, len(many.Refused))
		return
	}
	for i, r := range many.Refused {
		if string(refused[i].Text) != string(r.Text) || refused[i].Status != r.Status {
			t.Errorf("refusal %d of %x: got %+v, the list reads %+v", i, body, refused[i], r)
		}
	}
}

func TestAnswersByHandAreTheLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := MultiAnswer{ID: []byte(rapid.StringMatching(`[0-9a-f-]{0,64}`).Draw(t, "id")), Unlisted: rapid.Bool().Draw(t, "unlisted")}
		if !m.Unlisted {
			for range rapid.IntRange(0, 255).Draw(t, "refused") {
				m.Refused = append(m.Refused, Refusal{toPerson(drawNumber(t)), rapid.Uint32().Draw(t, "status")})
			}
			m.Options = tlv(rapid.Uint16().Draw(t, "tag"), rapid.StringN(0, 20, 20).Draw(t, "value"))
		}
		body, err := wire.Encode(nil, &m)
		if err != nil {
			t.Fatal(err)
		}
		sameAnswers(t, body)
		if body, err = wire.Encode(nil, &Answer{ID: m.ID, Options: m.Options}); err != nil {
			t.Fatal(err)
		}
		sameAnswers(t, body)
	})
}

func TestAnswersAreReadByHand(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		id         string
		refused    int // -1: an error
	}{
		{"without a body", "", "", 0},
		{"with an empty message_id", "\x00", "", 0},
		{"without a list", "42\x00", "42", 0},
		{"with an empty list", "42\x00\x00", "42", 0},
		{"with a refusal", "42\x00\x01\x01\x01861\x00\x00\x00\x00\x0b", "42", 1},
		{"with octets behind that mean nothing", "42\x00\x01\x01\x01861\x00\x00\x00\x00\x0b\xff", "42", 1},
		{"whose message_id does not end", "42", "", -1},
		{"whose message_id is too long", strings.Repeat("4", 65) + "\x00", "", -1},
		{"that promises more than comes", "42\x00\xff\x01\x01861\x00\x00\x00\x00\x0b", "42", -1},
		{"whose status is cut", "42\x00\x01\x01\x01861\x00\x00\x00\x0b", "42", -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, refused, err := refusalsOf([]byte(tt.body))
			if (err != nil) != (tt.refused < 0) || err == nil && (string(id) != tt.id || len(refused) != tt.refused) {
				t.Errorf("got %q, %d refused, %v, want %q and %d", id, len(refused), err, tt.id, tt.refused)
			}
		})
	}
}

func TestARefusedDestinationIsFound(t *testing.T) {
	batch := []sms.Message{{To: 8613800138000}, {To: 8613800138001}, {To: 4479460138001}, {To: 44138001}}
	for _, tt := range []struct {
		name, addr string
		want       int
	}{
		{"as it was sent", "8613800138001", 1},
		{"with a plus sign", "+8613800138001", 1},
		{"with 00", "008613800138001", 1},
		{"without its country code", "13800138001", 1},
		{"in its national form", "013800138000", 0},
		{"when it is the end of others and a number itself", "44138001", 3},
		{"not when it may be several", "0138001", -1},
		{"not when it is too short", "38000", -1},
		{"not when it is a stranger's", "8613800138009", -1},
		{"not when it is a name", "Tocsin", -1},
		{"not when it is empty", "", -1},
		{"not when it is longer than numbers are", "18446752687509689616", -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := named(batch, []byte(tt.addr)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func FuzzNamed(f *testing.F) {
	for _, addr := range []string{"8613800138001", "+8613800138001", "013800138000", "", "\x00", "9999999999999999999999"} {
		f.Add([]byte(addr))
	}
	batch := []sms.Message{{To: 8613800138000}, {To: 8613800138001}, {To: 4479460138001}}
	f.Fuzz(func(t *testing.T, addr []byte) {
		i := named(batch, addr)
		if i < -1 || i >= len(batch) {
			t.Fatalf("got %d of %d", i, len(batch))
		}
		if digits := strings.TrimLeft(string(addr), "+0"); i >= 0 && !strings.HasSuffix(batch[i].To.Digits(), digits) {
			t.Fatalf("%q is found in %s", addr, batch[i].To.Digits())
		}
	})
}

func TestADeliverByHandIsTheLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, d := outgoing(t)
		d.To = toPerson(drawNumber(t))
		d.Service = []byte(rapid.SampledFrom([]string{"", "CMT"}).Draw(t, "service"))
		d.Protocol, d.Replace, d.Canned = rapid.Byte().Draw(t, "protocol"), rapid.Byte().Draw(t, "replace"), rapid.Byte().Draw(t, "canned")
		for range rapid.IntRange(0, 5).Draw(t, "parameters") {
			tag := rapid.SampledFrom([]uint16{TagReceiptedMessageID, TagMessageState, TagNetworkErrorCode, TagMessagePayload, 0x1400}).Draw(t, "tag")
			d.Options = append(d.Options, tlv(tag, rapid.SampledFrom([]string{"", "\x02", "\x05", "42\x00", network}).Draw(t, "value"))...)
		}
		body, err := wire.Encode(nil, &d)
		if err != nil {
			t.Fatal(err)
		}
		body = body[:len(body)-rapid.IntRange(0, len(body)).Draw(t, "cut")]
		hand, ok := deliverByHand(body)
		list, err := deliverByList(body)
		if ok != (err == nil) {
			t.Fatalf("%x is accepted by hand: %v, by the list: %v", body, ok, err)
		}
		if diff := cmp.Diff(list, hand); ok && diff != "" {
			t.Fatalf("by hand it is not the list's (-list +hand):\n%s", diff)
		}
	})
}

// Each C-octet string of a deliver_sm is taken at its longest and refused beyond,
// by hand as by its list.
func TestTheLongestFieldsOfADeliver(t *testing.T) {
	fields := []struct {
		name string
		most int // without its NUL
	}{{"service_type", 5}, {"source_addr", 20}, {"destination_addr", 20}, {"schedule_delivery_time", 16}, {"validity_period", 16}}
	for at, field := range fields {
		for over := range 2 {
			var texts [5]string
			texts[at] = strings.Repeat("1", field.most+over)
			body := []byte(texts[0] + "\x00\x01\x01" + texts[1] + "\x00\x01\x01" + texts[2] + "\x00\x04\x00\x00" +
				texts[3] + "\x00" + texts[4] + "\x00\x00\x00\x00\x00\x02ok")
			hand, byHand := deliverByHand(body)
			list, err := deliverByList(body)
			if want := over == 0; byHand != want || (err == nil) != want {
				t.Errorf("%s of %d octets: got by hand %v, by the list %v, want accepted: %v", field.name, field.most+over, byHand, err, want)
			} else if diff := cmp.Diff(list, hand); want && diff != "" {
				t.Errorf("%s of %d octets (-list +hand):\n%s", field.name, field.most, diff)
			}
		}
	}
}

// A measured is a text for a hundred, ready for either way.
func measured() (Outgoing, Submit, []sms.Message) {
	text := []byte("Flood warning: the river is over its banks at the old bridge. Keep off the embankment and bring your cattle in tonight.")
	o := Outgoing{Source: "10690000", SourceNPI: 1, Validity: "261125161500000+", Registered: 1, Text: text}
	s := Submit{Source: code, To: person, Message: Message{Validity: []byte(o.Validity), Registered: 1, Text: text}}
	msgs := make([]sms.Message, 100)
	for i := range msgs {
		msgs[i].To = sms.Number(8613800138000 + i)
	}
	return o, s, msgs
}

const measuredReceipt = "id:1234567890 sub:001 dlvrd:001 submit date:2611251515 done date:2611251516 stat:DELIVRD err:000 text:"

// arrivals are a receipt in text, in parameters and in both, as deliver_sm.
func arrivals(t testing.TB) map[string][]byte {
	t.Helper()
	parameters := tlvs(tlv(TagReceiptedMessageID, "1234567890\x00"), tlv(TagMessageState, "\x02"))
	all := map[string][]byte{}
	for name, m := range map[string]Message{
		"text":       {Class: 4, Text: []byte(measuredReceipt)},
		"parameters": {Class: 4, Options: parameters},
		"both":       {Class: 4, Text: []byte(measuredReceipt), Options: parameters},
	} {
		body, err := wire.Encode(nil, &Deliver{Submit{Source: person, To: code, Message: m}})
		if err != nil {
			t.Fatal(err)
		}
		all[name] = body
	}
	return all
}

func TestTheHotPathAllocatesNothing(t *testing.T) {
	o, _, msgs := measured()
	buf := make([]byte, 0, 8<<10)
	udh := []byte{5, 0, 3, 1, 2, 1}
	answer := []byte("1234567890\x00\x02\x01\x018613800138000\x00\x00\x00\x00\x0b\x01\x018613800138001\x00\x00\x00\x00\x0b")
	found := 0
	each := func(to []byte, status uint32) { found += named(msgs, to) + int(status) }
	type step struct {
		name string
		do   func() bool
	}
	steps := []step{
		{"submit_sm", func() bool { return len(AppendSubmit(buf, 1, &o, 8613800138000, udh)) > HeaderSize }},
		{"submit_multi", func() bool { return len(AppendMulti(buf, 1, &o, msgs, nil)) > HeaderSize }},
		{"submit_sm_resp", func() bool { id, err := Reference(answer); return err == nil && len(id) == 10 }},
		{"submit_multi_resp", func() bool { id, err := Refusals(answer, each); return err == nil && len(id) == 10 }},
		{"an empty PDU", func() bool { return len(AppendEmpty(buf, EnquireLink, 0, 1)) == HeaderSize }},
	}
	var reader receiptReader
	for name, body := range arrivals(t) {
		steps = append(steps, step{"a receipt in " + name, func() bool {
			a, err := ParseDeliver(body)
			r, ok := reader.read(&a)
			return err == nil && ok && len(r.Ref) == 10
		}})
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, func() {
				if !s.do() {
					t.Fatal("does not work")
				}
			}); n != 0 {
				t.Errorf("got %v allocations, want none", n)
			}
		})
	}
}

func BenchmarkSubmit(b *testing.B) {
	o, s, _ := measured()
	buf := make([]byte, 0, 1<<10)
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendSubmit(buf[:0], 1, &o, 8613800138000, nil)
		}
	})
	b.Run("by its list", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f := wire.Writing(Begin(buf[:0], SubmitSM, 0, 1))
			s.Fields(&f)
			if _, err := f.Written(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMulti(b *testing.B) {
	o, s, msgs := measured()
	buf := make([]byte, 0, 8<<10)
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendMulti(buf[:0], 1, &o, msgs, nil)
		}
	})
	b.Run("by its list", func(b *testing.B) {
		m := Multi{Source: s.Source, Message: s.Message}
		digits := make([]byte, 0, len(msgs)*longest)
		b.ReportAllocs()
		for b.Loop() {
			m.To, digits = m.To[:0], digits[:0]
			for i := range msgs {
				at := len(digits)
				digits = msgs[i].To.AppendDigits(digits)
				m.To = append(m.To, Destination{OneNumber, Address{1, 1, digits[at:]}})
			}
			f := wire.Writing(Begin(buf[:0], SubmitMulti, 0, 1))
			m.Fields(&f)
			if _, err := f.Written(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	one := []byte("1234567890\x00")
	many := []byte("1234567890\x00\x02\x01\x018613800138000\x00\x00\x00\x00\x0b\x01\x018613800138001\x00\x00\x00\x00\x0b")
	b.Run("submit_sm_resp by hand", func(b *testing.B) {
		for b.Loop() {
			if _, err := Reference(one); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("submit_sm_resp by its list", func(b *testing.B) {
		for b.Loop() {
			var a Answer
			f := wire.Reading(one)
			if a.Fields(&f); f.Finish() != nil {
				b.Fatal(f.Err())
			}
		}
	})
	b.Run("submit_multi_resp by hand", func(b *testing.B) {
		for b.Loop() {
			if _, err := Refusals(many, func([]byte, uint32) {}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("submit_multi_resp by its list", func(b *testing.B) {
		var a MultiAnswer
		for b.Loop() {
			f := wire.Reading(many)
			if a.Fields(&f); f.Finish() != nil {
				b.Fatal(f.Err())
			}
		}
	})
}

func BenchmarkReceipt(b *testing.B) {
	var reader receiptReader
	for name, body := range arrivals(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a, err := ParseDeliver(body)
				if _, ok := reader.read(&a); err != nil || !ok {
					b.Fatal(err)
				}
			}
		})
	}
	body := arrivals(b)["both"]
	b.Run("deliver_sm by hand", func(b *testing.B) {
		for b.Loop() {
			if _, ok := deliverByHand(body); !ok {
				b.Fatal()
			}
		}
	})
	b.Run("deliver_sm by its list", func(b *testing.B) {
		for b.Loop() {
			if _, err := deliverByList(body); err != nil {
				b.Fatal(err)
			}
		}
	})
}
