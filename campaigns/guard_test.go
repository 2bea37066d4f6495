package campaigns

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAConditionThatBurnsTheMachineIsRefused(t *testing.T) { // D5
	columns := []string{"number", "name"}
	for name, tt := range map[string]struct{ source, want string }{
		"lists in lists":      {"all(1..500, {all(1..500, {all(1..500, {# > 0})})})", "goes over a list inside of a list"},
		"as it was found":     {"let a = 1..5000; all(a, {all(a, {all(a, {all(a, {# > 0})})})})", "let"},
		"a list in a filter":  {"count(filter(1..9, {any(1..9, {# > 1})}), {# > 0}) > 0", "goes over a list inside of a list"},
		"255,000 denials":     {strings.Repeat("!", 255_000) + "true", "where has 255004 octets: at most 16384"},
		"10,000 denials":      {strings.Repeat("!", 10_000) + "true", "where"},
		"a long range":        {"any(1..1000000, {# == 5})", "a range"},
		"a range of a row":    {"any(1..int(name), {# == 5})", "a range"},
		"a text made long":    {`len(repeat(name, 1000000)) > 5`, "where"},
		"a text doubled":      {"let a = name + name; let b = a + a; len(b) > 5", "let"},
		"doubled in a fold":   {`len(reduce(1..40, {#acc + #acc}, name)) > 5`, "where"},
		"replaced by much":    {`len(replace(replace(name, "a", "aaaaaaaa"), "a", "aaaaaaaa")) > 5`, "where"},
		"too many conditions": {strings.Repeat(`name=="a"||`, 1400) + "true", "where"},
	} {
		_, err := compileWhere(tt.source, columns)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %.200v, want %q", name, err, tt.want)
		}
	}
	var districts []string
	for i := range 1000 {
		districts = append(districts, fmt.Sprintf("'区%d'", i))
	}
	for _, source := range []string{
		"name in [" + strings.Join(districts, ", ") + "]", strings.Repeat("name == 'a' or ", 300) + "name == 'b'", "int(name) in 18..65", "any(split(name, ';'), {trim(#) == 'a'})",
		"not (lower(name) startsWith 'a' and len(name) > 3)", "float(trim(name)) > 1.5", `name matches "^[0-9]+$"`,
	} {
		if _, err := compileWhere(source, columns); err != nil {
			t.Errorf("%.60s: %v", source, err)
		}
	}
}

func TestAConditionEndsWithItsContext(t *testing.T) { // D5
	ctx, cancel := context.WithCancel(t.Context())
	where, err := compileGuarded(ctx, "any(1..1000, {# == 7})", []string{"name"})
	if err != nil {
		t.Fatal(err)
	}
	if meant, err := where([][]byte{[]byte("a")}); err != nil || !meant {
		t.Errorf("got %v, %v", meant, err)
	}
	cancel()
	if _, err := where([][]byte{[]byte("a")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestAnOrderingOfATextAndAQuotedNumberIsRefused(t *testing.T) { // B29
	file := "number,age,birthday\n13800138000,7,2019-01-01\n13800138001,100,1926-01-01\n13800138002,65,1961-01-01\n"
	for where, want := range map[string]string{
		`age >= "60"`:                            "int(age) >= 60",
		`age<'60'`:                               "int(age) < 60",
		`"60" <= age`:                            "60 <= int(age)",
		`trim(age) > " 60 "`:                     "int(trim(age)) >  60 ",
		`not (age < "60.5")`:                     "int(age) < 60.5",
		`age == "7" or age >= "60"`:              "int(age) >= 60",
		`birthday < "1966-01-01" and age > "-1"`: "int(age) > -1",
	} {
		d := campaign(t, "key: k\ntext: t\naudience:\n  files: [a.csv]\n  where: |-\n    "+where+"\n", map[string]string{"a.csv": file})
		_, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
		var r *Refusal
		if !errors.As(err, &r) || r.Line == 0 || !strings.Contains(err.Error(), "letter by letter") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", where, err, want)
		}
	}
	for where, want := range map[string]int{`int(age) >= 60`: 2, `birthday < "1966-01-01"`: 2, `age == "65"`: 1, `age in ["7", "65"]`: 2, `age != "7"`: 2} {
		d := campaign(t, "key: k\ntext: t\naudience:\n  files: [a.csv]\n  where: |-\n    "+where+"\n", map[string]string{"a.csv": file})
		s, err := d.Plan(t.Context(), PlanOptions{Router: carriers{}, Country: "CN"}, discard{})
		if err != nil || s.Planned != want {
			t.Errorf("%s: got %+v, %v, want %d", where, s, err, want)
		}
	}
}
