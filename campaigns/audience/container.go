package audience

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

var errProtected = errors.New("is protected with a password: open it in Excel or WPS, take the password off (File > Info > Protect) and save it again")

// What files begin with.
var (
	markOLE = []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1} // [MS-CFB] 2.2
	markZip = []byte("PK")
)

// others are files that people send and that are no lists, by what they begin with.
var others = []struct{ head, what string }{
	{"%PDF", "is a PDF document: save the list as XLSX or CSV"},
	{"Rar!", "is a RAR archive: unpack it first"},
	{"7z\xBC\xAF\x27\x1C", "is a 7z archive: unpack it first"},
	{"\x1F\x8B", "is packed with gzip: unpack it first"},
	{"SQLite format 3\x00", "is an SQLite database: export the list as CSV"},
	{"{\\rtf", "is an RTF document: save the list as XLSX or CSV"},
	{"\x00\x00\xFE\xFF", "is written in UTF-32: save it as UTF-8"},
	{"\xFF\xFE\x00\x00", "is written in UTF-32: save it as UTF-8"},
}

// markup are documents in XML, HTML or MIME, by a word near their beginning.
var markup = []struct{ word, what string }{
	{"schemas-microsoft-com:office:spreadsheet", "is a workbook in the XML of Excel 2003: open it and save it as XLSX"},
	{"progid=\"excel.sheet\"", "is a workbook in the XML of Excel 2003: open it and save it as XLSX"},
	{"opendocument.spreadsheet", "is an OpenDocument workbook (.fods): save it as XLSX or CSV"},
	{"<html", "is a web page (HTML), whatever its name says: open it in Excel or WPS and save it as XLSX"},
	{"<!doctype html", "is a web page (HTML), whatever its name says: open it in Excel or WPS and save it as XLSX"},
	{"<table", "is a table of a web page (HTML), whatever its name says: open it in Excel or WPS and save it as XLSX"},
	{"<?xml", "is an XML document: save the list as XLSX or CSV"},
}

// inspectContainer looks at what a file is by its content, whatever its name says: a
// workbook that can be read (true), or text. Anything else is an error that says what to
// do.
func inspectContainer(f io.ReaderAt, size int64, path string) (bool, error) {
	head := make([]byte, min(size, 1<<12))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return false, err
	}
	ext := strings.ToLower(filepath.Ext(path))
	named := isWorkbookName(ext)
	switch {
	case len(head) == 0:
		return false, errors.New("is empty: its first row must name the columns")
	case bytes.HasPrefix(head, markOLE[:4]):
		return false, oleError(f, size, ext)
	case bytes.HasPrefix(head, markZip) && len(head) > 3 && head[2] < 9 && head[3] < 9:
		if err := inspectZip(f, size); err != nil {
			return false, err
		}
		if !IsWorkbook(path) {
			return false, errors.New("is an Excel workbook, whatever its name says: rename it to .xlsx")
		}
		return true, nil
	case len(head) > 3 && head[0] == 9 && strings.IndexByte("\x00\x02\x04\x08", head[1]) >= 0 && strings.IndexByte("\x04\x06\x08\x10", head[2]) >= 0 && head[3] == 0:
		return false, errOld
	}
	for _, o := range others {
		if bytes.HasPrefix(head, []byte(o.head)) {
			return false, errors.New(o.what)
		}
	}
	if what := markupError(head); what != nil {
		return false, what
	}
	switch {
	case !named:
		return false, nil
	case bytes.IndexByte(head, 0) >= 0 && !bytes.HasPrefix(head, markUTF16LE) && !bytes.HasPrefix(head, markUTF16BE):
		return false, errNoBook
	}
	return false, fmt.Errorf("is no workbook but text: rename it from %s to .csv", ext)
}

// CheckText returns an error that says what a file is when it is no text.
func CheckText(f io.ReaderAt, size int64) error {
	if isBook, _ := inspectContainer(f, size, ".xlsx"); isBook {
		return errors.New("is a workbook: copy its column of numbers to a text file, one number a line")
	}
	_, err := inspectContainer(f, size, ".txt")
	return err
}

func isWorkbookName(ext string) bool {
	switch ext {
	case ".xlsx", ".xlsm", ".xlsb", ".xls", ".xlt", ".xltx", ".xltm", ".et", ".ett", ".ods", ".numbers":
		return true
	}
	return false
}

var errOld = errors.New("is an old Excel file (.xls): save it as XLSX or CSV")

