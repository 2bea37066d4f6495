package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

func encoded(t testing.TB, e encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return b
}

// open reads a file to its end.
func open(t testing.TB, data []byte, o Options) (name string, rows [][]string, err error) {
	t.Helper()
	f, err := OpenWith(write(t, "a.csv", data), o)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	for {
		cells, _, err := f.Next()
		if err == io.EOF {
			return f.Encoding(), rows, nil
		}
		if err != nil {
			return "", rows, err
		}
		var row []string
		for _, c := range cells {
			row = append(row, string(c))
		}
		rows = append(rows, row)
	}
}

// brokenAt wants an *Error with a line that tells of encoding or UTF-8 and quotes nothing.
func brokenAt(t *testing.T, err error, line int, want string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Line != line || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want what is wrong with line %d: %s", err, line, want)
	}
}

func table1(names ...string) string {
	var b strings.Builder
	b.WriteString("number,name\n")
	for i, n := range names {
		fmt.Fprintf(&b, "138001380%02d,%s\n", i, n)
	}
	return b.String()
}

// Names and addresses as they stand in lists.
var (
	chineseNames = []string{
		"张三", "李四", "王五", "赵六", "陈大文", "欧阳娜娜", "司马相如", "刘德华", "王芳", "李娜", "张伟", "刘洋", "杨丽志", "黄晓明", "周杰伦", "吴京", "徐静蕾", "孙俪", "马云", "马化腾",
		"朱一龙", "胡歌", "郭富城", "何炅", "林志玲", "罗永浩", "梁朝伟", "宋江", "郑爽", "谢霆锋", "韩红", "唐嫣", "冯小刚", "于谦", "董卿", "萧敬腾", "程潇", "曹云金", "袁隆平", "邓超",
		"许巍", "傅园慧", "沈腾", "曾志伟", "彭于晏", "吕良伟", "苏炳添", "卢靖姗", "蒋欣", "蔡徐坤", "贾玲", "丁俊晖", "魏晨", "薛之谦", "叶问", "阎维文", "余秋雨", "潘长江", "杜海涛", "戴军",
		"夏雨", "钟南山", "汪峰", "田亮", "任嘉伦", "姜文", "范冰冰", "方中信", "石凯", "姚明", "谭晶", "廖凡", "邹市明", "熊黛林", "金星", "陆毅", "郝蕾", "孔令辉", "白岩松", "崔永元",
		"康辉", "毛阿敏", "邱淑贞", "秦海璐", "江疏影", "史可", "顾长卫", "侯勇", "邵兵", "孟非", "龙丹妮", "万茜", "段奕宏", "雷佳音", "钱枫", "汤唯", "尹正", "黎明", "易烊千玺", "常远",
	}
	chinesePlaces = []string{
		"浦东新区世纪大道100号", "徐汇区漕溪北路18号", "北京市朝阳区三里屯", "广东省深圳市南山区科技园", "四川省成都市武侯区", "沿江路", "滨河路12栋3单元", "幸福小区", "解放路", "人民公园",
		"河西街道", "东湖社区", "石家庄市", "哈尔滨市道里区", "呼和浩特市", "乌鲁木齐市", "义乌市佛堂镇", "桂林市七星区", "大理白族自治州", "拉萨市城关区",
	}
	taiwanNames = []string{
		"陳大文", "林志明", "黃淑芬", "張雅婷", "李宗翰", "王俊傑", "吳佩珊", "劉家豪", "蔡怡君", "楊承恩", "許瑋倫", "鄭美玲", "謝宜靜", "郭冠宇", "洪雅雯", "邱建宏", "曾國輝", "廖惠如", "賴志偉", "周杰倫",
	}
	koreanNames   = []string{"김철수", "이영희", "박지성", "최민호", "정수빈", "강호동", "조용필", "윤아", "장동건", "임창정", "한가인", "오세훈", "서태지", "신동엽", "권상우"}
	japaneseNames = []string{"鈴木一郎", "佐藤花子", "高橋健太", "田中美咲", "伊藤さくら", "渡辺ひろし", "山本太郎", "中村アキラ", "小林麻美", "加藤恵子"}
	latinNames    = []string{"Hélène", "François Müller", "José García", "Zoë Ångström", "Björn Sjögren", "Renée", "Peña", "Ünal", "Göran", "Jürgen Groß"}
	russianNames  = []string{"Иван", "Мария Петрова", "Дмитрий", "Ольга", "Сергей Иванов", "Анна", "Юрий", "Наталья", "Алексей", "Екатерина"}
)

