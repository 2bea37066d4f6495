package httpgw

import (
	"context"
	"time"

	"tocsin/providers/sms"
)

// receiveAgain is how soon receipts that could not be kept are tried again: the carrier
// may have forgotten them, so nothing more is asked for until they are.
const receiveAgain = time.Second

// pollReceipts asks for receipts until ctx ends.
func (p *Provider) pollReceipts(ctx context.Context, receive sms.ReceiveFunc) {
	for ctx.Err() == nil {
		c := p.newCall(nil)
		a, err := p.exchange(ctx, c, p.poll)
		n := 0
		switch {
		case err != nil:
		case a.status/100 != 2:
			p.log.Warn("the carrier gives no receipts", "status", a.status)
		default:
			n = p.polled(ctx, readJSON(a.body), receive)
		}
		if p.c.Poll.More == 0 || n < p.c.Poll.More {
			sleep(ctx, p.c.Poll.Every)
		}
	}
}

// polled hands receipts over, and is how many records there were.
func (p *Provider) polled(ctx context.Context, doc any, receive sms.ReceiveFunc) int {
	var receipts []sms.Receipt
	records := elements(doc, p.c.Poll.Report.Each)
	for _, record := range records {
		if one, ok := p.c.Poll.Report.receipt(record, p.c.Answer.Own); ok {
			receipts = append(receipts, one)
		}
	}
	if len(receipts) == 0 {
		return len(records)
	}
	for receive(receipts, nil) != nil && ctx.Err() == nil {
		sleep(ctx, receiveAgain)
	}
	return len(records)
}
