package web

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tocsin/campaigns"
)

// small is a file system of 32 MB for a ledger's folder and a spool on it.
func small(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m,mode=0700"); err != nil {
		if os.Getuid() != 0 {
			t.Skip("needs root: it mounts a small tmpfs to fill")
		}
		t.Skipf("a tmpfs cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

func free(t *testing.T, dir string) int64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Bavail) * int64(s.Bsize)
}

func TestTheReserveIsTheLargerOfTwoGigabytesAndATenth(t *testing.T) {
	const gb = 1_000_000_000
	for _, tt := range []struct {
		size, set int64
		ledgers   bool
		want      int64
	}{
		{100 * gb, -1, true, 10 * gb},
		{10 * gb, -1, true, 2 * gb},
		{4 * gb, -1, true, gb}, // a small one keeps a quarter
		{32_000_000, -1, true, 8_000_000},
		{100 * gb, 3 * gb, true, 3 * gb},
		{100 * gb, 0, true, 0},
		{100 * gb, -1, false, gb},
		{gb, 5 * gb, false, gb / 20}, // of another file system than the ledger's
	} {
		r := Room{Reserve: tt.set}
		if got := r.reserve(tt.size, tt.ledgers); got != tt.want {
			t.Errorf("of %d, set %d, the ledger's %v: got %d, want %d", tt.size, tt.set, tt.ledgers, got, tt.want)
		}
	}
}

// An uploader is an API on a small disk with the given limits.
func uploader(t *testing.T, o Options) (*httptest.Server, string) {
	t.Helper()
	disk := small(t)
	tokens, err := ParseTokens(secret + " li\n" + writer + " zhao (submit)\n")
	if err != nil {
		t.Fatal(err)
	}
	o.Planner, o.Tokens, o.Uploads, o.Room = &desk{}, tokens, filepath.Join(disk, "spool", "uploads"), &Room{Ledger: disk, Reserve: -1}
	s := httptest.NewServer(New(o))
	t.Cleanup(s.Close)
	return s, disk
}

// form is a submission with one file; its length is announced or not.
func form(t *testing.T, octets int, announced bool) (io.Reader, string, int64) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, text := range map[string]string{"reason": "flood", "definition": "key: flood"} {
		if err := w.WriteField(name, text); err != nil {
			t.Fatal(err)
		}
	}
	to, err := w.CreateFormFile("file", "people.csv")
	if err == nil {
		_, err = to.Write(bytes.Repeat([]byte("x"), octets))
	}
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if announced {
		return &b, w.FormDataContentType(), int64(b.Len())
	}
	return &b, w.FormDataContentType(), -1
}

func post(t *testing.T, s *httptest.Server, token string, body io.Reader, kind string, length int64) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+Path+"campaigns", io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = length
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	said, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(said)
}

// TestAnUploadLeavesTheLedgerItsRoom is case D2: what is announced is refused before its
// first octet, what is not while it streams, and either leaves nothing behind.
func TestAnUploadLeavesTheLedgerItsRoom(t *testing.T) {
	for name, announced := range map[string]bool{"announced": true, "not announced": false} {
		t.Run(name, func(t *testing.T) {
			s, disk := uploader(t, Options{})
			body, kind, length := form(t, 30<<20, announced)
			status, said := post(t, s, secret, body, kind, length)
			if status != http.StatusInsufficientStorage || !strings.Contains(said, "there is no room") || !strings.Contains(said, "spool.folder") {
				t.Errorf("got %d %s, want 507 and what to do", status, said)
			}
			if left, _ := filepath.Glob(filepath.Join(disk, "spool", "uploads", "*")); len(left) > 0 {
				t.Errorf("got %v left behind", left)
			}
			if f := free(t, disk); f < 31<<20 {
				t.Errorf("got %d octets free, want the disk as it was", f)
			}
			body, kind, length = form(t, 10<<20, announced)
			if status, said := post(t, s, secret, body, kind, length); status != http.StatusOK {
				t.Errorf("one that fits: got %d %s", status, said)
			}
		})
	}
}

// TestARefusalComesBeforeTheFirstOctet: the body is never read.
func TestARefusalComesBeforeTheFirstOctet(t *testing.T) {
	s, _ := uploader(t, Options{MaxAll: 8 << 20})
	for length, want := range map[int64]int{maxSubmission + 1: http.StatusRequestEntityTooLarge, 30 << 20: http.StatusInsufficientStorage, 9 << 20: http.StatusInsufficientStorage} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+Path+"campaigns", iotest{t})
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = length
		r.Header.Set("Expect", "100-continue") // the body follows when the server wants it
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		r.Header.Set("Authorization", "Bearer "+secret)
		transport := &http.Transport{ExpectContinueTimeout: 1 << 40}
		a, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		transport.CloseIdleConnections()
		if a.StatusCode != want {
			t.Errorf("%d octets: got %d, want %d", length, a.StatusCode, want)
		}
	}
}