func TestRealListsInGB18030AreReadByThemselves(t *testing.T) { // B15
	read := func(text string) {
		t.Helper()
		name, rows, err := open(t, encoded(t, simplifiedchinese.GB18030, text), Options{})
		if err != nil || name != "GB18030" {
			t.Errorf("%q: got %s (%v)", text, name, err)
			return
		}
		for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n")[1:] {
			if got := strings.Join(rows[i], ","); got != line {
				t.Errorf("got %q, want %q", got, line)
			}
		}
	}
	for i := range chineseNames {
		read(table1(chineseNames[i], chineseNames[(i+37)%len(chineseNames)], chineseNames[(i+71)%len(chineseNames)]))
		read("number,姓名\n13800138000," + chineseNames[i] + "\n")
	}
	for _, p := range chinesePlaces {
		read(table1(p))
	}
	// A single name is the least that there can be: it is read right, or it is refused.
	refused := 0
	for _, n := range chineseNames {
		if _, rows, err := open(t, encoded(t, simplifiedchinese.GB18030, table1(n)), Options{}); err != nil {
			refused++
			brokenAt(t, err, 2, "encoding: ")
		} else if rows[0][1] != n {
			t.Errorf("got %q, want %q", rows[0][1], n)
		}
	}
	if refused > len(chineseNames)*15/100 { // what Thai and Japanese could be too, and nothing else stands there
		t.Errorf("%d single names of %d are refused", refused, len(chineseNames))
	}
	read(table1(append(chineseNames, chinesePlaces...)...))
	read("手机号,姓名,备注\n13800138000,王玥,喆\n")
	read(table1("王小明", "李喆", "张玥", "堃"))
	read("手机号,姓名\n13800138000,Müller\n")
	read(table1(append(make([]string, 20_000), "刘芳")...))
}

func TestEncodingsOfOtherLanguagesAreNeverReadAsChinese(t *testing.T) { // B15
	tests := []struct {
		name  string
		e     encoding.Encoding
		names []string
	}{
		{"EUC-KR", korean.EUCKR, koreanNames},
		{"Shift_JIS", japanese.ShiftJIS, japaneseNames},
		{"EUC-JP", japanese.EUCJP, japaneseNames},
		{"Windows-1252", charmap.Windows1252, latinNames},
		{"Windows-1251", charmap.Windows1251, russianNames},
		{"KOI8-R", charmap.KOI8R, russianNames},
		{"Windows-1250", charmap.Windows1250, []string{"Łódź", "Dvořák", "Kovács Ágnes", "Żółć", "Šárka"}},
		{"Windows-1253", charmap.Windows1253, []string{"Γιώργος", "Μαρία", "Ελένη", "Νίκος", "Αθηνά"}},
		{"Windows-1254", charmap.Windows1254, []string{"Şükrü", "Ayşe", "Gülşen", "Çağla", "İbrahim"}},
		{"Windows-1255", charmap.Windows1255, []string{"דוד", "משה כהן", "שרה", "רחל", "יעקב"}},
		{"Windows-1256", charmap.Windows1256, []string{"محمد", "فاطمة", "أحمد علي", "خالد", "عائشة"}},
		{"Windows-874", charmap.Windows874, []string{"สมชาย", "สมหญิง", "ประเสริฐ", "วิชัย", "มาลี"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			texts := []string{table1(tt.names...)}
			for _, n := range tt.names {
				texts = append(texts, table1(n))
			}
			for _, text := range texts {
				data := encoded(t, tt.e, text)
				if name, rows, err := open(t, data, Options{}); err == nil {
					t.Errorf("%q: got %q in %s, want it refused", text, rows, name)
				} else if !strings.Contains(err.Error(), "with encoding") && !strings.Contains(err.Error(), "encoding: ") {
					t.Errorf("%q: got %v, want to be told of encoding", text, err)
				}
			}
			// What it is can be said.
			_, rows, err := open(t, encoded(t, tt.e, texts[0]), Options{Encoding: strings.ToLower(tt.name)})
			if err != nil {
				t.Fatal(err)
			}
			for i, n := range tt.names {
				if rows[i][1] != n {
					t.Errorf("got %q, want %q", rows[i][1], n)
				}
			}
		})
	}
}

