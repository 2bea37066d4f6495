package audience

import "strings"

// Harmless keeps a spreadsheet from running a cell as a formula: an apostrophe in
// front makes it a text (OWASP, CSV injection). The reader of numbers passes
// over it.
func Harmless(cell string) string {
	trimmed := strings.TrimLeft(cell, " \u00a0\n")
	if trimmed != "" && strings.ContainsRune("=+-@\t\r\x00", rune(trimmed[0])) {
		return "'" + cell
	}
	return cell
}
