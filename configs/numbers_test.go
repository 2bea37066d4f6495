package configs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/providers"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

const (
	aNumber  = sms.Number(8613800138000)
	prefixes = "# source: a test\n# date: 2026-01-02\n130,China Unicom\n133,China Telecom\n135,China Mobile\n192,China Broadnet\n"
)

// shelf is a folder with the two files, and a Config over them.
func shelf(t *testing.T) (c *Config, log *smstest.Log) {
	t.Helper()
	dir := t.TempDir()
	c = Defaults()
	c.Ported, c.Prefixes = filepath.Join(dir, "ported.csv"), filepath.Join(dir, "prefixes.csv")
	c.Routes = []RouteConfig{
		{Carrier: "China Mobile", To: []string{"mobile"}}, {Carrier: "China Unicom", To: []string{"unicom"}}, {Carrier: "unknown", To: []string{"aside"}},
	}
	replace(t, c.Ported, "13800138000,China Unicom\n")
	replace(t, c.Prefixes, prefixes)
	logger, log := smstest.Kept(t)
	c.NumberFiles().Log(logger)
	return c, log
}

// replace puts a new file in the place of an old one, as people should; each is a second
// newer than the one before.
func replace(t *testing.T, path, text string) {
	t.Helper()
	at := time.Now()
	if info, err := os.Stat(path); err == nil {
		at = info.ModTime().Add(time.Second)
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path+".new", at, at); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func routesOf(t *testing.T, c *Config) *providers.Routes {
	t.Helper()
	r, err := Routes(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAPlanHasOneVersionOfTheFilesFromStartToEnd(t *testing.T) {
	c, log := shelf(t)
	plan := routesOf(t, c)
	replace(t, c.Ported, "13800138000,China Mobile\n13800138001,China Mobile\n")
	next := routesOf(t, c)
	if got := plan.Route(aNumber); got != "unicom" {
		t.Errorf("the plan at work: got %q, want unicom", got)
	}
	if got := next.Route(aNumber); got != "mobile" {
		t.Errorf("the next plan: got %q, want mobile", got)
	}
	if !strings.Contains(log.String(), "rows=2 before=1") {
		t.Errorf("the log does not say it: %s", log)
	}
	again := routesOf(t, c)
	if again.Numbering().Ported != next.Numbering().Ported {
		t.Error("a file that was not changed was read again")
	}
	replace(t, c.Prefixes, strings.Replace(prefixes, "192,", "138,", 1))
	if got := routesOf(t, c).Route(8613800000001); got != "" {
		t.Errorf("a prefix that moved to a carrier without a route: got %q, want none", got)
	}
	if got := again.Route(8613800000001); got != "aside" {
		t.Errorf("the plan at work: got %q, want aside", got)
	}
}

func TestABrokenNewFileKeepsTheOldOneAndIsSaidOnce(t *testing.T) {
	for name, text := range map[string]string{
		"a line that is none": "13800138000,China Mobile\n13900139000,Pigeon\n",
		"nothing at all":      "",
		"gone":                "\x00",
	} {
		t.Run(name, func(t *testing.T) {
			c, log := shelf(t)
			routesOf(t, c)
			replace(t, c.Ported, text)
			if name == "gone" {
				if err := os.Remove(c.Ported); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				if got := routesOf(t, c).Route(aNumber); got != "unicom" {
					t.Errorf("got %q, want unicom as before", got)
				}
			}
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
				t.Errorf("the log says it %d times, want once: %s", n, log)
			}
			if strings.Contains(log.String(), "139001") {
				t.Errorf("the log shows a number: %s", log)
			}
			if f := c.NumberFiles().Files()[1]; f.Err == nil || f.Rows != 1 {
				t.Errorf("got %+v, want the error and the row before", f)
			}
			replace(t, c.Ported, "13800138000,China Mobile\n")
			if got := routesOf(t, c).Route(aNumber); got != "mobile" {
				t.Errorf("corrected: got %q, want mobile", got)
			}
			if f := c.NumberFiles().Files()[1]; f.Err != nil || f.Rows != 1 {
				t.Errorf("corrected: got %+v", f)
			}
		})
	}
}

func TestTheFirstReadingOfABrokenFileIsAnError(t *testing.T) {
	for _, name := range []string{"ported", "prefixes", "missing"} {
		t.Run(name, func(t *testing.T) {
			c, _ := shelf(t)
			want := ":1: "
			switch name {
			case "ported":
				replace(t, c.Ported, "13900139000,Pigeon\n")
				want = c.Ported + want
			case "prefixes":
				replace(t, c.Prefixes, "130,Pigeon\n")
				want = c.Prefixes + want
			default:
				c.Ported += ".other"
				want = c.Ported
			}
			_, err := Routes(c)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "139001") {
				t.Errorf("got %v, want the file and the line", err)
			}
		})
	}
}

func TestTheFilesAreLookedAtEachMinuteAndWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := shelf(t)
		files := c.NumberFiles()
		if _, err := files.Numbering(); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		hangups, done := make(chan os.Signal), make(chan error)
		go func() { done <- files.Run(ctx, hangups) }()
		replace(t, c.Ported, "13800138000,China Unicom\n13800138001,China Unicom\n")
		time.Sleep(LookEvery - time.Second)
		synctest.Wait()
		if got := files.Files()[1].Rows; got != 1 {
			t.Errorf("before the minute is over: got %d rows, want 1", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := files.Files()[1].Rows; got != 2 {
			t.Errorf("after a minute: got %d rows, want 2", got)
		}
		replace(t, c.Ported, "13800138000,China Unicom\n")
		hangups <- syscall.SIGHUP
		synctest.Wait()
		if got := files.Files()[1].Rows; got != 1 {
			t.Errorf("after SIGHUP: got %d rows, want 1", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
