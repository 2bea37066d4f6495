package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// copyDir copies the files of a folder as they are, which is what a process that is killed
// leaves of them.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// allSaid is all that a ledger says of its recipients and of the list of who wants nothing.
func allSaid(t testing.TB, o Options) (string, error) {
	t.Helper()
	l, err := Open(t.Context(), o)
	if err != nil {
		return "", err
	}
	if err := l.Close(); err != nil {
		return "", err
	}
	r, err := OpenReader(o)
	if err != nil {
		return "", err
	}
	defer r.Close()
	var b bytes.Buffer
	all, err := readCampaigns(t.Context(), r.db, "")
	if err != nil {
		return "", err
	}
	for _, c := range all {
		fmt.Fprintf(&b, "%s %s %s %d %d %v %s\n", c.Key, c.Title, c.State, c.Rows, c.Planned, c.Excluded, c.Note)
		for _, p := range c.pages {
			fmt.Fprintf(&b, "%d %s %s %d %d\n", p.id, p.route, p.provider, p.size, p.resent)
		}
		if err := r.Export(t.Context(), c.Key, &b); err != nil {
			return "", err
		}
	}
	rows, err := r.db.Query(`SELECT number, why FROM suppression ORDER BY number`)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	for rows.Next() {
		var number, why string
		if err := rows.Scan(&number, &why); err != nil {
			return "", err
		}
		fmt.Fprintln(&b, number, why)
	}
	return b.String(), rows.Err()
}

// A left is a data folder in one of the ways that a process leaves it.
type left struct{ name, dir string }

