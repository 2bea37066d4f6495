//go:build !race

package providertest_test

// raced says that the tests look for races.
const raced = false
