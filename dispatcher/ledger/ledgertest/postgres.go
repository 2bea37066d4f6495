// Package ledgertest starts real PostgreSQL servers for tests.
package ledgertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Postgres is a server on loopback that ends with its test.
type Postgres struct {
	dir, data string
	port      int
	process   *exec.Cmd
	as        *syscall.Credential // PostgreSQL refuses to run as root
	databases int
	settings  []string // of its configuration, beside those below
}

// program finds one of PostgreSQL's programs; Debian keeps them out of the path.
func program(name string) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return slices.Max(found)
	}
	path, _ := exec.LookPath(name)
	return path
}

// ErrAbsent says that PostgreSQL is not installed here.
var ErrAbsent = errors.New("PostgreSQL is not here: apt-get install postgresql")

// HasPostgres reports whether PostgreSQL is installed.
func HasPostgres() bool { return program("postgres") != "" && program("initdb") != "" }

// StartPostgres is NewPostgres for one test, which is skipped where PostgreSQL is
// not installed.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	p, err := NewPostgres()
	if errors.Is(err, ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Remove)
	return p
}

// NewPostgres starts a server whose commits are on disk when it says so, unless
// settings say otherwise. Remove it when done.
func NewPostgres(settings ...string) (*Postgres, error) {
	if !HasPostgres() {
		return nil, ErrAbsent
	}
	// Not a test's own folder: its parents are closed to other users.
	dir, err := os.MkdirTemp("", "tocsin-postgres-")
	if err != nil {
		return nil, err
	}
	p := &Postgres{dir: dir, data: filepath.Join(dir, "data"), settings: settings}
	if err := p.create(); err != nil {
		p.Remove()
		return nil, err
	}
	return p, nil
}

func (p *Postgres) create() (err error) {
	if os.Geteuid() == 0 {
		if p.as, err = nobody(p.dir); err != nil {
			return err
		}
	}
	cluster, err := emptyCluster()
	if err != nil {
		return err
	}
	unpack := p.command("tar", "-x", "-C", p.dir)
	unpack.Stdin = bytes.NewReader(cluster)
	if out, err := unpack.CombinedOutput(); err != nil {
		return fmt.Errorf("unpack an empty cluster: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	return p.Start()
}

// emptyCluster is what initdb makes, as a tar: made once, since a copy takes a tenth of the time.
var emptyCluster = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "tocsin-postgres-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	p := &Postgres{dir: dir, data: filepath.Join(dir, "data")}
	if os.Geteuid() == 0 {
		if p.as, err = nobody(dir); err != nil {
			return nil, err
		}
	}
	if out, err := p.command("initdb", "-D", p.data, "-U", "tocsin", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return p.command("tar", "-c", "-C", dir, "data").Output()
})

// Remove ends the server and removes its files.
func (p *Postgres) Remove() {
	p.Kill()
	os.RemoveAll(p.dir)
}

// nobody is who the server runs as when the tests are root, made the owner of dir.
func nobody(dir string) (*syscall.Credential, error) {
	var u *user.User
	var err error
	for _, name := range []string{"postgres", "nobody"} {
		if u, err = user.Lookup(name); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2, os.Chown(dir, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (p *Postgres) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(program(name), args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	// The server dies with its test, however that ends.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

// Start starts the server, after it was killed too, and waits until it answers.
func (p *Postgres) Start() error {
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", p.data, "-p", strconv.Itoa(p.port), "-k", p.dir}
	for _, s := range append([]string{"listen_addresses=127.0.0.1", "fsync=on", "max_connections=200", "shared_buffers=64MB"}, p.settings...) {
		args = append(args, "-c", s)
	}
	p.process = p.command("postgres", args...)
	p.process.Stdout, p.process.Stderr = log, log
	if err := p.process.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := p.answers()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(filepath.Join(p.dir, "log"))
			return fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, said)
		}
	}
}

func (p *Postgres) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Kill ends the server at once, as the loss of its machine would but for the disk.
func (p *Postgres) Kill() {
	if p.process != nil {
		// All of its processes: the children notice, but take their time.
		exec.Command("pkill", "-KILL", "-P", strconv.Itoa(p.process.Process.Pid)).Run()
		p.process.Process.Kill()
		p.process.Wait()
		p.process = nil
	}
}

// Snapshot keeps the server's files as they are in the instant in which it is killed, and
// starts it again.
func (p *Postgres) Snapshot() error {
	p.Kill()
	if out, err := exec.Command("cp", "-a", p.data, p.data+".old").CombinedOutput(); err != nil {
		return fmt.Errorf("keep the files: %w\n%s", err, out)
	}
	return p.Start()
}

// Rewind makes the server what it was at the Snapshot, as a standby is that was behind.
func (p *Postgres) Rewind() error {
	p.Kill()
	if err := os.RemoveAll(p.data); err != nil {
		return err
	}
	if err := os.Rename(p.data+".old", p.data); err != nil {
		return err
	}
	return p.Start()
}

// Port is where the server listens on loopback.
func (p *Postgres) Port() int { return p.port }

// Hang stops all of the server's processes where they are: connections stay open and
// nothing is answered.
func (p *Postgres) Hang() { p.all(syscall.SIGSTOP) }

// GoOn ends a Hang.
func (p *Postgres) GoOn() { p.all(syscall.SIGCONT) }

func (p *Postgres) all(s syscall.Signal) {
	p.Signal(s)
	exec.Command("pkill", fmt.Sprintf("-%d", int(s)), "-P", strconv.Itoa(p.PID())).Run()
}

// Signal sends a signal to the server's first process.
func (p *Postgres) Signal(s syscall.Signal) { p.process.Process.Signal(s) }

// PID is the server's first process.
func (p *Postgres) PID() int { return p.process.Process.Pid }

func (p *Postgres) url(database string) string { return p.URL("tocsin", database) }

// URL is a database's, for a user.
func (p *Postgres) URL(user, database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", user, p.port, database)
}

// NewDatabase makes an empty database and returns its URL.
func (p *Postgres) NewDatabase(t testing.TB) string {
	t.Helper()
	return p.CopyDatabase(t, "template1")
}

// CopyDatabase makes a database that holds what another does, to which nobody is
// connected, and returns its URL.
func (p *Postgres) CopyDatabase(t testing.TB, of string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	p.databases++
	name := fmt.Sprint("tocsin", p.databases)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+of); err != nil {
		t.Fatal(err)
	}
	return p.url(name)
}
