package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"tocsin/providers/simulator"
)

func newCarrier() *cobra.Command {
	var c simulator.Config
	journal := ""
	exposed, leashed := false, false
	cmd := &cobra.Command{
		Use:   "carrier",
		Short: "Simulate a carrier over TCP or HTTP, for rehearsals and tests",
		Long: `Takes messages as a carrier would and sends receipts. Nothing reaches a phone.
It listens on loopback only, unless --exposed is given.

It speaks SMPP 3.4 and 5.0, CMPP 2.0 and 3.0, SGIP 1.2 and SMGP 3.0, and HTTP as the gateways
of Aliyun, Tencent, Twilio and Kannel do (--protocol http --profile NAME).

The journal gets one JSON line for each recipient taken: time, number, id, text,
protocol. Of a reply it has time, number, reply, protocol.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := onLoopback(c.Listen); c.Listen != "" && err != nil && !exposed {
				return usage(err)
			}
			if journal != "" {
				f, err := os.OpenFile(journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
				if err != nil {
					return fmt.Errorf("open journal: %w", err)
				}
				defer f.Close()
				c.Journal = f
			}
			c.Logger = newLog(slog.LevelWarn)
			carrier, err := simulator.New(c)
			var taken *net.OpError
			switch {
			case errors.As(err, &taken):
				return fmt.Errorf("%w: choose another address with --listen", err)
			case err != nil:
				return usage(err) // a share that is none, and the like
			}
			fmt.Fprintf(os.Stderr, "tocsin carrier: listening on %s\n", carrier.Addr())
			ctx := cmd.Context()
			if leashed {
				ctx = untilClosed(ctx, os.Stdin)
			}
			return carrier.Run(ctx)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Listen, "listen", "", "address to listen on (default: the protocol's own port on loopback)")
	f.StringVar(&c.Protocol, "protocol", "smpp", "smpp, cmpp, sgip, smgp or http")
	f.StringVar(&c.Profile, "profile", "", "of http: aliyun, tencent, twilio or kannel (default: kannel)")
	f.StringVar(&c.DialBack, "dial-back", "", "bring the receipts there: of sgip host:port, several parted by commas, of http an address")
	f.StringVar(&c.DialBackID, "dial-back-login", "smg", "with this name")
	f.StringVar(&c.DialBackPassword, "dial-back-password", "", "and this password")
	f.StringVar(&c.SystemID, "system-id", "", "only this account may log in (default: any)")
	f.StringVar(&c.Password, "password", "", "with this password (default: any)")
	f.IntVar(&c.Most, "most", 0, "connections logged in at once, more are refused (0: no limit)")
	f.IntVar(&c.Rate, "rate", 0, "segments a second, more are answered with throttling (0: no limit)")
	f.DurationVar(&c.Latency, "latency", 0, "time from a message to its answer")
	f.DurationVar(&c.Jitter, "jitter", 0, "more of it, up to this, at random")
	f.BoolVar(&c.Receipts, "receipts", true, "send receipts to those who ask for them")
	f.DurationVar(&c.ReceiptDelay, "receipt-delay", 0, "time from an answer to its receipt")
	f.DurationVar(&c.ReceiptJitter, "receipt-jitter", 0, "more of it, up to this, at random: receipts overtake each other")
	f.StringVar(&c.ReceiptsOn, "receipts-on", simulator.OnAny, "connection of the account that a receipt comes on: any, same (as its message) or other")
	f.Float64Var(&c.LoseReceipts, "lose-receipts", 0, "share of receipts never sent, 0 to 1")
	f.Float64Var(&c.FailReceipts, "fail-receipts", 0, "share of receipts that say failed")
	f.Float64Var(&c.DuplicateReceipts, "duplicate-receipts", 0, "share of receipts sent twice")
	f.Float64Var(&c.EarlyReceipts, "early-receipts", 0, "share of receipts sent before the answer")
	f.Float64Var(&c.UnknownReceipts, "unknown-receipts", 0, "share of more receipts, for numbers nobody sent to")
	f.StringVar(&c.ReplyTo, "reply-to", "", "of http: bring it there; kannel's has escapes, as get-url of its sms-service (%p, %P, %b, %T, %I)")
	f.StringArrayVar(&c.Replies, "reply", nil, "a text that people send back; may be given again, and each person has one")
	f.Float64Var(&c.ReplyShare, "reply-share", 1, "share of those who got a message that reply, with --reply")
	f.DurationVar(&c.ReplyDelay, "reply-delay", time.Second, "time from an answer to the reply")
	f.Float64Var(&c.Refuse, "refuse", 0, "share of numbers refused for good")
	f.Float64Var(&c.Throttle, "throttle", 0, "share of messages answered with throttling")
	f.Float64Var(&c.QueueFull, "queue-full", 0, "share of messages answered with queue full")
	f.Float64Var(&c.Silent, "silent", 0, "share of messages never answered")
	f.IntVar(&c.CutAfter, "cut-after", 0, "cut the line after every so many messages (0: never)")
	f.StringVar(&c.HexIDs, "hex-ids", "", "resp or receipt: write ids in hexadecimal there")
	f.BoolVar(&c.NoMulti, "no-multi", false, "do not know submit_multi")
	f.BoolVar(&c.Version50, "smpp5", false, "speak SMPP 5.0 with clients that do, and take broadcasts")
	f.StringArrayVar(&c.Areas, "area", nil, "the name of an area for broadcasts; more than one may be given (default: every name is one)")
	f.IntVar(&c.Congestion, "congestion", 0, "of SMPP 5.0: say congestion_state with every answer, 1 to 100")
	f.StringVar(&journal, "journal", "", "append what is taken to this file")
	f.Uint64Var(&c.Seed, "seed", 1, "of all that is random")
	f.BoolVar(&exposed, "exposed", false, "allow an address that is not loopback")
	f.BoolVar(&leashed, leash, false, "end when standard input is closed")
	if err := f.MarkHidden(leash); err != nil {
		panic(err) // there is no such flag: a mistake in this file
	}
	return cmd
}

// leash is the flag of a carrier that ends with the process that started it,
// however that one ends.
const leash = "until-stdin-closes"

// untilClosed is ctx until r ends. Signals are left to the one at its other end:
// Ctrl-C in a terminal reaches both.
func untilClosed(ctx context.Context, r io.Reader) context.Context {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer cancel()
		io.Copy(io.Discard, r)
	}()
	return ctx
}

// onLoopback refuses addresses that others could reach.
func onLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %s is not on loopback: say --exposed if others shall reach it", address)
	}
	return nil
}
