package configs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// DefaultFile is read when no path is given and it is there.
const DefaultFile = "tocsin.yaml"

// EnvPrefix stands before the name of a setting in a variable: TOCSIN_DATA.
const EnvPrefix = "TOCSIN"

// maxFile is far above any configuration; a larger file is a mistake.
const maxFile = 1 << 20

// settings are the top-level keys that a variable or a flag may override.
// Providers, routes and prices stand in the file alone.
var settings = []struct {
	key   string
	field func(*Config) *string
	path  bool // relative to the file's folder when it stands in the file
}{
	{"data", func(c *Config) *string { return &c.Data }, true},
	{"ledger", func(c *Config) *string { return &c.Ledger }, false},
	{"queue", func(c *Config) *string { return &c.Queue }, false},
	{"admin", func(c *Config) *string { return &c.Admin }, false},
	{"country", func(c *Config) *string { return &c.Country }, false},
	{"prefixes", func(c *Config) *string { return &c.Prefixes }, true},
	{"ported", func(c *Config) *string { return &c.Ported }, true},
	{"tokens", func(c *Config) *string { return &c.Tokens }, true},
	{"roles", func(c *Config) *string { return &c.Roles }, false},
	{"machine", func(c *Config) *string { return &c.Machine }, false},
}

// Load reads the configuration: built-in defaults, then the file, then TOCSIN_
// variables, then those of flags that were given and have a setting's name
// (data, ledger, queue, admin, country, prefixes, ported, roles …; flags may be nil). With path ""
// it reads ./tocsin.yaml if there is one, else nothing: that configuration has
// no provider.
//
// The error says file, line, column and what to do; passwords standing in the
// file are not shown in it. Secrets are not read yet: Provider does it.
func Load(path string, flags *pflag.FlagSet) (*Config, error) {
	c, doc := Defaults(), &document{}
	if path == "" {
		if _, err := os.Stat(DefaultFile); err == nil {
			path = DefaultFile
		} else if !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
	}
	if path != "" {
		data, err := readFile(path)
		if err != nil {
			return nil, err
		}
		if c, doc, err = parse(path, data); err != nil {
			return nil, err
		}
	}
	if err := override(c, doc, flags); err != nil {
		return nil, err
	}
	if err := validate(c, doc); err != nil {
		return nil, err
	}
	c.numbers = newNumbers(c)
	return c, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no configuration file %s: name the right one with --config: %w", path, os.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("read the configuration: %s is larger than %d octets: is it the right file?", path, maxFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return data, nil
}

// parse is the strict pass: unknown and repeated keys and wrong types are errors.
// It makes paths whole.
func parse(path string, data []byte) (_ *Config, _ *document, err error) {
	// The YAML library panics on some odd documents (a tag on a scalar where a
	// list belongs): the file's fault here, not the program's.
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%s: this YAML cannot be read: write it plainly, without tags and anchors", path)
		}
	}()
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // Windows editors write it
	doc := &document{name: path, source: data}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, nil, doc.explain(err)
	}
	doc.file = file
	if len(file.Docs) > 1 {
		return nil, nil, fmt.Errorf("%s: holds %d YAML documents: one is read, remove the line --- between them", path, len(file.Docs))
	}
	c := Defaults()
	if len(file.Docs) == 1 && file.Docs[0].Body != nil { // an empty file is all defaults
		doc.form = checkForm(doc)
		err := yaml.NodeToValue(file.Docs[0].Body, c, yaml.Strict())
		var unknown *yaml.UnknownFieldError
		if errors.As(err, &unknown) && len(doc.form.unknown) > 0 { // all of them are told, and what else is wrong
			c = Defaults()
			err = yaml.NodeToValue(file.Docs[0].Body, c)
		}
		if err != nil {
			return nil, nil, doc.explain(err)
		}
	}
	// The message shows no line: the password is in it.
	if open(c.Ledger) {
		return nil, nil, fmt.Errorf("%s: a password stands in ledger: leave it out of the address and give the password in PGPASSWORD or a "+
			".pgpass file, or the whole address in TOCSIN_LEDGER", path)
	}
	c.File = path
	folder := filepath.Dir(path)
	for _, s := range settings {
		if s.path && doc.has("$."+s.key) {
			resolve(folder, s.field(c))
		}
	}
	resolve(folder, &c.Spool.Folder)
	for i := range c.Providers {
		p := &c.Providers[i]
		resolve(folder, &p.Password.File)
		resolve(folder, &p.GatewayPassword.File)
		resolve(folder, &p.Callback.Password.File)
		if p.TLS != nil {
			resolve(folder, &p.TLS.CA)
			resolve(folder, &p.TLS.Certificate)
			resolve(folder, &p.TLS.Key)
		}
	}
	c.shareDoor()
	return c, doc, nil
}

// resolve makes a path that stands in the file whole.
func resolve(folder string, path *string) {
	if *path != "" && !filepath.IsAbs(*path) && !strings.HasPrefix(*path, credentials) {
		*path = filepath.Join(folder, *path)
	}
}

// override lays variables and flags over the settings. Keys of provider names
// never pass through viper, which would put them in lower case.
func override(c *Config, doc *document, flags *pflag.FlagSet) error {
	v := viper.NewWithOptions(viper.KeyDelimiter("::"))
	v.SetEnvPrefix(EnvPrefix)
	fromFile := map[string]any{}
	for _, s := range settings {
		v.SetDefault(s.key, *s.field(Defaults()))
		if doc.has("$." + s.key) {
			fromFile[s.key] = *s.field(c)
		}
		if err := v.BindEnv(s.key); err != nil {
			return fmt.Errorf("read the variable of %s: %w", s.key, err)
		}
		if flags == nil {
			continue
		}
		if f := flags.Lookup(s.key); f != nil && f.Changed {
			if err := v.BindPFlag(s.key, f); err != nil {
				return fmt.Errorf("read the flag --%s: %w", s.key, err)
			}
		}
	}
	if err := v.MergeConfigMap(fromFile); err != nil {
		return fmt.Errorf("read the settings of %s: %w", doc.name, err)
	}
	for _, s := range settings {
		*s.field(c) = v.GetString(s.key)
	}
	return nil
}
