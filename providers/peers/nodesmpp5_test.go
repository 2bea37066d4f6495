package peers

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"tocsin/providers/smpp"
	"tocsin/providers/sms"
	"tocsin/providers/sms/smstest"
)

// A cell is what testdata/carrier5.js writes down: a request as node-smpp has read it.
type cell struct {
	Command  string `json:"command"`
	Service  string `json:"service"`
	Source   party  `json:"source"`
	ID       string `json:"id"`
	Priority int    `json:"priority"`
	Schedule string `json:"schedule"` // UTC
	Validity string `json:"validity"` // UTC
	Replace  int    `json:"replace"`
	Coding   int    `json:"coding"`
	Canned   int    `json:"canned"`
	Areas    shapes `json:"areas"`
	Network  int    `json:"network"`
	Content  int    `json:"content"`
	Repeat   int    `json:"repeat"`
	Unit     int    `json:"unit"`
	Every    int    `json:"every"`
	Text     string `json:"text"`
}

type party struct {
	TON     int    `json:"ton"`
	NPI     int    `json:"npi"`
	Address string `json:"address"`
}

// A shape is an area in degrees and metres.
type shape struct {
	Format string       `json:"format"`
	Alias  string       `json:"alias"`
	Type   int          `json:"type"`   // of shape: 3GPP TS 23.032, table 2a
	Octets int          `json:"octets"` // behind the format
	Points [][2]float64 `json:"points"` // latitude, longitude
	Inner  float64      `json:"inner"`
	Outer  float64      `json:"outer"`
	From   int          `json:"from"`
	Angle  int          `json:"angle"`
}

type shapes []shape

// Steps of a coordinate in degrees: 3GPP TS 23.032, section 6.1.
const (
	latitudeStep  = 90.0 / (1 << 23)
	longitudeStep = 360.0 / (1 << 24)
)

// rounded is got with the numbers of want where the octets cannot hold them better:
// coordinates to one step, the outer radius up to a tenth and a metre wider, as 3GPP
// TS 23.032, section 6.2, counts it.
func (got shapes) rounded(want shapes) shapes {
	got = slices.Clone(got)
	for i := range min(len(got), len(want)) {
		g, w := &got[i], want[i]
		g.Points = slices.Clone(g.Points)
		for k := range min(len(g.Points), len(w.Points)) {
			if math.Abs(g.Points[k][0]-w.Points[k][0]) <= latitudeStep && math.Abs(g.Points[k][1]-w.Points[k][1]) <= longitudeStep {
				g.Points[k] = w.Points[k]
			}
		}
		if g.Outer >= w.Outer && g.Outer <= w.Outer*1.1+1 {
			g.Outer = w.Outer
		}
	}
	return got
}

// compareCells holds one request against another, field by field.
func compareCells(t *testing.T, got, want cell) {
	t.Helper()
	got.Areas = got.Areas.rounded(want.Areas)
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if g, w := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(g, w) {
			t.Errorf("%s: got %s %v, want %v", want.Command, reflect.TypeOf(got).Field(i).Name, g, w)
		}
	}
}

// compareCalls holds the requests against a journal: each is a call of its own, which
// logs in as a transmitter of SMPP 5.0 and says goodbye.
func compareCalls(t *testing.T, journal string, requests ...cell) {
	t.Helper()
	waitFor(t, "all calls have said goodbye", func() bool { return count(lines[cell](t, journal), "unbind") == len(requests) })
	var got []cell
	for _, c := range lines[cell](t, journal) {
		switch c.Command {
		case "unbind":
		case "bind_transmitter":
			if c.Text != "tocsin secret 50" {
				t.Errorf("logged in with %s, want tocsin, its password, version 50", c.Text)
			}
		default:
			got = append(got, c)
		}
	}
	if n := count(lines[cell](t, journal), "bind_transmitter"); n != len(requests) || len(got) != len(requests) {
		t.Fatalf("got %d logins and %d requests, want %d: %+v", n, len(got), len(requests), got)
	}
	for i, want := range requests {
		compareCells(t, got[i], want)
	}
}

// count is how often a command came.
func count(journal []cell, command string) (n int) {
	for _, c := range journal {
		if c.Command == command {
			n++
		}
	}
	return n
}

func account5(t *testing.T, address string) smpp.Options {
	return smpp.Options{Config: smpp.Config{
		Address: address, SystemID: "tocsin", Password: "secret", Sender: "10690000", Five: true,
		Bind: "transceiver", Connections: 1, Window: 10, Batch: 1, EnquireLink: 30 * time.Second, ResponseTimeout: 30 * time.Second,
	}, Logger: smstest.Logger(t, "secret")}
}

// account5Source is its sender: a number of which nothing is said but that it is one.
var account5Source = party{TON: 0, NPI: 1, Address: "10690000"}

