package smpp

import (
	"testing"

	"tocsin/providers/sms"
)

func TestEveryStatusHasItsVerdict(t *testing.T) {
	const (
		never = "never again"
		later = "later"
		slow  = "later and more slowly"
		line  = "later, the line is at fault"
	)
	want := map[uint32]struct {
		what   string
		reason sms.Reason
	}{
		0x02: {line, sms.CarrierFault}, 0x03: {line, sms.BadRequest},
		0x04: {line, sms.LineDown}, 0x05: {line, sms.LineDown},
		0x08: {later, sms.CarrierFault},
		0x0A: {never, sms.BadSender}, 0x0B: {never, sms.InvalidNumber}, 0x0C: {later, sms.CarrierFault},
		0x0D: {line, sms.LineDown}, 0x0E: {line, sms.LineDown}, 0x0F: {line, sms.LineDown},
		0x11: {later, sms.CarrierFault}, 0x13: {later, sms.CarrierFault},
		0x14: {slow, sms.QueueFull},
		0x45: {later, sms.CarrierFault},
		0x48: {never, sms.BadSender}, 0x49: {never, sms.BadSender},
		0x58: {slow, sms.Throttled},
		0x64: {later, sms.CarrierFault}, 0x65: {never, sms.Rejected}, 0x66: {never, sms.Rejected}, 0x67: {later, sms.CarrierFault},
		0xFE: {never, sms.Unreachable}, 0xFF: {later, sms.CarrierFault},
		0x100: {never, sms.NotPermitted}, 0x101: {never, sms.NotPermitted},
		0x102: {later, sms.CarrierFault}, 0x103: {never, sms.NotPermitted},
		0x10D: {later, sms.CarrierFault},
	}
	// What is left is our mistake: refused for good, look at the settings.
	for _, status := range []uint32{
		0x01, 0x06, 0x07, 0x15, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44, 0x50, 0x51, 0x53, 0x54, 0x55, 0x61, 0x62, 0x63,
		0xC0, 0xC1, 0xC2, 0xC3, 0xC4,
		0x104, 0x105, 0x106, 0x107, 0x108, 0x109, 0x10A, 0x10B, 0x10C, 0x10E, 0x10F, 0x110, 0x111, 0x112,
	} {
		want[status] = struct {
			what   string
			reason sms.Reason
		}{never, sms.BadRequest}
	}
	classes := map[string]class{never: permanent, later: temporary, slow: throttle, line: lineFault}
	for status, w := range want {
		got, ok := statuses[status]
		if !ok || got.class != classes[w.what] || got.reason != w.reason {
			t.Errorf("status %#x: got class %d, %v, listed %v, want %s, %v", status, got.class, got.reason, ok, w.what, w.reason)
		}
		outcome := sms.NotNow
		if w.what == never {
			outcome = sms.Refused
		}
		if v := verdictOf(status); v.Outcome != outcome || v.Reason != w.reason {
			t.Errorf("status %#x: got %v %v, want %v %v", status, v.Outcome, v.Reason, outcome, w.reason)
		}
		if renewed := w.what == line && w.reason == sms.LineDown; loggedOut(status) != renewed {
			t.Errorf("status %#x: the line is renewed: %v, want %v", status, !renewed, renewed)
		}
	}
	for status := range statuses {
		if _, ok := want[status]; !ok {
			t.Errorf("status %#x is in the table and nobody says why", status)
		}
	}
}

func TestAStatusOfNobodysLosesNobody(t *testing.T) {
	for _, status := range []uint32{0x09, 0x10, 0x400, 0x4FF, 0xFFFF, 0x80000000, 0xFFFFFFFF} {
		if v := verdictOf(status); v.Outcome != sms.NotNow || v.Reason != sms.CarrierFault || loggedOut(status) {
			t.Errorf("status %#x: got %v %v, want %v %v", status, v.Outcome, v.Reason, sms.NotNow, sms.CarrierFault)
		}
	}
	if v := verdictOf(StatusOK); v.Outcome != sms.Taken || v.Reason != sms.None || loggedOut(StatusOK) {
		t.Errorf("status 0: got %v %v, want taken", v.Outcome, v.Reason)
	}
}
