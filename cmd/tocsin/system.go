package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	goredis "github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"tocsin/campaigns"
	"tocsin/configs"
	"tocsin/dispatcher"
	"tocsin/dispatcher/ledger"
	"tocsin/dispatcher/pace"
	"tocsin/dispatcher/queue"
	"tocsin/dispatcher/web"
	"tocsin/providers"
)

// settings reads the configuration a command was pointed to.
func settings(cmd *cobra.Command) (*configs.Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	c, err := configs.Load(path, cmd.Flags())
	if err != nil {
		return nil, usage(err)
	}
	return c, nil
}

// settingFlags gives a command flags for settings of the configuration.
func settingFlags(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		cmd.Flags().String(name, "", map[string]string{
			"admin":    "where metrics and health are served, host:port or off",
			"queue":    "embedded, or redis://host:port/db",
			"ledger":   "the database: sqlite, or postgres://user@host:5432/database",
			"country":  "where numbers without a country code are, for example CN",
			"ported":   "file of numbers that changed their carrier",
			"prefixes": "file of who was given which Chinese prefixes, instead of the one built in",
			"roles":    "what this process does: send, schedule, api, with commas between, or all",
			"machine":  "this machine's name, for only_on",
		}[name])
	}
}

// ledgerOptions name the ledger of a configuration.
func ledgerOptions(c *configs.Config) ledger.Options {
	o := ledger.Options{Dir: c.Data, Build: edition(), Replies: ledger.Replies{
		Keywords: campaigns.NewKeywords(c.Replies.OptOut, c.Replies.OptIn), Within: c.Replies.Within,
	}}
	if c.Shared() {
		o.URL = c.Ledger
	}
	return o
}

// openLedger opens the ledger to work on it.
func openLedger(ctx context.Context, o ledger.Options) (*ledger.Ledger, error) {
	l, err := ledger.Open(ctx, o)
	if errors.Is(err, ledger.ErrBusy) {
		return nil, fmt.Errorf("%w: one process at a time sends; stop the other one first (it settles what is on its way), then start this; "+
			"tocsin submit sends a campaign to a serve at work, and report and export work beside it", err)
	}
	return l, err
}

// newLog writes what concerns people running campaigns to stderr.
func newLog(level slog.Level) *slog.Logger {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	goredis.SetLogger(redisLog{log}) // it has one for the whole process
	return log
}

// redisLog is what go-redis says by itself, of connections lost and found.
type redisLog struct{ log *slog.Logger }

// Printf writes a line of the log.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.WarnContext(ctx, "redis", "said", fmt.Sprintf(format, args...))
}

// A system is everything that sends, put together.
type system struct {
	config     *configs.Config
	log        *slog.Logger
	ledger     *ledger.Ledger
	queue      *queue.Queue
	pacers     []*pace.Pacer
	dispatcher *dispatcher.Dispatcher
	admin      *admin // nil: none
	tide       int64
	again      <-chan os.Signal // at which the files of numbers are read again
	unhang     func()
}

// newSystem wires ledger, queue, providers and dispatcher from the configuration.
// Close it when done.
func newSystem(ctx context.Context, c *configs.Config, log *slog.Logger) (*system, error) {
	return newSystemAfter(ctx, c, log, 0)
}

