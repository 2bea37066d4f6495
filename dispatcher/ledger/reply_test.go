package ledger

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/campaigns"
	"tocsin/providers/sms"
)

// heeding is a ledger that knows the usual keywords.
func heeding(t testing.TB, dir string) Options {
	o := options(t, dir)
	o.Replies.Keywords = campaigns.NewKeywords(nil, nil)
	return o
}

// ask plans a campaign of n recipients in pages of size that asks for answers.
func ask(t *testing.T, l *Ledger, key, override string, n, size int) Campaign {
	t.Helper()
	c, err := l.Plan(t.Context(), Draft{Key: key, Class: sms.Routine, Hash: "h"}, func(s campaigns.Sink) (*campaigns.Summary, error) {
		for at, k := 0, 0; at < n; at, k = at+size, k+1 {
			b := &campaigns.Batch{Sequence: k, Route: "a,b"}
			for i := at; i < min(at+size, n); i++ {
				b.Numbers, b.Lines = append(b.Numbers, first+sms.Number(2*i)), append(b.Lines, uint32(i+2))
				b.Segments++
			}
			if err := s.AddBatch(b); err != nil {
				return nil, err
			}
		}
		return &campaigns.Summary{
			Rows: n, Planned: n, Excluded: map[string]int{}, Override: override,
			Replies: campaigns.Replies{{Keyword: "1", Label: "safe"}, {Keyword: "2", Label: "need help"}, {Keyword: "平安", Label: "safe"}},
		}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	become(t, l, c.ID, Running)
	return c
}

// from is a message of the index-th recipient.
func from(index int, text string) sms.Incoming {
	return sms.Incoming{From: (first + sms.Number(2*index)).Digits(), To: "10690000", Text: text}
}

func hear(t *testing.T, l *Ledger, messages ...sms.Incoming) Received {
	t.Helper()
	got, err := l.Receive("a", nil, messages)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// lastOf is the last message from a recipient: what it means, and the campaign it answers.
func lastOf(t *testing.T, l *Ledger, index int) (meaning string, campaign int64) {
	t.Helper()
	err := l.db.QueryRow(`SELECT meaning, campaign FROM incoming WHERE number = $1 ORDER BY at DESC LIMIT 1`, int64(first)+int64(2*index)).Scan(&meaning, &campaign)
	if err != nil {
		t.Fatal(err)
	}
	return meaning, campaign
}

// sent takes recipients of the next page to delivered.
func sent(t *testing.T, l *Ledger, indexes ...uint16) *Claim {
	t.Helper()
	k := claim(t, l)
	offer(t, l, k, indexes...)
	for _, i := range indexes {
		settle(t, l, k, taken("r"), i)
		receive(t, l, int(k.Numbers[i]-first)/2, "r", sms.Delivered)
	}
	return k
}

func TestAMessageAnswersTheNewestCampaignThatWasOffered(t *testing.T) {
	l := openWith(t, heeding(t, t.TempDir()))
	defer l.Close()
	one := ask(t, l, "one", "", 4, 4)
	sent(t, l, 0, 1)
	two := ask(t, l, "two", "", 4, 4)
	k := sent(t, l, 0)
	if k.Campaign.ID != two.ID {
		t.Fatalf("got a page of %s, want one of two", k.Campaign.Key)
	}
	hear(t, l, from(0, "1"), from(1, "２。"), from(2, "1"), sms.Incoming{From: "10086", Text: "1"})
	for i, want := range []int64{two.ID, one.ID, 0} {
		if _, got := lastOf(t, l, i); got != want {
			t.Errorf("recipient %d: got campaign %d, want %d", i, got, want)
		}
	}
	if meaning, _ := lastOf(t, l, 2); meaning != campaigns.Other {
		t.Errorf("got %v for an answer to nothing, want %v", meaning, campaigns.Other)
	}
	var number int64
	if err := l.db.QueryRow(`SELECT number FROM incoming WHERE sender = '10086'`).Scan(&number); err != nil || number != 0 {
		t.Errorf("a short code: got number %d, %v, want none", number, err)
	}
}

func TestAMessageAnswersNothingThatWasOfferedTooLongAgo(t *testing.T) {
	l := openWith(t, heeding(t, t.TempDir()))
	defer l.Close()
	ask(t, l, "k", "", 4, 4)
	sent(t, l, 0, 1)
	later := func(d time.Duration) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ahead += d.Milliseconds() // the ledger's clock
	}
	later(AnswersWithin - time.Hour)
	hear(t, l, from(0, "1"))
	if _, got := lastOf(t, l, 0); got == 0 {
		t.Error("within a week: got no campaign, want the one that was sent")
	}
	later(2 * time.Hour)
	hear(t, l, from(1, "1"))
	if _, got := lastOf(t, l, 1); got != 0 {
		t.Errorf("after a week: got campaign %d, want none", got)
	}
}

func TestRepliesAreCountedByTheLastAnswerOfEach(t *testing.T) {
	dir := t.TempDir()
	l := openWith(t, heeding(t, dir))
	ask(t, l, "k", "", 8, 8)
	sent(t, l, 0, 1, 2, 3, 4, 5)
	at := func(m sms.Incoming, second int) sms.Incoming {
		m.Time = time.Now().Add(time.Duration(second) * time.Second)
		return m
	}
	hear(t, l, at(from(0, "1"), 0), at(from(1, "1"), 0), at(from(2, "平安！"), 0), at(from(3, "what?"), 0), at(from(4, "TD"), 0))
	hear(t, l, at(from(1, "2"), 2), at(from(0, "thanks"), 2))
	want := ReplyCounts{Messages: 7, People: 5, Other: 1, OptedOut: 1, Answers: []ReplyCount{
		{"safe", []string{"1", "平安"}, 2}, {"need help", []string{"2"}, 1},
	}}
	got, err := l.Replies(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if got.Silent == nil || *got.Silent != 1 {
		t.Errorf("got silent %v, want 1: who has it and has said nothing", got.Silent)
	}
	got.Silent = nil
	compare(t, *got, want)
	report, err := l.Report(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	compare(t, *report.Replies, want)
	l.Close()
	r, err := OpenReader(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out strings.Builder
	if err := r.ListReplies(t.Context(), "k", &out, ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 8 || !strings.Contains(out.String(), ",answer,need help,2\n") {
		t.Errorf("got\n%s\nwant a head and 7 messages, one of who needs help", out.String())
	}
	out.Reset()
	if err := r.ListReplies(t.Context(), "k", &out, ExportOptions{Chinese: true, Word: func(name string) string { return "<" + name + ">" }}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "号码,时间"+time.Now().Format(" (UTC-07:00)")+",通道,含义,选项,内容\n") || !strings.Contains(out.String(), ",<answer>,need help,2\n") {
		t.Errorf("got\n%s\nwant it in Chinese", out.String())
	}
	if _, err := r.Replies(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want %v", err, ErrNotFound)
	}
}

func compare(t *testing.T, got, want ReplyCounts) {
	t.Helper()
	if len(got.Answers) != len(want.Answers) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i, a := range got.Answers {
		if b := want.Answers[i]; a.Label != b.Label || a.People != b.People || strings.Join(a.Keywords, " ") != strings.Join(b.Keywords, " ") {
			t.Errorf("got %+v, want %+v", a, b)
		}
	}
	got.Answers, want.Answers = nil, nil
	if got.Messages != want.Messages || got.People != want.People || got.Other != want.Other || got.OptedOut != want.OptedOut || got.OptedIn != want.OptedIn {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAMessageThatTheCarrierSaysAgainIsKeptOnce(t *testing.T) {
	dir := t.TempDir()
	l := openWith(t, heeding(t, dir))
	ask(t, l, "k", "", 4, 4)
	sent(t, l, 0, 1)
	named := from(0, "1")
	named.Ref = "M1"
	other := named
	other.Ref = "M2"
	if got := hear(t, l, named, named, from(1, "1")); got.Incoming[campaigns.Answer] != 2 {
		t.Errorf("got %v, want 2 answers", got.Incoming)
	}
	if got := hear(t, l, named, from(1, "1")); len(got.Incoming) != 0 {
		t.Errorf("said again: got %v, want nothing", got.Incoming)
	}
	crash(l)
	l = openWith(t, heeding(t, dir))
	defer l.Close()
	hear(t, l, named, from(1, "1")) // by a process that remembers nothing
	if got := hear(t, l, other, from(1, "2")); got.Incoming[campaigns.Answer] != 2 {
		t.Errorf("said anew: got %v, want 2 answers", got.Incoming)
	}
	var n int
	if err := l.db.QueryRow(`SELECT count(*) FROM incoming`).Scan(&n); err != nil || n != 4 {
		t.Errorf("got %d messages, %v, want 4", n, err)
	}
}

func TestABackupHasRepliesAndTheListWithItsHistory(t *testing.T) {
	dir := t.TempDir()
	l := openWith(t, heeding(t, dir))
	ask(t, l, "k", "", 10, 4)
	k := sent(t, l, 0)
	hear(t, l, from(0, "1"), from(1, "TD"), from(2, "TD"), from(2, "START"))
	if err := l.Offer(k, []uint16{1}, []uint8{1}); !errors.Is(err, ErrOptedOut) {
		t.Fatalf("got %v, want %v", err, ErrOptedOut)
	}
	l.Close()
	file := filepath.Join(t.TempDir(), "backup.db")
	if err := Backup(t.Context(), options(t, dir), file); err != nil {
		t.Fatal(err)
	}
	aFile(t)
	to := t.TempDir()
	if err := Restore(t.Context(), options(t, to), file); err != nil {
		t.Fatal(err)
	}
	l = openWith(t, heeding(t, to))
	defer l.Close()
	got, err := l.Report(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if got.OptedOut != 1 || got.Replies.OptedOut != 0 || got.Replies.Answers[0].People != 1 || !got.Balanced {
		t.Errorf("got %+v, want one opted out and one safe", got)
	}
	var history int
	if err := l.db.QueryRow(`SELECT count(*) FROM consent`).Scan(&history); err != nil || history != 3 {
		t.Errorf("got %d changes of the list, %v, want 3", history, err)
	}
	sound(t, l, to)
}
