package cmpp

import (
	"encoding/binary"
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
	"tocsin/providers/wire"
)

// rehearse has ten batches to send at a time, and a report of one of their people.
func rehearse(v Version) *linktest.HotPath {
	s := &speaker{c: Config{Version: v, SourceAddr: "900001", MsgSrc: "900001", FeeType: "01", FeeCode: "0", BatchReports: true}, valid: wire.Validity{InBeijing: true}}
	r := &linktest.HotPath{Sequence: [2]int{8, 12}, Rehearsal: link.Rehearse(s, 16, MaxBatch), Msgs: crowd(linktest.Batches*MaxBatch, 140)}
	r.Answer = Begin(nil, SubmitID|Response, 0)
	r.Answer = binary.BigEndian.AppendUint64(r.Answer, 0xb2b9da8000010000)
	r.Answer = append(r.Answer, make([]byte, map[bool]int{false: 1, true: 4}[v.wide()])...)
	r.Answer = End(r.Answer, 0)
	content := report60("DELIVRD", "13800138000")
	if v.wide() {
		content = report71("DELIVRD", "13800138000")
	}
	report, err := Append(nil, DeliverID, 7, &Deliver{
		Version: v, ID: 0xb2b9da8000010000, To: b("10690000"), From: b("13800138000"), Registered: 1, Content: content,
	})
	if err != nil {
		panic(err)
	}
	r.Report = report
	return r
}

var rehearsed = []struct {
	name string
	Version
}{{"2.0", V20}, {"3.0", V30}}

func BenchmarkBatch(b *testing.B) {
	for _, v := range rehearsed {
		b.Run(v.name, rehearse(v.Version).BenchmarkBatch)
	}
}

func BenchmarkLong(b *testing.B) {
	for _, v := range rehearsed {
		b.Run(v.name, rehearse(v.Version).BenchmarkLong)
	}
}

func BenchmarkReport(b *testing.B) {
	for _, v := range rehearsed {
		b.Run(v.name, rehearse(v.Version).BenchmarkReport)
	}
}

func TestTheHotPathAllocatesNothingForARecipient(t *testing.T) {
	for _, v := range rehearsed {
		t.Run(v.name, rehearse(v.Version).AllocatesNothing)
	}
}
