package ledger

import "tocsin/providers/sms"

// Pressing is the highest class that has recipients waiting for a provider, whoever
// works on their pages; ok is false when none has.
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
			if p.provider == provider && p.counts[sms.Waiting] > 0 {
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
	return sms.Emergency // not known here yet: whoever asks shall look
}
