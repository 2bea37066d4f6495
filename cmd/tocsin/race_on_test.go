//go:build race

package main

// raced says that the tests, and so the program they build, look for races.
const raced = true
