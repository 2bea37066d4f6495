package simulator

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
)

// A journal takes whole lines. A nil journal takes none.
type journal struct {
	mu   sync.Mutex
	w    io.Writer
	file *os.File // to close, when the carrier opened it
}

func openJournal(c *Config) (*journal, error) {
	switch {
	case c.Journal != nil:
		return &journal{w: c.Journal}, nil
	case c.JournalPath != "":
		f, err := os.OpenFile(c.JournalPath, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("simulator: open the journal: %w", err)
		}
		return &journal{w: f, file: f}, nil
	}
	return nil, nil
}

func (j *journal) write(lines []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.w.Write(lines); err != nil {
		return fmt.Errorf("simulator: write the journal: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	if j == nil || j.file == nil {
		return nil
	}
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("simulator: close the journal: %w", err)
	}
	return nil
}

// Lines are one connection's lines until they are written. The parts that many
// recipients share are made once.
type lines struct {
	buf  []byte
	head []byte // {"time":"…","number":"
	time int64  // of head

	octets []byte // the text that tail speaks of, as it came
	coding byte
	text   []byte // scratch
	tail   []byte // ","text":"…","protocol":"…"}\n
	part   part

	protocol string
}

func (l *lines) setTime(now int64) {
	if l.time == now {
		return
	}
	l.time = now
	l.head = append(l.head[:0], `{"time":"`...)
	l.head = time.Unix(0, now).UTC().AppendFormat(l.head, "2006-01-02T15:04:05.000000000Z07:00")
	l.head = append(l.head, `","number":"`...)
}

func (l *lines) setText(octets []byte, coding byte, p part) {
	if l.tail != nil && l.coding == coding && l.part == p && bytes.Equal(l.octets, octets) {
		return
	}
	l.octets = append(l.octets[:0], octets...)
	l.coding, l.part = coding, p
	l.text = appendText(l.text[:0], octets, coding)
	l.tail = append(l.tail[:0], `","text":"`...)
	l.tail = appendJSON(l.tail, l.text)
	l.tail = append(l.tail, '"')
	if p.of > 1 {
		l.tail = strconv.AppendUint(append(l.tail, `,"part":`...), uint64(p.number), 10)
		l.tail = strconv.AppendUint(append(l.tail, `,"parts":`...), uint64(p.of), 10)
	}
	l.tail = append(append(l.tail, `,"protocol":"`...), l.protocol...)
	l.tail = append(l.tail, "\"}\n"...)
}

// add appends the line of one recipient.
func (l *lines) add(number uint64, id []byte) {
	l.buf = append(l.buf, l.head...)
	l.buf = strconv.AppendUint(l.buf, number, 10)
	l.buf = append(l.buf, `","id":"`...)
	l.buf = append(l.buf, id...)
	l.buf = append(l.buf, l.tail...)
}
