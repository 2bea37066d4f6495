package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/providers"
	"tocsin/providers/sms"
)

func newRoute() *cobra.Command {
	asJSON, campaign := false, ""
	cmd := &cobra.Command{
		Use:   "route NUMBER...",
		Short: "Explain which way numbers would go, and why",
		Long: `Explains for each number how it is read, whose prefix it has, whether it has moved
to another carrier, which route fits, and the providers of that route in order, with
their state when there is a ledger. Nothing is sent or kept. A single - reads the
numbers from standard input, one a line.

It ends with 3 when one of them would be excluded.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(errors.New("route takes numbers, or - for those on standard input; see tocsin route --help"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			if err := c.CanSend(); err != nil {
				return usage(err)
			}
			guide, err := newGuide(cmd.Context(), c, campaign)
			if err != nil {
				return err
			}
			return guide.show(args, asJSON, &say.Route, say)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().StringVar(&campaign, "campaign", "", "go by the routes of this campaign's definition (YAML)")
	settingFlags(cmd, "ledger", "country", "ported", "prefixes")
	return cmd
}

// A course is where a number goes and why, in the words of the JSON.
type course struct {
	Given     string        `json:"given"`
	Number    string        `json:"number,omitempty"` // E.164; "": it is none
	Prefix    *prefixJSON   `json:"prefix,omitempty"`
	Ported    string        `json:"ported_to,omitempty"`
	Carrier   string        `json:"carrier,omitempty"` // that serves it; unknown; "": not a Chinese mobile number
	Route     int           `json:"route,omitempty"`   // the number of the rule, from 1
	Rule      string        `json:"rule,omitempty"`    // carrier NAME, or prefix DIGITS
	Providers []waypoint    `json:"providers,omitempty"`
	Fallback  *fallbackJSON `json:"fallback,omitempty"` // when there is more than one provider
	Excluded  string        `json:"excluded,omitempty"` // the reason, as a plan counts it

	way providers.Way
	n   sms.Number
}

type prefixJSON struct {
	Digits      string `json:"digits"`
	Carrier     string `json:"carrier"`
	Virtual     bool   `json:"virtual,omitempty"`
	Unconfirmed bool   `json:"unconfirmed,omitempty"`
	Date        string `json:"date"` // of the table
}

type fallbackJSON struct {
	Never bool     `json:"never,omitempty"`
	After string   `json:"after,omitempty"`
	For   []string `json:"for,omitempty"`
}

// A waypoint is a provider of a route, with its state when there is a ledger.
type waypoint struct {
	Name  string             `json:"name"`
	State string             `json:"state,omitempty"`
	Lines []ledger.LineState `json:"lines,omitempty"`
}

// A guide knows everything that decides where a number goes.
type guide struct {
	config     *configs.Config
	routes     *providers.Routes
	rules      []configs.RouteConfig
	own        string // the campaign whose routes they are; "": the configuration's
	fallbacks  providers.Fallbacks
	standings  map[string]*ledger.Standing // nil: there is no ledger
	suppressed func(sms.Number) bool
}

func newGuide(ctx context.Context, c *configs.Config, campaign string) (*guide, error) {
	g := &guide{config: c, rules: c.Routes, suppressed: func(sms.Number) bool { return false }}
	d := &campaigns.Definition{}
	if campaign != "" {
		var err error
		if d, err = campaigns.Load(campaign); err != nil {
			return nil, err
		}
		if len(d.Routes) > 0 {
			g.own, g.rules = campaign, ownRoutes(d)
		}
	}
	var err error
	if g.routes, err = routerFor(c, d); err != nil {
		return nil, err
	}
	if g.fallbacks, err = configs.Fallbacks(c); err != nil {
		return nil, err
	}
	reader, err := ledger.OpenReader(ledgerOptions(c))
	if errors.Is(err, ledger.ErrNoLedger) {
		return g, nil
	}
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	if g.suppressed, err = reader.Suppressed(ctx); err != nil {
		return nil, err
	}
	all, err := reader.Standings(ctx, providerNames(c))
	if err != nil {
		return nil, err
	}
	g.standings = map[string]*ledger.Standing{}
	for i := range all {
		g.standings[all[i].Name] = &all[i]
	}
	return g, nil
}

// show explains all numbers; "-" stands for those on standard input.
func (g *guide) show(args []string, asJSON bool, say *routeWords, all *words) error {
	courses, excluded := []*course{}, 0
	one := func(text string) {
		k := g.course(text)
		if k.Excluded != "" {
			excluded++
		}
		courses = append(courses, k)
		if !asJSON {
			g.print(os.Stdout, k, say, all)
		}
	}
	for _, arg := range args {
		if arg != "-" {
			one(arg)
			continue
		}
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			if text := strings.TrimSpace(lines.Text()); text != "" {
				one(text)
			}
		}
		if err := lines.Err(); err != nil {
			return fmt.Errorf("read the numbers from standard input: %w", err)
		}
	}
	if asJSON {
		if err := writeJSON(os.Stdout, courses); err != nil {
			return err
		}
	}
	if excluded > 0 {
		fmt.Fprintf(os.Stderr, say.Excluded, excluded, len(courses))
		return &exitError{code: exitRefused}
	}
	return nil
}

// course finds a number's way as a plan does.
func (g *guide) course(text string) *course {
	k := &course{Given: text}
	n, ok := campaigns.ParseNumber(text, g.config.Country)
	if !ok {
		k.Excluded = campaigns.Invalid.String()
		return k
	}
	k.n, k.way, k.Number = n, g.routes.Explain(n), "+"+n.Digits()
	w := &k.way
	if providers.ChineseMobile(n) {
		k.Carrier = providers.UnknownCarrier
		if w.Carrier != providers.NoCarrier {
			k.Carrier = w.Carrier.String()
		}
		k.Ported = w.Ported.String()
		if w.Prefix.Digits != "" {
			k.Prefix = &prefixJSON{w.Prefix.Digits, w.Prefix.Carrier.String(), w.Prefix.Virtual, w.Prefix.Unconfirmed, g.routes.Numbering().Prefixes.Date}
		}
	}
	switch {
	case g.suppressed(n):
		k.Excluded = campaigns.Suppressed.String()
	case w.Rule < 0:
		k.Excluded = campaigns.Unroutable.String()
	}
	if w.Rule < 0 {
		return k
	}
	rule := g.rules[w.Rule]
	k.Route, k.Rule = w.Rule+1, "prefix "+rule.Prefix
	if rule.Carrier != "" {
		k.Rule = "carrier " + rule.Carrier
	}
	for _, name := range w.To {
		p := waypoint{Name: name}
		if s := g.standings[name]; s != nil {
			p.State, p.Lines = s.State, s.Lines
		}
		k.Providers = append(k.Providers, p)
	}
	if len(w.To) > 1 {
		k.Fallback = g.fallback(w.To)
	}
	return k
}

func (g *guide) fallback(to []string) *fallbackJSON {
	f, ok := g.fallbacks[sms.NewRoute(to...)]
	if !ok { // a campaign's own route
		f = providers.Always
	}
	if f.Never {
		return &fallbackJSON{Never: true}
	}
	j := &fallbackJSON{After: f.After.String()}
	for class, holds := range f.For {
		if holds {
			j.For = append(j.For, sms.Class(class).String())
		}
	}
	return j
}

// print explains a number for people.
func (g *guide) print(w io.Writer, k *course, say *routeWords, all *words) {
	if k.Number == "" {
		text := say.Invalid
		if g.config.Country != "" {
			text = fmt.Sprintf(say.InvalidIn, g.config.Country)
		}
		fmt.Fprintf(w, "%s\n  %s\n", k.Given, text)
		return
	}
	fmt.Fprintln(w, strings.TrimPrefix(k.Given+" → "+k.Number, k.Number+" → "))
	var t sheet
	g.printCarrier(&t, k, say)
	if k.Route > 0 {
		rule := g.rules[k.way.Rule]
		text := fmt.Sprintf(say.ByPrefix, k.Route, wordFor(say.Carriers, rule.Prefix))
		if rule.Carrier != "" {
			c, _ := providers.ParseRuleCarrier(rule.Carrier)
			text = fmt.Sprintf(say.ByCarrier, k.Route, say.carrier(c))
		}
		if g.own != "" {
			text = fmt.Sprintf(say.ByCampaign, text, g.own)
		}
		t.add(say.Rule, text)
	}
	for i, p := range k.Providers {
		t.add(fmt.Sprintf(say.Provider, i+1), p.Name+": "+g.standing(p, say))
	}
	switch f := k.Fallback; {
	case f == nil && k.Route > 0:
		t.add(say.Fallback, say.Alone)
	case f != nil && f.Never:
		t.add(say.Fallback, say.Never)
	case f != nil:
		classes := make([]string, len(f.For))
		for i, class := range f.For {
			classes[i] = wordFor(all.Classes, class)
		}
		t.add(say.Fallback, fmt.Sprintf(say.After, f.After, strings.Join(classes, say.Join)))
	}
	switch {
	case k.Excluded == campaigns.Suppressed.String():
		t.add(say.Left, say.Suppressed)
	case k.Excluded != "" && k.Carrier == providers.UnknownCarrier:
		t.add(say.Left, say.Unserved)
	case k.Excluded != "":
		t.add(say.Left, say.Unroutable)
	}
	t.write(w, 0)
}

// printCarrier says which carrier issued the number, and which one serves it.
func (g *guide) printCarrier(t *sheet, k *course, say *routeWords) {
	date := g.routes.Numbering().Prefixes.Date
	p := k.way.Prefix
	text := fmt.Sprintf(say.PrefixIs, p.Digits, say.carrier(p.Carrier), date)
	switch {
	case k.Carrier == "":
		t.add(say.Prefix, say.NotChinese)
		return
	case p.Digits == "":
		text = fmt.Sprintf(say.PrefixNobody, date)
	case p.Virtual:
		text = fmt.Sprintf(say.PrefixVia, p.Digits, say.carrier(p.Carrier), date)
	}
	if p.Unconfirmed {
		text += say.Unconfirmed
	}
	t.add(say.Prefix, text)
	ported := g.config.NumberFiles().Files()[1]
	switch {
	case k.Ported != "":
		t.add(say.Ported, fmt.Sprintf(say.PortedTo, say.carrier(k.way.Ported)))
	case ported.Path == "":
		t.add(say.Ported, say.PortedNone)
	default:
		t.add(say.Ported, fmt.Sprintf(say.PortedNot, ported.Rows, moment(ported.Read.UnixMilli())))
	}
}

// standing says how a provider stands.
func (g *guide) standing(p waypoint, say *routeWords) string {
	if g.standings == nil {
		return say.NoLedger
	}
	state := wordFor(say.States, p.State)
	if len(p.Lines) == 0 {
		return fmt.Sprintf(say.NoProcess, state)
	}
	lines := make([]string, len(p.Lines))
	for i, l := range p.Lines {
		lines[i] = wordFor(say.Lines, l.State)
		if l.Fault != "" {
			lines[i] += " (" + l.Fault + ")"
		}
	}
	return fmt.Sprintf(say.LineIs, state, strings.Join(lines, say.Join))
}

// carrier is a carrier's name in the language.
func (r *routeWords) carrier(c providers.Carrier) string {
	if c == providers.NoCarrier {
		return r.Carriers[providers.UnknownCarrier]
	}
	return r.Carriers[c.String()]
}
