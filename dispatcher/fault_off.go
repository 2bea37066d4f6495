//go:build !faults

package dispatcher

// fault does nothing; built with the tag faults it ends the process at the point
// named by the environment variable FAULT.
func fault(string) {}
