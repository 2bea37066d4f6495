package campaigns

import "testing"

func TestAMessageOptsOutOnlyWhenItIsTheKeywordAlone(t *testing.T) {
	usual := NewKeywords(nil, nil)
	for _, c := range []struct{ text, want string }{
		{"TD", OptOut},
		{"td", OptOut},
		{"ＴＤ", OptOut},
		{"ｔｄ。", OptOut},
		{" T ", OptOut},
		{"t\x00", OptOut},
		{"T D", OptOut},
		{"“TD”", OptOut},
		{"TD!!!", OptOut},
		{"退订", OptOut},
		{"退 订。", OptOut},
		{"退订？", OptOut},
		{"退訂", OptOut},
		{"退", OptOut},
		{"回复TD", OptOut},
		{"回T退订", OptOut},
		{"TD【张三】", OptOut},
		{"【水务集团】退订", OptOut},
		{"\u200bTD\ufeff", OptOut},
		{"Stop.", OptOut},
		{"STOP ALL", OptOut},
		{"unsubscribe", OptOut},
		{"START", OptIn},
		{"start!", OptIn},
		{"订阅", OptIn},
		{"", Other},
		{"???", Other},
		{"1", Other},
		{"停水吗", Other},
		{"T恤", Other},
		{"1退订吗?", Other},
		{"不退订", Other},
		{"请问怎么退订", Other},
		{"bus stop", Other},
		{"TDD", Other},
		{"don't stop", Other},
		{"【TD", OptOut}, // a bracket that is not closed is punctuation
		{"【TD】收到", Other},
	} {
		if got := usual.Meaning(c.text); got != c.want {
			t.Errorf("%q: got %v, want %v", c.text, got, c.want)
		}
	}
}

func TestKeywordsOfAConfigurationReplaceTheUsualOnes(t *testing.T) {
	own := NewKeywords([]string{"Ｑ"}, []string{"welcome back"})
	for _, c := range []struct{ text, want string }{
		{"q", OptOut}, {"TD", Other}, {"Welcome Back!", OptIn}, {"START", Other},
	} {
		if got := own.Meaning(c.text); got != c.want {
			t.Errorf("%q: got %v, want %v", c.text, got, c.want)
		}
	}
	if got := (Keywords{}).Meaning("TD"); got != Other {
		t.Errorf("no keywords: got %v, want %v", got, Other)
	}
}

func TestARepliesKeywordIsFoundInItsSpellings(t *testing.T) {
	asked := Replies{{"1", "safe"}, {"2", "need help"}, {"平安", "safe"}}
	for _, c := range []struct{ text, want string }{
		{"1", "safe"},
		{"１", "safe"},
		{"①", "safe"},
		{"1.", "safe"},
		{"1️⃣", "safe"},
		{"平安！", "safe"},
		{" 2\n", "need help"},
		{"12", ""},
		{"1退订吗?", ""},
		{"3", ""},
		{"", ""},
		{"。", ""},
	} {
		got, ok := asked.Find(c.text)
		if got.Label != c.want || ok != (c.want != "") {
			t.Errorf("%q: got %q %v, want %q", c.text, got.Label, ok, c.want)
		}
	}
	if got := asked.Labels(); len(got) != 2 || got[0] != "safe" || got[1] != "need help" {
		t.Errorf("got labels %q, want safe and need help", got)
	}
}
