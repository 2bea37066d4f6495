package audience

import (
	"archive/zip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/compress/flate"
)

// maxPart is the longest part that is read as a whole, in octets: the list of sheets,
// the styles.
const maxPart = 64 << 20

// parts are the parts of a workbook, by name.
type parts struct {
	zip *zip.Reader
	ctx context.Context // ends the reading of a part
}

func openParts(ctx context.Context, r io.ReaderAt, size int64) (*parts, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errNoBook
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	return &parts{z, ctx}, nil
}

// An unpacked is a part that is being unpacked.
type unpacked struct {
	io.ReadCloser
	ctx context.Context
}

func (p *parts) open(part *zip.File) (io.ReadCloser, error) {
	r, err := part.Open()
	return unpacked{r, p.ctx}, err
}

func (u unpacked) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.ReadCloser.Read(b)
}

// find is the part of a name, nil when there is none. Names are compared as ECMA-376
// part 2 does, without case.
func (p *parts) find(name string) *zip.File {
	name = strings.TrimPrefix(name, "/")
	for _, f := range p.zip.File {
		if strings.EqualFold(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"), name) {
			return f
		}
	}
	return nil
}

// decode reads a part into what encoding/xml can fill.
func (p *parts) decode(name string, into any) error {
	part := p.find(name)
	if part == nil {
		return fmt.Errorf("has no part %s: save it as XLSX again, or as CSV", path.Base(name))
	}
	r, err := p.open(part)
	if err != nil {
		return unpackError(part, err)
	}
	defer r.Close()
	if part.UncompressedSize64 > maxPart {
		return errBomb
	}
	d := xml.NewDecoder(xmlText(r))
	d.CharsetReader = charset
	if err := d.Decode(into); err != nil {
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			err = errNoXML
		}
		return unpackError(part, err)
	}
	return nil
}

// A relation names another part.
type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
	Mode   string `xml:"TargetMode,attr"`
}

// kind is the last word of the relation's type, which is the same in both editions of
// the standard.
func (r *relation) kind() string { return path.Base(r.Type) }

// relations are those of a part, their targets as names of parts; none when the part
// has none.
func (p *parts) relations(part string) ([]relation, error) {
	name := path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	if part == "" {
		name = "_rels/.rels"
	}
	if p.find(name) == nil {
		return nil, nil
	}
	var list struct {
		Relations []relation `xml:"Relationship"`
	}
	if err := p.decode(name, &list); err != nil {
		return nil, err
	}
	for i, r := range list.Relations {
		target := strings.ReplaceAll(r.Target, `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(path.Dir(part), target)
		}
		list.Relations[i].Target = strings.TrimPrefix(path.Clean(target), "/")
	}
	return list.Relations, nil
}

// A sheet is one sheet of a workbook.
type sheet struct {
	name, part string
	hidden     bool
	cells      bool // it is no chart, dialog or macro sheet
	at         int  // 1 is the first of the workbook
}

// A contents is what a workbook says of its sheets, and where its other parts are.
type contents struct {
	*parts
	sheets   []sheet
	texts    string // the part of shared texts; "": none
	styles   string
	from1904 bool // its days are counted from 1904
	stale    bool // formulas are to be worked out when it is opened
}

func readWorkbook(p *parts) (*contents, error) {
	w := &contents{parts: p}
	name := "xl/workbook.xml"
	root, err := p.relations("")
	if err != nil {
		return nil, err
	}
	for _, r := range root {
		if r.kind() == "officeDocument" {
			name = r.Target
		}
	}
	if p.find(name) == nil {
		return nil, errNoBook
	}
	var book struct {
		Pr struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Calc struct {
			Full string `xml:"fullCalcOnLoad,attr"`
		} `xml:"calcPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"id,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := p.decode(name, &book); err != nil {
		return nil, err
	}
	w.from1904, w.stale = isTrue(book.Pr.Date1904), isTrue(book.Calc.Full)
	relations, err := p.relations(name)
	if err != nil {
		return nil, err
	}
	byID := map[string]relation{}
	for _, r := range relations {
		byID[r.ID] = r
		switch r.kind() {
		case "sharedStrings":
			w.texts = r.Target
		case "styles":
			w.styles = r.Target
		}
	}
	for i, s := range book.Sheets {
		r, ok := byID[s.ID]
		if !ok || r.kind() == "worksheet" && p.find(r.Target) == nil {
			return nil, fmt.Errorf("its sheet %q is not in the file: save it as XLSX again, or as CSV", s.Name)
		}
		w.sheets = append(w.sheets, sheet{
			name: s.Name, part: r.Target, at: i + 1,
			hidden: s.State != "" && s.State != "visible", cells: r.kind() == "worksheet",
		})
	}
	if len(w.sheets) == 0 {
		return nil, errors.New("has no sheet")
	}
	return w, nil
}

// isTrue reads a truth value of XML Schema.
func isTrue(text string) bool {
	b, err := strconv.ParseBool(strings.TrimSpace(text))
	return err == nil && b
}