// newSystemAfter is newSystem over a ledger that this process has had open before, at a
// tide.
func newSystemAfter(ctx context.Context, c *configs.Config, log *slog.Logger, tide int64) (*system, error) {
	if err := c.CanSend(); err != nil {
		return nil, usage(err)
	}
	s := &system{config: c, log: log, tide: tide}
	s.again, s.unhang = hangups()
	if err := s.wire(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *system) wire(ctx context.Context) (err error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := dispatcher.NewMetrics(registry, providerNames(s.config))
	sending := providers.NewMetrics(registry)

	if _, err = configs.Routes(s.config); err != nil {
		return err
	}
	s.config.NumberFiles().Log(s.log)
	o := ledgerOptions(s.config)
	o.Tide = s.tide
	o.Logger, o.Commit, o.Follows = s.log, metrics.Committed, !s.config.Has(configs.RoleSchedule)
	if s.ledger, err = openLedger(ctx, o); err != nil {
		return err
	}
	if s.queue, err = queue.Open(ctx, queue.Options{URL: s.config.Queue, Logger: s.log}); err != nil {
		return err
	}
	registry.MustRegister(buildInfo(), newNumberGauges(s.config.NumberFiles()))
	fallbacks, err := configs.Fallbacks(s.config)
	if err != nil {
		return err
	}
	var lines []dispatcher.Line
	for _, p := range s.config.Providers {
		if !s.config.Here(&p) {
			lines = append(lines, dispatcher.Line{Name: p.Name, Rate: float64(p.Rate), Elsewhere: true})
			continue
		}
		renewed, err := providers.NewRenewed(func() (providers.Provider, error) { return configs.Provider(p, s.log) })
		if err != nil {
			return err
		}
		metered := sending.Wrap(p.Name, renewed)
		breaker := providers.NewBreaker(metered, s.log.With("provider", p.Name))
		sending.WatchCircuit(p.Name, breaker)
		// One without a rate passes everything on, until somebody sets one.
		pacer := pace.New(pace.Options{
			Provider: p.Name, Rate: float64(p.Rate), Owners: s.ledger.Owners, Redis: s.queue.Redis(), Logger: s.log,
		})
		s.pacers = append(s.pacers, pacer)
		if p.Rate > 0 {
			sending.WatchRate(p.Name, pacer)
		}
		lines = append(lines, dispatcher.Line{
			Name: p.Name, Provider: providers.NewLimited(breaker, pacer), Rate: float64(p.Rate), SetRate: pacer.SetRate,
			Floor: p.Floor, Pace: pacer, Took: metered.Took, Alphabet: p.Alphabet(),
		})
	}
	s.dispatcher, err = dispatcher.New(dispatcher.Options{
		Ledger: s.ledger, Queue: s.queue, Lines: lines, Logger: s.log, Metrics: metrics, Fallbacks: fallbacks,
		Occur: (&planning{s.ledger, s.config, s.log}).Occur,
	})
	if err != nil {
		return err
	}
	metrics.Watch(s.ledger, s.queue)
	api, err := s.api()
	if err != nil {
		return err
	}
	if address, ok := s.config.AdminAddress(); ok {
		s.admin, err = listenAdmin(address, registry, s.ready, api)
	}
	return err
}

// api returns the handler of the API; nil when no tokens are configured.
func (s *system) api() (http.Handler, error) {
	if s.config.Tokens == "" || !s.config.Has(configs.RoleAPI) {
		return nil, nil
	}
	text, err := configs.SecretSource{File: s.config.Tokens}.Read()
	if err != nil {
		return nil, usage(err)
	}
	tokens, err := web.ParseTokens(text.Reveal())
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", s.config.Tokens, err))
	}
	return web.New(web.Options{
		Ledger: s.ledger, Planner: &planning{s.ledger, s.config, s.log}, People: s.ledger, Tokens: tokens, Providers: providerNames(s.config),
		Uploads: filepath.Join(web.SpoolFolder(s.config.Data, s.config.Spool.Folder), "uploads"), Room: roomOf(s.config),
		OldUploads: filepath.Join(s.config.Data, "uploads"),
	}), nil
}

// ready says why this process takes no work; nil: it does.
func (s *system) ready() error {
	if err := s.ledger.Err(); err != nil {
		return err
	}
	return s.dispatcher.Stopped()
}

func providerNames(c *configs.Config) []string {
	names := make([]string, len(c.Providers))
	for i, p := range c.Providers {
		names[i] = p.Name
	}
	return names
}

// Run sends until ctx ends or something fails for good.
func (s *system) Run(ctx context.Context) error {
	group, groupCtx := errgroup.WithContext(ctx)
	if s.admin != nil {
		group.Go(func() error { return s.admin.Run(groupCtx) })
	}
	group.Go(func() error { return s.config.NumberFiles().Run(groupCtx, s.again) })
	for _, p := range s.pacers {
		group.Go(func() error { return p.Run(groupCtx) })
	}
	group.Go(func() error { return s.dispatcher.Run(groupCtx) })
	return group.Wait()
}

// Close lets go of the ledger and the queue.
func (s *system) Close() error {
	defer s.unhang()
	var errs []error
	if s.queue != nil {
		errs = append(errs, s.queue.Close())
	}
	if s.ledger != nil {
		errs = append(errs, s.ledger.Close())
	}
	if s.admin != nil {
		errs = append(errs, s.admin.server.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// lookEvery is how often a command looks whether its campaign is over.
const lookEvery = 50 * time.Millisecond
