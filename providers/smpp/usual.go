package smpp

// usual reads a receipt's text behind its id as nearly all carriers write it, the fields
// of appendix B in their order: it says what scanText says, in a third of the time. It
// reports false when the text is another.
func (s *said) usual(text []byte) bool {
	// "sub:001 dlvrd:001 ": three digits each, which are not used.
	if len(text) < 18 || string(text[:4]) != "sub:" || text[7] != ' ' || string(text[8:14]) != "dlvrd:" || text[17] != ' ' {
		return false
	}
	_, text, ok := field(text[18:], "submit date:")
	if !ok {
		return false
	}
	done, text, ok := field(text, "done date:")
	if !ok {
		return false
	}
	word, text, ok := field(text, "stat:")
	if !ok {
		return false
	}
	code, text, ok := field(text, "err:")
	if !ok || len(text) > 0 && (len(text) < 5 || !foldEqual(text[:5], "text:")) {
		return false
	}
	s.done, s.state, s.code = done, stateOf(word), errorCode(code)
	return true
}

// field cuts off what begins with key and ends with a space, or with the text. It is not
// ok when the key is another, or something else than a space ends it.
func field(text []byte, key string) (value, rest []byte, ok bool) {
	if len(text) < len(key) || string(text[:len(key)]) != key {
		return nil, nil, false
	}
	text = text[len(key):]
	for i, c := range text {
		if c <= ' ' {
			return text[:i], text[i+1:], c == ' '
		}
	}
	return text, nil, true
}
