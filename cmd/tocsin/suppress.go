package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
	"tocsin/campaigns/audience"
	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/web"
	"tocsin/providers/sms"
)

func newSuppress() *cobra.Command {
	cmd := newListing("suppress", "Put numbers on the list of those no campaign may reach",
		`Reads one number a line. Every later plan excludes them, and who waits in a campaign
that runs is not sent it any more; twice is nothing. People put themselves on the list
by a message, TD or STOP for example: see tocsin replies. Works beside a server.

tocsin suppress FILE is tocsin suppress add FILE.`, false)
	cmd.AddCommand(newListing("add", "Put numbers on the list", "Reads one number a line; twice is nothing.", false),
		newListing("remove", "Take numbers off the list", "Reads one number a line. Every later plan may reach them again; twice is nothing.", true))
	return cmd
}

// newListing is a command that changes the list.
func newListing(name, short, long string, off bool) *cobra.Command {
	why, by := "", ""
	cmd := &cobra.Command{
		Use:   name + " FILE",
		Short: short,
		Long:  long,
		Args:  exactArgs(1, "a file with one number a line"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			numbers, err := readNumbers(args[0], c.Country)
			if err != nil {
				return &exitError{exitRefused, err}
			}
			if by == "" {
				by = whoRuns()
			}
			done, err := list(cmd.Context(), c, ledger.Listing{Numbers: numbers, Off: off, Who: by, Why: why})
			if err != nil {
				return err
			}
			if off {
				fmt.Fprintf(os.Stderr, "%d numbers are not on the list; %d of them were\n", len(numbers), done.Changed)
			} else {
				fmt.Fprintf(os.Stderr, "%d numbers are on the list; %d of them are new\n", len(numbers), done.Changed)
			}
			return nil
		},
	}
	usual := "opted out"
	if off {
		usual = "opted in"
	}
	cmd.Flags().StringVar(&why, "why", usual, "the reason, kept with the numbers")
	cmd.Flags().StringVar(&by, "by", "", "who does it (default: the user of this machine; with a server, the token's holder)")
	settingFlags(cmd, "ledger")
	return cmd
}

// list changes the list straight in the ledger, or has the server do it that holds its file.
func list(ctx context.Context, c *configs.Config, s ledger.Listing) (done web.Listed, err error) {
	o := ledgerOptions(c)
	o.Visitor = true
	l, err := ledger.Open(ctx, o)
	if errors.Is(err, ledger.ErrBusy) {
		return tellList(ctx, c, s)
	}
	if err != nil {
		return done, err
	}
	done.Numbers = len(s.Numbers)
	done.Changed, err = l.List(ctx, s)
	return done, errors.Join(err, l.Close())
}

// tellList posts the numbers to the server.
func tellList(ctx context.Context, c *configs.Config, s ledger.Listing) (done web.Listed, err error) {
	if len(s.Numbers) == 0 {
		return done, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	body := web.Listing{Reason: s.Why, Numbers: make([]string, len(s.Numbers))}
	for i, n := range s.Numbers {
		body.Numbers[i] = "+" + n.Digits()
	}
	text, err := json.Marshal(body)
	if err != nil {
		return done, err
	}
	verb := "add"
	if s.Off {
		verb = "remove"
	}
	err = request(ctx, c, http.MethodPost, "suppression/"+verb, "application/json", bytes.NewReader(text), &done)
	return done, err
}

// readNumbers reads one number a line, as a plan reads those of an audience; a line that is
// none refuses the file.
func readNumbers(path, country string) ([]sms.Number, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > 0 && info.Mode().IsRegular() {
		if err := audience.CheckText(f, info.Size()); err != nil {
			return nil, fmt.Errorf("%s %w; nothing was changed", path, err)
		}
	}
	var numbers []sms.Number
	parse := campaigns.NumberReader(country)
	lines := bufio.NewScanner(f)
	for k := 1; lines.Scan(); k++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		n, ok := parse(lines.Bytes())
		if !ok {
			return nil, fmt.Errorf("%s:%d: %w: correct or remove the line; nothing was changed", path, k, sms.ErrNumber)
		}
		numbers = append(numbers, n)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return numbers, nil
}
