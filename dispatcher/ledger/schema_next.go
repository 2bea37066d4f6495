//go:build nextschema

package ledger

import (
	"embed"
	"io/fs"
)

//go:embed next/*.sql
var nextFiles embed.FS

// nextSchema is what a program of the next version brings with it, for tests of both
// side by side.
var nextSchema, _ = fs.Sub(nextFiles, "next")
