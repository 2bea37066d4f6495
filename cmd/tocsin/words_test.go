package main

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tocsin/campaigns"
)

var (
	verb   = regexp.MustCompile(`%[.0-9]*[a-z]`)
	braces = regexp.MustCompile(`\{[a-z]+\}`)
)

func TestEveryWordIsInBothLanguages(t *testing.T) {
	compareWords(t, reflect.ValueOf(wordsEN), reflect.ValueOf(wordsZH))
}

func compareWords(t *testing.T, en, zh reflect.Value) {
	t.Helper()
	for i := range en.NumField() {
		name := en.Type().Field(i).Name
		if en.Field(i).Kind() == reflect.Struct {
			compareWords(t, en.Field(i), zh.Field(i))
			continue
		}
		if en.Field(i).Kind() == reflect.Map {
			for _, k := range en.Field(i).MapKeys() {
				v := zh.Field(i).MapIndex(k)
				if !v.IsValid() || v.String() == "" {
					t.Errorf("%s: %s is not said in Chinese", name, k)
					continue
				}
				if d := cmp.Diff(braces.FindAllString(en.Field(i).MapIndex(k).String(), -1), braces.FindAllString(v.String(), -1)); d != "" {
					t.Errorf("%s: %s: the languages put in other things: %s", name, k, d)
				}
			}
			if en.Field(i).Len() == 0 || en.Field(i).Len() != zh.Field(i).Len() {
				t.Errorf("%s: got %d and %d words", name, en.Field(i).Len(), zh.Field(i).Len())
			}
			continue
		}
		a, b := en.Field(i).String(), zh.Field(i).String()
		if a == "" || b == "" {
			t.Errorf("%s: got %q and %q", name, a, b)
		}
		if d := cmp.Diff(verb.FindAllString(a, -1), verb.FindAllString(b, -1)); d != "" {
			t.Errorf("%s: the languages have other verbs: %s", name, d)
		}
		if strings.HasSuffix(a, "\n") != strings.HasSuffix(b, "\n") {
			t.Errorf("%s: one language ends the line", name)
		}
	}
}

func TestEveryReasonHasAWord(t *testing.T) {
	for r := range campaigns.Reason(campaigns.Reasons) {
		if wordsEN.Reasons[r.String()] == "" {
			t.Errorf("there is no word for %s", r)
		}
	}
}

func TestEveryWarningHasWords(t *testing.T) {
	for _, kind := range campaigns.Warnings {
		if wordsEN.Warnings[kind] == "" {
			t.Errorf("there are no words for %s", kind)
		}
	}
	if len(wordsEN.Warnings) != len(campaigns.Warnings) {
		t.Errorf("got words for %d warnings, there are %d", len(wordsEN.Warnings), len(campaigns.Warnings))
	}
}

func TestTheEnvironmentsLanguage(t *testing.T) {
	tests := []struct {
		all, messages, lang string
		want                *words
	}{
		{"", "", "", &wordsEN},
		{"", "", "zh_CN.UTF-8", &wordsZH},
		{"", "", "zh_CN.GB18030", &wordsZH},
		{"C", "", "zh_CN.UTF-8", &wordsEN},
		{"", "en_GB.UTF-8", "zh_CN.UTF-8", &wordsEN},
		{"zh-CN", "en_GB.UTF-8", "", &wordsZH},
		{"", "", "de_DE.UTF-8", &wordsEN},
	}
	for _, tt := range tests {
		t.Setenv("TOCSIN_LANG", "")
		t.Setenv("LC_ALL", tt.all)
		t.Setenv("LC_MESSAGES", tt.messages)
		t.Setenv("LANG", tt.lang)
		if got := ambient(); got != tt.want {
			t.Errorf("LC_ALL=%s LC_MESSAGES=%s LANG=%s: got %q", tt.all, tt.messages, tt.lang, got.Rows)
		}
	}
	if !slices.Contains([]string{languageOf("zh-CN"), languageOf("zh"), languageOf("EN")}, chinese) || languageOf("fr") != "" {
		t.Errorf("got %q for fr", languageOf("fr"))
	}
}
