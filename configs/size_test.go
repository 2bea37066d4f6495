package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSizesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "2GB": 2_000_000_000, "2 gb": 2_000_000_000, "500MB": 500_000_000, "16kb": 16_000, "1TB": 1_000_000_000_000,
		"": -1, "GB": -1, "-1": -1, "2.5GB": -1, "2 GiB": -1, "10%": -1, "9999999999TB": -1, "NaN": -1,
	} {
		got, err := ParseSize(text)
		if want >= 0 && (err != nil || got != want) || want < 0 && err == nil {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestTheReserveIsRefusedWithItsLineWhenItIsNoSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tocsin.yaml")
	if err := os.WriteFile(path, []byte("data: ./data\nspool:\n  reserve: much\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), "tocsin.yaml:3:") || !strings.Contains(err.Error(), "reserve") {
		t.Errorf("got %v, want it refused with its line", err)
	}
	if err := os.WriteFile(path, []byte("spool: {folder: ./spool, reserve: 20MB}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := c.Spool.KeepFree(); !ok || n != 20_000_000 || c.Spool.Folder != filepath.Join(filepath.Dir(path), "spool") {
		t.Errorf("got %d, %v in %s", n, ok, c.Spool.Folder)
	}
}
