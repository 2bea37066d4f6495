package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/providers/smpp"
	"tocsin/providers/sms"
)

func newBroadcast() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "broadcast",
		Short: "Send a text to every handset in some areas: send, list, query, cancel",
		Long: `Sends cell broadcasts through a provider whose carrier speaks SMPP 5.0 and allows
them (version: "5.0" and broadcast: true in the configuration). A broadcast goes to
every handset in its areas; nobody is counted, and there are no receipts. Each is
written down before its request leaves, with who sends it and why. One whose answer
does not come is in doubt, and is never sent again by itself.`,
	}
	cmd.AddCommand(newBroadcastSend(), newBroadcastList(), newBroadcastQuery(), newBroadcastCancel())
	group(cmd)
	return cmd
}

// contents are the types that have a name here; others are numbers of the generic
// network: SMPP 5.0, broadcast_content_type.
var contents = map[string]uint16{"emergency": 0x0001, "weather": 0x0033}

// urgencies are priority_flag of a broadcast: SMPP 5.0.
var urgencies = map[string]uint8{"normal": 0, "immediate": 1, "high": 2, "background": 4}

// broadcastOptions are the flags of broadcast send.
type broadcastOptions struct {
	orders
	provider, text    string
	areas             []string
	repeat            uint16
	every             time.Duration
	content, priority string
	yes               bool
}

