package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"tocsin/dispatcher/ledger"
)

// broadcastWords are what tocsin broadcast says.
type broadcastWords struct {
	Ask      string            // areas, provider, repetitions
	States   map[string]string // of a broadcast
	Cancels  map[string]string // of its cancel
	Head     string            // key, state
	Sent     string            // when, provider, who, why
	Text     string            // text
	Area     string            // area
	Unserved string            // area
	Again    string            // times, between
	AtOnce   string            // times
	ID       string            // id
	Code     string            // status
	Cancel   string            // state, when, who, why
	Progress string            // key, state
	Reach    string            // area, percent
	Unknown  string            // area
}

// show prints a broadcast.
func (w *broadcastWords) show(out io.Writer, b *ledger.Broadcast) {
	fmt.Fprintf(out, w.Head, b.Key, wordFor(w.States, string(b.State)))
	fmt.Fprintf(out, w.Sent, moment(b.At), b.Provider, visible(b.Who), visible(b.Why))
	fmt.Fprintf(out, w.Text, strings.ReplaceAll(b.Text, "\n", " "))
	for _, a := range b.Areas {
		fmt.Fprintf(out, w.Area, a)
	}
	for _, a := range b.Failed {
		fmt.Fprintf(out, w.Unserved, a)
	}
	if every := time.Duration(b.Every) * time.Millisecond; every > 0 {
		fmt.Fprintf(out, w.Again, b.Repeat, every)
	} else {
		fmt.Fprintf(out, w.AtOnce, b.Repeat)
	}
	if b.Ref != "" {
		fmt.Fprintf(out, w.ID, b.Ref)
	}
	if b.Code != 0 {
		fmt.Fprintf(out, w.Code, b.Code)
	}
	if b.Cancel != "" {
		fmt.Fprintf(out, w.Cancel, wordFor(w.Cancels, string(b.Cancel)), moment(b.CancelAt), b.CancelWho, b.CancelWhy)
	}
}

// extent prints how far one is.
func (w *broadcastWords) extent(out io.Writer, r *extent) {
	fmt.Fprintf(out, w.Progress, r.Key, r.State)
	for _, a := range r.Areas {
		if a.Percent == nil {
			fmt.Fprintf(out, w.Unknown, a.Area)
		} else {
			fmt.Fprintf(out, w.Reach, a.Area, *a.Percent)
		}
	}
}

var broadcastEN = broadcastWords{
	Ask: "Send a broadcast to everybody in %s through %s (times: %d)? [y/N] ",
	States: map[string]string{
		"taken": "taken by the carrier", "refused": "REFUSED by the carrier", "not_sent": "NOT SENT", "in_doubt": "IN DOUBT: it may be on the air, and no answer came",
	},
	Cancels: map[string]string{
		"taken": "cancelled", "refused": "its cancel was REFUSED", "not_sent": "its cancel was NOT SENT", "in_doubt": "its cancel is IN DOUBT",
	},
	Head:     "%s  %s\n",
	Sent:     "  %s through %s by %s: %s\n",
	Text:     "  text      %s\n",
	Area:     "  area      %s\n",
	Unserved: "  NOT reached: %s\n",
	Again:    "  times     %d, every %s\n",
	AtOnce:   "  times     %d\n",
	ID:       "  id        %s\n",
	Code:     "  status    %#x\n",
	Cancel:   "  %s, %s by %s: %s\n",
	Progress: "%s  %s\n",
	Reach:    "  %s  %d %%\n",
	Unknown:  "  %s  not known\n",
}

var broadcastZH = broadcastWords{
	Ask: "要向 %s 内的所有人经 %s 发送广播（次数：%d）吗？[y/N] ",
	States: map[string]string{
		"taken": "运营商已接收", "refused": "运营商已拒绝", "not_sent": "未发送", "in_doubt": "存疑：可能已播出，但没有收到应答",
	},
	Cancels: map[string]string{
		"taken": "已取消", "refused": "取消被拒绝", "not_sent": "取消未发送", "in_doubt": "取消存疑",
	},
	Head:     "%s  %s\n",
	Sent:     "  %s，经 %s，操作人 %s：%s\n",
	Text:     "  内容      %s\n",
	Area:     "  区域      %s\n",
	Unserved: "  未覆盖：%s\n",
	Again:    "  次数      %d，间隔 %s\n",
	AtOnce:   "  次数      %d\n",
	ID:       "  编号      %s\n",
	Code:     "  状态码    %#x\n",
	Cancel:   "  %s，%s，操作人 %s：%s\n",
	Progress: "%s  %s\n",
	Reach:    "  %s  %d %%\n",
	Unknown:  "  %s  未知\n",
}
