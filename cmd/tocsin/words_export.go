package main

import "tocsin/campaigns/audience"

// exportWord says a state, a reason, yes or no of an export in Chinese, as the report says
// its states.
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
		"no country code: write it with + and the country's code":                        "缺少国家代码：请写 + 和国家代码",
		"something stands behind the number, or it could be two: write one number alone": "号码后面还有内容，或可能是两个号码：请只写一个号码",
		"a decimal number, and not a whole telephone number before its dot":              "是小数，且小数点前不是完整的电话号码",
		"there is no such number in its country":                                         "该国家没有这样的号码",
		"more cells than columns: a cell with a separator in it needs quotation marks":   "单元格多于列：含分隔符的单元格需加引号",
		"the number is in an earlier row":                                                "号码已在前面的行中出现",
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
	return func(name string) string { return wordFor(words, name) }
}
