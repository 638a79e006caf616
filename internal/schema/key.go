package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// KeyVersion is the version of Fold, NumberKey and TimeKey. It is stored with
// the data; a change of any of them needs a new version and a re-fold.
const KeyVersion = 1

// Fold maps text for comparison without letter case: the mappings of the
// PRECIS profile UsernameCaseMapped (RFC 8265 §3.3) without its refusals, that
// is width, per-rune lower case, NFC. It serves every attribute with
// caseExact false, for stored values and needles alike.
func Fold(s string) string {
	ascii, lower := true, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			ascii = false
			break
		}
		if c >= 'A' && c <= 'Z' {
			lower = false
		}
	}
	switch {
	case ascii && lower:
		return s
	case ascii:
		return strings.ToLower(s)
	}
	s = width.Fold.String(s)
	s = strings.Map(unicode.ToLower, s)
	return norm.NFC.String(s)
}

// TextKey is the comparison key of text: folded unless caseExact.
func TextKey(s string, caseExact bool) string {
	if caseExact {
		return s
	}
	return Fold(s)
}

var errNumber = errors.New("not a number, or out of range")

const maxExponent = 499_999

// NumberKey encodes a JSON number literal as text whose byte order is the
// numeric order; equal numbers have equal keys ("1.10", "11e-1").
func NumberKey(lit string) (string, error) {
	neg := strings.HasPrefix(lit, "-")
	mant := strings.TrimPrefix(lit, "-")
	exp := 0
	if i := strings.IndexAny(mant, "eE"); i >= 0 {
		e, err := strconv.Atoi(strings.TrimPrefix(mant[i+1:], "+"))
		if err != nil {
			return "", errNumber
		}
		exp, mant = e, mant[:i]
	}
	whole, frac, _ := strings.Cut(mant, ".")
	digits := whole + frac
	if digits == "" {
		return "", errNumber
	}
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return "", errNumber
		}
	}
	// The value is 0.digits × 10^exp once leading zeros are gone.
	trimmed := strings.TrimLeft(digits, "0")
	exp += len(whole) - (len(digits) - len(trimmed))
	trimmed = strings.TrimRight(trimmed, "0")
	if trimmed == "" {
		return "b", nil
	}
	if exp > maxExponent || exp < -maxExponent {
		return "", errNumber
	}
	body := fmt.Sprintf("%06d%s", exp+maxExponent+1, trimmed)
	if !neg {
		return "c" + body, nil
	}
	out := make([]byte, 0, len(body)+2)
	out = append(out, 'a')
	for i := 0; i < len(body); i++ {
		out = append(out, '0'+'9'-body[i])
	}
	return string(append(out, '~')), nil
}

// keyTime is fixed in width, so that byte order is chronological order.
const keyTime = "2006-01-02T15:04:05.000000000Z"

// ParseTime reads an xsd:dateTime with date and time (RFC 7643 §2.3.5). A value
// without a zone is taken as UTC.
func ParseTime(s string) (time.Time, error) {
	if strings.ContainsRune(s, ',') {
		return time.Time{}, fmt.Errorf("not a dateTime")
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC()
			if y := t.Year(); y < 0 || y > 9999 {
				break
			}
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("not a dateTime")
}

// TimeKey is the comparison key of an instant.
func TimeKey(t time.Time) string { return t.UTC().Format(keyTime) }

// MaxKey is the number of bytes of a key that columns, value rows and sort
// orders hold; longer keys are cut there (at a rune boundary) and comparisons
// look at the document.
const MaxKey = 512

// CutKey cuts a key to at most MaxKey bytes; long reports whether it did.
func CutKey(key string) (cut string, long bool) {
	if len(key) <= MaxKey {
		return key, false
	}
	n := MaxKey
	for n > 0 && !utf8.RuneStart(key[n]) {
		n--
	}
	return key[:n], true
}
