package providertest_test

import (
	"encoding/binary"
	"encoding/hex"
	"testing"

	"tocsin/providers"
	"tocsin/providers/sgip"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
	"tocsin/providers/wire"
)

// gateway is the node that the scripted carrier of SGIP is.
const gateway = 1001010

// sgipTongue is SGIP 1.2. Its receipts come on the provider's own connections, as some
// gateways bring them.
func sgipTongue() *tongue {
	const response = sgip.Response
	count := func(n uint32) sgip.Sequence { return sgip.Sequence{Node: gateway, Stamp: 1126001200, Count: n} }
	return &tongue{
		name: "sgip", header: sgip.HeaderSize, max: sgip.MaxFrame,
		provider: func(t *testing.T, a account) (providers.Provider, error) {
			return sgip.New(sgip.Options{Config: sgip.Config{
				Address: a.address, Login: "tocsin", Password: "secret", Node: 3053112345, Connections: a.connections, Window: a.window,
				Batch: a.batch, Listen: a.listen, GatewayLogin: "smg", GatewayPassword: "back", Timeout: a.timeout,
			}, Logger: smstest.Logger(t, "secret"), Dial: a.dial})
		},
		read: func(frame []byte) heard {
			h, body := sgip.Split(frame)
			said := heard{frame: frame, sequence: h.Count}
			switch h.ID {
			case sgip.BindID:
				said.kind = login
			case sgip.SubmitID:
				var s sgip.Submit
				if wire.Decode(body, &s) == nil {
					said.kind, said.to = submit, numbers(s.To)
				}
			case sgip.UnbindID:
				said.kind = goodbye
			case sgip.UnbindID | response:
				said.kind = goodbyeAnswer
			case sgip.ReportID | response, sgip.DeliverID | response:
				var a sgip.Answer
				if wire.Decode(body, &a) == nil {
					said.kind, said.status = acknowledgement, uint32(a.Result)
				}
			}
			return said
		},
		admit: func(h heard, status uint32) []byte {
			head, _ := sgip.Split(h.frame)
			return sgip.AppendAnswer(nil, sgip.BindID, head.Sequence, byte(status))
		},
		answer: func(h heard, status uint32) []byte {
			head, _ := sgip.Split(h.frame)
			return sgip.AppendAnswer(nil, sgip.SubmitID, head.Sequence, byte(status))
		},
		empty: func(h heard) []byte {
			head, _ := sgip.Split(h.frame)
			return sgip.AppendEmpty(nil, head.ID|response, head.Sequence)
		},
		bye: func(n uint32) []byte { return sgip.AppendEmpty(nil, sgip.UnbindID, count(n)) },
		id:  func(h heard) []byte { return h.frame[8:20] },
		ref: hex.EncodeToString,
		receipt: func(n uint32, id []byte, to sms.Number, delivered bool) []byte {
			u32 := binary.BigEndian.Uint32
			report := sgip.Report{
				Submit: sgip.Sequence{Node: u32(id), Stamp: u32(id[4:]), Count: u32(id[8:])}, To: []byte(to.Digits()),
				State: sgip.StateFailed, Code: 25,
			}
			if delivered {
				report.State, report.Code = sgip.StateDelivered, 0
			}
			return must(sgip.Append(nil, sgip.ReportID, count(n), &report))
		},
		empties: func(sequence func() uint32, h heard) (all [][]byte) {
			for _, r := range []sgip.Report{
				{},
				{To: []byte("nobody")},
				{Type: 1, To: []byte("8613700137000")}, // of a message somebody forwarded
			} {
				all = append(all, must(sgip.Append(nil, sgip.ReportID, count(sequence()), &r)))
			}
			return all
		},
		message: func(n uint32, header, text string) []byte {
			return must(sgip.Append(nil, sgip.DeliverID, count(n), &sgip.Deliver{
				From: []byte("8613700137000"), To: []byte("10690001"), Content: []byte(header + text), UDHI: byte(min(len(header), 1)),
			}))
		},
		torn: func(n uint32) []byte {
			return sgip.End(append(sgip.Begin(nil, sgip.ReportID, count(n)), "0123456789"...), 0)
		},
		resequenced: func(h heard, n uint32) heard {
			h.frame, h.sequence = append([]byte(nil), h.frame...), n
			binary.BigEndian.PutUint32(h.frame[16:], n)
			return h
		},
		wrong:     []uint32{sgip.ResultLogin},
		later:     []uint32{sgip.ResultMany, sgip.ResultBusy, 32},
		throttled: sgip.ResultBusy,
		temporary: map[uint32]sms.Reason{
			sgip.ResultBusy: sms.Throttled, sgip.ResultSpeed: sms.Throttled, sgip.ResultFull: sms.QueueFull, 32: sms.CarrierFault,
			200: sms.CarrierFault, // a vendor's own
		},
		permanent: map[uint32]sms.Reason{sgip.ResultNumber: sms.InvalidNumber, sgip.ResultForm: sms.BadRequest, 23: sms.NotPermitted},
	}
}