// areas reads areas as people write them.
func areas(t *testing.T, texts ...string) (all []smpp.Area) {
	t.Helper()
	for _, text := range texts {
		a, err := smpp.ParseArea(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func TestNodeSmpp5SaysHowBusyItIs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		version string // of the carrier
		want    uint8
	}{
		{"and it speaks 5.0", "50", 95},
		{"but it speaks 3.4, where the parameter means nothing", "34", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address, journal := startScript(t, "carrier5.js", "version="+tt.version, "congestion=95")
			p, err := smpp.New(account5(t, address))
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- p.Run(ctx, newReceived().receive) }()
			waitFor(t, "the line is up", func() bool { return p.Line().Up == 1 })
			if got := p.Line().Congestion; got != 0 {
				t.Errorf("got congestion %d before the carrier has said a word, want 0", got)
			}
			text := "河水上涨，请勿靠近。"
			content, err := sms.Encode(nil, text)
			if err != nil {
				t.Fatal(err)
			}
			acks := make([]sms.Ack, 1)
			p.Submit(ctx, []sms.Message{{To: 8613800000000, Content: content, Envelope: &sms.Envelope{}}}, acks)
			if acks[0].Outcome != sms.Taken {
				t.Errorf("got %v, want it taken", acks[0].Outcome)
			}
			// The word is heard a moment after the answer.
			waitFor(t, "the carrier's word is heard", func() bool { return p.Line().Congestion == tt.want })
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if got := p.Line().Congestion; tt.want == 0 && got != 0 {
				t.Errorf("got congestion %d when all is heard, want 0", got)
			}
			want := []cell{
				{Command: "bind_transceiver", Text: "tocsin secret 50"},
				{Command: "submit_sm", Source: account5Source, Text: text},
				{Command: "unbind"},
			}
			waitFor(t, "the line has said goodbye", func() bool { return count(lines[cell](t, journal), "unbind") == 1 })
			got := lines[cell](t, journal)
			if len(got) != len(want) {
				t.Fatalf("got journal %+v, want %+v", got, want)
			}
			for i := range want {
				compareCells(t, got[i], want[i])
			}
		})
	}
}

