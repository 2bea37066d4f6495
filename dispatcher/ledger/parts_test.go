package ledger

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// listed is the texts that answer campaign k, in order.
func listed(t *testing.T, dir string) []string {
	t.Helper()
	r, err := OpenReader(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out strings.Builder
	if err := r.ListReplies(t.Context(), "k", &out, ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, row := range rows[1:] {
		texts = append(texts, row[len(row)-1])
	}
	return texts
}

func TestALongMessageThatComesInPartsIsOne(t *testing.T) {
	began := time.Now().Truncate(time.Millisecond)
	// part is a part of a message of recipient index that comes so much later.
	part := func(index int, later time.Duration, ref uint16, of, number uint8, text string) sms.Incoming {
		m := from(index, text)
		m.Time, m.Part = began.Add(later), sms.NewPart(ref, of, number)
		return m
	}
	for _, tt := range []struct {
		name     string
		messages []sms.Incoming
		want     []string
	}{
		{"in order", []sms.Incoming{part(0, 0, 7, 2, 1, "the water "), part(0, 1, 7, 2, 2, "rises")}, []string{"the water rises"}},
		{
			"in disorder, around another message",
			[]sms.Incoming{part(0, 0, 7, 3, 3, "c"), part(1, time.Second, 7, 2, 1, "?"), part(0, 2*time.Second, 7, 3, 1, "a"), part(0, 3*time.Second, 7, 3, 2, "b")},
			[]string{"abc", "?[…]"},
		},
		{"said again by the carrier", []sms.Incoming{part(0, 0, 7, 2, 1, "a"), part(0, 0, 7, 2, 1, "a"), part(0, 0, 7, 2, 2, "b"), part(0, 0, 7, 2, 2, "b")}, []string{"ab"}},
		{"of which each part says the same", []sms.Incoming{part(0, 0, 7, 2, 1, "a"), part(0, 1, 7, 2, 2, "a")}, []string{"aa"}},
		{"of which one part is missing", []sms.Incoming{part(0, 0, 7, 3, 1, "a"), part(0, 1, 7, 3, 3, "c")}, []string{"a[…]c"}},
		{"of two people with one reference", []sms.Incoming{part(0, 0, 7, 2, 1, "a"), part(1, time.Second, 7, 2, 1, "x"), part(0, 2*time.Second, 7, 2, 2, "b"), part(1, 3*time.Second, 7, 2, 2, "y")}, []string{"ab", "xy"}},
		{
			"whose reference comes again two days later",
			[]sms.Incoming{part(0, 0, 7, 2, 1, "a"), part(0, 48*time.Hour, 7, 2, 1, "c"), part(0, 48*time.Hour+1, 7, 2, 2, "d")},
			[]string{"a[…]", "cd"},
		},
		{"whose parts look like keywords", []sms.Incoming{part(0, 0, 7, 2, 1, "TD"), part(0, 1, 7, 2, 2, "1")}, []string{"TD1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			l := openWith(t, heeding(t, dir))
			ask(t, l, "k", "", 4, 4)
			sent(t, l, 0, 1)
			var got Received
			for _, m := range tt.messages {
				got.add(hear(t, l, m))
			}
			n, err := l.Replies(t.Context(), "k")
			if err != nil {
				t.Fatal(err)
			}
			first := 0 // of these messages, whose first part has come
			for _, text := range tt.want {
				if !strings.HasPrefix(text, missing) {
					first++
				}
			}
			if got.Incoming[campaigns.Other] != first || len(got.Incoming) != 1 {
				t.Errorf("got %v, want %d of no meaning", got.Incoming, first)
			}
			if n.OptedOut != 0 || n.Answers[0].People != 0 || n.Other != n.People {
				t.Errorf("got %+v, want nothing of a meaning", n)
			}
			l.Close()
			if texts := listed(t, dir); !slices.Equal(texts, tt.want) {
				t.Errorf("got %q, want %q", texts, tt.want)
			}
		})
	}
}

func TestLongMessagesAndShortOnesAreCountedOnceEach(t *testing.T) {
	dir := t.TempDir()
	l := openWith(t, heeding(t, dir))
	defer l.Close()
	ask(t, l, "k", "", 4, 4)
	sent(t, l, 0, 1)
	for _, number := range []uint8{2, 1} {
		m := from(0, "half")
		m.Part = sms.NewPart(9, 2, number)
		hear(t, l, m)
	}
	hear(t, l, from(0, "1"), from(1, "2"))
	got, err := l.Replies(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if got.Messages != 3 || got.People != 2 || got.Answers[0].People != 1 || got.Answers[1].People != 1 || got.Other != 0 {
		t.Errorf("got %+v, want 3 messages of 2 people", got)
	}
}
