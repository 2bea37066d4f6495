package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// words are what the program says to people in one language: reports, plans and
// talk. Commands, errors, logs, JSON and CSV are in English alone. A phrase with
// verbs is given to fmt; all languages have the same verbs in the same order.
type words struct {
	// The report.
	Title        string // key, title, class, state
	Rows         string
	RowsNote     string
	Excluded     string            // behind a reason
	Reasons      map[string]string // by campaigns.Reason
	Planned      string
	PlannedNote  string
	Waiting      string
	WaitingNote  string
	Offered      string
	OfferedNote  string
	InDoubt      string
	InDoubtNote  string
	Accepted     string
	AcceptedNote string
	Delivered    string
	DeliveredNo  string
	Failed       string
	FailedNote   string
	Expired      string
	ExpiredNote  string
	Cancelled    string
	CancelledNo  string
	NoReceipt    string
	NoReceiptNo  string
	Resent       string
	ResentNote   string
	OptedOut     string
	OptedOutNo   string // of the cancelled
	OptedOutBy   string // of those who answered
	OptedIn      string
	OptedInBy    string
	Override     string // people, reason
	OverrideBy   string // who, time
	RepliesTo    string // key, messages, people
	AnswerNote   string // keywords
	OtherReplies string
	OtherNote    string
	Silent       string
	SilentNote   string
	Segments     string
	SegmentsSent string
	SegmentsToGo string
	Through      string // provider, five counts
	Moved        string // recipients, provider, provider, recipients, provider
	FinishAt     string // time, duration
	FinishOpen   string // provider
	Balanced     string // seconds
	NotBalanced  string
	RetryOf      string // key
	Retries      string // keys
	OccurrenceOf string // key
	Occurrences  string // how many, keys, how many were missed
	NextTimes    string // times
	Spared       string // of a cancel: key, state, three counts
	Classes      map[string]string
	States       map[string]string // of a campaign

	// The plan.
	File          string // path, encoding, rows
	FileLabel     string
	FileLines     string // lines in all, of headings, rows, further lines of rows, blank
	ThroughRoute  string // route
	RouteCounts   string // recipients, segments
	Or            string // between the providers of a route
	Language      string
	LanguageCount string // recipients, language
	OtherLanguage string // recipients, language
	StartLabel    string
	WindowLabel   string
	NextLabel     string
	Waits         string
	WaitsForStart string // time
	WaitsForHours string // time
	MachineClock  string // for campaigns.MachineClock
	FileChanged   string // files
	Warning       string
	Warnings      map[string]string // by the kind of a campaigns.Warning: {n} is its Count, {what} its What
	Workbook      string
	BookSheets    string // path, sheets
	BookHidden    string // sheets
	BookOthers    string // sheets
	BookAnd       string // between names
	Encoding      string
	Forcing       string
	Longest       string
	Line          string // line
	LongestOne    string // characters, place
	LongestMany   string // characters, segments, place, characters fewer
	BySegments    string
	SegmentsEach  string // segments, recipients
	CostThrough   string // provider
	CostAll       string
	Time          string
	TimeUnknown   string // provider
	FinishIfNow   string // finish
	FinishIfAt    string // start, finish
	Expires       string
	ExpiresLate   string // expires
	SampleOne     string // place
	SampleMany    string // place, segments
	Rejects       string
	RejectsIn     string // rows, file
	RejectsFailed string // rows, error
	PlannedBefore string // key, state

	// Talk.
	Stopping    string
	Metrics     string // URL
	Continuing  string // key
	Left        string // duration
	Settled     string // %d / %d for the bar
	DemoMakes   string // people, folder
	DemoSends   string // title, address
	DemoKept    string // key, folder, key, folder
	DemoFurther string

	Route routeWords // tocsin route
	Check checkWords // tocsin provider check
	Trial trialWords // tocsin provider test

	Broadcast broadcastWords // tocsin broadcast
}

// The languages there are.
const (
	english = "en"
	chinese = "zh-CN"
)

// speak are the words of the language that --lang names, else of the environment.
func speak(cmd *cobra.Command) (*words, error) {
	name, err := cmd.Flags().GetString("lang")
	if err != nil {
		return nil, err
	}
	if name == "" {
		return ambient(), nil
	}
	switch languageOf(name) {
	case english:
		return &wordsEN, nil
	case chinese:
		return &wordsZH, nil
	}
	return nil, usage(fmt.Errorf("--lang %s is not spoken: %s or %s", name, english, chinese))
}

// ambient are the words of the environment's language, English when it is not
// spoken. The first variable that is set decides, as POSIX says of messages.
func ambient() *words {
	for _, v := range []string{"TOCSIN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if name := os.Getenv(v); name != "" {
			if languageOf(name) == chinese {
				return &wordsZH
			}
			break
		}
	}
	return &wordsEN
}

// languageOf is the language that a name such as zh_CN.UTF-8 means; "" is none
// that is spoken. All of Chinese is read as simplified.
func languageOf(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	name, _, _ = strings.Cut(strings.ReplaceAll(name, "_", "-"), "-")
	switch name {
	case "en":
		return english
	case "zh":
		return chinese
	}
	return ""
}