// These stood alone, or two by two, in files that were read wrongly. Nobody who made the
// guess had chosen them.
func TestNamesThatWereReadWronglyAreReadOrRefused(t *testing.T) { // B15
	for _, tt := range []struct {
		e     encoding.Encoding
		names []string
	}{
		{japanese.EUCJP, []string{"出口 順子"}},
		{japanese.EUCJP, []string{"宮城 菜月"}},
		{japanese.EUCJP, []string{"菅原 勝利"}},
		{japanese.EUCJP, []string{"小澤 大貴"}},
		{charmap.Windows1256, []string{"جاوحدو خلود"}},
		{charmap.Windows1256, []string{"بلسم يافع"}},
		{charmap.Windows874, []string{"คงกระพัน มณีค้างพลู"}},
		{unicode.UTF8, []string{"Gia Anh Vương", "Thu Liên Dương"}},
		{simplifiedchinese.GB18030, []string{"顧瀟然"}},
	} {
		name, rows, err := open(t, encoded(t, tt.e, table1(tt.names...)), Options{})
		for i := range rows {
			if err == nil && rows[i][1] != tt.names[i] {
				t.Errorf("got %q in %s, want %q or a refusal", rows[i][1], name, tt.names[i])
			}
		}
		if err != nil && tt.e == unicode.UTF8 {
			t.Errorf("got %v, want UTF-8 to be read", err)
		}
	}
}

func TestTheErrorSaysWhatAFileSeemsToBe(t *testing.T) { // B15
	for want, data := range map[string][]byte{
		"encoding: euc-kr":       encoded(t, korean.EUCKR, table1("김철수")),
		"encoding: shift_jis":    encoded(t, japanese.ShiftJIS, table1("鈴木一郎")),
		"encoding: windows-1252": encoded(t, charmap.Windows1252, table1("Hélène")),
		"encoding: windows-1251": encoded(t, charmap.Windows1251, table1("Иван")),
	} {
		_, _, err := open(t, data, Options{})
		brokenAt(t, err, 2, want)
	}
}

func TestBig5IsReadByItself(t *testing.T) { // B15
	name, rows, err := open(t, encoded(t, traditionalchinese.Big5, "手機號碼,姓名\n13800138000,陳大文\n"), Options{})
	if err != nil || name != "Big5" || rows[0][1] != "陳大文" {
		t.Errorf("got %q in %s (%v)", rows, name, err)
	}
	name, rows, err = open(t, encoded(t, traditionalchinese.Big5, table1(taiwanNames...)), Options{})
	if err != nil || name != "Big5" || len(rows) != len(taiwanNames) {
		t.Fatalf("got %q in %s (%v)", rows, name, err)
	}
	for _, n := range taiwanNames {
		if name, rows, err := open(t, encoded(t, traditionalchinese.Big5, table1(n)), Options{}); err == nil && rows[0][1] != n {
			t.Errorf("got %q in %s, want %q or a refusal", rows, name, n)
		}
	}
}

func TestOneEncodingFromTheFirstOctetToTheLast(t *testing.T) { // B15, B25
	gbk := func(s string) string { return string(encoded(t, simplifiedchinese.GB18030, s)) }
	many := strings.Repeat("13800138000,张三\n", 60_000)
	tests := []struct {
		name, data string
		line       int
		want       string
	}{
		{"UTF-8 with one name in GBK", "number,name\n13800138000,张三\n13800138001," + gbk("李四") + "\n13800138002,王五\n", 3, "is not UTF-8"},
		{"UTF-8 with a mark and one name in GBK", "\ufeffnumber,name\n13800138000,张三\n13800138001," + gbk("李四") + "\n", 3, "is not UTF-8"},
		{"UTF-8 with a heading in ASCII and one name cut", "number,name\n" + many + "13800138001,\xe6\x9d\x8e\xe5\x9b\n13800138002,王五\n", 60_002, "correct this line"},
		{"UTF-8 that is cut off", "number,name\n" + many + "13800138001,\xe6\x9d", 60_002, "is not UTF-8"},
		{"lines that end in a carriage return", strings.ReplaceAll("number,name\n13800138000,张三\n13800138002,王五\n13800138001,"+gbk("李四")+"\n", "\n", "\r"), 4, "is not UTF-8"},
		{"GBK with one name cut", gbk("number,name\n"+many) + "13800138001,\xc0\n" + gbk("13800138002,王五\n"), 60_002, "is not GB18030"},
		{"GBK with one name in UTF-8", gbk("number,name\n"+many) + "13800138001,李四\n" + gbk("13800138002,王五\n"), 60_002, "a text in UTF-8"},
		{"a file in GBK behind one in UTF-8", "number,name\n" + strings.Repeat("13800138000,张三\n", 50) + gbk(strings.Repeat("13800138001,李四\n", 40)), 52, "is not UTF-8"},
		{"a NUL in GBK", gbk("number,name\n13800138000,张三\n") + "1380013\x008000,x\n", 3, "NUL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := open(t, []byte(tt.data), Options{})
			brokenAt(t, err, tt.line, tt.want)
		})
	}
	for name, tt := range map[string]struct {
		data, encoding string
		line           int
	}{
		"GBK said to be UTF-8":     {gbk("number,name\n13800138000,张三\n"), "utf-8", 2},
		"UTF-8 said to be GBK":     {"number,name\n13800138000,a\n13800138001,张三李\n", "gbk", 3},
		"a broken line in Big5":    {"number,name\n13800138000,a\n13800138001,\xb3\n", "big5", 3},
		"half a pair of UTF-16":    {string(encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "number,name\n13800138000,a\n")) + "\x00\xd8\n\x00", "", 3},
		"a lost character in GBK":  {gbk("number,name\n13800138000,张三\r\n13800138001,\ufffd\r\n"), "gb18030", 3},
		"GBK far behind the start": {gbk("number,name\n"+many) + "1,\xff\n", "gb18030", 60_002},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := open(t, []byte(tt.data), Options{Encoding: tt.encoding})
			brokenAt(t, err, tt.line, "")
		})
	}
	_, _, err := open(t, []byte("\ufeffnumber\n1\n"), Options{Encoding: "gb18030"})
	brokenAt(t, err, 0, "begins with the mark of UTF-8")
}