// iotest is a body that nobody may read.
type iotest struct{ t *testing.T }

func (r iotest) Read([]byte) (int, error) {
	r.t.Error("the body was asked for")
	return 0, io.EOF
}

// TestAnUploadThatIsHeldOpenCounts: what callers have under way has its ceilings, by
// caller and in all, and is given back when they are gone.
func TestAnUploadThatIsHeldOpenCounts(t *testing.T) {
	s, _ := uploader(t, Options{MaxCaller: 4 << 20, MaxAll: 6 << 20})
	held, hold := io.Pipe()
	kind := "multipart/form-data; boundary=x"
	begun := make(chan int, 1)
	go func() {
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+Path+"campaigns", held)
		if err != nil {
			begun <- 0
			return
		}
		r.ContentLength = 3 << 20
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Authorization", "Bearer "+secret)
		a, err := s.Client().Do(r)
		if err != nil {
			begun <- 0
			return
		}
		a.Body.Close()
		begun <- a.StatusCode
	}()
	// Once its first octets are taken off its hands it is counted.
	if _, err := io.WriteString(hold, "--x\r\nContent-Disposition: form-data; name=\"reason\"\r\n\r\nfl"); err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Write(bytes.Repeat([]byte("o"), 1<<17)); err != nil {
		t.Fatal(err)
	}
	body, formKind, length := form(t, 2<<20, true)
	if status, said := post(t, s, secret, body, formKind, length); status != http.StatusTooManyRequests {
		t.Errorf("the same caller: got %d %s, want 429", status, said)
	}
	body, formKind, length = form(t, 7<<19, true)
	if status, said := post(t, s, writer, body, formKind, length); status != http.StatusInsufficientStorage || !strings.Contains(said, "all uploads together") {
		t.Errorf("another caller, too much in all: got %d %s, want 507", status, said)
	}
	body, formKind, length = form(t, 2<<20, true)
	if status, said := post(t, s, writer, body, formKind, length); status != http.StatusOK {
		t.Errorf("another caller: got %d %s, want it taken", status, said)
	}
	hold.CloseWithError(errors.New("gone"))
	<-begun
	body, formKind, length = form(t, 2<<20, true)
	for {
		status, said := post(t, s, secret, body, formKind, length)
		if status == http.StatusOK {
			break
		}
		if status != http.StatusTooManyRequests || t.Context().Err() != nil { // the server has not noticed yet
			t.Fatalf("after it is gone: got %d %s", status, said)
		}
		body, formKind, length = form(t, 2<<20, true)
	}
}

// TestWhatWasLeftBehindIsClearedAtStart: also where an older version kept it, but not
// what a process at work has open.
func TestWhatWasLeftBehindIsClearedAtStart(t *testing.T) {
	now, old := t.TempDir(), t.TempDir()
	for _, dir := range []string{filepath.Join(now, "submission-1"), filepath.Join(now, "submission-2"), filepath.Join(old, "submission-3"), filepath.Join(old, "mine")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "0.csv"), []byte("number\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := lockFolder(filepath.Join(now, "submission-2"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	New(Options{Uploads: now, OldUploads: old})
	for dir, want := range map[string]bool{
		filepath.Join(now, "submission-1"): false, filepath.Join(now, "submission-2"): true, filepath.Join(old, "submission-3"): false, filepath.Join(old, "mine"): true,
	} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: got %v, want it there: %v", dir, err, want)
		}
	}
}

func TestThereIsNoRoomSaysWhereAndWhatToDo(t *testing.T) {
	disk := small(t)
	r := Room{Ledger: disk, Reserve: 31 << 20}
	err := r.Check(filepath.Join(disk, "a", "b"), 2<<20)
	if !errors.Is(err, campaigns.ErrNoRoom) || !strings.Contains(err.Error(), filepath.Join(disk, "a", "b")) {
		t.Errorf("got %v", err)
	}
	if err := r.Check(filepath.Join(disk, "a", "b"), 1<<19); err != nil {
		t.Errorf("got %v, want room", err)
	}
	if got, want := SpoolFolder(filepath.Join(disk, "data"), "/srv/spool"), "/srv/spool"; got != want {
		t.Errorf("got %s, want the one that is set", got)
	}
	if got := SpoolFolder(filepath.Join(disk, "data"), ""); sameSystem(got, disk) {
		t.Errorf("got %s, want it on another file system", got)
	}
}
