package audience

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// A token is what two readers of XML see.
type token struct{ name, text string }

// tokensOf reads XML with tags: what opens (<a), what closes (/a), and the text between.
func tokensOf(r io.Reader) (all []token, err error) {
	t := newTags(r)
	text := []byte{}
	for {
		t.since = 0
		if err := t.next(); err == io.EOF {
			return all, nil
		} else if err != nil {
			return all, err
		}
		inside := t.depth > 0 || !t.open && t.close
		if t.tag == nil || inside || len(t.text) > 0 {
			var ok bool
			if text, ok = t.appendText(text); !ok {
				return all, errNoXML
			}
		}
		if t.tag == nil {
			continue
		}
		if t.open {
			all = append(all, token{"<" + string(t.name), string(text)})
			text = text[:0]
		}
		if t.close {
			all = append(all, token{"/" + string(t.name), string(text)})
			text = text[:0]
		}
	}
}

// expected reads the same with encoding/xml.
func expected(text string) (all []token, err error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = true
	between := ""
	for {
		next, err := d.RawToken()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		switch x := next.(type) {
		case xml.StartElement:
			all = append(all, token{"<" + x.Name.Local, between})
			between = ""
		case xml.EndElement:
			all = append(all, token{"/" + x.Name.Local, between})
			between = ""
		case xml.CharData:
			between += string(x)
		case xml.Directive:
			return nil, errNoXML
		}
	}
}

func TestTagsAreReadAsXMLHasThem(t *testing.T) { // B16
	const text = `<?xml version="1.0"?><!-- > --><x:a b=">" c='"'><d e="1"/>t&amp;&#x5F20;<![CDATA[<&]]>` + "\r\n" + `<!-- <no> --><d >u</d ></x:a>`
	want, err := expected(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]io.Reader{"at once": strings.NewReader(text), "octet by octet": iotest.OneByteReader(strings.NewReader(text))} {
		got, err := tokensOf(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(token{})); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for text, want := range map[string]error{
		"<a>": errCutPart, "<a": errCutPart, "<a></b>": errNoXML, "</a>": errNoXML, "<a/><b/>": errNoXML, "": errCutPart, "<!DOCTYPE a><a/>": errNoXML,
		"<a>&x;</a>": errNoXML, "<a b='>": errCutPart, strings.Repeat("<a>", 100): errNoXML, "<a><!-- ": errCutPart, "<>x</>": errNoXML,
	} {
		if _, err := tokensOf(strings.NewReader(text)); !errors.Is(err, want) {
			t.Errorf("%.20s: got %v, want %v", text, err, want)
		}
	}
}

// FuzzTags holds the reader of tags against encoding/xml: what both take they read alike.
func FuzzTags(f *testing.F) {
	for _, seed := range []string{sheetHead + sheetRow + sheetTail, "<a>&lt;<![CDATA[]]]]></a>", "<a b='<'/>", "<a>\r</a>", "<?x ?><a><!-- - --></a>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := tokensOf(iotest.HalfReader(strings.NewReader(text)))
		if err != nil {
			return
		}
		want, err := expected(text)
		if err != nil {
			return // encoding/xml looks at attributes and names more closely
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(token{})); d != "" {
			t.Error(d)
		}
	})
}

// FuzzSheet reads sheets of any content: there is an end, and no row has more cells than
// a list may have.
func FuzzSheet(f *testing.F) {
	for _, seed := range []string{textRow(1, "number", "name") + textRow(2, "1", "x"), `<row r="1"><c r="B1" t="s"><v>1</v></c></row>`, `<row><c t="d" s="1"><v>2026-12-01</v></c></row>`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rows string) {
		a, err := Open(testBook(t, `<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>`, "", testSheet{name: "a", rows: rows}))
		if err != nil {
			return
		}
		defer a.Close()
		last := 0
		for {
			cells, line, err := a.Next()
			var row *RowError
			if err != nil && !errors.As(err, &row) {
				return
			}
			if line <= last || len(cells) > maxColumns {
				t.Fatalf("line %d behind %d, of %d cells", line, last, len(cells))
			}
			last = line
		}
	})
}
