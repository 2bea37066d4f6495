package sms

const (
	minDigits = 8  // shortest national number with its country code in use
	maxDigits = 15 // ITU-T E.164, section 6.2.1
)

// ParseAddress reads a number as gateways and carriers write it: with or without plus
// sign or 00, with spaces, hyphens, dots and brackets, in ASCII or full-width
// digits. Without an international prefix, eleven digits beginning with 13 to
// 19 are a Chinese mobile number when china is true; so are the same digits
// behind 86. A Chinese mobile number is checked for its length and first
// digits, any other for the limits of E.164 only: a carrier knows its subscribers.
//
// The error is ErrNumber. ParseAddress does not allocate.
func ParseAddress(text []byte, china bool) (Number, error) {
	var n uint64
	digits, international := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '\t' || c == '\'':
			continue
		case c == '+' && digits == 0 && !international:
			international = true
			continue
		case c == 0xEF && i+2 < len(text):
			// Full-width forms, U+FF01 to U+FF5E, are EF BC 81 to EF BD 9E.
			if text[i+1] == 0xBC && text[i+2] >= 0x90 && text[i+2] <= 0x99 { // ０ to ９
				c = text[i+2] - 0x90 + '0'
				i += 2
				break
			}
			if text[i+1] == 0xBC && text[i+2] == 0x8B && digits == 0 && !international { // ＋
				international = true
				i += 2
				continue
			}
			if text[i+1] == 0xBC && text[i+2] == 0x8D || // －
				text[i+1] == 0xBC && (text[i+2] == 0x88 || text[i+2] == 0x89) || // （ ）
				text[i+1] == 0xBB && text[i+2] == 0xBF { // a stray byte order mark
				i += 2
				continue
			}
			return 0, ErrNumber
		case c == 0xE3 && i+2 < len(text) && text[i+1] == 0x80 && text[i+2] == 0x80: // ideographic space
			i += 2
			continue
		case c == 0xC2 && i+1 < len(text) && text[i+1] == 0xA0: // no-break space
			i++
			continue
		default:
			return 0, ErrNumber
		}
		digits++
		if digits > maxDigits+2 { // two for 00
			return 0, ErrNumber
		}
		n = n*10 + uint64(c-'0')
		if digits == 2 && n == 0 && !international { // 00
			international, digits = true, 0
		}
	}
	return checkAddress(n, digits, international, china)
}

func checkAddress(n uint64, digits int, international, china bool) (Number, error) {
	if !international && china && digits == 11 && isChineseMobile(n) {
		return Number(86*1e11 + n), nil
	}
	if digits == 13 && n/1e11 == 86 {
		if !isChineseMobile(n % 1e11) {
			return 0, ErrNumber
		}
		if international || china {
			return Number(n), nil
		}
	}
	if !international || digits < minDigits || digits > maxDigits || leadingZero(n, digits) {
		return 0, ErrNumber
	}
	if n/pow10(digits-2) == 86 && digits != 13 {
		return 0, ErrNumber // land lines and short codes of China take no SMS
	}
	return Number(n), nil
}

func leadingZero(n uint64, digits int) bool { return n < pow10(digits-1) }

func pow10(k int) uint64 {
	p := uint64(1)
	for range k {
		p *= 10
	}
	return p
}

// ChinaNumber reads a number as China's carriers write them: digits, behind +86, 0086,
// 86 or nothing when they are a Chinese mobile's eleven. It is 0 when they are no number.
func ChinaNumber(digits []byte) Number {
	if len(digits) > 0 && digits[0] == '+' {
		digits = digits[1:]
	} else if len(digits) > 2 && digits[0] == '0' && digits[1] == '0' {
		digits = digits[2:]
	}
	if len(digits) == 0 || len(digits) > maxDigits {
		return 0
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	if len(digits) == 11 && isChineseMobile(n) {
		n += 86 * 1e11
	}
	return Number(n)
}
