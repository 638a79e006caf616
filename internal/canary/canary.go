// Package canary finds texts that should be nowhere, in whatever form they stand: it
// is for tests.
package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// needle is one form in which a text may stand somewhere.
type needle struct {
	form string
	text []byte
	fold bool // letter case does not matter
}

// needles are the forms of a text of letters and digits: plain, base64 at each
// place of a group of three bytes, hexadecimal, percent-encoded, escaped as in
// JSON and HTML, UTF-16, backwards; for those that depend on letter case also of the
// text in lower case, as comparison keys have it.
func needles(text string) []needle {
	each := func(format string) []byte {
		var b []byte
		for _, c := range []byte(text) {
			b = fmt.Appendf(b, format, c)
		}
		return bytes.ToLower(b)
	}
	backwards := []byte(strings.ToLower(text))
	slices.Reverse(backwards)
	list := []needle{
		{"plain", bytes.ToLower([]byte(text)), true},
		{"backwards", backwards, true},
		{"percent-encoded", each("%%%02x"), true},
		{"escaped as in JSON", each(`\u%04x`), true},
		{"escaped as in HTML", each("&#%d;"), true},
		{"escaped as in HTML, hexadecimal", each("&#x%x;"), true},
		{"UTF-16, big end first", each("\x00%c"), true},
		{"UTF-16, little end first", each("%c\x00"), true},
	}
	for _, spelling := range []string{text, strings.ToLower(text)} {
		list = append(list, needle{"hexadecimal", []byte(hex.EncodeToString([]byte(spelling))), true})
		for before := range 3 {
			coded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), spelling...))
			// The first and the last characters have bits of what stands beside.
			first, last := []int{0, 2, 3}[before], len(coded)-[]int{0, 1, 1}[(before+len(spelling))%3]
			part := coded[first:last]
			list = append(list, needle{"base64", []byte(part), false},
				needle{"base64 for URLs", []byte(strings.NewReplacer("+", "-", "/", "_").Replace(part)), false})
		}
	}
	return list
}

// Found are the forms of a text that stand in data, each with what is around.
func Found(data []byte, text string) []string {
	lower := lowerASCII(data)
	var out []string
	for _, n := range needles(text) {
		where := data
		if n.fold {
			where = lower
		}
		if i := bytes.Index(where, n.text); i >= 0 {
			out = append(out, fmt.Sprintf("%s: %q", n.form, data[max(0, i-100):min(len(data), i+len(n.text)+60)]))
		}
	}
	return out
}

// lowerASCII changes no byte that is not a letter, unlike bytes.ToLower.
func lowerASCII(data []byte) []byte {
	out := bytes.Clone(data)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}
