package web

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"tocsin/campaigns"
)

// A Submission is a campaign as it was sent: its definition and the files that it
// names. The files are gone after Submit has returned.
type Submission struct {
	Who, Why   string
	Path       string // the definition's, as the caller named it
	Definition []byte
	Files      map[string]string // by the path that the caller named: where it is kept
	Dir        string            // the folder of them
	Approve    bool

	most  int64  // octets of a file
	share *share // of the room
}

// The parts of the body of a submission, multipart/form-data. The names of files are
// the file names of their parts; a file's is its path as the definition has it, joined
// with the folder of the definition's own.
const (
	PartReason     = "reason"     // why
	PartApprove    = "approve"    // "true": let it be sent
	PartDefinition = "definition" // the definition, before the files
	PartFile       = "file"       // one of its audience's files or exclude files
)

// Limits of a submission, in octets. They keep a mistake from filling the disk.
const (
	maxFile       = 1 << 30 // one file: some twenty million rows
	maxSubmission = 4 << 30 // everything together
	maxFiles      = 100
	maxFileName   = 4096    // Linux's own limit of a path
	maxReason     = 4000    // as the ledger takes it
	maxPart       = 1 << 18 // the definition, as campaigns.Parse takes it at most
)

// staleAfter is how old what a process that was killed has left behind must be to
// be removed.
const staleAfter = 24 * time.Hour

func (a *api) submit(w http.ResponseWriter, r *http.Request, c caller) {
	if r.ContentLength > maxSubmission {
		refuseUpload(w, fmt.Errorf("the submission %w: at most %d octets", errLarge, int64(maxSubmission)))
		return
	}
	if err := os.MkdirAll(a.Uploads, 0o700); err != nil {
		fail(w, err)
		return
	}
	share, err := a.enter(a.Uploads, c.name, r.ContentLength)
	if err != nil { // before the first octet
		refuseUpload(w, err)
		return
	}
	defer share.leave()
	dir, err := a.folder()
	if err != nil {
		fail(w, err)
		return
	}
	defer os.RemoveAll(dir)
	lock, err := lockFolder(dir)
	if err != nil {
		fail(w, err)
		return
	}
	defer lock.Close()
	s := Submission{Who: c.name, Dir: dir, Files: map[string]string{}, most: cmp.Or(a.MaxFile, maxFile), share: share}
	r.Body = http.MaxBytesReader(w, r.Body, maxSubmission)
	if err := s.receive(r); err != nil {
		refuseUpload(w, err)
		return
	}
	if s.Approve && !a.may(w, c, Give) {
		return
	}
	p, err := a.Planner.Submit(r.Context(), s)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, p)
}

// refuseUpload says why an upload is not taken.
func refuseUpload(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large), errors.Is(err, errLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errDisk), errors.Is(err, campaigns.ErrNoRoom):
		status = http.StatusInsufficientStorage
	case errors.Is(err, errCaller):
		status = http.StatusTooManyRequests
	}
	refuse(w, status, "submission", err.Error())
}

// lockFolder shows other processes that a submission's folder is in use, until it is
// closed or this process ends.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, &fs.PathError{Op: "lock", Path: dir, Err: err}
	}
	return f, nil
}

// clear removes what processes that are gone have left behind: the files hold numbers.
func (a *api) clear() {
	for _, dir := range []string{a.Uploads, a.OldUploads} {
		if dir == "" {
			continue
		}
		left, err := filepath.Glob(filepath.Join(dir, "submission-*"))
		if err != nil {
			continue
		}
		for _, name := range left {
			if lock, err := lockFolder(name); err == nil {
				os.RemoveAll(name)
				lock.Close()
			}
		}
	}
}

