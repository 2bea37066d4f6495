package campaigns

import (
	"errors"
	"strings"
	"testing"
)

const notationFile = "number,name,District\n13800138000,张三,A\n"

func planText(t *testing.T, text, more string) error {
	t.Helper()
	dir := t.TempDir()
	path := dir + "/campaign.yaml"
	if _, err := Parse(path, []byte("key: k\ntext: '"+text+"'\naudience: {files: [a.csv]"+more+"}\n")); err != nil {
		return err
	}
	d := campaign(t, "key: k\ntext: '"+text+"'\naudience: {files: [a.csv]"+more+"}\n", map[string]string{"a.csv": notationFile})
	_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
	return err
}

func TestPlaceholdersOfOtherNotationsAreRefused(t *testing.T) { // B17
	for text, want := range map[string]string{
		"您好（（name））":          "（（name））",
		"您好（（姓名））":            "（（姓名））",
		"您好（(name))":          "（(name))",
		"您好((name））":          "((name））",
		"您好（（name))":          "（（name))",
		"您好((name)）":          "((name)）",
		"((name))您好（（name））":  "（（name））",
		"Hi {{name}}":         "{{name}}",
		"Hi {{ anything }}":   "{{ anything }}",
		"Hi {{{name}}}":       "{{{name}}}",
		"Hi ${name}":          "${name}",
		"Hi ${other}":         "${other}",
		"Hi #{name}":          "#{name}",
		"Hi <%= name %>":      "<%= name %>",
		"Hi *|NAME|*":         "*|NAME|*",
		"Hi {name}":           "{name}",
		"Hi { NAME }":         "{ NAME }",
		"Hi [name]":           "[name]",
		"Hi [[name]]":         "[[name]]",
		"Hi ［name］":           "［name］",
		"Hi ｛name｝":           "｛name｝",
		"Hi %name%":           "%name%",
		"50% off %name%":      "%name%",
		"Hi %(name)s":         "%(name)s",
		"Hi <name>":           "<name>",
		"Hi ＜name＞":           "＜name＞",
		"【name】您好":            "【name】",
		"in [district]":       "[district]",
		"Hi #name#":           "#name#",
		"Hi __name__":         "__name__",
		"Hi (name))":          "(name))",
		"Hi ((name)), [name]": "[name]",
	} {
		err := planText(t, text, "")
		var r *Refusal
		if !errors.As(err, &r) || r.Line != 2 || !strings.Contains(err.Error(), want+" is no placeholder here") || !strings.Contains(err.Error(), "write ((") {
			t.Errorf("%s: got %v, want that %s is refused", text, err, want)
		}
	}
	// The right spelling is that of the column.
	if err := planText(t, "in {DISTRICT}", ""); err == nil || !strings.Contains(err.Error(), "write ((District))") {
		t.Errorf("got %v", err)
	}
	// A column of the files that has another name here.
	if err := planText(t, "in [District]", ", columns: {area: District}"); err == nil || !strings.Contains(err.Error(), "write ((area))") {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{"Hi ((name)", "Hi ((name"} {
		if err := planText(t, text, ""); err == nil || !strings.Contains(err.Error(), "a placeholder is not closed") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestBracketsThatAreTextsStay(t *testing.T) { // B17: signatures, remarks, prices
	for _, text := range []string{
		"【县防汛办】((name))您好", "【反诈中心】请拨打96110【公安局】", "您好（((name))）", "go [now], ((name))", "a {b} c", "50% of 100% is 50%", "2 < 3 > 1", "（一）（二）",
		"call 110 (free), ((name))", "see (a (b))", "#3 and #4#", "names, [names]", "《name》", "“name”", "(name)", "见（name）",
	} {
		if err := planText(t, text, ""); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What an earlier version has planned goes on.
func TestADefinitionThatWasPlannedBeforeIsReadAsItWas(t *testing.T) {
	for _, source := range []string{
		"key: flood # 3\ntext: '{{name}} （（name））'\nsender: 10690000\naudience: {files: [a.csv]}\n",
		"key: 7\ntext: 0110\naudience: {files: [a.csv]}\n",
		"key: k\ntext: t\naudience: {files: [a.csv]}\n" + strings.Repeat("\n", 3000),
	} {
		if _, err := Parse("c.yaml", []byte(source)); err == nil {
			t.Errorf("%.60q is taken anew", source)
		}
		if _, err := ParseKept("c.yaml", []byte(source)); err != nil {
			t.Errorf("%.60q: %v", source, err)
		}
	}
}

func TestAPlaceholderWithTwoMeaningsIsRefused(t *testing.T) {
	d := campaign(t, "key: k\ntext: ((x|y))\naudience: {files: [a.csv]}\n", map[string]string{"a.csv": "number,x,x|y\n13800138000,1,2\n"})
	_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
	if err == nil || !strings.Contains(err.Error(), `may mean the column "x|y", or the column "x" with a default`) {
		t.Errorf("got %v", err)
	}
}
