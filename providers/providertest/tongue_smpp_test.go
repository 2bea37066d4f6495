package providertest_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"tocsin/providers"
	"tocsin/providers/smpp"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
	"tocsin/providers/wire"
)

// smppTongue is SMPP 3.4.
func smppTongue() *tongue {
	const response = smpp.Response
	return &tongue{
		name: "smpp", header: smpp.HeaderSize, max: smpp.MaxFrame, tests: true,
		provider: func(t *testing.T, a account) (providers.Provider, error) {
			return smpp.New(smpp.Options{Config: smpp.Config{
				Address: a.address, SystemID: "tocsin", Password: "secret", Connections: a.connections, Window: a.window,
				Batch: a.batch, EnquireLink: a.idle, ResponseTimeout: a.timeout,
			}, Logger: smstest.Logger(t, "secret"), Dial: a.dial})
		},
		read: func(frame []byte) heard {
			h, body := smpp.Split(frame)
			said := heard{frame: frame, sequence: h.Sequence, status: h.Status}
			switch h.ID {
			case smpp.BindTransceiver:
				said.kind = login
			case smpp.SubmitSM:
				var s smpp.Submit
				if wire.Decode(body, &s) == nil {
					said.kind, said.to = submit, numbers([][]byte{s.To.Text})
				}
			case smpp.SubmitMulti:
				var s smpp.Multi
				if wire.Decode(body, &s) == nil {
					said.kind = submit
					for i := range s.To {
						said.to = append(said.to, sms.ChinaNumber(s.To[i].Address.Text))
					}
				}
			case smpp.EnquireLink:
				said.kind = keepAlive
			case smpp.UnbindCommand:
				said.kind = goodbye
			case smpp.UnbindCommand | response:
				said.kind = goodbyeAnswer
			case smpp.DeliverSM | response:
				said.kind = acknowledgement
			}
			return said
		},
		admit: func(h heard, status uint32) []byte {
			if status != 0 {
				return smpp.AppendEmpty(nil, smpp.BindTransceiver|response, status, h.sequence)
			}
			return must(smpp.Append(nil, smpp.BindTransceiver|response, 0, h.sequence, &smpp.BindAnswer{SystemID: "carrier"}))
		},
		answer: func(h heard, status uint32) []byte {
			head, _ := smpp.Split(h.frame)
			switch {
			case status != 0:
				return smpp.AppendEmpty(nil, head.ID|response, status, h.sequence)
			case head.ID == smpp.SubmitMulti:
				return must(smpp.Append(nil, head.ID|response, 0, h.sequence, &smpp.MultiAnswer{ID: smppID(h)}))
			}
			return must(smpp.Append(nil, head.ID|response, 0, h.sequence, &smpp.Answer{ID: smppID(h)}))
		},
		empty: func(h heard) []byte {
			head, _ := smpp.Split(h.frame)
			return smpp.AppendEmpty(nil, head.ID|response, 0, h.sequence)
		},
		bye: func(sequence uint32) []byte { return smpp.AppendEmpty(nil, smpp.UnbindCommand, 0, sequence) },
		ask: func(sequence uint32) []byte { return smpp.AppendEmpty(nil, smpp.EnquireLink, 0, sequence) },
		id:  smppID,
		ref: func(id []byte) string { return string(id) },
		receipt: func(sequence uint32, id []byte, to sms.Number, delivered bool) []byte {
			state := "UNDELIV"
			if delivered {
				state = "DELIVRD"
			}
			return must(smpp.Append(nil, smpp.DeliverSM, 0, sequence, &smpp.Deliver{Submit: smpp.Submit{
				Source:  smpp.Address{TON: 1, NPI: 1, Text: []byte(to.Digits())},
				Message: smpp.Message{Class: 4, Text: fmt.Appendf(nil, "id:%s stat:%s err:000", id, state)},
			}}))
		},
		empties: func(sequence func() uint32, h heard) (all [][]byte) {
			for _, text := range []string{"", "id:", "stat:DELIVRD", "id:stat:", strings.Repeat("x", 200)} {
				all = append(all, must(smpp.Append(nil, smpp.DeliverSM, 0, sequence(), &smpp.Deliver{Submit: smpp.Submit{
					Source: smpp.Address{TON: 1, NPI: 1, Text: []byte("nobody")}, Message: smpp.Message{Class: 4, Text: []byte(text)},
				}})))
			}
			return all
		},
		message: func(sequence uint32, header, text string) []byte {
			class := byte(0)
			if header != "" {
				class = smpp.UDHI
			}
			return must(smpp.Append(nil, smpp.DeliverSM, 0, sequence, &smpp.Deliver{Submit: smpp.Submit{
				Source: smpp.Address{TON: 1, NPI: 1, Text: []byte("8613700137000")}, Message: smpp.Message{Class: class, Text: []byte(header + text)},
			}}))
		},
		torn: func(sequence uint32) []byte {
			return smpp.End(append(smpp.Begin(nil, smpp.DeliverSM, 0, sequence), "0123456789"...), 0)
		},
		resequenced: func(h heard, sequence uint32) heard {
			h.sequence = sequence
			return h
		},
		wrong:     []uint32{smpp.StatusInvPasswd, smpp.StatusInvSysID},
		later:     []uint32{smpp.StatusSysErr, smpp.StatusAlready, smpp.StatusBindFail},
		throttled: smpp.StatusThrottled,
		temporary: map[uint32]sms.Reason{
			smpp.StatusThrottled: sms.Throttled, smpp.StatusMsgQFul: sms.QueueFull, smpp.StatusSysErr: sms.CarrierFault,
			0x500: sms.CarrierFault, // a vendor's own
		},
		permanent: map[uint32]sms.Reason{smpp.StatusInvDest: sms.InvalidNumber, 0x0A: sms.BadSender, 0x01: sms.BadRequest},
	}
}

func smppID(h heard) []byte { return strconv.AppendUint(nil, 7_000_000_000+uint64(h.sequence), 10) }
