package main

import (
	"fmt"
	"strings"
)

// trialWords are what tocsin provider test says.
type trialWords struct {
	Text       string            // that is sent where --text is not given
	Ask        string            // number, provider, segments
	Outcomes   map[string]string // by sms.Outcome
	Answer     string            // outcome, after
	Why        string            // reason, code
	ID         string            // id
	States     map[string]string // of a receipt
	Receipt    string            // state, id, after
	NoReceipt  string            // wait
	NoListener string
	Others     string
}

// answer is the carrier's answer for people.
func (w *trialWords) answer(r *trialResult) string {
	text := fmt.Sprintf(w.Answer, wordFor(w.Outcomes, r.Outcome), r.After)
	if r.Reason != "" {
		text += fmt.Sprintf(w.Why, r.Reason, r.Code)
	}
	if len(r.IDs) > 0 {
		text += fmt.Sprintf(w.ID, strings.Join(r.IDs, " "))
	}
	return text + "\n"
}

// receipt is a receipt for people.
func (w *trialWords) receipt(r *trialReceipt) string {
	text := fmt.Sprintf(w.Receipt, wordFor(w.States, r.State), r.ID, r.After)
	if r.Reason != "" {
		text += fmt.Sprintf(w.Why, r.Reason, r.Code)
	}
	return text + "\n"
}

var trialEN = trialWords{
	Text: "This is a test of the warning system. Nothing has happened.",
	Ask:  "Send one real message to %s through %s (segments: %d)? [y/N] ",
	Outcomes: map[string]string{
		"taken": "taken by the carrier", "refused": "REFUSED by the carrier for good", "not_now": "NOT TAKEN now by the carrier",
		"not_sent": "NOT SENT: the line is down", "unknown": "IN DOUBT: bytes left and no answer came",
	},
	Answer:     "answer   %s, after %s",
	Why:        " (%s, code %d)",
	ID:         "; id %s",
	States:     map[string]string{"delivered": "delivered", "failed": "FAILED", "accepted": "on its way"},
	Receipt:    "receipt  %s; id %s, after %s",
	NoReceipt:  "receipt  none within %s: it may come later\n",
	NoListener: "receipt  not waited for: the gateway brings it to listen:, which is not configured, or which a running server has\n",
	Others:     "receipt  not waited for any longer: the carrier brought those of others to this connection, which were left to the running server\n",
}

var trialZH = trialWords{
	Text: "这是预警系统的测试短信，没有发生任何情况。",
	Ask:  "向 %s 通过 %s 发送一条真实短信（%d 段）？[y/N] ",
	Outcomes: map[string]string{
		"taken": "运营商已接收", "refused": "运营商永久拒绝", "not_now": "运营商此刻没有接收",
		"not_sent": "没有发出：连接中断", "unknown": "存疑：字节已发出，没有应答",
	},
	Answer:     "应答  %s，用时 %s",
	Why:        "（%s，代码 %d）",
	ID:         "；编号 %s",
	States:     map[string]string{"delivered": "已送达", "failed": "失败", "accepted": "途中"},
	Receipt:    "回执  %s；编号 %s，用时 %s",
	NoReceipt:  "回执  %s 内没有：可能稍后到达\n",
	NoListener: "回执  不等待：网关把回执送到 listen: 的地址，它没有配置，或被正在运行的服务占用\n",
	Others:     "回执  不再等待：运营商把别人的回执送到了此连接，已留给正在运行的服务\n",
}
