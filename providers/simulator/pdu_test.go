package simulator

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"tocsin/providers/smpp"
	"tocsin/providers/wire"
)

// listed is what encode writes for r, as its list has it.
func listed(config *Config, r *receipt) *smpp.Deliver {
	base, fate, count, code, state := 10, "DELIVRD", 1, 0, byte(2)
	if config.HexIDs == "receipt" {
		base = 16
	}
	if r.failed {
		fate, count, code, state = "UNDELIV", 0, 27, 5
	}
	id := strconv.FormatUint(r.id, base)
	date := func(at int64) string { return time.Unix(0, at).Format("0601021504") }
	d := &smpp.Deliver{Submit: smpp.Submit{
		Source:  smpp.Address{TON: 1, NPI: 1, Text: strconv.AppendUint(nil, r.to, 10)},
		To:      smpp.Address{TON: r.origin.ton, NPI: r.origin.npi, Text: r.origin.addr},
		Message: smpp.Message{Class: 4},
	}}
	if config.ReceiptForm != "tlv" {
		d.Text = fmt.Appendf(nil, "id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%03d text:",
			id, count, date(r.taken), date(max(r.at, r.taken)), fate, code)
	}
	if config.ReceiptForm != "text" {
		d.Options = wire.AppendTLV(d.Options, smpp.TagReceiptedMessageID, append([]byte(id), 0)...)
		d.Options = wire.AppendTLV(d.Options, smpp.TagMessageState, state)
		if r.failed {
			d.Options = wire.AppendTLV(d.Options, smpp.TagNetworkErrorCode, 3, 0, 27)
		}
	}
	return d
}

func TestAReceiptByHandIsTheLists(t *testing.T) {
	taken := time.Date(2026, 11, 25, 15, 15, 59, 0, time.Local)
	for _, form := range []string{"", "tlv", "text"} {
		for _, hex := range []string{"", "receipt"} {
			config := Config{ReceiptForm: form, HexIDs: hex, ReceiptWindow: 10}
			s := newSession(&Carrier{speaks: protocols["smpp"], config: config}, nil)
			for i, r := range []receipt{
				{to: 8613800138000, id: 255, at: taken.Add(time.Minute).UnixNano(), taken: taken.UnixNano(), origin: &origin{5, 0, []byte("Tocsin")}},
				{to: 447911123456, id: 1<<63 - 1, taken: taken.UnixNano(), origin: &origin{0, 1, nil}, failed: true},
			} {
				got := s.encode([]byte("before"), &r)
				want, err := smpp.Append([]byte("before"), smpp.DeliverSM, 0, uint32(i+1), listed(&config, &r))
				if err != nil || string(got) != string(want) {
					t.Errorf("%s, ids %q, receipt %d: got\n%q, the list writes\n%q, %v", form, hex, i, got, want, err)
				}
			}
		}
	}
}

func TestAnswersByHandAreTheLists(t *testing.T) {
	d := newSMPP(&Carrier{config: Config{HexIDs: "resp"}})
	r := request{id: 0x2a, sequence: 9}
	id := []byte("2a")
	refused := []destination{{raw: []byte("8613800138000"), ton: 1, npi: 1}, {raw: []byte("nobody"), ton: 5}}
	many := &smpp.MultiAnswer{ID: id}
	for _, d := range refused {
		many.Refused = append(many.Refused, smpp.Refusal{Address: smpp.Address{TON: d.ton, NPI: d.npi, Text: d.raw}, Status: statusDestination})
	}
	for _, tt := range []struct {
		name    string
		command uint32
		refused []destination
		status  uint32
		body    wire.Body
	}{
		{"submit_sm taken", submitSM, nil, 0, &smpp.Answer{ID: id}},
		{"submit_sm refused", submitSM, refused[:1], statusDestination, &smpp.Answer{Absent: true}},
		{"submit_multi taken", submitMulti, nil, 0, &smpp.MultiAnswer{ID: id}},
		{"submit_multi with two refused", submitMulti, refused, 0, many},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.command, r.refused = tt.command, tt.refused
			got := d.answer(nil, &r, none)
			want, err := smpp.Append(nil, tt.command|response, tt.status, 9, tt.body)
			if err != nil || string(got) != string(want) {
				t.Errorf("got\n%x, the list writes\n%x, %v", got, want, err)
			}
		})
	}
}

func BenchmarkReceipt(b *testing.B) {
	config := Config{ReceiptWindow: 1}
	r := receipt{to: 8613800138000, id: 1234567890, taken: 1, origin: &origin{5, 0, []byte("Tocsin")}}
	buf := make([]byte, 0, 1<<10)
	b.Run("by hand", func(b *testing.B) {
		s := newSession(&Carrier{speaks: protocols["smpp"], config: config}, nil)
		for b.Loop() {
			buf = s.encode(buf[:0], &r)
			s.ring[0].sequence = 0
		}
	})
	b.Run("by its list, its fields made", func(b *testing.B) {
		d := listed(&config, &r)
		for b.Loop() {
			f := wire.Writing(smpp.Begin(buf[:0], smpp.DeliverSM, 0, 1))
			d.Fields(&f)
			if _, err := f.Written(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
