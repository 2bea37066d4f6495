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
)

// A workbook is a zip file of XML, and a small one can unpack to more than the
// machine has. The limits are far above what spreadsheet programs write: a sheet
// has at most 1,048,576 rows, a cell 32,767 characters, and rows of telephone
// numbers pack to a tenth or twentieth of their size.
const (
	maxUnpacked  = 4 << 30   // octets of the parts that go through a temporary file
	maxAside     = 256 << 20 // octets of all other parts together, which are read into memory
	maxPacked    = 200       // times a part may be larger than its packed form
	maxBookPiece = 1 << 20   // octets from one cell to the next
)

var (
	errBomb  = errors.New("unpacks to far more than a workbook of its size holds: save it as CSV and look at it")
	errPiece = fmt.Errorf("a cell, or what stands between two cells, is longer than %d octets: save it as CSV and look at it", maxBookPiece)
)

// inspectBook refuses a workbook that would fill the memory, or whose sheets are
// cut off, before the library that reads it sees it.
func inspectBook(r io.ReaderAt, size int64) error {
	book, err := zip.NewReader(r, size)
	if err != nil {
		return errors.New("is no workbook, or it is damaged: save it as XLSX again, or as CSV")
	}
	var tables, aside uint64
	for _, part := range book.File {
		n := part.UncompressedSize64
		if n > unzipped && n/maxPacked > part.CompressedSize64 {
			return errBomb
		}
		if strings.EqualFold(path.Dir(part.Name), "xl/worksheets") || strings.EqualFold(path.Base(part.Name), "sharedStrings.xml") {
			if tables += n; tables > maxUnpacked {
				return errBomb
			}
		} else if aside += n; aside > maxAside {
			return errors.New("holds too many pictures and the like: save it as CSV")
		}
		if strings.EqualFold(path.Ext(part.Name), ".xml") {
			if err := inspectPart(part); err != nil {
				return err
			}
		}
	}
	return nil
}

// inspectPart walks over the tags of a part: cells are of a size, and the table
// they stand in is closed.
func inspectPart(part *zip.File) error {
	r, err := part.Open()
	if err != nil {
		return fmt.Errorf("unpack %s: %w", part.Name, err)
	}
	defer r.Close()
	tags := bufio.NewReaderSize(r, maxBookPiece)
	piece, depth := 0, 0
	for {
		text, err := tags.ReadSlice('<')
		if err == io.EOF {
			break
		}
		if err != nil {
			return unpackError(part, err)
		}
		tag, err := tags.ReadSlice('>')
		piece += len(text) + len(tag)
		end := ending(tag)
		for err == nil && end != "" && !bytes.HasSuffix(tag, []byte(end)) && piece <= maxBookPiece {
			tag, err = tags.ReadSlice('>')
			piece += len(tag)
		}
		switch {
		case err == io.EOF:
			return unpackError(part, io.ErrUnexpectedEOF)
		case err != nil:
			return unpackError(part, err)
		case end == "":
			switch name := tagName(tag); {
			case string(name) == "c" || string(name) == "row" || string(name) == "si":
				piece = 0
			case string(name) == "sheetData" || string(name) == "sst":
				if tag[0] == '/' {
					depth--
				} else if !bytes.HasSuffix(tag, []byte("/>")) {
					depth++
				}
			case depth == 0: // before the table, or behind it
				piece = 0
			}
		}
		if piece > maxBookPiece {
			return errPiece
		}
	}
	if depth != 0 {
		return unpackError(part, io.ErrUnexpectedEOF)
	}
	return nil
}

func unpackError(part *zip.File, err error) error {
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return errPiece
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("its part %s is cut off: save it again, or as CSV", path.Base(part.Name))
	}
	return fmt.Errorf("unpack %s: %w", path.Base(part.Name), err)
}

// ending is what ends a comment or CDATA section, inside which > is text; "" for
// a tag.
func ending(tag []byte) string {
	switch {
	case bytes.HasPrefix(tag, []byte("!--")):
		return "-->"
	case bytes.HasPrefix(tag, []byte("![CDATA[")):
		return "]]>"
	}
	return ""
}

// tagName is the name of a tag, read behind its <, without a prefix.
func tagName(tag []byte) []byte {
	if tag[0] == '/' {
		tag = tag[1:]
	}
	for i, c := range tag {
		switch c {
		case ':':
			return tagName(tag[i+1:])
		case ' ', '/', '>', '\t', '\r', '\n':
			return tag[:i]
		}
	}
	return tag
}