// leftovers are data folders that were left by a kill, with and without a log that was
// copied before, by an end, and by a kill just after the next start.
func leftovers(t testing.TB) []left {
	t.Helper()
	dir := t.TempDir()
	o := Options{Dir: dir, Owner: "test"}
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	plan(t, l, "k", 60, 20)
	become(t, l, 1, Running)
	store := l.store.(*sqliteStore)
	send := func(index uint16) {
		t.Helper()
		tasks := l.Ready("a", sms.Routine, 1)
		k, err := l.Claim(t.Context(), tasks[0].Page, tasks[0].Epoch)
		if err != nil {
			t.Fatal(err)
		}
		for i := index; i < index+4; i++ {
			if err := l.Offer(k, []uint16{i}, []uint8{1}); err != nil {
				t.Fatal(err)
			}
			if i%4 != 3 {
				if err := l.Settle(k, []uint16{i}, taken(fmt.Sprint("r", i))); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := l.Release(k); err != nil {
			t.Fatal(err)
		}
	}
	var all []left
	keep := func(name string) { all = append(all, left{name, copyDir(t, dir)}) }
	send(0)
	if err := l.commit(func(c *commit) error {
		c.do(`INSERT INTO suppression (number, why, since) VALUES ($1, 'asked', 1)`, int64(first+118))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	keep("killed")
	if err := store.guard.copy(t.Context(), store.conn); err != nil {
		t.Fatal(err)
	}
	keep("killed after the log was copied")
	send(4)
	keep("killed with the next log")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	keep("ended")
	if l, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	keep("killed after a start")
	send(8)
	keep("killed after more")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestDamageOnTheDiskIsFoundOrHarmless damages one file of a data folder, opens the ledger
// and holds what it says then against what it says of the folder as it was.
func TestDamageOnTheDiskIsFoundOrHarmless(t *testing.T) { // D10
	aFile(t)
	flips := 20
	if testing.Short() {
		flips = 4
	}
	flipBits(t, flips)
}

// TestSoakOfDamage is that test with a thousand flips: make soak.
func TestSoakOfDamage(t *testing.T) { // D10
	aFile(t)
	if os.Getenv("TOCSIN_SOAK") == "" {
		t.Skip("TOCSIN_SOAK is not set: make soak flips a thousand bits")
	}
	flipBits(t, 40)
}

// flipBits flips so many bits of each file of each folder that was left, one at a time.
func flipBits(t *testing.T, flips int) {
	t.Helper()
	for _, was := range leftovers(t) {
		t.Run(was.name, func(t *testing.T) {
			want, err := allSaid(t, Options{Dir: copyDir(t, was.dir), Owner: "test"})
			if err != nil {
				t.Fatal(err)
			}
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			files, err := os.ReadDir(was.dir)
			if err != nil {
				t.Fatal(err)
			}
			outcomes := map[string]int{}
			for _, f := range files {
				for range flips {
					dir := copyDir(t, was.dir)
					path := filepath.Join(dir, f.Name())
					data, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					if len(data) == 0 {
						break
					}
					bit := random.IntN(8 * len(data))
					data[bit/8] ^= 1 << (bit % 8)
					if err := os.WriteFile(path, data, 0o600); err != nil {
						t.Fatal(err)
					}
					outcomes[f.Name()+": "+judge(t, fmt.Sprintf("bit %d of %s", bit, f.Name()), dir, want)]++
				}
			}
			t.Log(outcomes)
		})
	}
}

// TestFilesThatAreShortGoneOrOldAreFound does to the files of a folder what file systems and
// people do.
func TestFilesThatAreShortGoneOrOldAreFound(t *testing.T) { // D10
	aFile(t)
	all := leftovers(t)
	byName := map[string]string{}
	for _, was := range all {
		byName[was.name] = was.dir
	}
	remove := func(t *testing.T, dir string, names ...string) {
		for _, name := range names {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	put := func(t *testing.T, from, to string, names ...string) {
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(from, name))
			if errors.Is(err, os.ErrNotExist) {
				os.Remove(filepath.Join(to, name))
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(to, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	cut := func(t *testing.T, path string, by int64) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, max(0, info.Size()-by)); err != nil {
			t.Fatal(err)
		}
	}
	zero := func(t *testing.T, path string, page int64) {
		f, err := os.OpenFile(path, os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt(make([]byte, 4096), page*4096); err != nil {
			t.Fatal(err)
		}
	}
	const db, wal = "ledger.db", "ledger.db-wal"
	for _, c := range []struct {
		what, left string
		do         func(t *testing.T, dir string)
		want       string
	}{
		{"the log is gone", "killed", func(t *testing.T, dir string) { remove(t, dir, wal) }, "gone"}, // with the plan
		{"the log is gone after the plan was copied", "killed with the next log", func(t *testing.T, dir string) { remove(t, dir, wal) }, "paused"},
		{"the log is gone, and was copied", "killed after the log was copied", func(t *testing.T, dir string) { remove(t, dir, wal) }, "harmless"},
		{"the log is empty", "killed with the next log", func(t *testing.T, dir string) { cut(t, filepath.Join(dir, wal), 1<<40) }, "paused"},
		{"the log lacks its last frame", "killed after more", func(t *testing.T, dir string) { cut(t, filepath.Join(dir, wal), 4120) }, "paused"},
		{"the log lacks half a frame", "killed after more", func(t *testing.T, dir string) { cut(t, filepath.Join(dir, wal), 2000) }, "paused"},
		{"half a frame is behind the log", "killed after more", func(t *testing.T, dir string) { cut(t, filepath.Join(dir, wal), -2000) }, "harmless"},
		{"a page of the log is zeros", "killed after more", func(t *testing.T, dir string) { zero(t, filepath.Join(dir, wal), 3) }, "refused"},
		{"the log begins with zeros", "killed after more", func(t *testing.T, dir string) { zero(t, filepath.Join(dir, wal), 0) }, "refused"},
		{"the log is of an earlier time", "killed after more", func(t *testing.T, dir string) { put(t, byName["killed after a start"], dir, wal) }, "paused"},
		{"the log is of an earlier log", "killed after more", func(t *testing.T, dir string) { put(t, byName["killed with the next log"], dir, wal) }, "refused"},
		{"an old log beside a ledger that has ended", "ended", func(t *testing.T, dir string) { put(t, byName["killed with the next log"], dir, wal) }, "refused"},
		{"file and log are of an earlier time", "killed after more", func(t *testing.T, dir string) { put(t, byName["killed after a start"], dir, db, wal) }, "paused"},
		{"file and log are of long ago", "killed after more", func(t *testing.T, dir string) { put(t, byName["killed"], dir, db, wal) }, "refused"},
		{"the file is of an earlier time", "ended", func(t *testing.T, dir string) { put(t, byName["killed"], dir, db) }, "refused"},
		{"a page of the file is zeros", "ended", func(t *testing.T, dir string) { zero(t, filepath.Join(dir, db), 2) }, "refused"},
		{"the file is short", "ended", func(t *testing.T, dir string) { cut(t, filepath.Join(dir, db), 4096) }, "refused"},
		{"the file is gone", "ended", func(t *testing.T, dir string) { remove(t, dir, db) }, "gone"},
		{"file and log are gone", "killed", func(t *testing.T, dir string) { remove(t, dir, db, wal) }, "gone"},
		{"the file is empty", "ended", func(t *testing.T, dir string) { cut(t, filepath.Join(dir, db), 1<<40) }, "gone"},
		{"the mark is gone", "ended", func(t *testing.T, dir string) { remove(t, dir, "ledger.mark") }, "paused"},
		{"the mark is zeros", "killed", func(t *testing.T, dir string) { zero(t, filepath.Join(dir, "ledger.mark"), 0) }, "paused"},
		{"the sums are gone", "killed", func(t *testing.T, dir string) { remove(t, dir, "ledger.sums") }, "harmless"},
		{"the sums are zeros", "ended", func(t *testing.T, dir string) { zero(t, filepath.Join(dir, "ledger.sums"), 0) }, "harmless"},
		{"mark and sums are gone: a ledger of before", "ended", func(t *testing.T, dir string) { remove(t, dir, "ledger.mark", "ledger.sums") }, "harmless"},
	} {
		t.Run(c.what, func(t *testing.T) {
			want, err := allSaid(t, Options{Dir: copyDir(t, byName[c.left]), Owner: "test"})
			if err != nil {
				t.Fatal(err)
			}
			dir := copyDir(t, byName[c.left])
			c.do(t, dir)
			if got := judge(t, c.what, dir, want); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestFilesThatOthersMayReadAreMadePrivate starts with modes that anybody may have given.
func TestFilesThatOthersMayReadAreMadePrivate(t *testing.T) { // D11
	aFile(t)
	dir := t.TempDir()
	l := open(t, dir)
	plan(t, l, "k", 8, 4)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"": 0o777, "ledger.db": 0o666, "ledger.mark": 0o644, "ledger.sums": 0o640} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	logger, said := smstest.Kept(t)
	l, err := Open(t.Context(), Options{Dir: dir, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v of %s, want 0600", info.Mode().Perm(), err, f.Name())
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o775 {
		t.Errorf("got %v, %v of the folder, want 0775", info.Mode().Perm(), err)
	}
	if !strings.Contains(said.String(), "others could read or write") || !strings.Contains(said.String(), "ledger.db ledger.mark ledger.sums") {
		t.Errorf("got %q, want that it says so", said.String())
	}
}

// judge opens a damaged ledger. It may be refused, or be paused with everybody open in
// doubt, or be as it was.
func judge(t *testing.T, what, dir, want string) string {
	t.Helper()
	got, err := allSaid(t, Options{Dir: dir, Owner: "test"})
	switch {
	case errors.Is(err, ErrGone):
		return "gone"
	case errors.Is(err, ErrDamaged):
		return "refused"
	case err != nil:
		return "refused by SQLite"
	case got == want:
		return "harmless"
	case strings.Contains(got, "the ledger was found older than it was") && !strings.Contains(got, ",waiting,"):
		return "paused"
	}
	t.Errorf("%s: got a ledger that says\n%s\nwant\n%s", what, got, want)
	return "missed"
}