// markupError says what a document in angle brackets is; nil: it is none.
func markupError(head []byte) error {
	head = bytes.TrimPrefix(head, markUTF8)
	if bytes.HasPrefix(head, markUTF16LE) || bytes.HasPrefix(head, markUTF16BE) {
		head = bytes.ReplaceAll(head[2:], []byte{0}, nil)
	}
	head = bytes.ToLower(bytes.TrimLeft(head, " \t\r\n"))
	if bytes.HasPrefix(head, []byte("mime-version:")) {
		return errors.New("is a saved web page (MHTML): open it in Excel or WPS and save it as XLSX")
	}
	if !bytes.HasPrefix(head, []byte("<")) {
		return nil
	}
	for _, m := range markup {
		if bytes.Contains(head, []byte(m.word)) {
			return errors.New(m.what)
		}
	}
	for _, tag := range []string{"<meta", "<head", "<style", "<body", "<tr", "<div", "<!--"} {
		if bytes.HasPrefix(head, []byte(tag)) {
			return errors.New("is a web page (HTML), whatever its name says: open it in Excel or WPS and save it as XLSX")
		}
	}
	return nil
}

// inspectZip says what a ZIP archive is; nil: a workbook that can be read, by the names of
// its parts.
func inspectZip(f io.ReaderAt, size int64) error {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return errNoBook
	}
	for _, part := range z.File {
		name := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(part.Name, `\`, "/"), "/"))
		switch {
		case name == "mimetype":
			return openDocumentError(part)
		case strings.HasSuffix(name, "workbook.bin"):
			return errors.New("is a binary workbook (.xlsb): save it as XLSX or CSV")
		case strings.HasPrefix(name, "word/"):
			return errors.New("is a Word document: copy its table to a workbook and save that as XLSX")
		case strings.HasPrefix(name, "ppt/"):
			return errors.New("is a PowerPoint document: save the list as XLSX or CSV")
		case strings.HasPrefix(name, "index/") && strings.HasSuffix(name, ".iwa"), name == "index.zip", name == "index.apxl":
			return errors.New("is a document of Apple Numbers: export it as XLSX or CSV")
		}
	}
	for _, part := range z.File {
		if strings.EqualFold(part.Name, "[Content_Types].xml") {
			return nil
		}
	}
	return errors.New("is a ZIP archive and no workbook: unpack it first")
}

func openDocumentError(part *zip.File) error {
	if r, err := part.Open(); err == nil {
		defer r.Close()
		name, _ := io.ReadAll(io.LimitReader(r, 100))
		if bytes.Contains(name, []byte("opendocument.spreadsheet")) {
			return errors.New("is an OpenDocument workbook (.ods): save it as XLSX or CSV")
		}
	}
	return errors.New("is an OpenDocument file and no workbook: save the list as XLSX or CSV")
}

// oleError says what a file is that is a container of old Office programs, by the names of
// its streams: its directory's entries are 128 octets, [MS-CFB] 2.6.1.
func oleError(f io.ReaderAt, size int64, ext string) error {
	r := io.NewSectionReader(f, 512, max(size-512, 0))
	entry := make([]byte, 1<<16)
	old := false
	for {
		n, err := io.ReadFull(r, entry)
		for at := 0; at+128 <= n; at += 128 {
			switch streamName(entry[at : at+128]) {
			case "EncryptedPackage":
				return errProtected
			case "Workbook", "Book":
				old = true
			case "WordDocument":
				return errors.New("is an old Word document: copy its table to a workbook and save that as XLSX")
			}
		}
		if err != nil {
			break
		}
	}
	switch {
	case ext == ".et" || ext == ".ett":
		return errors.New("is a WPS workbook (.et): save it as XLSX or CSV")
	case old || ext == ".xls":
		return errOld
	}
	return errors.New("is a file of an old Office or WPS program: save it as XLSX or CSV")
}

// streamName is the name in an entry of the directory; "": it is no entry of a stream.
func streamName(entry []byte) string {
	n := int(binary.LittleEndian.Uint16(entry[64:]))
	if n < 4 || n > 64 || n%2 != 0 || entry[66] != 2 || entry[n-2] != 0 || entry[n-1] != 0 {
		return ""
	}
	name := make([]byte, 0, 32)
	for i := 0; i < n-2; i += 2 {
		if entry[i+1] != 0 {
			return ""
		}
		name = append(name, entry[i])
	}
	return string(name)
}
