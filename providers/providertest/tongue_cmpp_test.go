package providertest_test

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"tocsin/providers"
	"tocsin/providers/cmpp"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
	"tocsin/providers/wire"
)

// cmppTongue is CMPP 2.0 or 3.0.
func cmppTongue(name string, version cmpp.Version) *tongue {
	const response = cmpp.Response
	return &tongue{
		name: name, header: cmpp.HeaderSize, max: cmpp.MaxFrame, tests: true,
		provider: func(t *testing.T, a account) (providers.Provider, error) {
			return cmpp.New(cmpp.Options{Config: cmpp.Config{
				Address: a.address, Version: version, SourceAddr: "900001", Password: "secret", Connections: a.connections,
				Window: a.window, Batch: a.batch, ActiveTest: a.idle, Timeout: a.timeout,
			}, Logger: smstest.Logger(t, "secret"), Dial: a.dial})
		},
		read: func(frame []byte) heard {
			h, body := cmpp.Split(frame)
			said := heard{frame: frame, sequence: h.Sequence}
			switch h.ID {
			case cmpp.ConnectID:
				said.kind = login
			case cmpp.SubmitID:
				s := cmpp.Submit{Version: version}
				if wire.Decode(body, &s) == nil {
					said.kind, said.to = submit, numbers(s.To)
				}
			case cmpp.ActiveTestID:
				said.kind = keepAlive
			case cmpp.TerminateID:
				said.kind = goodbye
			case cmpp.TerminateID | response:
				said.kind = goodbyeAnswer
			case cmpp.DeliverID | response:
				a := cmpp.DeliverAnswer{Version: version}
				if wire.Decode(body, &a) == nil {
					said.kind, said.status = acknowledgement, a.Result
				}
			}
			return said
		},
		admit: func(h heard, status uint32) []byte {
			var c cmpp.Connect
			_, body := cmpp.Split(h.frame)
			if wire.Decode(body, &c) != nil {
				return nil
			}
			a := cmpp.ConnectAnswer{Status: status, Authenticator: make([]byte, md5.Size), Version: uint8(version), Wide: version >= cmpp.V30}
			if status == 0 {
				own := cmpp.Reply(a, [md5.Size]byte(c.Authenticator), "secret")
				a.Authenticator = own[:]
			}
			return must(cmpp.Append(nil, cmpp.ConnectID|response, h.sequence, &a))
		},
		answer: func(h heard, status uint32) []byte {
			a := cmpp.SubmitAnswer{Version: version, Result: status}
			if status == 0 {
				a.ID = binary.BigEndian.Uint64(cmppID(h))
			}
			return must(cmpp.Append(nil, cmpp.SubmitID|response, h.sequence, &a))
		},
		empty: func(h heard) []byte {
			head, _ := cmpp.Split(h.frame)
			if head.ID == cmpp.ActiveTestID { // one octet in reserve, section 7.4.8
				return cmpp.End(append(cmpp.Begin(nil, head.ID|response, h.sequence), 0), 0)
			}
			return cmpp.AppendEmpty(nil, head.ID|response, h.sequence)
		},
		bye: func(sequence uint32) []byte { return cmpp.AppendEmpty(nil, cmpp.TerminateID, sequence) },
		ask: func(sequence uint32) []byte { return cmpp.AppendEmpty(nil, cmpp.ActiveTestID, sequence) },
		id:  cmppID,
		ref: hex.EncodeToString,
		receipt: func(sequence uint32, id []byte, to sms.Number, delivered bool) []byte {
			report := cmpp.Report{
				Short: version < cmpp.V30, ID: binary.BigEndian.Uint64(id), State: []byte("UNDELIV"),
				Submitted: []byte("2611260012"), Done: []byte("2611260013"), To: []byte(to.Digits()),
			}
			if delivered {
				report.State = []byte("DELIVRD")
			}
			return must(cmpp.Append(nil, cmpp.DeliverID, sequence, &cmpp.Deliver{
				Version: version, ID: uint64(sequence), To: []byte("106900001"), From: []byte(to.Digits()), Registered: 1,
				Content: must(wire.Encode(nil, &report)),
			}))
		},
		empties: func(sequence func() uint32, h heard) (all [][]byte) {
			for _, content := range []string{"", "\x00", strings.Repeat("x", 59), strings.Repeat("\x00", 60), strings.Repeat("\xFF", 70), strings.Repeat("x", 255)} {
				all = append(all, must(cmpp.Append(nil, cmpp.DeliverID, sequence(), &cmpp.Deliver{
					Version: version, ID: 1, From: []byte("nobody"), Registered: 1, Content: []byte(content),
				})))
			}
			return all
		},
		message: func(sequence uint32, header, text string) []byte {
			return must(cmpp.Append(nil, cmpp.DeliverID, sequence, &cmpp.Deliver{
				Version: version, ID: 1, From: []byte("13700137000"), To: []byte("10690001"), Content: []byte(header + text), UDHI: byte(min(len(header), 1)),
			}))
		},
		torn: func(sequence uint32) []byte {
			return cmpp.End(append(cmpp.Begin(nil, cmpp.DeliverID, sequence), "0123456789"...), 0)
		},
		resequenced: func(h heard, sequence uint32) heard {
			h.sequence = sequence
			return h
		},
		wrong:     []uint32{cmpp.ConnectSource, cmpp.ConnectSecret},
		later:     []uint32{5, cmpp.ConnectVersion, cmpp.ConnectMalformed}, // 5: other
		throttled: cmpp.ResultFlow,
		temporary: map[uint32]sms.Reason{cmpp.ResultFlow: sms.Throttled, 3: sms.CarrierFault, 200: sms.CarrierFault}, // 200: a vendor's own
		permanent: map[uint32]sms.Reason{cmpp.ResultNumber: sms.InvalidNumber, 10: sms.BadSender, cmpp.ResultMalformed: sms.BadRequest},
	}
}

func cmppID(h heard) []byte {
	return binary.BigEndian.AppendUint64(nil, 0x8000000000000000|uint64(h.sequence)<<16)
}
