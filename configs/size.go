package configs

import (
	"errors"
	"strconv"
	"strings"
)

// ErrSize says that a text is no amount of octets.
var ErrSize = errors.New("no size: write a number and KB, MB, GB or TB, for example 2GB; 0 for nothing")

var sizeUnits = []struct {
	name   string
	octets int64
}{{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"", 1}}

// ParseSize reads an amount of octets such as 2GB. The error is ErrSize.
func ParseSize(text string) (int64, error) {
	text = strings.ToUpper(strings.TrimSpace(text))
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > 1e18/u.octets {
			return 0, ErrSize
		}
		return n * u.octets, nil
	}
	return 0, ErrSize
}

// A SpoolConfig says where files are that are needed for a while only: what is uploaded,
// and what a plan sorts on disk.
type SpoolConfig struct {
	// Folder is where they are; "": on another disk than the ledger, or beside its folder.
	Folder string `yaml:"folder"`
	// Reserve is how much of the ledger's file system they leave free for it, such as 2GB;
	// "": the larger of 2 GB and a tenth of it, and of a small one a quarter.
	Reserve string `yaml:"reserve"`
}

// KeepFree is how many octets of the ledger's file system are kept free for it; ok is
// false where nobody has said.
func (s *SpoolConfig) KeepFree() (octets int64, ok bool) {
	if s.Reserve == "" {
		return 0, false
	}
	octets, err := ParseSize(s.Reserve)
	return octets, err == nil
}
