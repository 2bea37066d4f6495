package linktest

import (
	"testing"

	"tocsin/providers/sms"
)

// ReceiptStands fails unless a receipt can be: of a number, in a state that carriers
// report, with a reason and a code where it failed.
func ReceiptStands(t testing.TB, r *sms.Receipt) {
	t.Helper()
	if r.To == 0 || r.To > 999_999_999_999_999 { // 15 digits: ITU-T E.164
		t.Fatalf("got number %d", uint64(r.To))
	}
	if r.State != sms.Delivered && r.State != sms.Failed && r.State != sms.Accepted {
		t.Fatalf("got state %v", r.State)
	}
	if (r.State == sms.Failed) != (r.Reason != sms.None) || r.State == sms.Delivered && r.Code != 0 {
		t.Fatalf("got %v because of %v, code %d", r.State, r.Reason, r.Code)
	}
}
