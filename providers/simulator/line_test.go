package simulator_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/providers/simulator"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// pair is a carrier and two clients that log in with one account, as two processes do.
func pair(t *testing.T, protocol string, c simulator.Config) [2]*exchange {
	t.Helper()
	c.Listen, c.Logger, c.SystemID, c.Password = "127.0.0.1:0", smstest.Logger(t, "secret"), "tocsin", "secret"
	c.Protocol, _, _ = strings.Cut(protocol, " ")
	backs := [2]string{}
	if protocol == "sgip" {
		for i := range backs {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			backs[i] = ln.Addr().String()
			ln.Close()
		}
		c.DialBack, c.DialBackID, c.DialBackPassword = backs[0]+","+backs[1], "smg", "back"
	}
	carrier, err := simulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	inner, hangUp := context.WithCancel(context.Background())
	var clientsDone, carrierDone sync.WaitGroup
	carrierDone.Go(func() {
		if err := carrier.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	var both [2]*exchange
	for i := range both {
		client, err := clients[protocol](t, carrier.Addr().String(), 10, backs[i])
		if err != nil {
			t.Fatal(err)
		}
		both[i] = &exchange{t: t, carrier: carrier, client: client, came: make(chan struct{}, 1)}
		clientsDone.Go(func() {
			if err := client.Run(inner, both[i].receive); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		hangUp()
		clientsDone.Wait()
		stop()
		carrierDone.Wait()
	})
	until(t, "both lines are up", func() bool { return both[0].client.Line().Up == 1 && both[1].client.Line().Up == 1 })
	return both
}

func TestReceiptsComeOnTheLinesThatAreAskedFor(t *testing.T) { // A1
	const count = 60
	for _, protocol := range []string{"smpp", "cmpp", "cmpp 2.0", "smgp", "sgip"} {
		for _, on := range []string{"", simulator.OnAny, simulator.OnSame, simulator.OnOther} {
			if protocol == "sgip" && on != "" && on != simulator.OnAny {
				continue // its lines for submits take no receipts
			}
			for _, latency := range []time.Duration{0, time.Millisecond} {
				t.Run(fmt.Sprint(protocol, " ", on, " ", latency), func(t *testing.T) {
					t.Parallel()
					both := pair(t, protocol, simulator.Config{Receipts: true, ReceiptsOn: on, Latency: latency, ReceiptJitter: 5 * time.Millisecond})
					probes := 0
					until(t, "the carrier knows of both lines", func() bool { // it may have answered a login and not noted it yet
						both[0].submit(crowd(1, sms.Envelope{Receipt: true}))
						probes++
						own, other := len(both[0].heard()) > 0, len(both[1].heard()) > 0
						return (own || on == simulator.OnOther) && (other || on == simulator.OnSame)
					})
					until(t, "the receipts of all probes have come", func() bool { return len(both[0].heard())+len(both[1].heard()) == probes })
					before := [2]int{len(both[0].heard()), len(both[1].heard())}
					for i, a := range both[0].submit(crowd(count, sms.Envelope{Receipt: true})) {
						if a.Outcome != sms.Taken {
							t.Fatalf("recipient %d: got %+v, want it taken", i, a)
						}
					}
					got := func() (n [2]int) {
						for i := range both {
							n[i] = len(both[i].heard()) - before[i]
						}
						return n
					}
					until(t, "all receipts have come", func() bool { n := got(); return n[0]+n[1] >= count })
					switch n := got(); {
					case protocol == "sgip":
						if n[0] == 0 || n[1] == 0 {
							t.Errorf("got %v receipts, want some on each line", n)
						}
					case on == simulator.OnSame && n != [2]int{count, 0}, on == simulator.OnOther && n != [2]int{0, count},
						on != simulator.OnSame && on != simulator.OnOther && (n[0] == 0 || n[1] == 0 || n[0]+n[1] != count):
						t.Errorf("got %v receipts on the submit's line and the other one", n)
					}
				})
			}
		}
	}
}

func TestReceiptsOvertakeEachOther(t *testing.T) { // A1
	e := meet(t, "smpp", 1, simulator.Config{Receipts: true, ReceiptJitter: 50 * time.Millisecond})
	e.submit(crowd(40, sms.Envelope{Receipt: true}))
	until(t, "all receipts have come", func() bool { return len(e.heard()) == 40 })
	overtaken := 0
	for i, r := range e.heard()[1:] {
		if r.To < e.heard()[i].To {
			overtaken++
		}
	}
	if overtaken == 0 {
		t.Error("got all receipts in the order of their submits")
	}
}
