package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// confirm wants a yes at the terminal before something real is sent; does says what that is.
func confirm(ctx context.Context, does, question string) error {
	if !isatty.IsTerminal(os.Stdin.Fd()) {
		return usage(fmt.Errorf("%s and asks first, which takes a terminal: say --yes to send it without", does))
	}
	fmt.Fprint(os.Stderr, question)
	answer := make(chan string, 1)
	go func() { // a terminal cannot be told to end; the program ends without it
		text, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(text))
	}()
	select {
	case text := <-answer:
		if text == "y" || text == "yes" || text == "是" {
			return nil
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	return &exitError{exitFailed, errors.New("not confirmed; nothing was sent")}
}
