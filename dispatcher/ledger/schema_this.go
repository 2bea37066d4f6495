//go:build !nextschema

package ledger

import "io/fs"

// nextSchema is empty: see schema_next.go.
var nextSchema fs.FS
