package sgip

import (
	"testing"

	"tocsin/providers/link"
	"tocsin/providers/link/linktest"
	"tocsin/providers/wire"
)

// batch is how many fit a packet of 2 KiB with a text of 140 octets: SGIP 1.2, section 4.
const batch = 84

// rehearse has ten batches to send at a time, and a report of one of their people.
func rehearse(t testing.TB) *linktest.HotPath {
	t.Helper()
	s := &speaker{c: Config{Node: ours.Node, CorpID: "12345", FeeValue: "0", Packet: MaxPacket}, valid: wire.Validity{InBeijing: true}}
	r := &linktest.HotPath{Sequence: [2]int{8, 20}, Rehearsal: link.Rehearse(s, 16, MaxBatch), Msgs: crowd(linktest.Batches*batch, 140)}
	r.Answer = AppendAnswer(nil, SubmitID, ours, ResultOK)
	report, err := Append(nil, ReportID, smgs, &Report{Submit: ours, To: b("8613000000000"), State: StateDelivered})
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
