package providertest_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets more tests than cores run at once in make check: most of the time they
// wait. Looking for races they compute.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() && !raced {
		flag.Set("test.parallel", "8")
	}
	goleak.VerifyTestMain(m)
}