func newBroadcastSend() *cobra.Command {
	o := broadcastOptions{repeat: 1, content: "emergency", priority: "normal"}
	cmd := &cobra.Command{
		Use:   "send --provider NAME --text TEXT --area AREA... --by NAME --reason TEXT",
		Short: "Send one, to every handset in its areas",
		Long: `Sends one broadcast. It asks first, unless --yes is given. An area is
  alias:NAME                           a name agreed with the carrier
  circle:LAT,LON,METRES                everything so near to a point
  arc:LAT,LON,INNER,OUTER,FROM,ANGLE   between two radii, from a bearing over an angle
  polygon:LAT,LON;LAT,LON;LAT,LON      3 to 15 corners
--area is given once for each.

It ends with 0 when the carrier took it for every area, 1 when it did not, or not for
all, 5 when it is in doubt.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.provider, "provider", "", "the provider that sends it")
	cmd.Flags().StringVar(&o.text, "text", "", "the text")
	cmd.Flags().StringArrayVar(&o.areas, "area", nil, "where; may be given several times")
	cmd.Flags().Uint16Var(&o.repeat, "repeat", o.repeat, "how often it is sent in all, 1 to 65535")
	cmd.Flags().DurationVar(&o.every, "every", 0, "between two; 0: as often as possible")
	cmd.Flags().StringVar(&o.content, "content-type", o.content, "emergency, weather, or a number of SMPP 5.0's generic network")
	cmd.Flags().StringVar(&o.priority, "priority", o.priority, "normal, immediate, high or background")
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return cmd
}

// A notice is a broadcast ready for the air.
type notice struct {
	request smpp.Broadcast
	kept    ledger.Broadcast
}

// notice reads the flags.
func (o *broadcastOptions) notice(p *configs.ProviderConfig) (*notice, error) {
	order := smpp.Order{Repeat: o.repeat}
	if len(o.areas) == 0 {
		return nil, errors.New("--area says where: write for example alias:riverside or circle:31.2304,121.4737,2000")
	}
	var written []string
	for _, text := range o.areas {
		a, err := smpp.ParseArea(text)
		if err != nil {
			return nil, fmt.Errorf("--area: %w", err)
		}
		order.Areas, written = append(order.Areas, a), append(written, a.String())
	}
	var ok bool
	if order.Content, ok = contents[o.content]; !ok {
		n, err := strconv.ParseUint(o.content, 0, 16)
		if err != nil {
			return nil, fmt.Errorf("--content-type %q is none: write emergency, weather, or a number up to 65535", o.content)
		}
		order.Content = uint16(n)
	}
	priority, ok := urgencies[o.priority]
	if !ok {
		return nil, fmt.Errorf("--priority %q is none: write normal, immediate, high or background", o.priority)
	}
	if o.repeat == 0 {
		return nil, errors.New("--repeat is how often it is sent in all: 1 to 65535")
	}
	var err error
	if order.Unit, order.Every, err = smpp.Interval(o.every); err != nil {
		return nil, fmt.Errorf("--every: %w", err)
	}
	content, err := p.Alphabet().Encode(nil, o.text)
	if err != nil {
		return nil, fmt.Errorf("--text: %w", err)
	}
	order.Text = content.Octets
	now := time.Now()
	var salt [2]byte
	rand.Read(salt[:])
	return &notice{
		request: smpp.Broadcast{Priority: priority, Coding: byte(content.Coding), Options: order.AppendTo(nil)},
		kept: ledger.Broadcast{
			Key: now.UTC().Format("20060102-150405-") + hex.EncodeToString(salt[:]), At: now.UnixMilli(), Provider: p.Name, Who: o.by, Why: o.why,
			Text: o.text, Areas: written, Content: int(order.Content), Priority: int(priority), Repeat: int(o.repeat), Every: o.every.Milliseconds(),
			State: ledger.BroadcastInDoubt,
		},
	}, nil
}

func (o *broadcastOptions) run(cmd *cobra.Command) error {
	if err := o.complete("broadcast send"); err != nil {
		return err
	}
	c, say, err := broadcastSettings(cmd)
	if err != nil {
		return err
	}
	p, carrier, err := broadcaster(c, o.provider)
	if err != nil {
		return err
	}
	n, err := o.notice(&p)
	if err != nil {
		return usage(err)
	}
	if !o.yes {
		if err := confirm(cmd.Context(), "broadcast send reaches everybody in its areas", fmt.Sprintf(say.Ask, strings.Join(n.kept.Areas, ", "), p.Name, n.kept.Repeat)); err != nil {
			return err
		}
	}
	b := &n.kept
	if err := keepBroadcast(cmd.Context(), c, b); err != nil {
		return fmt.Errorf("write down the broadcast: %w; nothing was sent", err)
	}
	id, failed, fate := carrier.Send(cmd.Context(), &n.request)
	b.State, b.Ref, b.Code = fateName(fate.Outcome), id, int64(fate.Code)
	for _, f := range failed {
		b.Failed = append(b.Failed, f.Area.String())
	}
	if b.State != ledger.BroadcastInDoubt {
		b.Settled = time.Now().UnixMilli()
	}
	// What the carrier said is kept, also when somebody has just stopped the program.
	kept := keepBroadcast(context.WithoutCancel(cmd.Context()), c, b)
	if kept != nil {
		kept = fmt.Errorf("the ledger has the broadcast %s in doubt, for what became of it could not be written: %w", b.Key, kept)
	}
	if o.asJSON {
		kept = errors.Join(kept, writeJSON(os.Stdout, b))
	} else {
		say.show(os.Stdout, b)
	}
	switch {
	case kept != nil:
		return kept
	case b.State == ledger.BroadcastInDoubt:
		return &exitError{exitOpen, fate.Err}
	case b.State != ledger.BroadcastTaken || len(b.Failed) > 0:
		return &exitError{exitFailed, fate.Err}
	case fate.Err != nil: // it is on the air: to send it again would be a second one
		fmt.Fprintln(os.Stderr, "tocsin:", fate.Err)
	}
	return nil
}

// fateName is an outcome as the ledger keeps it.
func fateName(o sms.Outcome) ledger.BroadcastState {
	switch o {
	case sms.Taken:
		return ledger.BroadcastTaken
	case sms.Refused:
		return ledger.BroadcastRefused
	case sms.Unknown:
		return ledger.BroadcastInDoubt
	}
	return ledger.BroadcastNotSent
}

func broadcastSettings(cmd *cobra.Command) (*configs.Config, *broadcastWords, error) {
	c, err := settings(cmd)
	if err != nil {
		return nil, nil, err
	}
	say, err := speak(cmd)
	if err != nil {
		return nil, nil, err
	}
	return c, &say.Broadcast, nil
}

// broadcaster returns the client that sends broadcasts to a provider's carrier.
func broadcaster(c *configs.Config, name string) (configs.ProviderConfig, *smpp.Broadcaster, error) {
	if name == "" {
		return configs.ProviderConfig{}, nil, usage(errors.New("--provider names who sends it"))
	}
	p, err := findProvider(c, name)
	if err != nil {
		return p, nil, err
	}
	b, err := configs.Broadcaster(p)
	if err != nil {
		return p, nil, usage(err)
	}
	return p, b, nil
}

// keepBroadcast puts it into the ledger, or has the server do it that holds its file: then
// b is as the server keeps it, in the name of the token's holder.
func keepBroadcast(ctx context.Context, c *configs.Config, b *ledger.Broadcast) error {
	o := ledgerOptions(c)
	o.Visitor = true
	l, err := ledger.Open(ctx, o)
	if errors.Is(err, ledger.ErrBusy) {
		body, err := json.Marshal(b)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, answerWithin)
		defer cancel()
		return request(ctx, c, http.MethodPost, "broadcasts", "application/json", bytes.NewReader(body), b)
	}
	if err != nil {
		return err
	}
	return errors.Join(l.KeepBroadcast(ctx, *b), l.Close())
}
