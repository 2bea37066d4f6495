package campaigns

import (
	"context"
	"errors"
	"strings"
	"testing"

	"tocsin/providers/sms"
)

// A keeper is a sink that keeps its batches as a ledger does, some of the recipients.
type keeper struct {
	batches []EarlierBatch
	some    func(n sms.Number) bool
}

func (k *keeper) AddBatch(b *Batch) error {
	fields, err := ParseFields(b.Fields.AppendBinary(nil))
	if err != nil {
		return err
	}
	kept := EarlierBatch{Fields: fields}
	for i, n := range b.Numbers {
		if k.some(n) {
			kept.Numbers, kept.Lines, kept.At = append(kept.Numbers, n), append(kept.Lines, b.Lines[i]), append(kept.At, i)
		}
	}
	k.batches = append(k.batches, kept)
	return nil
}

func (k *keeper) AddExclusions([]Exclusion) error { return nil }

// moved routes all Chinese numbers to one new carrier.
type moved struct{}

func (moved) Route(n sms.Number) sms.Route {
	if n/1e11 == 86 {
		return "new,mobile"
	}
	return ""
}

const twoLanguages = `key: k
language: language
texts: {zh: "((name))，河水上涨", en: "((name)), the river rises"}
audience: {files: [people.csv], where: district == "A", expect: {min: 5}}
`

// people are five recipients on two routes and in two languages, and two rows that
// are none.
const people = `number,name,language,district
13800000005,Li,zh,A
13000000001,Wu,en,A
13800000002,Qian,en,A
+8613000000003,Sun,zh,A
138 0000 0004,Zhou,fr,A
13800000009,Away,zh,B
12,Short,zh,A
`

// earlier plans the people and keeps some of them.
func earlier(t *testing.T, some func(sms.Number) bool) (*Definition, Earlier, string) {
	t.Helper()
	d := campaign(t, twoLanguages, map[string]string{"people.csv": people})
	o := PlanOptions{Router: carriers{}, Country: "CN"}
	k, r := &keeper{some: some}, &record{d: d, shown: 1}
	sum, err := d.Plan(t.Context(), o, k)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Plan(t.Context(), o, r); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(r.b.String(), "people.csv")
	return d, Earlier{Columns: sum.Columns, Batches: k.batches}, first
}

func everybody(sms.Number) bool { return true }

func TestAPlanOfEverybodyAgainIsTheSamePlan(t *testing.T) {
	d, e, first := earlier(t, everybody)
	r := &record{d: d, shown: 1}
	sum, err := d.PlanAgain(t.Context(), PlanOptions{Router: carriers{}}, e, r)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.b.String(); got != first {
		t.Errorf("got\n%swant\n%s", got, first)
	}
	if sum.Rows != 5 || sum.Planned != 5 || sum.Languages["en"] != 2 || sum.OtherLanguages != 1 || sum.Segments != 5 {
		t.Errorf("got %+v, want the five alone", sum)
	}
	checkBalance(t, sum)
}

func TestAPlanAgainGoesByRoutesAndListsAsTheyAreNow(t *testing.T) {
	d, e, _ := earlier(t, func(n sms.Number) bool { return n != 8613800000005 })
	r := &record{d: d, shown: 1}
	sum, err := d.PlanAgain(t.Context(), PlanOptions{Router: moved{}, Suppressed: func(n sms.Number) bool { return n == 8613800000002 }}, e, r)
	if err != nil {
		t.Fatal(err)
	}
	want := `batch 0 series 0 route new,mobile zh: 8613000000003 line 5 "Sun", 8613800000004 line 6 "Zhou"; 2 segments
batch 1 series 1 route new,mobile en: 8613000000001 line 3 "Wu"; 1 segments
people.csv:4 suppressed
`
	if got := r.b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if sum.Rows != 4 || sum.Planned != 3 || sum.Excluded["suppressed"] != 1 || sum.Routes["new,mobile"] != 3 {
		t.Errorf("got %+v", sum)
	}
}

func TestAPlanAgainIsRefused(t *testing.T) {
	d, e, _ := earlier(t, everybody)
	ended, end := context.WithCancel(t.Context())
	end()
	nobody := func(sms.Number) bool { return true }
	for name, tt := range map[string]struct {
		ctx     context.Context
		o       PlanOptions
		columns []string
		want    string
	}{
		"nobody wants anything any more": {t.Context(), PlanOptions{Router: carriers{}, Suppressed: nobody}, e.Columns, "of 5 who have failed 5 are suppressed"},
		"the columns are others":         {t.Context(), PlanOptions{Router: carriers{}}, []string{"number"}, "language is the column"},
		"there is no router":             {t.Context(), PlanOptions{}, e.Columns, "no router"},
		"its context has ended":          {ended, PlanOptions{Router: carriers{}}, e.Columns, context.Canceled.Error()},
	} {
		sum, err := d.PlanAgain(tt.ctx, tt.o, Earlier{Columns: tt.columns, Batches: e.Batches}, discard{})
		if err == nil || sum != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
	broken := errors.New("no room")
	if _, err := d.PlanAgain(t.Context(), PlanOptions{Router: carriers{}}, e, &record{d: d, fail: broken}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the sink's error", err)
	}
}
