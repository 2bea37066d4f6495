// Command gen writes the Grafana dashboard from the list of panels below:
//
//	go run ./deploy/grafana/gen > deploy/grafana/dashboards/tocsin.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// A panel is one picture of the dashboard.
type panel struct {
	title, description, unit string
	kind                     string // timeseries or stat
	queries                  []query
	stacked                  bool
	width                    int // of 24
}

type query struct{ expr, legend string }

// A row is a heading and its panels, laid out from left to right.
type row struct {
	title  string
	panels []panel
}

var rows = []row{
	{"Now", []panel{
		{
			title: "Imbalance", unit: "none", kind: "stat", width: 4, queries: []query{{"max(tocsin_imbalance)", ""}},
			description: "Recipients in no state or in two. It must be 0 at all times.",
		},
		{
			title: "In doubt", unit: "none", kind: "stat", width: 4, queries: []query{{"sum(tocsin_recipients_in_doubt)", ""}},
			description: "Recipients that were offered and of whom no answer came.",
		},
		{
			title: "Ledger", unit: "bool_yes_no", kind: "stat", width: 4, queries: []query{{"min(tocsin_ledger_up)", ""}},
			description: "Whether the ledger can be written. Nothing is sent without it.",
		},
		{
			title: "Redis", unit: "bool_yes_no", kind: "stat", width: 4, queries: []query{{"min(tocsin_redis_up)", ""}},
			description: "Whether the queue's Redis answers. Sending goes on without it.",
		},
		{
			title: "Connections up", unit: "none", kind: "stat", width: 4, queries: []query{{"sum by (provider) (tocsin_provider_up)", "{{provider}}"}},
			description: "Connections logged in, by provider.",
		},
		{
			title: "Version", unit: "none", kind: "stat", width: 4, queries: []query{{"count by (version) (tocsin_build_info)", "{{version}}"}},
			description: "Processes running, by version.",
		},
	}},
	{"Campaigns", []panel{
		{
			title: "Recipients by state", unit: "none", kind: "timeseries", width: 16, stacked: true,
			queries:     []query{{`sum by (state) (tocsin_campaign_recipients{campaign=~"$campaign"})`, "{{state}}"}},
			description: "Every planned recipient of the chosen campaigns is in exactly one state.",
		},
		{
			title: "Pages by state", unit: "none", kind: "timeseries", width: 8, stacked: true,
			queries:     []query{{"sum by (state) (tocsin_pages)", "{{state}}"}},
			description: "A page is up to 1,000 recipients of one campaign on one route.",
		},
		{
			title: "Finished", unit: "percentunit", kind: "timeseries", width: 24,
			queries: []query{{`1 - sum by (campaign) (tocsin_campaign_recipients{campaign=~"$campaign",state=~"waiting|offered"}) ` +
				`/ sum by (campaign) (tocsin_campaign_recipients{campaign=~"$campaign"})`, "{{campaign}}"}},
			description: "Share of planned recipients that are no longer waiting or on their way.",
		},
	}},
	{"Sending", []panel{
		{
			title: "Answers", unit: "mps", kind: "timeseries", width: 12, stacked: true,
			queries:     []query{{`sum by (outcome) (rate(tocsin_send_attempts_total{provider=~"$provider"}[$__rate_interval]))`, "{{outcome}}"}},
			description: "Messages offered each second, by what the carrier answered.",
		},
		{
			title: "Segments against the agreed rate", unit: "none", kind: "timeseries", width: 12,
			queries: []query{
				{`sum by (provider) (rate(tocsin_segments_total{provider=~"$provider"}[$__rate_interval]))`, "{{provider}}"},
				{`sum by (provider) (tocsin_provider_rate_limit_segments_per_second{provider=~"$provider"})`, "{{provider}} limit"},
			},
			description: "Segments each second, and the rate in force: the contract's, or less after the carrier throttled.",
		},
		{
			title: "Time to an answer", unit: "s", kind: "timeseries", width: 12,
			queries: []query{
				{`histogram_quantile(0.5, sum by (le, provider) (rate(tocsin_send_duration_seconds_bucket{provider=~"$provider"}[$__rate_interval])))`, "{{provider}} median"},
				{`histogram_quantile(0.99, sum by (le, provider) (rate(tocsin_send_duration_seconds_bucket{provider=~"$provider"}[$__rate_interval])))`, "{{provider}} 99 %"},
			},
			description: "From offer to the carrier's answer.",
		},
		{
			title: "Window in use", unit: "percentunit", kind: "timeseries", width: 12,
			queries: []query{{`sum by (provider) (tocsin_provider_inflight{provider=~"$provider"}) ` +
				`/ sum by (provider) (tocsin_provider_window_messages{provider=~"$provider"})`, "{{provider}}"}},
			description: "Unanswered messages, as a share of what may be unanswered. Near 100 % the carrier's round trip bounds the speed.",
		},
		{
			title: "Carriers that are ill, lines that have stopped", unit: "none", kind: "timeseries", width: 24,
			queries: []query{
				{`max by (provider) (tocsin_provider_circuit_open{provider=~"$provider"})`, "{{provider}} ill"},
				{`max by (provider) (tocsin_provider_stopped{provider=~"$provider"})`, "{{provider}} stopped"},
			},
			description: "1 while nothing but trials is offered to a carrier, or while it is not called any more because it refuses the credentials.",
		},
	}},
	{"Receipts", []panel{
		{
			title: "Receipts by status", unit: "mps", kind: "timeseries", width: 8, stacked: true,
			queries:     []query{{`sum by (status) (rate(tocsin_receipts_total{provider=~"$provider"}[$__rate_interval]))`, "{{status}}"}},
			description: "Receipts each second, by what they say.",
		},
		{
			title: "Time to a receipt", unit: "s", kind: "timeseries", width: 8,
			queries:     []query{{`histogram_quantile(0.95, sum by (le, provider) (rate(tocsin_receipt_delay_seconds_bucket{provider=~"$provider"}[$__rate_interval])))`, "{{provider}} 95 %"}},
			description: "From the carrier's answer to its receipt.",
		},
		{
			title: "Orphan receipts", unit: "none", kind: "timeseries", width: 8,
			queries:     []query{{"sum(tocsin_orphan_receipts)", "parked"}, {"sum(increase(tocsin_orphan_receipts_total[$__rate_interval]))", "new"}},
			description: "Receipts that find no recipient: parked and tried again.",
		},
		{
			title: "Incoming messages", unit: "mps", kind: "timeseries", width: 12,
			queries:     []query{{`sum by (provider) (rate(tocsin_incoming_messages_total{provider=~"$provider"}[$__rate_interval]))`, "{{provider}}"}},
			description: "Messages that people sent back, kept each second.",
		},
		{
			title: "Replies", unit: "none", kind: "timeseries", width: 12, stacked: true,
			queries:     []query{{"sum by (meaning) (increase(tocsin_replies_total[$__rate_interval]))", "{{meaning}}"}},
			description: "What they mean: opt-outs, opt-ins, answers that a campaign asks for, and the rest.",
		},
	}},
	{"Engine", []panel{
		{
			title: "Queue", unit: "none", kind: "timeseries", width: 8, stacked: true,
			queries:     []query{{"sum by (lane) (tocsin_queue_tasks)", "{{lane}}"}},
			description: "Tasks queued, by lane. One task is one page; the rest waits in the ledger.",
		},
		{
			title: "Ledger commits", unit: "ops", kind: "timeseries", width: 8,
			queries:     []query{{"sum(rate(tocsin_ledger_commits_total[$__rate_interval]))", "commits"}},
			description: "Transactions put on disk each second; one holds the answers of many recipients.",
		},
		{
			title: "Time of a commit", unit: "s", kind: "timeseries", width: 8,
			queries:     []query{{"histogram_quantile(0.99, sum by (le) (rate(tocsin_ledger_commit_duration_seconds_bucket[$__rate_interval])))", "99 %"}},
			description: "How long a transaction takes until it is on disk.",
		},
		{
			title: "Files of numbers", unit: "none", kind: "timeseries", width: 12,
			queries: []query{
				{"min by (file) (tocsin_number_file_ok)", "{{file}} in force"},
				{"max by (file) (tocsin_number_file_rows)", "{{file}} rows"},
			},
			description: "Rows of the prefixes and ported numbers in force, and 0 when the file as it is now cannot be used.",
		},
		{
			title: "Age of the files of numbers", unit: "s", kind: "timeseries", width: 12,
			queries:     []query{{"time() - max by (file) (tocsin_number_file_read_timestamp_seconds > 0)", "{{file}}"}},
			description: "Since the file in force was read.",
		},
	}},
}

