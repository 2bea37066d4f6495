package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms"
)

// trialOptions are the flags of provider test.
type trialOptions struct {
	orders
	to, text string
	wait     time.Duration
	yes      bool
}

func newProviderTest() *cobra.Command {
	o := trialOptions{wait: 30 * time.Second}
	cmd := &cobra.Command{
		Use:   "test NAME --to NUMBER --by NAME --reason TEXT",
		Short: "Send one message to one number through it, and show what comes back",
		Long: `Sends one real message to one number, on a connection of its own, and prints the
carrier's answer, its id and the receipt when it comes within --wait. It asks first,
unless --yes is given. Who did it and why is in the ledger before a byte leaves, and
what was answered after. Carriers of China want a signature in front: 【…】.

It works beside a running server where the carrier allows one more connection; a
server that holds the ledger's file is asked to keep the record (TOCSIN_TOKEN).
Receipts of others that the carrier brings to this connection are put into the
ledger, or left to the server unacknowledged.

It ends with 0 when the carrier took it, 1 when it did not or a receipt says that it
failed, 5 when it is in doubt.`,
		Args: exactArgs(1, "the provider's name"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.to, "to", "", "the number that gets it")
	cmd.Flags().StringVar(&o.text, "text", "", "the text (default: a sentence that says it is a test)")
	cmd.Flags().DurationVar(&o.wait, "wait", o.wait, "how long to wait for the receipt; 0 asks for none")
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	settingFlags(cmd, "country")
	return cmd
}

func (o *trialOptions) run(cmd *cobra.Command, name string) error {
	if err := o.complete("test"); err != nil {
		return err
	}
	if o.wait < 0 {
		return usage(errors.New("--wait is how long to wait for the receipt: write for example 30s, or 0"))
	}
	c, err := settings(cmd)
	if err != nil {
		return err
	}
	say, err := speak(cmd)
	if err != nil {
		return err
	}
	p, err := findProvider(c, name)
	if err != nil {
		return err
	}
	t, err := newTrial(cmd.Context(), c, p, o, &say.Trial)
	if err != nil {
		return err
	}
	if err := t.confirmed(cmd.Context(), o.yes); err != nil {
		return err
	}
	if t.record, err = openRecord(cmd.Context(), c, p.Name, &o.orders); err != nil {
		return fmt.Errorf("%w; nothing was sent", err)
	}
	err = errors.Join(t.run(cmd.Context(), o.wait), t.record.Close())
	if t.result.Outcome == "" || err != nil && !t.offered {
		return fmt.Errorf("%w; nothing was sent", err)
	}
	if o.asJSON {
		err = errors.Join(writeJSON(os.Stdout, &t.result), err)
	}
	if err != nil {
		return err
	}
	return t.verdict()
}

// newTrial makes the message, and refuses a number that must not get it.
func newTrial(ctx context.Context, c *configs.Config, p configs.ProviderConfig, o *trialOptions, say *trialWords) (*trial, error) {
	n, ok := campaigns.ParseNumber(o.to, c.Country)
	if !ok {
		return nil, usage(fmt.Errorf("--to is no telephone number that can be read (country: %s): write it with + and its country code", c.Country))
	}
	text := o.text
	if text == "" {
		text = say.Text
	}
	content, err := p.Alphabet().Encode(nil, text)
	if err != nil {
		return nil, usage(fmt.Errorf("--text: %w", err))
	}
	reader, err := ledger.OpenReader(ledgerOptions(c))
	switch {
	case err == nil:
		suppressed, err := reader.Suppressed(ctx)
		if err = errors.Join(err, reader.Close()); err != nil {
			return nil, err
		}
		if suppressed(n) {
			return nil, &exitError{exitRefused, errors.New("the number is on the list of those who want nothing: choose another one; nothing was sent")}
		}
	case !errors.Is(err, ledger.ErrNoLedger):
		return nil, err
	}
	return &trial{
		config: p, say: say, quiet: o.asJSON,
		message: sms.Message{To: n, Content: content, Envelope: &sms.Envelope{Receipt: o.wait > 0, Class: sms.Urgent, Campaign: uint32(time.Now().Unix())}},
		result:  trialResult{Provider: p.Name, To: "+" + n.Digits(), Segments: int(content.Segments), Encoding: content.Coding.String()},
	}, nil
}

// confirmed asks whether it shall be sent.
func (t *trial) confirmed(ctx context.Context, yes bool) error {
	if yes {
		return nil
	}
	return confirm(ctx, "provider test sends a real message", fmt.Sprintf(t.say.Ask, t.result.To, t.config.Name, t.result.Segments))
}

// word writes a reference as the carrier does, or in hexadecimal when it is no text.
func word(ref []byte) string {
	if q := strconv.QuoteToASCII(string(ref)); len(q) != len(ref)+2 {
		return fmt.Sprintf("%x", ref)
	}
	return string(ref)
}
