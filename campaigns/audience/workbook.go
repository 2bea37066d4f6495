package audience

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// A workbook is a zip file of XML, and a small one can unpack to more than the
// machine has. The limits are far above what spreadsheet programs write: a sheet
// has at most 1,048,576 rows, a cell 32,767 characters, and rows of telephone
// numbers pack to a tenth or twentieth of their size.
const (
	maxUnpacked  = 4 << 30  // octets of the sheets and shared texts together
	maxPacked    = 200      // times a part may be larger than its packed form
	maxBookPiece = 1 << 20  // octets from one cell to the next
	unzipped     = 16 << 20 // octets of a table of shared texts that may be in memory
)

var (
	errNoBook = errors.New("is no workbook, or it is damaged: save it as XLSX again, or as CSV")
	errBomb   = errors.New("unpacks to far more than a workbook of its size holds: save it as CSV and look at it")
	errPiece  = fmt.Errorf("a cell, or what stands between two cells, is longer than %d octets: save it as CSV and look at it", maxBookPiece)
)

// inspectBook refuses a workbook that would fill the memory before a part is read. What
// a part says of its size is held against what it unpacks to when it is read.
func inspectBook(p *parts) error {
	var tables uint64
	for _, part := range p.zip.File {
		n := part.UncompressedSize64
		if n > unzipped && n/maxPacked > part.CompressedSize64 {
			return errBomb
		}
		if tables += n; tables > maxUnpacked {
			return errBomb
		}
		if part.Flags&1 != 0 {
			return errProtected
		}
	}
	return nil
}

// unpackError is an error of a part, in words.
func unpackError(part *zip.File, err error) error {
	name := path.Base(part.Name)
	var said *sheetError
	switch {
	case errors.Is(err, errPiece), errors.Is(err, errLongRow), errors.As(err, &said):
		return err
	case errors.Is(err, errCutPart), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("its part %s is cut off: save it again, or as CSV", name)
	case errors.Is(err, errNoXML), errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat):
		return fmt.Errorf("its part %s is damaged: save it again, or as CSV", name)
	}
	return fmt.Errorf("unpack %s: %w", name, err)
}

// xmlText reads XML as UTF-8: an XML part may be in UTF-16, which then begins with a
// mark.
func xmlText(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 1<<12)
	head, _ := b.Peek(3)
	switch {
	case bytes.HasPrefix(head, markUTF16LE), bytes.HasPrefix(head, markUTF16BE):
		return transform.NewReader(b, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	case bytes.HasPrefix(head, markUTF8):
		b.Discard(len(markUTF8))
	}
	return b
}

// charset lets encoding/xml read what xmlText has made UTF-8, and nothing else.
func charset(label string, r io.Reader) (io.Reader, error) {
	if strings.HasPrefix(strings.ToLower(label), "utf-16") || strings.EqualFold(label, "us-ascii") {
		return r, nil
	}
	return nil, errNoXML
}
