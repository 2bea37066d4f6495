package main

import (
	"context"
	"io"
	"testing"
)

func TestACarrierOnALeashEndsWithItsHolderAndNotAtASignal(t *testing.T) {
	interrupted, interrupt := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ctx := untilClosed(interrupted, r)
	interrupt()
	if err := ctx.Err(); err != nil {
		t.Errorf("got %v at a signal, want that it goes on", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
}
