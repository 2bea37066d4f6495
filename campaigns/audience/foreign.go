package audience

import (
	"bytes"
	"errors"
	"strings"
)

// foreign refuses what is no delimited text, by how it begins, and says what to do.
func foreign(head []byte) error {
	begins := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case begins("PK\x03\x04"), begins("PK\x05\x06"):
		switch {
		case bytes.Contains(head, []byte("opendocument.spreadsheet")):
			return errors.New("is an OpenDocument workbook (ODS): save it as XLSX or CSV")
		case bytes.Contains(head, []byte("xl/workbook.bin")):
			return errors.New("is a binary Excel workbook (XLSB): save it as XLSX or CSV")
		case bytes.Contains(head, []byte("[Content_Types].xml")), bytes.Contains(head, []byte("xl/")):
			return errors.New("is a workbook: give it a name that ends in .xlsx")
		}
		return errors.New("is a zip file: unpack it first, or, if it is a workbook, give it a name that ends in .xlsx")
	case begins("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"):
		return errors.New("is an old workbook (XLS, ET), or one with a password: open it and save it as XLSX without a password, or as CSV")
	case begins("\x1F\x8B"), begins("7z\xBC\xAF"), begins("Rar!"):
		return errors.New("is compressed: unpack it first")
	case begins("%PDF"), begins("{\\rtf"):
		return errors.New("is a document and no table: save the table as XLSX or CSV")
	case begins("\x00\x00\xFE\xFF"), begins("\xFF\xFE\x00\x00"):
		return errors.New("is written in UTF-32: save it as UTF-8")
	}
	start := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(head[:min(len(head), 1024)], []byte("\xEF\xBB\xBF")), " \t\r\n")))
	for _, tag := range []string{"<!doctype", "<html", "<table", "<meta", "<head", "<body", "<style", "<div", "<?xml", "<workbook"} {
		if strings.HasPrefix(start, tag) {
			return errors.New("is a web page or XML under another name: open it in a spreadsheet program and save it as XLSX or CSV")
		}
	}
	return nil
}