func TestNodeSmpp5TakesABroadcast(t *testing.T) {
	for _, tt := range []struct {
		name    string
		text    string
		coding  int
		areas   []string
		request smpp.Broadcast
		order   smpp.Order
		want    cell
	}{
		{
			name: "in Chinese, for a name and a circle", text: "紧急通知：河水上涨🌊，请勿靠近，远离低洼地带。",
			areas:   []string{"alias:river-7", "circle:30.25,120.16,5000"},
			request: smpp.Broadcast{Service: []byte("CBS"), Priority: 3},
			order:   smpp.Order{Content: 1, Repeat: 12, Unit: smpp.Minutes, Every: 5},
			want: cell{
				Service: "CBS", Priority: 3, Coding: 8, Content: 1, Repeat: 12, Unit: 9, Every: 5,
				Areas: shapes{
					{Format: "alias", Alias: "river-7"},
					{Format: "arc", Type: 10, Octets: 13, Points: [][2]float64{{30.25, 120.16}}, Outer: 5000, Angle: 360},
				},
			},
		},
		{
			name:  "in English, for a name and a polygon that reaches over the equator and the meridian, from then to then",
			text:  "Flood warning [level 3]: keep away from the river. Help: 119 ~ {free} £0 €0 Üñè@ΔΦΓ",
			areas: []string{"alias:delta", "polygon:-1.5,-0.25;1.5,-0.25;0,179.5"},
			request: smpp.Broadcast{
				Priority: 1, Replace: 1, Canned: 7, ID: []byte("4fffffff"),
				// Eight hours, 32 quarters, before UTC: SMPP 3.4, section 7.1.1.1.
				Schedule: []byte("270102110405032+"), Validity: []byte("270103000000000+"),
			},
			order: smpp.Order{Content: 0x0102, Repeat: 0xFFFF, Unit: smpp.Seconds, Every: 600},
			want: cell{
				ID: "4fffffff", Priority: 1, Replace: 1, Canned: 7, Content: 0x0102, Repeat: 0xFFFF, Unit: 8, Every: 600,
				Schedule: "2027-01-02T03:04:05.000Z", Validity: "2027-01-03T00:00:00.000Z",
				Areas: shapes{
					{Format: "alias", Alias: "delta"},
					{Format: "polygon", Type: 5, Octets: 19, Points: [][2]float64{{-1.5, -0.25}, {1.5, -0.25}, {0, 179.5}}},
				},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address, journal := startScript(t, "carrier5.js")
			b, ctx := smpp.NewBroadcaster(account5(t, address)), context.Background()
			content, err := sms.Encode(nil, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			tt.order.Areas, tt.order.Text = areas(t, tt.areas...), content.Octets
			tt.request.Coding = uint8(content.Coding)
			tt.request.Options = tt.order.AppendTo(nil)

			id, failed, f := b.Send(ctx, &tt.request)
			if id != "50000000" || len(failed) != 0 || f != (smpp.Fate{Outcome: sms.Taken}) {
				t.Fatalf("got id %q, failed areas %v, %+v, want it taken as 50000000", id, failed, f)
			}
			reach := []smpp.Reach{{Area: tt.order.Areas[0], Percent: 60}, {Area: tt.order.Areas[1], Percent: smpp.UnknownReach}}
			query := func(want string) {
				t.Helper()
				state, got, f := b.Query(ctx, id)
				if smpp.StateName(state) != want || !reflect.DeepEqual(got, reach) || f != (smpp.Fate{Outcome: sms.Taken}) {
					t.Errorf("got %s, %v, %+v, want %s, %v", smpp.StateName(state), got, f, want, reach)
				}
			}
			query("enroute")
			if f := b.Cancel(ctx, id); f != (smpp.Fate{Outcome: sms.Taken}) {
				t.Errorf("got %+v, want it cancelled", f)
			}
			query("deleted")
			if f := b.Cancel(ctx, id); f != (smpp.Fate{Outcome: sms.Refused, Code: smpp.StatusCancel}) {
				t.Errorf("got %+v of what is cancelled, want it refused", f)
			}
			if _, _, f := b.Query(ctx, "4ffffffe"); f.Outcome == sms.Taken || f.Code != smpp.StatusInvMsgID || f.Err != nil {
				t.Errorf("got %+v of an id that is none, want status %#x", f, smpp.StatusInvMsgID)
			}

			tt.want.Command, tt.want.Source, tt.want.Text = "broadcast_sm", account5Source, tt.text
			compareCalls(t, journal, tt.want,
				cell{Command: "query_broadcast_sm", Source: account5Source, ID: id},
				cell{Command: "cancel_broadcast_sm", Source: account5Source, ID: id},
				cell{Command: "query_broadcast_sm", Source: account5Source, ID: id},
				cell{Command: "cancel_broadcast_sm", Source: account5Source, ID: id},
				cell{Command: "query_broadcast_sm", Source: account5Source, ID: "4ffffffe"})
		})
	}
}

func TestNodeSmpp5DoesNotReachAnArea(t *testing.T) {
	circle := areas(t, "circle:30.25,120.16,5000")[0]
	lost := areas(t, "alias:moon")[0]
	for _, tt := range []struct {
		name   string
		areas  []smpp.Area
		id     string
		failed []smpp.Failure
		fate   smpp.Fate
		shapes shapes
	}{
		{
			name: "but the other", areas: []smpp.Area{lost, circle}, id: "50000000",
			failed: []smpp.Failure{{Area: lost, Status: smpp.StatusAlias}}, fate: smpp.Fate{Outcome: sms.Taken},
			shapes: shapes{
				{Format: "alias", Alias: "moon"},
				{Format: "arc", Type: 10, Octets: 13, Points: [][2]float64{{30.25, 120.16}}, Outer: 5000, Angle: 360},
			},
		},
		{
			name: "and there is no other", areas: []smpp.Area{lost},
			fate:   smpp.Fate{Outcome: sms.Refused, Code: smpp.StatusAlias},
			shapes: shapes{{Format: "alias", Alias: "moon"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address, journal := startScript(t, "carrier5.js", "down=moon")
			b, ctx := smpp.NewBroadcaster(account5(t, address)), context.Background()
			order := smpp.Order{Areas: tt.areas, Content: 1, Repeat: 1, Text: []byte("Flood")}
			id, failed, f := b.Send(ctx, &smpp.Broadcast{Options: order.AppendTo(nil)})
			if id != tt.id || !reflect.DeepEqual(failed, tt.failed) || f != tt.fate {
				t.Errorf("got id %q, failed areas %v, %+v, want %q, %v, %+v", id, failed, f, tt.id, tt.failed, tt.fate)
			}
			want := []cell{{Command: "broadcast_sm", Source: account5Source, Areas: tt.shapes, Content: 1, Repeat: 1, Text: "Flood"}}
			if tt.id != "" {
				state, reach, f := b.Query(ctx, id)
				if smpp.StateName(state) != "enroute" || !reflect.DeepEqual(reach, []smpp.Reach{{Area: circle, Percent: 60}}) || f.Outcome != sms.Taken {
					t.Errorf("got %s, %v, %+v, want the circle alone", smpp.StateName(state), reach, f)
				}
				want = append(want, cell{Command: "query_broadcast_sm", Source: account5Source, ID: id})
			}
			compareCalls(t, journal, want...)
		})
	}
}

func TestNodeSmpp5OfVersion34IsSentNoBroadcast(t *testing.T) {
	t.Parallel()
	address, journal := startScript(t, "carrier5.js", "version=34")
	order := smpp.Order{Areas: areas(t, "alias:river"), Content: 1, Repeat: 1, Text: []byte("Flood")}
	_, _, f := smpp.NewBroadcaster(account5(t, address)).Send(context.Background(), &smpp.Broadcast{Options: order.AppendTo(nil)})
	if f.Outcome != sms.NotSent || !errors.Is(f.Err, smpp.ErrNoBroadcasts) {
		t.Errorf("got %+v, want %v", f, smpp.ErrNoBroadcasts)
	}
	waitFor(t, "the call has said goodbye", func() bool { return count(lines[cell](t, journal), "unbind") == 1 })
	if got := lines[cell](t, journal); len(got) != 2 || got[0].Command != "bind_transmitter" {
		t.Errorf("got %+v, want a login and a goodbye", got)
	}
}
