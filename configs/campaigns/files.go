// Package samples holds sample campaigns, to read, to copy and for the demo.
package samples

import "embed"

// Files are the sample campaigns and their audiences.
//
//go:embed *.yaml
var Files embed.FS
