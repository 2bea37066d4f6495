package main

// routeWords are what tocsin route says.
type routeWords struct {
	Invalid      string
	InvalidIn    string // country
	Prefix       string
	PrefixIs     string // digits, carrier, date
	PrefixVia    string // digits, carrier, date; a virtual operator's
	PrefixNobody string // date
	Unconfirmed  string
	NotChinese   string
	Ported       string
	PortedTo     string // carrier
	PortedNot    string // numbers known, time
	PortedNone   string
	Rule         string
	ByCarrier    string // number of the rule, carrier
	ByPrefix     string // number of the rule, prefix
	ByCampaign   string // behind the rule: file
	Provider     string // which
	NoProcess    string // state
	LineIs       string // state, line
	NoLedger     string
	Fallback     string
	Never        string
	After        string // time, classes
	Alone        string
	Left         string
	Unroutable   string
	Unserved     string
	Suppressed   string
	Excluded     string
	Carriers     map[string]string // by providers.Carrier, and for rules unknown and every prefix
	States       map[string]string // of a provider
	Lines        map[string]string // of a line
	Join         string
}

var routeEN = routeWords{
	Invalid:      "no telephone number: excluded as invalid",
	InvalidIn:    "no telephone number, also when read as one of %s: excluded as invalid",
	Prefix:       "prefix",
	PrefixIs:     "%s, given to %s (table of %s)",
	PrefixVia:    "%s, a virtual operator's on the network of %s (table of %s)",
	PrefixNobody: "of nobody who is known (table of %s)",
	Unconfirmed:  "; not confirmed by a second source",
	NotChinese:   "not a mobile number of China: carriers are not looked at",
	Ported:       "ported",
	PortedTo:     "yes, to %s",
	PortedNot:    "not among the %d that are known (read %s)",
	PortedNone:   "not known: there is no file of ported numbers",
	Rule:         "route",
	ByCarrier:    "number %d, for carrier %s",
	ByPrefix:     "number %d, for prefix %s",
	ByCampaign:   "%s, of %s",
	Provider:     "provider %d",
	NoProcess:    "%s; no process works with it",
	LineIs:       "%s; %s",
	NoLedger:     "there is no ledger to ask how it stands",
	Fallback:     "fall-back",
	Never:        "never: who waits for the first waits until it is back",
	After:        "to the next after %s down, for %s",
	Alone:        "none: there is one provider",
	Left:         "excluded",
	Unroutable:   "unroutable: no route fits, and no carrier is guessed",
	Unserved:     "unroutable: nobody is known to serve it, and there is no route for carrier unknown, prefix 86 or \"*\"",
	Suppressed:   "suppressed: it is on the list of those who want nothing",
	Carriers: map[string]string{
		"China Mobile": "China Mobile", "China Unicom": "China Unicom", "China Telecom": "China Telecom", "China Broadnet": "China Broadnet",
		"unknown": "unknown", "*": "* (every number)",
	},
	States:   map[string]string{"enabled": "enabled", "draining": "draining: nothing new is offered", "disabled": "disabled"},
	Lines:    map[string]string{"up": "its line is up", "down": "its line is down", "ill": "its carrier is ill", "stopped": "its line has stopped"},
	Join:     ", ",
	Excluded: "%d of %d numbers would be excluded\n",
}

var routeZH = routeWords{
	Invalid:      "不是电话号码：按无效号码排除",
	InvalidIn:    "不是电话号码，按 %s 的号码也读不出：按无效号码排除",
	Prefix:       "号段",
	PrefixIs:     "%s，分配给%s（%s 的号段表）",
	PrefixVia:    "%s，虚拟运营商号段，使用%s的网络（%s 的号段表）",
	PrefixNobody: "未知归属（%s 的号段表）",
	Unconfirmed:  "；没有第二个来源证实",
	NotChinese:   "不是中国手机号码：不看运营商",
	Ported:       "携号转网",
	PortedTo:     "是，转到%s",
	PortedNot:    "不在已知的 %d 个转网号码中（读取于 %s）",
	PortedNone:   "未知：没有转网号码文件",
	Rule:         "路由",
	ByCarrier:    "第 %d 条，运营商%s",
	ByPrefix:     "第 %d 条，前缀 %s",
	ByCampaign:   "%s，见 %s",
	Provider:     "通道 %d",
	NoProcess:    "%s；没有进程在使用它",
	LineIs:       "%s；%s",
	NoLedger:     "没有账本，无法得知其状态",
	Fallback:     "后备",
	Never:        "从不：等待首选通道的收件人一直等到它恢复",
	After:        "中断 %s 后转到下一个通道，适用于%s",
	Alone:        "无：只有一个通道",
	Left:         "排除",
	Unroutable:   "无通道可达：没有匹配的路由，也不猜测运营商",
	Unserved:     "无通道可达：号码归属未知，且没有 carrier unknown、前缀 86 或 \"*\" 的路由",
	Suppressed:   "在拒收名单中",
	Carriers: map[string]string{
		"China Mobile": "中国移动", "China Unicom": "中国联通", "China Telecom": "中国电信", "China Broadnet": "中国广电",
		"unknown": "未知", "*": "*（所有号码）",
	},
	States:   map[string]string{"enabled": "已启用", "draining": "正在排空：不再提交新的", "disabled": "已停用"},
	Lines:    map[string]string{"up": "连接正常", "down": "连接中断", "ill": "运营商异常", "stopped": "连接已停止"},
	Join:     "、",
	Excluded: "%d 个（共 %d 个）号码将被排除\n",
}
