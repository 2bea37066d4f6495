package ledger

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"tocsin/dispatcher/ledger/ledgertest"
	"tocsin/providers/sms/smstest"
)

// onPostgres names the environment variable that puts the ledgers of this
// package's tests into a PostgreSQL; its value is "yes".
const onPostgres = "TOCSIN_TEST_POSTGRES"

// postgres is the server of a run on PostgreSQL, and the database of each folder
// that a test calls a ledger.
var postgres struct {
	sync.Mutex
	server    *ledgertest.Postgres
	blank     string // the database that holds a ledger in which nothing is
	databases map[string]string
}

// TestMain starts the server of a run on PostgreSQL.
func TestMain(m *testing.M) {
	if os.Getenv(onPostgres) == "yes" {
		server, err := ledgertest.NewPostgres("fsync=off") // what is on disk is no question of these tests
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		postgres.server, postgres.databases = server, map[string]string{}
		if err := blankDatabase(); err != nil {
			server.Remove()
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	code := m.Run()
	if postgres.server != nil {
		postgres.server.Remove()
	}
	os.Exit(code)
}

// blankDatabase makes the database that the others are copies of.
func blankDatabase() error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, postgres.server.URL("tocsin", "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	postgres.blank = "blank"
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+postgres.blank); err != nil {
		return err
	}
	l, err := Open(ctx, Options{URL: postgres.server.URL("tocsin", postgres.blank), Visitor: true})
	if err != nil {
		return err
	}
	return l.Close()
}

// options are those of the ledger that a test keeps in dir.
func options(t testing.TB, dir string) Options {
	t.Helper()
	o := Options{Dir: dir, Owner: "test", Logger: smstest.Logger(t)}
	if os.Getenv(onPostgres) != "yes" {
		return o
	}
	postgres.Lock()
	defer postgres.Unlock()
	if postgres.databases[dir] == "" {
		postgres.databases[dir] = postgres.server.CopyDatabase(t, postgres.blank)
	}
	o.URL, o.Owner = postgres.databases[dir], "" // each process has a name of its own
	return o
}

// aFile skips what is about a file on a run on PostgreSQL.
func aFile(t *testing.T) {
	if os.Getenv(onPostgres) == "yes" {
		t.Skip("about SQLite's file")
	}
}

// TestEverythingHoldsOnPostgreSQL runs all tests of this package again, with each
// ledger in a database of a real server.
func TestEverythingHoldsOnPostgreSQL(t *testing.T) {
	if os.Getenv(onPostgres) == "yes" {
		t.Skip("it is what runs now")
	}
	if !ledgertest.HasPostgres() {
		t.Skip(ledgertest.ErrAbsent)
	}
	args := []string{"-test.run=.", "-test.count=1", "-rapid.checks=20"}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	if testing.Verbose() {
		args = append(args, "-test.v")
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), onPostgres+"=yes")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
