package peers

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// A client is gosmpp logged in to the carrier, and what it was told.
type client struct {
	session *gosmpp.Session
	errs    chan error

	mu       sync.Mutex
	answered int
	ids      map[string]bool     // of what was taken
	refused  map[string]bool     // numbers
	receipts map[string][]string // by number: id and state
	waiting  map[int32][]string  // the numbers of a submit, by its sequence number
}

// newClient logs in until the test ends.
func newClient(t *testing.T, address string) *client {
	t.Helper()
	c := &client{
		errs: make(chan error, 100), ids: map[string]bool{}, refused: map[string]bool{},
		receipts: map[string][]string{}, waiting: map[int32][]string{},
	}
	said := func(what string) func(error) {
		return func(err error) {
			select {
			case c.errs <- fmt.Errorf("%s: %w", what, err):
			default:
			}
		}
	}
	session, err := gosmpp.NewSession(
		gosmpp.TRXConnector(gosmpp.NonTLSDialer, gosmpp.Auth{SMSC: address, SystemID: "gosmpp", Password: "secret"}),
		gosmpp.Settings{
			ReadTimeout:      10 * time.Second,
			EnquireLink:      time.Second,
			OnPDU:            func(p pdu.PDU, _ bool) { c.take(p) },
			OnReceivingError: said("receive"),
			OnRebindingError: said("log in again"),
			OnSubmitError:    func(_ pdu.PDU, err error) { said("submit")(err) },
		}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	c.session = session
	return c
}

func (c *client) take(p pdu.PDU) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch p := p.(type) {
	case *pdu.SubmitSMResp:
		c.answered++
		if p.IsOk() {
			c.ids[p.MessageID] = true
			return
		}
		for _, number := range c.waiting[p.SequenceNumber] {
			c.refused[number] = true
		}
	case *pdu.SubmitMultiResp:
		c.answered++
		c.ids[p.MessageID] = true
		for _, sme := range p.UnsuccessSMEs.Get() {
			c.refused[sme.Address.Address()] = true
		}
	case *pdu.DeliverSM:
		id, state := p.OptionalParameters[pdu.TagReceiptedMessageID], p.OptionalParameters[pdu.TagMessageStateOption]
		number := p.SourceAddr.Address()
		c.receipts[number] = append(c.receipts[number], fmt.Sprintf("%s %d", id.String(), state.Data))
	}
}

// submit sends a PDU for these numbers.
func (c *client) submit(t *testing.T, p pdu.PDU, numbers ...string) {
	t.Helper()
	p.AssignSequenceNumber()
	c.mu.Lock()
	c.waiting[p.GetSequenceNumber()] = numbers
	c.mu.Unlock()
	if err := c.session.Transceiver().Submit(p); err != nil {
		t.Fatal(err)
	}
}

func address(t *testing.T, number string) pdu.Address {
	t.Helper()
	a, err := pdu.NewAddressWithTonNpiAddr(1, 1, number)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// sender is who the messages are from.
func sender(t *testing.T) pdu.Address {
	t.Helper()
	a, err := pdu.NewAddressWithTonNpiAddr(0, 1, "10690000")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestGosmppIsAClientOfTheSimulatedCarrier(t *testing.T) {
	t.Parallel()
	carrier, path := startCarrier(t, "--refuse", "0.1", "--fail-receipts", "0.2", "--system-id", "gosmpp", "--password", "secret")
	c := newClient(t, carrier)
	want := map[string]string{}
	submits, segments := 0, map[string]int{}
	for i := range 400 { // one by one
		number := fmt.Sprintf("86139%08d", i)
		text, enc := "keep away from the river €[]", data.Encoding(data.GSM7BIT)
		switch i % 4 {
		case 1:
			text, enc = "河水上涨🌊请勿靠近。", data.UCS2
		case 2:
			text, enc = strings.Repeat("河水上涨，请勿靠近。", 20), data.UCS2
		case 3:
			text = strings.Repeat("river rising, ", 30)
		}
		p := pdu.NewSubmitSM().(*pdu.SubmitSM)
		p.SourceAddr, p.DestAddr, p.RegisteredDelivery = sender(t), address(t, number), 1
		if err := p.Message.SetLongMessageWithEnc(text, enc); err != nil {
			t.Fatal(err)
		}
		parts, err := p.Split()
		if err != nil {
			t.Fatal(err)
		}
		want[number], segments[number] = text, len(parts)
		for _, part := range parts {
			c.submit(t, part, number)
			submits++
		}
	}
	for i := range 10 { // and in batches
		p := pdu.NewSubmitMulti().(*pdu.SubmitMulti)
		p.SourceAddr, p.RegisteredDelivery = sender(t), 1
		text := fmt.Sprintf("批次 %d", i)
		if err := p.Message.SetMessageWithEncoding(text, data.UCS2); err != nil {
			t.Fatal(err)
		}
		var numbers []string
		for k := range 50 {
			number := fmt.Sprintf("86138%08d", i*50+k)
			d := pdu.NewDestinationAddress()
			d.SetAddress(address(t, number))
			p.DestAddrs.Add(d)
			numbers = append(numbers, number)
			want[number], segments[number] = text, 1
		}
		c.submit(t, p, numbers...)
		submits++
	}
	waitFor(t, "gosmpp has an answer to every submit and a receipt for everything taken", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for number, n := range segments {
			if !c.refused[number] && len(c.receipts[number]) < n {
				return false
			}
		}
		return c.answered >= submits
	})
	select {
	case err := <-c.errs:
		t.Error(err)
	default:
	}
	c.compare(t, lines[line](t, path), want)
}

// compare holds what gosmpp was told against the carrier's journal.
func (c *client) compare(t *testing.T, journal []line, want map[string]string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.SortStableFunc(journal, func(a, b line) int { return a.Part - b.Part })
	texts, ids := map[string]string{}, map[string][]string{}
	for _, l := range journal {
		texts[l.Number] += l.Text
		ids[l.Number] = append(ids[l.Number], l.ID)
	}
	said := &complaints{t: t}
	failed := 0
	for number, text := range want {
		switch {
		case c.refused[number]:
			if texts[number] != "" || len(c.receipts[number]) > 0 {
				said.say("a refused number is in the journal or has a receipt")
			}
			continue
		case texts[number] != text:
			said.say("the carrier took %q, want %q", texts[number], text)
		}
		var receipted []string
		for _, r := range c.receipts[number] {
			id, state, _ := strings.Cut(r, " ")
			receipted = append(receipted, id)
			switch {
			case !c.ids[id]:
				said.say("a receipt names an id that no answer gave")
			case state == "[5]": // UNDELIVERABLE, SMPP 3.4 section 5.2.28
				failed++
			case state != "[2]": // DELIVERED
				said.say("a receipt says state %s", state)
			}
		}
		slices.Sort(receipted)
		slices.Sort(ids[number])
		if !slices.Equal(receipted, ids[number]) {
			said.say("got receipts for %v, the journal has %v", receipted, ids[number])
		}
	}
	if len(c.refused) < len(want)/20 || len(c.refused) > len(want)/5 || failed == 0 {
		said.say("got %d of %d refused and %d receipts that say failed: not as the carrier was told", len(c.refused), len(want), failed)
	}
}