func TestUTF8IsNeverReadAsSomethingElse(t *testing.T) { // B15
	names := []string{"é", "·", "\u00a0x", "١٣٨٠٠١٣٨٠٠٠", "۱۳۸۰۰۱۳۸۰۰۰", "Müller", "Łódź", "Иван", "Γιώργος", "דוד", "محمد", "José", "ß", "º", "Արամ", "小李", "𠮷", "김", "あ", "“x”"}
	for _, list := range [][]string{names, latinNames, russianNames, chineseNames, koreanNames, japaneseNames, taiwanNames} {
		for _, n := range list {
			if name, rows, err := open(t, []byte(table1(n)), Options{}); err != nil || name != "UTF-8" || rows[0][1] != strings.TrimPrefix(n, "\u00a0") {
				t.Errorf("%q: got %q in %s (%v)", n, rows, name, err)
			}
		}
	}
}

func TestUTF16WithoutAMark(t *testing.T) { // B24
	const text = "手机号,姓名\r\n13800138000,张三\r\n13800138001,李四\r\n"
	for _, e := range []unicode.Endianness{unicode.LittleEndian, unicode.BigEndian} {
		name, rows, err := open(t, encoded(t, unicode.UTF16(e, unicode.IgnoreBOM), text), Options{})
		if d := cmp.Diff([][]string{{"13800138000", "张三"}, {"13800138001", "李四"}}, rows); d != "" || err != nil {
			t.Errorf("%s: %v: %s", name, err, d)
		}
	}
}

func TestWhatIsNoTableSaysWhatItIs(t *testing.T) { // B24
	for name, tt := range map[string]struct{ data, want string }{
		"gzip":              {"\x1f\x8b\x08", "packed with gzip"},
		"a web page":        {"\r\n<html><table>13800138000", "web page"},
		"a page with a BOM": {"\ufeff<!DOCTYPE html>", "web page"},
		"a PDF":             {"%PDF-1.4", "document"},
		"UTF-32":            {"\xff\xfe\x00\x00n\x00\x00\x00", "UTF-32"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := open(t, []byte(tt.data), Options{})
			brokenAt(t, err, 0, tt.want)
		})
	}
}

func TestTheSurveyReadsInPieces(t *testing.T) {
	data := encoded(t, simplifiedchinese.GB18030, "number,name\n"+strings.Repeat("13800138000,㐀张\r\n1,𠮷é三\r2,x\n", 50))
	want, err := surveyOf(bytes.NewReader(data))
	if err != nil || want.gb != 0 {
		t.Fatalf("got %+v (%v)", want, err)
	}
	broken := append(bytes.Clone(data), "3,\xff\n"...)
	for _, r := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
		got, err := surveyOf(r(bytes.NewReader(data)))
		if err != nil || got.gb != 0 || len(got.sample) == 0 {
			t.Errorf("got %+v (%v)", got, err)
		}
		if got, err = surveyOf(r(bytes.NewReader(broken))); err != nil || got.gb != 152 {
			t.Errorf("got a break at line %d (%v), want 152", got.gb, err)
		}
	}
}
