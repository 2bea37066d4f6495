package peers

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// A reading is one PDU as tshark reads it: the values of each field, in octets of
// hexadecimal, in order.
type reading struct {
	command uint64
	fields  map[string][]string
}

// text is a field's C-octet string; "" when there is none.
func (r reading) text(field string) string {
	all := r.texts(field)
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

func (r reading) texts(field string) []string {
	var all []string
	for _, value := range r.fields[field] {
		octets, err := hex.DecodeString(value)
		if err != nil {
			return nil
		}
		all = append(all, string(bytes.TrimRight(octets, "\x00")))
	}
	return all
}

// number is a field's integer; -1 when there is none.
func (r reading) number(field string) int {
	values := r.fields[field]
	if len(values) == 0 {
		return -1
	}
	n, err := strconv.ParseUint(values[0], 16, 32)
	if err != nil {
		return -1
	}
	return int(n)
}

// tshark runs tshark over a capture and returns its standard output.
func tshark(t *testing.T, capture string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program(t, "tshark"), append([]string{"-r", capture, "-n"}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("tshark %v: %v\n%s", args, err, stderr.String())
	}
	return stdout.Bytes()
}

// commands are the fields that say what a PDU is.
var commands = map[string]string{"smpp": "smpp.command_id", "cmpp": "cmpp.Command_Id"}

// readings is every PDU of a protocol in a capture.
func readings(t *testing.T, capture, protocol string) []reading {
	t.Helper()
	type field struct {
		Name   string  `xml:"name,attr"`
		Value  string  `xml:"value,attr"`
		Fields []field `xml:"field"`
	}
	var document struct {
		Packets []struct {
			Protocols []field `xml:"proto"`
		} `xml:"packet"`
	}
	// What tshark writes for people is cut to a length, in the middle of a character too.
	pdml := bytes.ToValidUTF8(tshark(t, capture, "-Y", protocol, "-T", "pdml", "-J", protocol+" gsm_sms_ud"), nil)
	if err := xml.Unmarshal(pdml, &document); err != nil {
		t.Fatalf("tshark's PDML: %v", err)
	}
	var all []reading
	var collect func(r reading, fields []field)
	collect = func(r reading, fields []field) {
		for _, f := range fields {
			r.fields[f.Name] = append(r.fields[f.Name], f.Value)
			collect(r, f.Fields)
		}
	}
	for _, p := range document.Packets {
		for _, one := range p.Protocols {
			switch {
			case one.Name == protocol:
				r := reading{fields: map[string][]string{}}
				collect(r, one.Fields)
				r.command = uint64(r.number(commands[protocol]))
				all = append(all, r)
			case strings.HasPrefix(one.Name, "gsm_sms") && len(all) > 0:
				collect(all[len(all)-1], one.Fields) // of the PDU before it
			}
		}
	}
	return all
}
