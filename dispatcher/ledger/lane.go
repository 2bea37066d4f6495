package ledger

import "tocsin/providers/sms"

// Pressing is the highest class that has recipients offered to a provider, or waiting
// for it on a page that no worker has; ok is false when none has. Between two chunks,
// and while the carrier puts its last few off again and again, a class does not press.
func (l *Ledger) Pressing(provider string) (class sms.Class, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.provider(provider).State != Enabled {
		return 0, false
	}
	for _, k := range l.campaigns {
		if k.State != Running || ok && k.Class <= class {
			continue
		}
		for _, p := range k.pages {
			if p.provider == provider && (p.open() || p.counts[sms.Offered] > 0) {
				class, ok = k.Class, true
				break
			}
		}
	}
	return class, ok
}

// ClassOf is the class of a page's campaign.
func (l *Ledger) ClassOf(page int64) sms.Class {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.pages[page]; p != nil {
		return p.campaign.Class
	}
	return sms.Emergency // not known here yet: the caller looks at the page itself
}

// Before is the first page that is ready for a provider, of a campaign of the same class
// as a page's and older than its; ok is false when there is none.
func (l *Ledger) Before(provider string, page int64) (t Task, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.pages[page]
	if p == nil || l.provider(provider).State != Enabled {
		return t, false
	}
	for _, k := range l.campaigns {
		if k == p.campaign {
			break
		}
		if k.State != Running || k.Class != p.campaign.Class {
			continue
		}
		for _, q := range k.pages {
			if q.provider == provider && q.open() {
				return Task{q.id, q.epoch, k.ID, k.Class, provider, q.counts[sms.Waiting]}, true
			}
		}
	}
	return t, false
}
