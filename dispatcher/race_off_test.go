//go:build !race

package dispatcher

// raced says that the tests look for races.
const raced = false
