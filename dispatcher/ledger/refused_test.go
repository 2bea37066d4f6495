package ledger

import (
	"errors"
	"fmt"
	"testing"
)

// together writes requests in one group, as it happens when they come while another
// transaction is being written, and returns how each of them ended.
func together(l *Ledger, fns ...func(c *commit) error) []error {
	batch := make([]*request, len(fns))
	for i, fn := range fns {
		batch[i] = &request{apply: fn, done: make(chan struct{}, 1)}
	}
	l.mu.Lock()
	l.transact(batch)
	l.mu.Unlock()
	errs := make([]error, len(fns))
	for i, r := range batch {
		errs[i] = r.err
	}
	return errs
}

// refusedStatement is one that both databases refuse by a CHECK.
const refusedStatement = `INSERT INTO line (provider, owner, state, fault, since) VALUES ('a', 'o', 'sideways', '', 0)`

// TestAStatementThatIsRefusedForItsContentFailsItsOwnRequestAlone is case D1: what stands
// in one group with it is written, and what its request had done in memory is undone.
func TestAStatementThatIsRefusedForItsContentFailsItsOwnRequestAlone(t *testing.T) {
	for _, size := range []int{1, 2, 5} {
		for bad := range size {
			t.Run(fmt.Sprintf("%d of %d", bad+1, size), func(t *testing.T) {
				dir := t.TempDir()
				l := open(t, dir)
				planned := plan(t, l, "k", 10, 10)
				k := claim(t, l)
				var fns []func(c *commit) error
				for i := range size {
					fns = append(fns, func(c *commit) error {
						p, err := l.held(k)
						if err != nil {
							return err
						}
						c.offer(p, []uint16{uint16(i)}, []uint8{1})
						if i == bad {
							campaign := l.campaignOf(planned.ID)
							campaign.State, campaign.Note = Paused, "by a request that fails"
							c.must(campaign, `UPDATE campaign SET state = $1, note = $2 WHERE id = $3`, Paused, campaign.Note, planned.ID)
							c.do(refusedStatement)
							c.then = append(c.then, func() { t.Error("a request that was refused has had its effect") })
						}
						return nil
					})
				}
				for i, err := range together(l, fns...) {
					if i == bad && !errors.Is(err, ErrRefused) || i != bad && err != nil {
						t.Errorf("request %d: got %v", i+1, err)
					}
				}
				if err := l.Err(); err != nil {
					t.Fatalf("the ledger is broken: %v", err)
				}
				if now, err := l.Campaign("k"); err != nil || now.State != Running || now.Note != "" {
					t.Errorf("got the campaign %s %q, %v, want it as it was", now.State, now.Note, err)
				}
				expect(t, l, "k", Recipients{Waiting: 10 - size + 1, Offered: size - 1})
				offer(t, l, k, uint16(bad)) // who was not offered is offered now
				settle(t, l, k, taken("r"), uint16(bad))
				want := Recipients{Waiting: 10 - size, InDoubt: size - 1, Accepted: 1}
				if err := l.Release(k); err != nil {
					t.Fatal(err)
				}
				expect(t, l, "k", want)
				crash(l)
				l = open(t, dir) // the journal says the same
				defer l.Close()
				expect(t, l, "k", want)
			})
		}
	}
}

// TestSeveralThatAreRefusedTogetherAreAllTold: nobody is told that they are on disk who
// are not.
func TestSeveralThatAreRefusedTogetherAreAllTold(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	refused := func(c *commit) error { c.do(refusedStatement); return nil }
	own := errors.New("its own")
	errs := together(l, refused, func(c *commit) error { return own }, refused,
		func(c *commit) error { c.note("pause", "k", "", "li", "why"); return nil }, refused)
	for i, want := range []error{ErrRefused, own, ErrRefused, nil, ErrRefused} {
		if !errors.Is(errs[i], want) || want == nil && errs[i] != nil {
			t.Errorf("request %d: got %v, want %v", i+1, errs[i], want)
		}
	}
	var notes int
	if err := l.db.QueryRow(`SELECT count(*) FROM command`).Scan(&notes); err != nil || notes != 1 {
		t.Errorf("got %d commands, %v, want 1", notes, err)
	}
}

// TestAnErrorOfTheDatabaseBreaksTheLedgerForTheWholeGroup: what is no matter of content
// leaves open what was written.
func TestAnErrorOfTheDatabaseBreaksTheLedgerForTheWholeGroup(t *testing.T) {
	l := open(t, t.TempDir())
	plan(t, l, "k", 5, 5)
	errs := together(l,
		func(c *commit) error { c.note("pause", "k", "", "li", "why"); return nil },
		func(c *commit) error { c.do(`INSERT INTO nowhere VALUES (1)`); return nil })
	for i, err := range errs {
		if err == nil || errors.Is(err, ErrRefused) {
			t.Errorf("request %d: got %v, want the ledger broken", i+1, err)
		}
	}
	if l.Err() == nil {
		t.Error("the ledger is not broken")
	}
	crash(l)
}

func TestErrorsOfPostgreSQLByWhatTheyAreAbout(t *testing.T) {
	for code, content := range map[string]bool{
		"22021": true, "22003": true, "22001": true, "22P05": true, // a value: NUL, too large, too long, untranslatable
		"23505": true, "23514": true, "23502": true, // a rule of a table
		"54000": true,                                  // too long for an index
		"53100": false, "53200": false, "58030": false, // disk full, out of memory, I/O
		"57P01": false, "08006": false, "XX001": false, "42P01": false, "25006": false, "0A000": false,
	} {
		if got := postgresRefuses(code); got != content {
			t.Errorf("%s: got %v, want %v", code, got, content)
		}
	}
}
