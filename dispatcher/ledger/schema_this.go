//go:build !nextschema

package ledger

import "io/fs"

// nextSchema is nothing: see schema_next.go.
var nextSchema fs.FS
