package providertest_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"tocsin/providers"
	"tocsin/providers/smgp"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
	"tocsin/providers/wire"
)

// smgpTongue is SMGP 3.0.
func smgpTongue() *tongue {
	const response = smgp.Response
	return &tongue{
		name: "smgp", header: smgp.HeaderSize, max: smgp.MaxFrame, tests: true,
		provider: func(t *testing.T, a account) (providers.Provider, error) {
			return smgp.New(smgp.Options{Config: smgp.Config{
				Address: a.address, ClientID: "10000001", Password: "secret", Connections: a.connections, Window: a.window,
				Batch: a.batch, ActiveTest: a.idle, Timeout: a.timeout,
			}, Logger: smstest.Logger(t, "secret"), Dial: a.dial})
		},
		read: func(frame []byte) heard {
			h, body := smgp.Split(frame)
			said := heard{frame: frame, sequence: h.Sequence}
			switch h.ID {
			case smgp.LoginID:
				said.kind = login
			case smgp.SubmitID:
				var s smgp.Submit
				if wire.Decode(body, &s) == nil {
					said.kind, said.to = submit, numbers(s.To)
				}
			case smgp.ActiveTestID:
				said.kind = keepAlive
			case smgp.ExitID:
				said.kind = goodbye
			case smgp.ExitID | response:
				said.kind = goodbyeAnswer
			case smgp.DeliverID | response:
				var a smgp.Answer
				if wire.Decode(body, &a) == nil {
					said.kind, said.status = acknowledgement, a.Status
				}
			}
			return said
		},
		admit: func(h heard, status uint32) []byte {
			var l smgp.Login
			_, body := smgp.Split(h.frame)
			if wire.Decode(body, &l) != nil {
				return nil
			}
			own := smgp.Reply(status, [md5.Size]byte(l.Authenticator), "secret")
			return must(smgp.Append(nil, smgp.LoginID|response, h.sequence, &smgp.LoginAnswer{
				Status: status, Authenticator: own[:], Version: smgp.Version30,
			}))
		},
		answer: func(h heard, status uint32) []byte {
			a := smgp.Answer{ID: make([]byte, 10), Status: status}
			if status == 0 {
				a.ID = smgpID(h)
			}
			return must(smgp.Append(nil, smgp.SubmitID|response, h.sequence, &a))
		},
		empty: func(h heard) []byte {
			head, _ := smgp.Split(h.frame)
			return smgp.AppendEmpty(nil, head.ID|response, h.sequence)
		},
		bye: func(sequence uint32) []byte { return smgp.AppendEmpty(nil, smgp.ExitID, sequence) },
		ask: func(sequence uint32) []byte { return smgp.AppendEmpty(nil, smgp.ActiveTestID, sequence) },
		id:  smgpID,
		ref: hex.EncodeToString,
		receipt: func(sequence uint32, id []byte, to sms.Number, delivered bool) []byte {
			state := "UNDELIV"
			if delivered {
				state = "DELIVRD"
			}
			return must(smgp.Append(nil, smgp.DeliverID, sequence, &smgp.Deliver{
				ID: make([]byte, 10), Report: 1, At: []byte("20261126001200"), From: []byte(to.Digits()), To: []byte("11800001"),
				Content: fmt.Appendf(nil, "id:%s sub:001 dlvrd:001 Submit date:2611260012 done date:2611260013 stat:%s err:000 Text:", id, state),
			}))
		},
		empties: func(sequence func() uint32, h heard) (all [][]byte) {
			id := string(smgpID(h))
			for _, content := range []string{"", "id:", "id:" + id, "id:" + id + " sub:001 stat", strings.Repeat("x", 255)} {
				all = append(all, must(smgp.Append(nil, smgp.DeliverID, sequence(), &smgp.Deliver{
					ID: make([]byte, 10), Report: 1, From: []byte("13700137000"), Content: []byte(content),
				})))
			}
			return all
		},
		message: func(sequence uint32, header, text string) []byte {
			var options wire.TLVs
			if header != "" {
				options = wire.AppendTLV(options, smgp.TagUDHI, 1)
			}
			return must(smgp.Append(nil, smgp.DeliverID, sequence, &smgp.Deliver{
				ID: make([]byte, 10), From: []byte("13700137000"), To: []byte("11800001"), Content: []byte(header + text), Options: options,
			}))
		},
		torn: func(sequence uint32) []byte {
			return smgp.End(append(smgp.Begin(nil, smgp.DeliverID, sequence), "0123456789"...), 0)
		},
		resequenced: func(h heard, sequence uint32) heard {
			h.sequence = sequence
			return h
		},
		wrong:     []uint32{smgp.StatusSecret, smgp.StatusAddress},
		later:     []uint32{2, smgp.StatusBusy, 130}, // 2: too many connections; 130: a vendor's own
		throttled: smgp.StatusBusy,
		temporary: map[uint32]sms.Reason{smgp.StatusBusy: sms.Throttled, 12: sms.CarrierFault, 130: sms.CarrierFault, smgp.StatusQuota: sms.NotPermitted},
		permanent: map[uint32]sms.Reason{smgp.StatusNumber: sms.InvalidNumber, 46: sms.BadSender, smgp.StatusForm: sms.BadRequest},
	}
}

// smgpID are twenty decimal digits: the gateway's, the time, and one of a million.
func smgpID(h heard) []byte {
	id, err := hex.DecodeString(fmt.Sprintf("010060%08d%06d", 11260012, h.sequence%1_000_000))
	return must(id, err)
}
