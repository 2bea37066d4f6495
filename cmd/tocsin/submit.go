package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/web"
)

func newSubmit() *cobra.Command {
	approve, asJSON, by, why, to := false, false, "", "", ""
	cmd := &cobra.Command{
		Use:   "submit CAMPAIGN.yaml",
		Short: "Plan a campaign into the ledger, for the processes that serve it",
		Long: `Plans a campaign into the ledger and ends. With --approve any tocsin serve over
that ledger begins to send it within a second; without, it waits for
tocsin campaign approve. When a server works on a ledger in a file, the definition
and its files are sent to that server, which plans it: your token for its API is in
TOCSIN_TOKEN.`,
		Args: exactArgs(1, "a campaign's definition (YAML)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			say, err := speak(cmd)
			if err != nil {
				return err
			}
			if approve && by == "" {
				return usage(errors.New("submit --approve wants --by: who approves it"))
			}
			if err := c.CanSend(); err != nil {
				return usage(err) // without routes there is no plan
			}
			d, err := campaigns.Load(args[0])
			if err != nil {
				return err
			}
			planned, rows, err := submit(cmd, c, d, cmp.Or(why, "with submit"), by, to, approve)
			if err != nil {
				return err
			}
			err = printPlanned(planned, asJSON, os.Stdout, os.Stderr, say)
			if text := rows.words(failing(planned.Excluded), say); text != "" {
				fmt.Fprintf(os.Stderr, "  %s: %s\n", say.Rejects, text)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&approve, "approve", false, "let it be sent")
	cmd.Flags().StringVar(&by, "by", "", "who submits it")
	cmd.Flags().StringVar(&why, "reason", "", "why")
	cmd.Flags().StringVar(&to, "rejects", "", "write the rows that are no recipients to this CSV file, or \"off\" (default: CAMPAIGN.rejects.csv beside the definition; none when a server plans it)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "say what was planned as JSON")
	settingFlags(cmd, "ledger", "country", "ported", "prefixes")
	return cmd
}

// submit plans a campaign straight into the ledger, with the rows that are no recipients
// in a file as openRejects names it, or has the server do it that holds its file.
func submit(cmd *cobra.Command, c *configs.Config, d *campaigns.Definition, why, by, to string, approve bool) (p web.Planned, rows *rejects, err error) {
	l, err := visit(cmd, c)
	if errors.Is(err, ledger.ErrBusy) {
		p, err = send(cmd.Context(), c, d, why, approve)
		return p, nil, err
	}
	if err != nil {
		return p, nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if _, known := l.Campaign(d.Key); errors.Is(known, ledger.ErrNotFound) { // else the rows are those of its plan
		say, err := speak(cmd)
		if err != nil {
			return p, nil, err
		}
		if rows, err = openRejects(to, d); err != nil {
			return p, nil, err
		}
		rows.in(say)
	}
	p, err = (&planning{ledger: l, config: c}).submit(cmd.Context(), d, ledger.Draft{State: ledger.Submitted, Who: by, Why: why}, approve, rows)
	return p, rows, rows.settle(err)
}

// send sends a definition and its files to the server that holds the ledger. They
// pass through memory in pieces.
func send(ctx context.Context, c *configs.Config, d *campaigns.Definition, why string, approve bool) (p web.Planned, err error) {
	body, pipe := io.Pipe()
	defer body.Close()
	form := multipart.NewWriter(pipe)
	go func() { pipe.CloseWithError(fillForm(form, d, why, approve)) }()
	err = request(ctx, c, http.MethodPost, "campaigns", form.FormDataContentType(), body, &p)
	return p, err
}

// fillForm writes the parts of a submission. A file that cannot be read is left out: the
// server's plan says what becomes of that.
func fillForm(form *multipart.Writer, d *campaigns.Definition, why string, approve bool) error {
	fields := [][2]string{{web.PartReason, why}}
	if approve {
		fields = append(fields, [2]string{web.PartApprove, "true"})
	}
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			return err
		}
	}
	part, err := form.CreateFormFile(web.PartDefinition, d.Path)
	if err == nil {
		_, err = io.WriteString(part, d.Source)
	}
	if err != nil {
		return err
	}
	sent := map[string]bool{}
	for _, list := range [][]string{d.Audience.Files, d.Audience.Exclude} {
		for _, name := range list {
			if sent[name] {
				continue
			}
			sent[name] = true
			if err := fillFile(form, name); err != nil {
				return err
			}
		}
	}
	return form.Close()
}

func fillFile(form *multipart.Writer, name string) error {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	part, err := form.CreateFormFile(web.PartFile, name)
	if err == nil {
		_, err = io.Copy(part, f)
	}
	return err
}
