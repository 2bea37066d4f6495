//go:build !race

package sms

// raced says that the tests look for races, where a sync.Pool drops things at random.
const raced = false
