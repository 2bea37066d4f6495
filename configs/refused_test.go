package configs

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the messages of testdata/refused anew")

// Each file of testdata/refused breaks one rule, is named for it, and has beside
// it the message a person reads.
func TestARefusedFileSaysWhereAndWhatToDo(t *testing.T) {
	files, err := filepath.Glob("testdata/refused/*.yaml")
	if err != nil || len(files) < 60 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	place := regexp.MustCompile(`^testdata/refused/[a-z-]+\.yaml(:\d+:\d+)?: `)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			_, err := Load(file, nil)
			if err == nil {
				t.Fatal("it was taken")
			}
			got := err.Error() + "\n"
			if !place.MatchString(got) {
				t.Errorf("got %q, want it to begin with the file, line and column", got)
			}
			for _, secret := range []string{"hunter2", "12345678\n"} {
				if strings.Contains(got, secret) {
					t.Errorf("the message shows the password:\n%s", got)
				}
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzConfig(f *testing.F) {
	files, _ := filepath.Glob("testdata/refused/*.yaml")
	more, _ := filepath.Glob("*.yaml")
	for _, name := range append(files, more...) {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		if c, doc, err := parse("fuzz.yaml", data); err == nil {
			_ = validate(c, doc)
		}
	})
}
