package main

import (
	"errors"
	"os"
	"syscall"

	"tocsin/campaigns"
)

// Exit codes.
const (
	exitOK      = 0 // finished and balanced
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3 // the definition or the audience is refused
	exitOpen    = 5 // finished with recipients in doubt or unsent
)

// An exitError carries its own code.
type exitError struct {
	code int
	err  error // nil: everything has been said
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error { return &exitError{exitUsage, err} }

// said reports whether err has nothing more to tell.
func said(err error) bool {
	var e *exitError
	return errors.As(err, &e) && e.err == nil
}

// exitCode is the code for how the program ended. A signal wins over success.
func exitCode(err error, s os.Signal) int {
	var own *exitError
	var refused *campaigns.Refusal
	switch {
	case err != nil && errors.As(err, &own):
		return own.code
	case errors.As(err, &refused):
		return exitRefused
	case err != nil:
		return exitFailed
	case s != nil:
		return 128 + int(s.(syscall.Signal))
	}
	return exitOK
}