type object = map[string]any

var datasource = object{"type": "prometheus", "uid": "${DS_PROMETHEUS}"}

const heading, height = 1, 7 // in Grafana's grid units

func main() {
	out, err := generate()
	if err == nil {
		_, err = os.Stdout.Write(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "write the dashboard:", err)
		os.Exit(1)
	}
}

// generate is the dashboard's JSON.
func generate() ([]byte, error) {
	var panels []object
	y, id := 0, 0
	for _, r := range rows {
		id++
		panels = append(panels, object{
			"id": id, "type": "row", "title": r.title, "collapsed": false, "panels": []object{},
			"gridPos": object{"x": 0, "y": y, "w": 24, "h": heading},
		})
		y += heading
		x := 0
		for _, p := range r.panels {
			if x+p.width > 24 {
				x, y = 0, y+height
			}
			id++
			panels = append(panels, p.object(id, x, y))
			x += p.width
		}
		y += height
	}
	out, err := json.MarshalIndent(object{
		"uid": "tocsin", "title": "Tocsin", "tags": []string{"tocsin"}, "schemaVersion": 39, "version": 1,
		"editable": false, "refresh": "10s", "timezone": "browser", "graphTooltip": 1,
		"time":   object{"from": "now-1h", "to": "now"},
		"panels": panels,
		"templating": object{"list": []object{
			{"name": "DS_PROMETHEUS", "label": "Data source", "type": "datasource", "query": "prometheus"},
			variable("provider", "Provider", "label_values(tocsin_provider_up, provider)"),
			variable("campaign", "Campaign", "label_values(tocsin_campaign_recipients, campaign)"),
		}},
		"annotations": object{"list": []object{}},
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}

func variable(name, label, values string) object {
	return object{
		"name": name, "label": label, "type": "query", "datasource": datasource, "query": object{"query": values, "refId": name},
		"includeAll": true, "multi": true, "refresh": 2, "sort": 1,
		"allValue": ".*", "current": object{"text": "All", "value": "$__all"},
	}
}

func (p panel) object(id, x, y int) object {
	var targets []object
	for i, q := range p.queries {
		targets = append(targets, object{
			"refId": string(rune('A' + i)), "datasource": datasource, "expr": q.expr, "legendFormat": q.legend,
			"instant": p.kind == "stat", "range": p.kind != "stat",
		})
	}
	defaults := object{"unit": p.unit, "min": 0}
	if p.stacked {
		defaults["custom"] = object{"stacking": object{"mode": "normal", "group": "A"}, "fillOpacity": 40}
	}
	return object{
		"id": id, "type": p.kind, "title": p.title, "description": p.description, "datasource": datasource,
		"gridPos": object{"x": x, "y": y, "w": p.width, "h": height},
		"targets": targets, "fieldConfig": object{"defaults": defaults, "overrides": []object{}}, "options": object{},
	}
}
