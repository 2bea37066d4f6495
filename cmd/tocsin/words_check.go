package main

// checkWords are what tocsin provider check says.
type checkWords struct {
	Connection    string
	Stands        string // time
	TLS           string
	NoTLS         string
	Certificate   string // version, subject, end, days
	EndsSoon      string
	Login         string
	NoLogin       string
	LetIn         string // time
	Calls         string // name
	Version       string
	Speaks        string // version
	SpeaksOther   string // version, the configured one
	VersionUnsaid string
	Test          string
	Answered      string // time
	NoTest        string
	Window        string
	WindowIs      string // window, connections, batch
	Arrivals      string
	Arrived       string // messages
	Receipts      string
	NoListener    string
	Listener      string // address
	ListenerTaken string // address
	ListenerNot   string // address
	Fault         string
	Refused       string // code, meaning
	Unexplained   string
	Advice        string
	Codes         map[string]string // by protocol and code
	ToDo          map[string]string // by fault; {account} is what the settings call the account
}

var checkEN = checkWords{
	Connection:    "connection",
	Stands:        "stands after %s",
	TLS:           "encryption",
	NoTLS:         "none",
	Certificate:   "%s, certificate of %s, valid until %s (%d days)",
	EndsSoon:      ": IT ENDS SOON, ask the carrier for the next one",
	Login:         "login",
	NoLogin:       "none: this protocol does not log in, so there is nothing to check but by sending (tocsin provider test)",
	LetIn:         "the carrier has let us in, after %s",
	Calls:         "; it calls itself %q",
	Version:       "version",
	Speaks:        "the carrier speaks %s",
	SpeaksOther:   "the carrier names %s, and version: %s is configured: ask it which one it wants",
	VersionUnsaid: "the carrier does not say",
	Test:          "heartbeat",
	Answered:      "answered after %s",
	NoTest:        "none: the protocol has none",
	Window:        "window",
	WindowIs:      "configured: %d unanswered on each of %d connections, batches of %d",
	Arrivals:      "arrivals",
	Arrived:       "the carrier began to deliver %d messages or receipts: none was acknowledged, it says them again to who serves",
	Receipts:      "receipts",
	NoListener:    "NONE COME: the gateway has to call us, and listen: is not configured",
	Listener:      "the gateway has to call us at %s, which can be opened here; whether it does, only a test shows",
	ListenerTaken: "the gateway has to call us at %s, which somebody here has open: a running tocsin serve, or another program",
	ListenerNot:   "the gateway has to call us at %s, which cannot be opened here",
	Fault:         "FAILED",
	Refused:       "the carrier refuses the login with code %d: %s",
	Unexplained:   "the protocol does not say what it means",
	Advice:        "what to do",
	Codes: map[string]string{
		"smpp 5": "it is logged in already", "smpp 13": "bind failed", "smpp 14": "the password is wrong", "smpp 15": "system_id is not known",
		"smpp 8": "it has a fault of its own", "smpp 83": "system_type is wrong",
		"cmpp 1": "it cannot read the request", "cmpp 2": "source_addr is not known, or not from this machine", "cmpp 3": "the password is wrong",
		"cmpp 4": "it does not speak this version", "cmpp 5": "another fault",
		"sgip 1": "login or password is wrong", "sgip 3": "too many connections", "sgip 4": "login type is wrong", "sgip 5": "it cannot read the request", "sgip 11": "it is busy",
		"smgp 1": "it is busy", "smgp 2": "too many connections", "smgp 10": "it cannot read the request", "smgp 20": "this machine's address is not allowed",
		"smgp 21": "client_id or password is wrong", "smgp 22": "it does not speak this version", "smgp 76": "the account has expired",
	},
	ToDo: map[string]string{
		"settings":            "Correct the file or variable that is named. Nothing was sent to the carrier.",
		"dns":                 "The name in address: ({address}) is not known here. Compare it with what the carrier gave; try the IP address; look at this machine's DNS.",
		"nobody":              "Nobody listens on {address}. Compare host and port with what the carrier gave. Is a tunnel or VPN to the carrier down?",
		"no_way":              "This machine's network does not reach {address}. Is the VPN or leased line up? Is the route to the carrier set?",
		"silence":             "{address} does not answer at all: mostly a firewall, a VPN that is down, or a wrong address. Ask the carrier whether this machine's address is on its list.",
		"no_tls":              "What answers does not speak TLS. Remove tls: from the provider, or take the port that the carrier gave for TLS.",
		"certificate_over":    "The carrier's certificate is not valid today. Look at this machine's clock; else the carrier has to renew it. It is never accepted unchecked.",
		"certificate_name":    "The certificate is for another name. Take the address that the carrier gave, or set tls: {server_name: …} to the name it confirms.",
		"certificate_unknown": "Nobody this machine trusts has signed the certificate. Ask the carrier for its authority and name the file in tls: {ca: …}.",
		"tls":                 "The encryption could not be agreed. Does the carrier want a certificate of ours (tls: {certificate: …, key: …})? Ask which TLS version it speaks.",
		"connect":             "The connection did not come about. Compare {address} with what the carrier gave, and try again in a minute.",
		"mute":                "The carrier takes the connection and says nothing: mostly the port of another protocol, one that wants TLS (tls:), or a carrier that is ill.",
		"hung_up":             "The carrier hangs up without a word: mostly this machine's address is not on its list, or the port is another protocol's or wants TLS.",
		"strange":             "What answers does not speak this protocol as it should. Compare protocol, version and port with what the carrier gave.",
		"untested":            "The carrier let us in and then did not answer the test. Try again; if it stays so, call the carrier: it is ill.",
		"listen":              "Choose an address of this machine for listen: ({listen}), with a port that it may open, and tell the carrier.",
		"refused":             "Call the carrier and name the code. Too many connections, an account that is closed or this machine's address are the usual reasons.",
		"credentials":         "Compare {account} and the password's file with what the carrier gave, character by character. Do not try again and again: it may lock the account.",
		"address":             "The carrier does not let this machine's address in. Give it the address from which we call, and ask it to put it on its list.",
		"too_many":            "The account has as many connections as the carrier allows: a running tocsin serve, another machine or an old session holds them. The login itself is right. Set connections: one lower, or check while serve is stopped.",
		"version":             "The carrier does not speak this version. Set version: to the one that it names.",
		"form":                "The carrier cannot read the login with these settings. Compare protocol, version and the account's keys with what it gave.",
		"busy":                "The carrier is busy or ill just now. Try again in a few minutes; if it stays so, call it.",
	},
}

