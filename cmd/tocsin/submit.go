package main

import (
	"cmp"
	"context"
	"errors"
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
	approve, asJSON, by, why := false, false, "", ""
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
			planned, err := submit(cmd, c, d, cmp.Or(why, "with submit"), by, approve)
			if err != nil {
				return err
			}
			return printPlanned(planned, asJSON, os.Stdout, os.Stderr)
		},
	}
	cmd.Flags().BoolVar(&approve, "approve", false, "let it be sent")
	cmd.Flags().StringVar(&by, "by", "", "who submits it")
	cmd.Flags().StringVar(&why, "reason", "", "why")
	cmd.Flags().BoolVar(&asJSON, "json", false, "say what was planned as JSON")
	settingFlags(cmd, "ledger", "country", "ported", "prefixes")
	return cmd
}

// submit plans a campaign straight into the ledger, or has the server do it that
// holds its file.
func submit(cmd *cobra.Command, c *configs.Config, d *campaigns.Definition, why, by string, approve bool) (p web.Planned, err error) {
	l, err := visit(cmd, c)
	if errors.Is(err, ledger.ErrBusy) {
		return send(cmd.Context(), c, d, why, approve)
	}
	if err != nil {
		return p, err
	}
	p, err = (&planning{ledger: l, config: c}).submit(cmd.Context(), d, ledger.Draft{State: ledger.Submitted, Who: by, Why: why}, approve)
	return p, errors.Join(err, l.Close())
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
