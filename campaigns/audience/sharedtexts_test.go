package audience

import (
	"fmt"
	"strings"
	"testing"
)

func TestSharedTextsThatDoNotFitTheMemoryAreReadFromAFile(t *testing.T) {
	const n, size = 20_000, 1000
	text := func(i int) string { return fmt.Sprintf("%0*d", i%2*size+size/2, i) }
	var b strings.Builder
	b.WriteString("<sst>")
	for i := range n {
		b.WriteString("<si><t>" + text(i) + "</t></si>")
	}
	b.WriteString("<si/></sst>")
	s := &sharedTexts{}
	defer s.Close()
	if err := s.read(newTags(strings.NewReader(b.String()))); err != nil {
		t.Fatal(err)
	}
	if s.file == nil || len(s.ends) != n+1 {
		t.Fatalf("%d texts are kept in memory", len(s.ends))
	}
	for _, i := range []int{0, 1, 2, n - 1, 7, 8, n / 2, n/2 - 1, n/2 + 100, 0} {
		got, err := s.appendText([]byte("x"), i)
		if err != nil || string(got) != "x"+text(i) {
			t.Errorf("text %d: got %.20q, %v", i, got, err)
		}
	}
	if got, err := s.appendText(nil, n); err != nil || len(got) != 0 {
		t.Errorf("an empty text: got %q, %v", got, err)
	}
}
