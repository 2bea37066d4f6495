package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tocsin/providers/sms"
)

// A flavour is a gateway over HTTP, as its public description has it.
type flavour interface {
	// genuine reports whether a request is signed as the account does.
	genuine(c *Config, r *http.Request, body []byte) bool
	// read reads a request that sends; false: it is another one.
	read(r *http.Request, body []byte) (*httpSubmit, bool)
	// answer says what became of it: why it was put off or, for trouble none, that it was
	// taken but for those refused.
	answer(s *httpSubmit, why trouble) (status int, header http.Header, body string)
	// query answers any other request, of what was taken before.
	query(h *httpSide, r *http.Request, body []byte) (status int, answer string)
	// report is the request that brings receipts; most is how many at once.
	report(c *Config, receipts []httpReceipt) (*http.Request, error)
	most() int
	// reply is the request that brings what a person has sent back.
	reply(c *Config, r *httpReceipt) (*http.Request, error)
	// whole: one bad number refuses all.
	whole() bool
}

// flavours are the gateways there are, by profile.
var flavours = map[string]flavour{
	"aliyun": aliyunFlavour{}, "tencent": tencentFlavour{}, "twilio": twilioFlavour{}, "kannel": kannelFlavour{},
}

// An httpSubmit is a request to send, and what was decided.
type httpSubmit struct {
	msgs     []httpMessage
	ref      string // the client's own
	back     string // where it wants its receipts; "": where the carrier knows
	sender   string // the address that people reply to; "": the carrier's own
	receipts bool
	id       string // of them all
}

// An httpMessage is one text for one number.
type httpMessage struct {
	number  uint64
	text    string
	parts   int
	id      string
	refused bool
}

// An httpReceipt is the carrier's word on a message, or what a person has sent back.
type httpReceipt struct {
	httpMessage
	ref, back string
	sender    string
	reply     string // "": it is a receipt
	at        int64  // due, nanoseconds since 1970
	taken     time.Time
	failed    bool
	lost      bool // it is never brought, though a query tells
}

// An httpSide is a carrier that speaks HTTP.
type httpSide struct {
	c       *Carrier
	flavour flavour
	back    *http.Client
	wake    chan struct{}

	mu      sync.Mutex
	conns   map[net.Conn]bool // true: a genuine request came on it
	records map[uint64][]httpReceipt
	queue   []httpReceipt
	waiting int // queued or being brought
}

// withHTTP checks what concerns HTTP alone.
func (c *Config) withHTTP() error {
	if c.Protocol != "http" {
		if c.Profile != "" || c.ReplyTo != "" {
			return fmt.Errorf("simulator: only http has profiles, and an address for replies")
		}
		return nil
	}
	if c.Profile == "" {
		c.Profile = "kannel"
	}
	if flavours[c.Profile] == nil {
		return fmt.Errorf("simulator: profile %q is not there, only %s", c.Profile, strings.Join(slices.Sorted(maps.Keys(flavours)), ", "))
	}
	if u, err := url.Parse(c.ReplyTo); len(c.Replies) > 0 && (err != nil || u.Host == "") {
		return fmt.Errorf("simulator: over http what people reply goes to an address: name it, such as http://127.0.0.1:8088/incoming")
	}
	if u, err := url.Parse(c.DialBack); c.DialBack != "" && (err != nil || u.Host == "") {
		return fmt.Errorf("simulator: receipts go to an address such as http://127.0.0.1:8088/receipts")
	}
	return nil
}

func newHTTPSide(c *Carrier) *httpSide {
	return &httpSide{
		c: c, flavour: flavours[c.config.Profile], wake: make(chan struct{}, 1), conns: map[net.Conn]bool{}, records: map[uint64][]httpReceipt{},
		back: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: bringAtOnce}},
	}
}

// mostHTTP is the longest request that is read.
const mostHTTP = 1 << 20

// connKey finds a request's connection.
type connKey struct{}

// run answers until ctx ends.
func (h *httpSide) run(ctx context.Context) error {
	server := &http.Server{
		Handler: h, BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // its words hold what clients send
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
		ConnState: func(conn net.Conn, state http.ConnState) {
			h.mu.Lock()
			defer h.mu.Unlock()
			switch state {
			case http.StateNew:
				h.conns[conn] = false
			case http.StateClosed, http.StateHijacked:
				delete(h.conns, conn)
			}
		},
	}
	var bringing sync.WaitGroup
	bringing.Go(func() { h.bring(ctx) })
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(h.c.ln)
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		err = nil
	} else {
		err = fmt.Errorf("simulator: accept: %w", err)
		h.c.stop(err)
	}
	server.Close()
	bringing.Wait()
	h.back.CloseIdleConnections()
	return err
}

// known notes the connection of a genuine request.
func (h *httpSide) known(r *http.Request) {
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	h.mu.Lock()
	defer h.mu.Unlock()
	if known, open := h.conns[conn]; open && !known {
		h.conns[conn] = true
		h.c.counts.binds.Add(1)
	}
}

