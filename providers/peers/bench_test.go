package peers

import (
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// crowd is how many recipients a measurement has; enough that starting and
// planning do not decide it.
const crowd = 100_000

// cpu is the processor time that this process has used.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCPU is what a recipient costs the client, in microseconds of processor
// time, with a text of its own, submit_sm and a receipt for each: of the whole of
// `tocsin run`, import, planning and ledger included, and of a bare loop around
// gosmpp that keeps nothing. For example:
//
//	go test -run '^$' -bench CPU -benchtime 1x
func BenchmarkCPU(b *testing.B) {
	b.Run("tocsin", func(b *testing.B) {
		spent := time.Duration(0)
		for range b.N {
			address, _ := startCarrier(b)
			w := newWorkplace(b, address, "    batch: 1\n    window: 128", "((name))，河水上涨，请勿靠近。", people(crowd, "李"))
			cmd := exec.Command(tocsin(b), "run", w.campaign, "--no-progress", "--config", w.config)
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			spent += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		}
		b.ReportMetric(float64(spent.Microseconds())/float64(b.N)/crowd, "µs/recipient")
	})
	b.Run("gosmpp", func(b *testing.B) {
		spent := time.Duration(0)
		for range b.N {
			address, _ := startCarrier(b)
			before := cpu(b)
			sendWithGosmpp(b, address)
			spent += cpu(b) - before
		}
		b.ReportMetric(float64(spent.Microseconds())/float64(b.N)/crowd, "µs/recipient")
	})
}

// sendWithGosmpp sends to a crowd within a window and waits for every receipt.
func sendWithGosmpp(b *testing.B, address string) {
	window := make(chan struct{}, 2*128) // as tocsin's two connections
	var receipts sync.WaitGroup
	receipts.Add(crowd)
	session, err := gosmpp.NewSession(
		gosmpp.TRXConnector(gosmpp.NonTLSDialer, gosmpp.Auth{SMSC: address, SystemID: "gosmpp", Password: "secret"}),
		gosmpp.Settings{
			ReadTimeout: time.Minute,
			OnPDU: func(p pdu.PDU, _ bool) {
				switch p.(type) {
				case *pdu.SubmitSMResp:
					<-window
				case *pdu.DeliverSM:
					receipts.Done()
				}
			},
		}, -1)
	if err != nil {
		b.Fatal(err)
	}
	defer session.Close()
	for i := range crowd {
		p := pdu.NewSubmitSM().(*pdu.SubmitSM)
		if err := p.DestAddr.SetAddress(fmt.Sprintf("8613%09d", i)); err != nil {
			b.Fatal(err)
		}
		p.DestAddr.SetTon(1)
		p.DestAddr.SetNpi(1)
		p.RegisteredDelivery = 1
		if err := p.Message.SetMessageWithEncoding(fmt.Sprintf("李%d，河水上涨，请勿靠近。", i), data.UCS2); err != nil {
			b.Fatal(err)
		}
		window <- struct{}{}
		if err := session.Transceiver().Submit(p); err != nil {
			b.Fatal(err)
		}
	}
	receipts.Wait()
}
