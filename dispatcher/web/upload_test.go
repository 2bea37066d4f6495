package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A part is one part of a form; with a file name it is a file.
type part struct{ name, file, text string }

// upload sends a form to an API of its own and says what became of it, what its desk
// got, and what is left in its folder.
func upload(t *testing.T, token string, parts ...part) (status int, body string, d *desk, left []string) {
	t.Helper()
	tokens, err := ParseTokens(secret + " li\n" + writer + " zhao (submit)\n")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "uploads")
	d = &desk{}
	s := httptest.NewServer(New(Options{Planner: d, Tokens: tokens, Uploads: dir, MaxFile: 1000}))
	defer s.Close()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, p := range parts {
		var to io.Writer
		if p.file != "" {
			to, err = w.CreateFormFile(p.name, p.file)
		} else {
			to, err = w.CreateFormField(p.name)
		}
		if err == nil {
			_, err = io.WriteString(to, p.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+Path+"campaigns", &form)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
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
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	return a.StatusCode, string(said), d, left
}

func TestASubmissionsFilesAreKeptWhileItIsPlanned(t *testing.T) {
	status, body, d, left := upload(t, secret, part{"reason", "", "the river rises"}, part{"definition", "dir/flood.yaml", "key: flood"},
		part{"file", "dir/../名单 \"a\".csv", "number\n1\n"}, part{"file", "/etc/passwd", "number\n2\n"}, part{"approve", "", "true"})
	if status != http.StatusOK || !strings.Contains(body, `"campaign":"new"`) {
		t.Fatalf("got %d and %s, want it planned", status, body)
	}
	s := d.submission
	if s.Who != "li" || s.Why != "the river rises" || s.Path != "dir/flood.yaml" || string(s.Definition) != "key: flood" || !s.Approve {
		t.Errorf("got %+v", s)
	}
	for name, want := range map[string]string{"dir/../名单 \"a\".csv": "number\n1\n", "/etc/passwd": "number\n2\n"} {
		kept := s.Files[name]
		if d.files[name] != want || filepath.Dir(kept) != s.Dir {
			t.Errorf("%s: got %q in %s, want it in the submission's folder", name, d.files[name], kept)
		}
	}
	if filepath.Ext(s.Files["dir/../名单 \"a\".csv"]) != ".csv" {
		t.Error("the file's kind is lost")
	}
	if len(left) > 0 {
		t.Errorf("got %v left behind", left)
	}
}

func TestASubmissionThatIsNotRightLeavesNothing(t *testing.T) {
	definition, why := part{"definition", "flood.yaml", "key: flood"}, part{"reason", "", "test"}
	for name, tt := range map[string]struct {
		token  string
		parts  []part
		status int
		want   string
	}{
		"no reason":                      {secret, []part{definition}, 400, "wants a reason"},
		"no definition":                  {secret, []part{why}, 400, "there is no definition"},
		"a part that is not known":       {secret, []part{why, {"by", "", "me"}}, 400, `there is no part \"by\"`},
		"a file without a name":          {secret, []part{why, definition, {"file", "", "x"}}, 400, "a file without a name"},
		"a file twice":                   {secret, []part{why, definition, {"file", "a.csv", "x"}, {"file", "a.csv", "x"}}, 400, "a.csv is there twice"},
		"a definition as an audience is": {secret, []part{why, {"definition", "f.yaml", strings.Repeat("x", maxPart+1)}}, 413, "is too large"},
		"a file that is too large":       {secret, []part{why, definition, {"file", "a.csv", strings.Repeat("x", 1001)}}, 413, "the file a.csv is too large: at most 1000 octets"},
		"the plan refuses it":            {secret, []part{why, definition}, 422, "flood.yaml:4: there is no file"},
		"approved by who may not":        {writer, []part{why, definition, {"approve", "", "true"}}, 403, "urn:tocsin:scope"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, _, left := upload(t, tt.token, tt.parts...)
			if status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("got %d and %s, want %d and %s", status, body, tt.status, tt.want)
			}
			if len(left) > 0 {
				t.Errorf("got %v left behind", left)
			}
		})
	}
}

func TestWhatAKilledProcessHasLeftIsRemovedInTime(t *testing.T) {
	dir := t.TempDir()
	a := &api{Options{Uploads: dir}}
	for name, age := range map[string]time.Duration{"old": 2 * staleAfter, "new": time.Hour} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	own, err := a.folder()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || filepath.Base(own) == "old" {
		t.Errorf("got %v, %v, want the new one and this process's", entries, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err != nil {
		t.Error("another process's files were removed")
	}
}