var checkZH = checkWords{
	Connection:    "连接",
	Stands:        "%s 后建立",
	TLS:           "加密",
	NoTLS:         "无",
	Certificate:   "%s，证书属于 %s，有效期至 %s（%d 天）",
	EndsSoon:      "：即将到期，请向运营商索取新证书",
	Login:         "登录",
	NoLogin:       "无：此协议不登录，只有发送才能检验（tocsin provider test）",
	LetIn:         "运营商已接受登录，用时 %s",
	Calls:         "；它自称 %q",
	Version:       "版本",
	Speaks:        "运营商使用 %s",
	SpeaksOther:   "运营商称其为 %s，而配置的 version: 为 %s：请问它要求哪个版本",
	VersionUnsaid: "运营商没有说明",
	Test:          "心跳",
	Answered:      "%s 后得到应答",
	NoTest:        "无：此协议没有心跳",
	Window:        "窗口",
	WindowIs:      "配置：每个连接最多 %d 个未应答，%d 个连接，每批 %d 个号码",
	Arrivals:      "到达",
	Arrived:       "运营商开始投递 %d 条消息或回执：均未确认，它会再次投递给正在运行的服务",
	Receipts:      "回执",
	NoListener:    "收不到：网关必须回连我方，而 listen: 没有配置",
	Listener:      "网关必须回连 %s，本机可以打开此地址；它是否回连，只有测试发送才知道",
	ListenerTaken: "网关必须回连 %s，本机已有程序占用：正在运行的 tocsin serve，或其他程序",
	ListenerNot:   "网关必须回连 %s，本机无法打开此地址",
	Fault:         "失败",
	Refused:       "运营商拒绝登录，代码 %d：%s",
	Unexplained:   "协议没有说明其含义",
	Advice:        "怎么办",
	Codes: map[string]string{
		"smpp 5": "账号已经登录", "smpp 13": "绑定失败", "smpp 14": "密码错误", "smpp 15": "system_id 不存在",
		"smpp 8": "运营商自身故障", "smpp 83": "system_type 错误",
		"cmpp 1": "请求无法读取", "cmpp 2": "source_addr 不存在，或不允许从本机登录", "cmpp 3": "密码错误",
		"cmpp 4": "不支持此版本", "cmpp 5": "其他错误",
		"sgip 1": "login 或密码错误", "sgip 3": "连接过多", "sgip 4": "登录类型错误", "sgip 5": "请求无法读取", "sgip 11": "网关忙",
		"smgp 1": "网关忙", "smgp 2": "连接过多", "smgp 10": "请求无法读取", "smgp 20": "不允许本机地址登录",
		"smgp 21": "client_id 或密码错误", "smgp 22": "不支持此版本", "smgp 76": "账号已过期",
	},
	ToDo: map[string]string{
		"settings":            "改正所指的文件或变量。没有向运营商发送任何内容。",
		"dns":                 "本机不认识 address:（{address}）中的名字。与运营商给的核对；试用 IP 地址；检查本机 DNS。",
		"nobody":              "{address} 上没有程序监听。与运营商给的主机和端口核对。到运营商的隧道或 VPN 是否断开？",
		"no_way":              "本机网络到不了 {address}。VPN 或专线是否连通？路由是否设置？",
		"silence":             "{address} 完全没有应答：多半是防火墙、VPN 断开或地址错误。请问运营商，本机地址是否在其白名单中。",
		"no_tls":              "对方不使用 TLS。去掉该通道的 tls:，或改用运营商给的 TLS 端口。",
		"certificate_over":    "运营商的证书今天无效。检查本机时钟；否则须由运营商更新证书。证书绝不会不经检查就接受。",
		"certificate_name":    "证书属于另一个名字。使用运营商给的地址，或把 tls: {server_name: …} 设为它确认的名字。",
		"certificate_unknown": "本机信任的机构都没有签发此证书。向运营商索取其 CA，并在 tls: {ca: …} 中写明文件。",
		"tls":                 "加密协商失败。运营商是否要求我方证书（tls: {certificate: …, key: …}）？请问它使用哪个 TLS 版本。",
		"connect":             "连接没有建立。把 {address} 与运营商给的核对，一分钟后再试。",
		"mute":                "运营商接受了连接却不说话：多半是另一种协议的端口、要求 TLS（tls:）的端口，或运营商故障。",
		"hung_up":             "运营商一言不发就挂断：多半是本机地址不在其白名单中，或端口属于另一种协议或要求 TLS。",
		"strange":             "对方没有按此协议应答。把协议、版本和端口与运营商给的核对。",
		"untested":            "运营商接受了登录，却没有应答心跳。再试一次；如仍如此，请联系运营商：它有故障。",
		"listen":              "为 listen:（{listen}）选择本机的一个地址和可以打开的端口，并告知运营商。",
		"refused":             "联系运营商并告知代码。常见原因是连接过多、账号停用或本机地址。",
		"credentials":         "把 {account} 和密码文件与运营商给的逐字核对。不要反复重试：账号可能被锁定。",
		"address":             "运营商不允许本机地址登录。把我方的出口地址告诉它，请它加入白名单。",
		"too_many":            "账号的连接数已达运营商上限：被正在运行的 tocsin serve、另一台机器或旧会话占用。登录本身是正确的。把 connections: 减一，或在停止 serve 后检查。",
		"version":             "运营商不支持此版本。把 version: 设为它所说的版本。",
		"form":                "运营商无法读取按此设置的登录。把协议、版本和账号各项与它给的核对。",
		"busy":                "运营商此刻忙或有故障。几分钟后再试；如仍如此，请联系运营商。",
	},
}