// ServeHTTP answers one request.
func (h *httpSide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostHTTP))
	if err != nil {
		return
	}
	if h.c.config.Mute {
		<-r.Context().Done()
		return
	}
	say := func(status int, header http.Header, body string) {
		for key := range header {
			w.Header().Set(key, header.Get(key))
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
	if !h.flavour.genuine(&h.c.config, r, body) {
		s := &httpSubmit{}
		say(h.flavour.answer(s, notLoggedIn))
		return
	}
	h.known(r)
	s, sends := h.flavour.read(r, body)
	if !sends {
		status, answer := h.flavour.query(h, r, body)
		say(status, nil, answer)
		return
	}
	h.submit(r.Context(), w, s, say)
}

// submit decides and answers a request that sends.
func (h *httpSide) submit(ctx context.Context, w http.ResponseWriter, s *httpSubmit, say func(int, http.Header, string)) {
	c, now := h.c, time.Now()
	c.counts.submits.Add(1)
	count := c.pdus.Add(1)
	segments := 0
	for i := range s.msgs {
		m := &s.msgs[i]
		content, _ := sms.Encode(nil, m.text)
		m.parts = max(int(content.Segments), 1)
		segments += m.parts
	}
	why := none
	switch {
	case len(s.msgs) == 0:
		why = nobody
	case c.config.NoMulti && len(s.msgs) > 1:
		why = noBatch
	case !c.gate.allow(segments, now.UnixNano()), c.happens(c.config.Throttle, uint64(count), saltThrottle):
		why = throttled
	case c.happens(c.config.QueueFull, uint64(count), saltQueueFull):
		why = queueFull
	}
	if why == throttled || why == queueFull {
		c.counts.throttled.Add(int64(segments))
	}
	taken := 0
	if why == none {
		if taken = h.refuse(s); taken == 0 && (h.flavour.whole() || len(s.msgs) == 1) {
			why = wrongNumbers
		}
	}
	if why != none {
		wait(ctx, c.config.Latency)
		say(h.flavour.answer(s, why))
		return
	}
	if err := h.write(s, now); err != nil {
		c.stop(err)
		return
	}
	h.carryAll(h.expect(s, now))
	switch cut := int64(c.config.CutAfter); {
	case cut > 0 && (count == cut || c.config.CutAgain && count%cut == 0):
		c.counts.cuts.Add(1)
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			conn.Close()
		}
		return
	case c.happens(c.config.Silent, uint64(count), saltSilent):
		c.counts.silent.Add(int64(taken))
		<-ctx.Done() // nothing is ever said
		return
	}
	delay := c.config.Latency
	if c.config.Jitter > 0 {
		delay += time.Duration(mix(uint64(count)^c.config.Seed+saltJitter) % uint64(c.config.Jitter))
	}
	wait(ctx, delay)
	say(h.flavour.answer(s, none))
}

// refuse marks the numbers that are not taken, and is how many are: none when one is not
// and the carrier refuses all then.
func (h *httpSide) refuse(s *httpSubmit) (taken int) {
	c := h.c
	for i := range s.msgs {
		m := &s.msgs[i]
		m.refused = m.number == 0 || c.happens(c.config.Refuse, m.number, saltRefuse)
		if !m.refused {
			taken++
		}
	}
	if taken < len(s.msgs) && h.flavour.whole() {
		if len(s.msgs) == 1 { // of a batch nobody knows yet which
			c.counts.refused.Add(int64(s.msgs[0].parts))
		}
		return 0
	}
	for i := range s.msgs {
		if s.msgs[i].refused {
			c.counts.refused.Add(int64(s.msgs[i].parts))
		}
	}
	return taken
}

// write gives what is taken its ids and a line each in the journal.
func (h *httpSide) write(s *httpSubmit, now time.Time) error {
	c := h.c
	s.id = strconv.FormatUint(c.nextID.Add(uint64(len(s.msgs))), 10)
	var lines []byte
	segments := 0
	for i := range s.msgs {
		m := &s.msgs[i]
		if m.refused {
			continue
		}
		if m.id = s.id; !h.flavour.whole() {
			m.id = s.id + "-" + strconv.Itoa(i)
		}
		segments += m.parts
		c.counts.recipients.Add(1)
		c.counts.segments.Add(int64(m.parts))
		if c.journal == nil {
			continue
		}
		line := httpLine{Time: now, Number: strconv.FormatUint(m.number, 10), ID: m.id, Text: m.text, Protocol: c.config.Protocol}
		if err := line.append(&lines); err != nil {
			return err
		}
		if reply := c.replyOf(m.number); reply != "" {
			line := httpLine{Time: now, Number: line.Number, Reply: reply, Protocol: c.config.Protocol}
			if err := line.append(&lines); err != nil {
				return err
			}
		}
	}
	c.gate.count(segments, now.UnixNano())
	if len(lines) == 0 {
		return nil
	}
	return c.journal.write(lines)
}

// An httpLine is a line of the journal: a message that was taken, or a reply.
type httpLine struct {
	Time     time.Time `json:"time"`
	Number   string    `json:"number"`
	ID       string    `json:"id,omitempty"`
	Text     string    `json:"text,omitempty"`
	Reply    string    `json:"reply,omitempty"`
	Protocol string    `json:"protocol"`
}

func (l *httpLine) append(to *[]byte) error {
	line, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("simulator: write the journal: %w", err)
	}
	*to = append(append(*to, line...), '\n')
	return nil
}

// wait lets time pass, or ctx end.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// cut closes every connection at once.
func (h *httpSide) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for conn := range h.conns {
		conn.Close()
	}
}

// count adds to the carrier's figures what only this side knows.
func (h *httpSide) count(s *Stats) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, known := range h.conns {
		if known {
			s.Connections++
		}
	}
	s.ReceiptsWaiting += h.waiting
}
