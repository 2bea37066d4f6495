package audience

import "slices"

// OwnPrefix is in front of a column of ours when the uploader has one of its name.
const OwnPrefix = "tocsin_"

// ChineseColumns are the Chinese names of the columns that Tocsin puts in front of the
// uploader's own, in an export and in a file of rejects, and of those of a list of replies.
var ChineseColumns = map[string]string{
	"number": "号码", "state": "状态", "reason": "原因", "code": "代码", "provider": "通道", "segments": "段数",
	"offered": "发送时间", "settled": "结果时间", "reference": "运营商编号", "resent": "是否重发", "line": "行号",
	"file": "文件", "problem": "问题",
	"at": "时间", "meaning": "含义", "label": "选项", "text": "内容",
}

// The columns by which our own files are known: of an export, and of rejects.
var (
	exportColumns = []string{"number", "state", "reason", "resent"}
	rejectColumns = []string{"file", "line", "reason", "problem"}
)

// OwnColumns are the names of our columns in front of the uploader's: in Chinese when
// chinese is true, each with OwnPrefix when the uploader has one of its name. Only the
// number keeps its name: UploadersColumns gives the uploader's another.
func OwnColumns(names, uploaders []string, chinese bool) []string {
	own := slices.Clone(names)
	for i, name := range own {
		if chinese {
			own[i] = ChineseColumns[name]
		}
		for name != "number" && slices.Contains(uploaders, own[i]) {
			own[i] = OwnPrefix + own[i]
		}
	}
	return own
}

// UploadersColumns are the names of the uploader's columns behind own ones, as cells: one
// that is called as the numbers in front of them are is told apart.
func UploadersColumns(own, uploaders []string) []string {
	names := slices.Clone(uploaders)
	for i := range names {
		for slices.Contains(own, names[i]) || slices.Contains(names[:i], names[i]) {
			names[i] += "_uploaded"
		}
	}
	for i, name := range names {
		names[i] = Harmless(name)
	}
	return names
}

// recognise reports whether a file with these columns is one of ours, whose cells are as
// Harmless wrote them, and which column has numbers without their plus sign; -1: none.
func recognise(columns []string) (own bool, number int) {
	all := func(names []string, chinese bool) bool {
		return !slices.ContainsFunc(names, func(name string) bool {
			if chinese {
				name = ChineseColumns[name]
			}
			return !slices.Contains(columns, name) && !slices.Contains(columns, OwnPrefix+name)
		})
	}
	for _, chinese := range []bool{false, true} {
		if all(exportColumns, chinese) {
			return true, slices.Index(columns, OwnColumns(exportColumns[:1], nil, chinese)[0])
		}
	}
	return all(rejectColumns, false) || all(rejectColumns, true), -1
}

// own makes a row of a file of ours what it was before Harmless: its cells are bare, and
// its number has its plus sign.
func (a *File) own(cells [][]byte) {
	for i, c := range cells {
		cells[i] = Bare(c)
	}
	if k := a.ownNumber; k >= 0 && k < len(cells) && len(cells[k]) > 0 && cells[k][0] >= '1' && cells[k][0] <= '9' {
		a.plus = append(append(a.plus[:0], '+'), cells[k]...)
		cells[k] = a.plus
	}
}
