package smgp

import (
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
	"tocsin/providers/wire"
)

// rehearse has ten batches to send at a time, and a report of one of their people.
func rehearse(t testing.TB) *linktest.HotPath {
	t.Helper()
	s := &speaker{c: Config{ServiceID: "WARN", FeeType: "00", FeeCode: "000000"}, valid: wire.Validity{InBeijing: true}}
	r := &linktest.HotPath{Sequence: [2]int{8, 12}, Rehearsal: link.Rehearse(s, 16, MaxBatch), Msgs: crowd(linktest.Batches*MaxBatch, 140)}
	id := b("\x01\x00\x61\x01\x16\x17\x00\x01\x23\x45")
	answer, err := Append(nil, SubmitID|Response, 0, &Answer{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	r.Answer = answer
	report, err := Append(nil, DeliverID, 7, &Deliver{
		ID: id, Report: 1, At: b("20261125161500"), From: b("13300000000"), To: b("10690002"), Content: b(realReport),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Report = report
	return r
}

func BenchmarkBatch(b *testing.B) { rehearse(b).BenchmarkBatch(b) }

func BenchmarkLong(b *testing.B) { rehearse(b).BenchmarkLong(b) }

func BenchmarkReport(b *testing.B) { rehearse(b).BenchmarkReport(b) }

func TestTheHotPathAllocatesNothingForARecipient(t *testing.T) { rehearse(t).AllocatesNothing(t) }