// folder makes the folder of one submission, for this process's owner alone, and
// removes what others have left behind long ago.
func (a *api) folder() (string, error) {
	if err := os.MkdirAll(a.Uploads, 0o700); err != nil {
		return "", err
	}
	old, err := os.ReadDir(a.Uploads)
	if err != nil {
		return "", err
	}
	for _, e := range old {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			os.RemoveAll(filepath.Join(a.Uploads, e.Name()))
		}
	}
	return os.MkdirTemp(a.Uploads, "submission-")
}

var (
	errLarge = errors.New("is too large")
	errDisk  = errors.New("the server's disk does not take it: free space in its folder for uploads")
)

// receive reads the body, its files into the folder. Errors are for the caller.
func (s *Submission) receive(r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return errors.New("a campaign is sent as multipart/form-data: reason, definition, and each file that it names")
	}
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = s.part(part)
		}
		if err != nil {
			return fmt.Errorf("read the submission: %w", err)
		}
	}
	if err := campaigns.CheckLine(s.Why, maxReason); err != nil {
		return fmt.Errorf("the reason %w", err)
	}
	switch {
	case strings.TrimSpace(s.Why) == "":
		return errors.New("a submission wants a reason: the part " + PartReason)
	case s.Path == "":
		return errors.New("there is no definition: the part " + PartDefinition)
	}
	return nil
}

// part takes one part.
func (s *Submission) part(p *multipart.Part) error {
	switch p.FormName() {
	case PartReason:
		text, err := short(p)
		s.Why = string(text)
		return err
	case PartApprove:
		text, err := short(p)
		s.Approve = string(text) == "true"
		return err
	case PartDefinition:
		if s.Path = fileName(p); s.Path == "" {
			s.Path = "campaign.yaml"
		}
		if err := campaigns.CheckLine(s.Path, maxFileName); err != nil {
			return fmt.Errorf("the name of the definition's file %w", err)
		}
		text, err := short(p)
		s.Definition = text
		return err
	case PartFile:
		return s.file(p)
	}
	return fmt.Errorf("there is no part %q: there are %s, %s, %s and %s", p.FormName(), PartReason, PartApprove, PartDefinition, PartFile)
}

// file keeps a file.
func (s *Submission) file(p *multipart.Part) error {
	name := fileName(p)
	if err := campaigns.CheckLine(name, maxFileName); err != nil {
		return fmt.Errorf("the name of a file %w", err)
	}
	switch {
	case name == "":
		return errors.New("a file without a name")
	case s.Files[name] != "":
		return fmt.Errorf("the file %s is there twice", name)
	case len(s.Files) == maxFiles:
		return fmt.Errorf("there are more than %d files", maxFiles)
	}
	// Only the ending is the caller's: it says what kind of file it is.
	to := filepath.Join(s.Dir, fmt.Sprintf("%d%s", len(s.Files), ending(name)))
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return errDisk
	}
	n, err := io.Copy(&measured{to: f, share: s.share}, io.LimitReader(p, s.most+1))
	if closed := f.Close(); err == nil {
		err = closed
	}
	var disk *fs.PathError
	switch {
	case errors.Is(err, campaigns.ErrNoRoom), errors.Is(err, errCaller):
		return err
	case errors.As(err, &disk):
		return errDisk
	case err != nil:
		return err
	case n > s.most:
		return fmt.Errorf("the file %s %w: at most %d octets", name, errLarge, s.most)
	}
	s.Files[name] = to
	return nil
}

// ending is a file name's, where it is a plain one.
func ending(name string) string {
	e := filepath.Ext(name)
	if len(e) < 2 || len(e) > 8 || strings.Trim(strings.ToLower(e[1:]), "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	return e
}

// fileName is a part's file name, folders included.
func fileName(p *multipart.Part) string {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return params["filename"]
}

// short reads a part that is no file.
func short(p *multipart.Part) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(p, maxPart+1))
	if err == nil && len(text) > maxPart {
		err = fmt.Errorf("the part %s %w: at most %d octets", p.FormName(), errLarge, maxPart)
	}
	return text, err
}
