package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"tocsin/dispatcher/ledger"
	"tocsin/providers/sms/smstest"
)

// TestScripts are stories of the command line against the real program, one file
// each in testdata/script. The words beside testscript's own:
//
//	exits CODE tocsin …     runs the program, which must end with this code
//	carrier [FLAGS]         runs a simulated carrier, in place of the
//	                        one on 127.0.0.1:2775 in tocsin.yaml, or on its protocol's own
//	                        port; sgip's calls back in place of 127.0.0.1:8802;
//	                        journal.jsonl is its
//	until REGEX tocsin …    runs the program again and again until its output matches
//	json FILE PATH VALUE    a value of a JSON file: recipients.delivered 3
//	! json FILE PATH VALUE  another one
//	given NAME FILE         writes what was done to a campaign or provider of the ledger in
//	                        data to a file, verb|who|why, oldest first
//	rows FILE N             a file has so many lines
//	encode FILE ENCODING    writes a UTF-8 file anew in another encoding
//	xlsx FROM.csv TO.xlsx   makes a spreadsheet
//	later FILE DURATION     puts the time from now for LATER in a file
func TestScripts(t *testing.T) {
	t.Parallel()
	path := mustBinary(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", filepath.Dir(path)+string(os.PathListSeparator)+e.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "until": scriptUntil, "carrier": scriptCarrier, "json": scriptJSON, "rows": scriptRows, "given": scriptGiven,
			"encode": scriptEncode, "xlsx": scriptXLSX, "later": scriptLater,
		},
	})
}

// need ends the script unless it has n arguments and no negation.
func need(ts *testscript.TestScript, neg bool, args []string, n int) {
	if neg || len(args) < n {
		ts.Fatalf("want at least %d arguments and no !", n)
	}
}

// scriptExits runs a program and wants its exit code. Numbers and passwords must not
// be among what it tells people.
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2)
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("got exit %d, want %d", got, want)
	}
	for _, what := range smstest.Told(ts.ReadFile("stderr"), testPassword) {
		ts.Fatalf("stderr tells %s", what)
	}
}

func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2)
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(patient); ; time.Sleep(10 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		out := ts.ReadFile("stdout")
		if err == nil && want.MatchString(out) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("not within %v: %v\n%s", patient, err, out)
		}
	}
}

func scriptCarrier(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 0)
	journal := ts.MkAbs("journal.jsonl")
	config := ts.MkAbs("tocsin.yaml")
	text := ts.ReadFile(config)
	place := "127.0.0.1:2775"
	for protocol, port := range map[string]string{"cmpp": "7890", "sgip": "8801", "smgp": "8890"} {
		if slices.Contains(args, protocol) {
			place = "127.0.0.1:" + port
		}
	}
	if slices.Contains(args, "sgip") {
		back, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		text = strings.ReplaceAll(text, "127.0.0.1:8802", back.Addr().String())
		args = append(args, "--dial-back", back.Addr().String(), "--dial-back-password", testPassword)
		ts.Check(back.Close())
	}
	cmd := exec.Command("tocsin", append([]string{"carrier", "--listen", "127.0.0.1:0", "--journal", journal}, args...)...)
	cmd.Path = filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "tocsin")
	cmd.Err = nil
	talk, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	var address string
	lines := bufio.NewReader(talk)
	rest, heard := &speech{}, make(chan struct{})
	ts.Defer(func() {
		cmd.Process.Kill()
		<-heard
		cmd.Wait()
		for _, what := range smstest.Told(rest.String(), testPassword) {
			ts.Fatalf("the carrier's stderr tells %s", what)
		}
	})
	_, err = fmt.Fscanf(lines, "tocsin carrier: listening on %s\n", &address)
	go func() { defer close(heard); io.Copy(rest, lines) }()
	ts.Check(err)
	conn, err := net.Dial("tcp", address)
	ts.Check(err)
	conn.Close()
	ts.Setenv(place, address)
	ts.Setenv("JOURNAL", journal)
	ts.Check(os.WriteFile(config, []byte(strings.ReplaceAll(text, place, address)), 0o600))
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, false, args, 3)
	var v any
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	d.UseNumber()
	ts.Check(d.Decode(&v))
	for step := range strings.SplitSeq(args[1], ".") {
		switch in := v.(type) {
		case map[string]any:
			value, ok := in[step]
			if !ok {
				ts.Fatalf("%s: there is no %s", args[1], step)
			}
			v = value
		case []any:
			i, err := strconv.Atoi(step)
			ts.Check(err)
			v = in[i]
		default:
			ts.Fatalf("%s: %s is in nothing", args[1], step)
		}
	}
	if got := fmt.Sprint(v); (got != args[2]) != neg {
		ts.Fatalf("%s: got %s, want %s (not: %v)", args[1], got, args[2], neg)
	}
}

func scriptGiven(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2)
	r, err := ledger.OpenReader(ledger.Options{Dir: ts.MkAbs("data")})
	ts.Check(err)
	defer r.Close()
	all, err := r.Commands(context.Background(), args[0])
	ts.Check(err)
	var text strings.Builder
	for _, g := range all {
		fmt.Fprintf(&text, "%s|%s|%s\n", g.Verb, g.Who, g.Why)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text.String()), 0o600))
}

func scriptRows(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2)
	if got := strconv.Itoa(strings.Count(ts.ReadFile(args[0]), "\n")); got != args[1] {
		ts.Fatalf("%s: got %s lines, want %s", args[0], got, args[1])
	}
}

func scriptEncode(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2)
	encodings := map[string]encoding.Encoding{
		"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"utf-16be": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"utf-8bom": unicode.UTF8BOM,
		"gb18030":  simplifiedchinese.GB18030,
	}
	e, ok := encodings[args[1]]
	if !ok {
		ts.Fatalf("no encoding %s", args[1])
	}
	text, err := e.NewEncoder().String(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

func scriptXLSX(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2)
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	book := excelize.NewFile()
	defer book.Close()
	for i, row := range rows {
		for k, cell := range row {
			name, err := excelize.CoordinatesToCellName(k+1, i+1)
			ts.Check(err)
			// As people have them: numbers are numbers where they look like one.
			if n, err := strconv.ParseInt(cell, 10, 64); err == nil && i > 0 {
				ts.Check(book.SetCellValue("Sheet1", name, n))
			} else {
				ts.Check(book.SetCellValue("Sheet1", name, cell))
			}
		}
	}
	var b bytes.Buffer
	ts.Check(book.Write(&b))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o600))
}

func scriptLater(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2)
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "LATER", time.Now().Add(d).Format(time.RFC3339))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
