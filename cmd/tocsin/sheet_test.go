package main

import (
	"strings"
	"testing"
)

func TestSheetsAlignBothScripts(t *testing.T) {
	tests := []struct {
		name  string
		sheet sheet
		right int
		want  string
	}{
		{"numbers on the right", sheet{{"rows", "9", "in all"}, {"delivered", "12", ""}}, 2, "       rows   9  in all\n  delivered  12\n"},
		{"a Chinese character is two columns wide", sheet{{"行", "9", "全部"}, {"rows", "1", "x"}}, 2, "    行  9  全部\n  rows  1  x\n"},
		{"labels on the left", sheet{{"编码", "UCS-2"}, {"text", "a"}}, 0, "  编码  UCS-2\n  text  a\n"},
		{"more lines of a cell stand below its first", sheet{{"text", "one\ntwo"}}, 0, "  text  one\n        two\n"},
		{"nothing", nil, 0, ""},
	}
	for _, tt := range tests {
		var b strings.Builder
		tt.sheet.write(&b, tt.right)
		if b.String() != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.name, b.String(), tt.want)
		}
	}
}
