package main

import (
	"strings"

	"tocsin/campaigns/audience"
)

// exportWord says a state, a reason, yes or no of an export, or what a reply means, in
// Chinese, as the report says its states.
func exportWord(name string) string { return wordFor(exportZH(), name) }

func exportZH() map[string]string {
	say := &wordsZH
	return map[string]string{
		"waiting": say.Waiting, "offered": say.Offered, "in_doubt": say.InDoubt, "accepted": say.Accepted,
		"delivered": say.Delivered, "failed": say.Failed, "expired": say.Expired, "cancelled": say.Cancelled,
		"true": "是", "false": "否",
		"invalid_number": "号码无效", "unreachable": "无法接通", "blocked": "被拦截", "too_late": "超过有效期", "throttled": "超过速率",
		"queue_full": "运营商队列已满", "carrier_fault": "运营商故障", "line_down": "线路中断", "no_answer": "无应答", "bad_sender": "主叫号码不允许",
		"bad_request": "请求有误", "not_permitted": "账号未授权", "rejected": "被拒绝", "poison": "无法编码", "unknown_outcome": "运营商不知结果",
		"opted_out": "本人拒收",
		"opt_out":   "退订", "opt_in": "恢复接收", "answer": "回答", "other": "其他",
	}
}

// rejectZH are the words of a file of rejects in Chinese: its columns, reasons and problems.
func rejectZH() map[string]string {
	words := map[string]string{
		"no number: the cell is empty":                                    "没有号码：单元格为空",
		"letters or signs that no telephone number has":                   "含有电话号码中不应有的字母或符号",
		"scientific notation: digits are lost; format the column as text": "科学计数法：数字已丢失，请把该列设为文本格式后重新填写",
		"too few digits":  "位数不足",
		"too many digits": "位数过多",
		"no country code: write it with + and the country's code":                                                       "缺少国家代码：请写 + 和国家代码",
		"something stands behind the number, or it could be two: write one number alone":                                "号码后面还有内容，或可能是两个号码：请只写一个号码",
		"a decimal number, and not a whole telephone number before its dot":                                             "是小数，且小数点前不是完整的电话号码",
		"there is no such number in its country":                                                                        "该国家没有这样的号码",
		"more cells than columns: a cell with a separator in it needs quotation marks":                                  "单元格多于列：含分隔符的单元格需加引号",
		"the number is in an earlier row":                                                                               "号码已在前面的行中出现",
		"a quotation mark stands inside a cell that does not begin with one":                                            "单元格中间有引号，而开头没有引号",
		"text stands behind a cell's closing quotation mark":                                                            "单元格的结束引号后面还有内容",
		"shows an error such as #N/A":                                                                                   "显示错误值，例如 #N/A",
		"has a formula that was never calculated: open the workbook in Excel or WPS and save it again":                  "的公式没有计算结果：请用 Excel 或 WPS 打开工作簿并重新保存",
		"has a formula that is to be calculated when the workbook is opened: open it in Excel or WPS and save it again": "的公式要在打开工作簿时才计算：请用 Excel 或 WPS 打开并重新保存",
		"holds characters that no text has":                                                                             "含有文本中不应有的字符",
		"has a value that cannot be read":                                                                               "的值无法读取",
	}
	for name, word := range audience.ChineseColumns {
		words[name] = word
	}
	for name, word := range wordsZH.Reasons {
		words[name] = word
	}
	return words
}

// rejectWord is how a file of rejects says things in the reader's language; nil: in English.
func rejectWord(say *words) func(name string) string {
	if say != &wordsZH {
		return nil
	}
	words := rejectZH()
	return func(name string) string {
		if rest, ok := strings.CutPrefix(name, "cell "); ok { // of a workbook: "cell B3" and what is wrong with it
			cell, problem, _ := strings.Cut(rest, " ")
			return "单元格 " + cell + " " + wordFor(words, problem)
		}
		return wordFor(words, name)
	}
}
