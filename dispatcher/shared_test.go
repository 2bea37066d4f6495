package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/ledger/ledgertest"
	"tocsin/dispatcher/queue"
)

// A shared is what several nodes share: a database in a real PostgreSQL, whose clock is
// the bubble's, and a queue.
type shared struct {
	server   *ledgertest.Postgres
	database string
	admin    *pgx.Conn // of the bubble
	queue    *queue.Queue

	roles int
	nodes []*node // those that are up
}

// options put virtual.clock_timestamp() before PostgreSQL's own: how long a node was
// silent is measured by the database's clock.
const virtualClock = "&options=-c%20search_path%3Dvirtual,pg_catalog"

// as is the database's URL for a role.
func (s *shared) as(role string) string { return s.server.URL(role, s.database) + virtualClock }

// A pool makes databases for storms, each a copy of one that holds an empty ledger.
type pool struct {
	server *ledgertest.Postgres

	mu   sync.Mutex // one copy at a time
	made int
}

const emptyLedger = "empty"

func newPool(t *testing.T) *pool {
	t.Helper()
	server, err := ledgertest.NewPostgres("fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=500")
	if errors.Is(err, ledgertest.ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Remove)
	p := &pool{server: server}
	p.do(t, "postgres", `CREATE DATABASE `+emptyLedger)
	p.do(t, emptyLedger, `CREATE SCHEMA virtual`)
	p.do(t, emptyLedger, `CREATE TABLE virtual.clock (at TIMESTAMPTZ NOT NULL)`)
	p.do(t, emptyLedger, `INSERT INTO virtual.clock VALUES (now())`)
	p.do(t, emptyLedger, `CREATE FUNCTION virtual.clock_timestamp() RETURNS TIMESTAMPTZ LANGUAGE sql VOLATILE AS 'SELECT at FROM virtual.clock'`)
	l, err := ledger.Open(t.Context(), ledger.Options{URL: server.URL("tocsin", emptyLedger) + virtualClock, Visitor: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// do runs one statement as the server's superuser.
func (p *pool) do(t *testing.T, database, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, p.server.URL("tocsin", database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

// database makes a database that is there until the test ends.
func (p *pool) database(t *testing.T) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	name := fmt.Sprint("storm", p.made)
	p.do(t, "postgres", `CREATE DATABASE `+name+` TEMPLATE `+emptyLedger+` STRATEGY FILE_COPY`)
	t.Cleanup(func() { p.do(t, "postgres", `DROP DATABASE `+name+` WITH (FORCE)`) })
	return name
}

// share makes the world's ledger one that several nodes share; there is none yet.
func (w *world) share(server *ledgertest.Postgres, database string) {
	w.t.Helper()
	ctx := context.Background()
	s := &shared{server: server, database: database}
	var err error
	if s.admin, err = pgx.Connect(ctx, s.as("tocsin")); err != nil {
		w.t.Fatal(err)
	}
	if err := s.setClock(s.admin); err != nil { // before anybody reads it: the copy has the time at which it was made
		w.t.Fatal(err)
	}
	if s.queue, err = queue.Open(ctx, queue.Options{}); err != nil {
		w.t.Fatal(err)
	}
	w.shared = s
	running, stop := context.WithCancel(ctx)
	var both sync.WaitGroup
	both.Go(func() { s.queue.Run(running) })
	both.Go(func() { s.tick(running, w.t) })
	w.t.Cleanup(func() {
		stop()
		both.Wait()
		s.queue.Close()
		s.admin.Close(ctx)
	})
}

// tick keeps the database's clock.
func (s *shared) tick(ctx context.Context, t *testing.T) {
	background := context.Background()
	clock, err := pgx.Connect(background, s.as("tocsin"))
	if err != nil {
		t.Error(err)
		return
	}
	defer clock.Close(background)
	for {
		if err := s.setClock(clock); err != nil {
			t.Errorf("keep the clock: %v", err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// setClock gives the database the bubble's time.
func (s *shared) setClock(conn *pgx.Conn) error {
	_, err := conn.Exec(context.Background(), `UPDATE virtual.clock SET at = $1`, time.Now())
	return err
}

// newRole is a user of the server for one life of one node.
func (s *shared) newRole(t *testing.T) string {
	t.Helper()
	s.roles++
	role := fmt.Sprint(s.database, "_", s.roles)
	if _, err := s.admin.Exec(context.Background(), `CREATE ROLE `+role+` LOGIN SUPERUSER`); err != nil {
		t.Fatal(err)
	}
	return role
}

// join brings one node more up.
func (w *world) join() {
	w.t.Helper()
	w.shared.nodes = append(w.shared.nodes, w.launch())
	w.node = w.shared.nodes[0]
}

// leaving takes node i out of those that are up.
func (w *world) leaving(i int) *node {
	s := w.shared
	n := s.nodes[i]
	s.nodes = append(s.nodes[:i], s.nodes[i+1:]...)
	if w.node = nil; len(s.nodes) > 0 {
		w.node = s.nodes[0]
	}
	return n
}

// stopNode ends node i as SIGTERM does.
func (w *world) stopNode(i int) {
	w.t.Helper()
	if err := w.leaving(i).end(); err != nil {
		w.t.Errorf("stop: %v", err)
	}
}

// killNode ends node i as kill -9 does: in one instant its lines and its connections to
// the database are gone, and none comes back.
func (w *world) killNode(i int) {
	w.t.Helper()
	n := w.leaving(i)
	n.mu.Lock()
	n.dead = true
	for _, line := range n.lines {
		line.Close()
	}
	n.mu.Unlock()
	for _, statement := range []string{
		`ALTER ROLE ` + n.role + ` NOLOGIN`,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '` + n.role + `'`,
	} {
		if _, err := w.shared.admin.Exec(context.Background(), statement); err != nil {
			w.t.Errorf("kill a node: %v", err)
		}
	}
	w.crashes++
	n.end() // what is left of it can reach nobody, and says so
	w.checkBalance()
}
