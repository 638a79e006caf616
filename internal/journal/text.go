package journal

import (
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/schema"
)

// Mask stands for what was left out.
const Mask = "***"

// isWord tells which characters make up words: letters, digits, and those that stand
// in names and in tokens.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_' || r == '-' || r == '$' || r == utf8.RuneError
}

// words are the words of a text.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !isWord(r) })
}

// decoded is a text without escapes: percent signs, \u as in JSON, and entities as in
// HTML, also one inside another.
func decoded(text string) string {
	for range 4 {
		if !strings.ContainsAny(text, `%\&`) {
			return text
		}
		next := html.UnescapeString(unescaped(unescaped(text, '%', 0, 2), '\\', 'u', 4))
		if next == text {
			return text
		}
		text = next
	}
	return text
}

// unescaped replaces each sign, perhaps a letter, and digits of hexadecimal digits.
func unescaped(text string, sign, letter byte, digits int) string {
	if strings.IndexByte(text, sign) < 0 {
		return text
	}
	head := 1
	if letter != 0 {
		head = 2
	}
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] == sign && i+head+digits <= len(text) && (letter == 0 || text[i+1]|0x20 == letter) {
			if n, err := strconv.ParseUint(text[i+head:i+head+digits], 16, 32); err == nil {
				if digits == 2 {
					out = append(out, byte(n))
				} else {
					out = utf8.AppendRune(out, rune(n))
				}
				i += head + digits - 1
				continue
			}
		}
		out = append(out, text[i])
	}
	return string(out)
}

// Texts that are secrets wherever they stand: the tokens that are made here, JWTs,
// credentials after the name of their scheme, and those in a URL.
var (
	tokenShape = regexp.MustCompile(`scimd_[0-9A-Za-z]{8,}|eyJ[0-9A-Za-z_-]{8,}(\.[0-9A-Za-z_-]*){0,4}|-----BEGIN[^-]*PRIVATE KEY-----[^-]*(-----END[^-]*-----)?`)
	schemed    = regexp.MustCompile(`(?i)\b(bearer|basic|negotiate)(?:\s+|%20|\+)[0-9a-z+/_.~=%-]{8,}`)
	userInfo   = regexp.MustCompile(`://([^/?#\s@]*@|[^/?#\s:@]*:([^@]*)@)`)
	port       = regexp.MustCompile(`^[0-9]{1,5}([/?#]|$)`)
)

// mayHaveScheme tells texts apart in which schemed finds nothing, as most are: it is
// slow. A scheme is followed by a blank, or by what means one in a URL.
func mayHaveScheme(text string) bool {
	for i, c := range []byte(text) {
		switch c {
		case ' ', '\t', '\n', '\f', '\r', '+', '%':
			if i > 0 && strings.IndexByte("rcRCeE", text[i-1]) >= 0 { // bearer, basic, negotiate
				return true
			}
		}
	}
	return false
}

// shaped masks what is a secret wherever it stands.
func shaped(text string) string {
	if len(text) < 8 {
		return text
	}
	if strings.Contains(text, "scimd_") || strings.Contains(text, "eyJ") || strings.Contains(text, "-----BEGIN") {
		text = tokenShape.ReplaceAllString(text, Mask)
	}
	if mayHaveScheme(text) {
		text = schemed.ReplaceAllStringFunc(text, func(found string) string {
			end := strings.IndexAny(found, " \t\n\f\r+%")
			if strings.IndexFunc(found[end+1:], func(r rune) bool { return r <= '9' || r >= 'A' && r <= 'Z' }) < 0 {
				return found // a sentence about credentials
			}
			return found[:end] + " " + Mask
		})
	}
	if strings.Contains(text, "://") {
		text = userInfo.ReplaceAllStringFunc(text, func(found string) string {
			if _, after, ok := strings.Cut(found[len("://"):], ":"); ok && port.MatchString(after) {
				return found // a host with a port, and an @ in the path
			}
			return "://" + Mask + "@"
		})
	}
	return text
}

// random tells that a word looks as a machine has made it, other than an id: where
// nothing says what stands there, it may be a secret.
func random(word string) bool {
	if isUUID(word) {
		return false
	}
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == '-' || r == '_' || r == '$' }) {
		if randomPart(part) {
			return true
		}
	}
	return false
}

// shortRandom is how long a word is at least that looks random, in bytes.
const shortRandom = 12

// randomPart tells that letters and digits are mixed as in no name: often, or in a
// long word, or that there is no other reason for a long word.
func randomPart(word string) bool {
	const long, veryLong = 16, 28
	if len(word) < shortRandom {
		return false
	}
	digits, changes := 0, 0 // between letters and digits, and from small letters to capital ones
	var before rune
	for _, r := range word {
		switch {
		case unicode.IsDigit(r) != unicode.IsDigit(before) && before != 0, unicode.IsLower(before) && unicode.IsUpper(r):
			changes++
		}
		if unicode.IsDigit(r) {
			digits++
		}
		before = r
	}
	switch {
	case digits == len(word):
		return len(word) >= long
	case digits > 0:
		return changes >= 3 || len(word) >= long && changes >= 2
	}
	return len(word) >= veryLong
}

// isUUID tells that a word is 32 hexadecimal digits, with hyphens or without.
func isUUID(word string) bool {
	digits := strings.ReplaceAll(word, "-", "")
	return len(digits) == 32 && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}

// masker redacts one request and its answer.
type masker struct {
	*names
	// secrets are the texts that were masked, which are masked wherever else they
	// stand.
	secrets []string
	// found tells that the request was answered, so that ids in URLs are ids.
	found bool
	// tenant is the name of the tenant, which is no secret however random it looks.
	tenant string
}

// leastSecret is the length from which a secret of a request is looked for elsewhere.
const leastSecret = 6

// learn remembers a secret in its decoded form.
func (m *masker) learn(text string) {
	text = strings.TrimSpace(text)
	for _, form := range []string{text, decoded(text)} {
		if len(form) >= leastSecret && form != Mask && !m.plain[schema.Fold(form)] && len(m.secrets) < 64 {
			m.secrets = append(m.secrets, form)
		}
	}
}

// always masks what is secret wherever it stands: by its shape, or because it is one
// of the secrets of this request.
func (m *masker) always(text string) string {
	text = shaped(text)
	if clear := decoded(text); clear != text && shaped(clear) != clear {
		return Mask
	}
	return m.unlearned(text)
}

// unlearned masks the secrets of this request.
func (m *masker) unlearned(text string) string {
	for _, s := range m.secrets {
		text = strings.ReplaceAll(text, s, Mask)
	}
	if clear := decoded(text); clear != text {
		for _, s := range m.secrets {
			if strings.Contains(clear, s) {
				return Mask
			}
		}
	}
	return text
}

// free redacts a text of which nothing says what it is.
func (m *masker) free(text string) string {
	text = m.always(text)
	clear := decoded(text)
	if m.mentions(clear) {
		return m.namesOnly(text)
	}
	if clear != text && hasRandom(clear) {
		return Mask
	}
	return withoutRandom(text)
}

func hasRandom(text string) bool {
	return len(text) >= shortRandom && slices.ContainsFunc(words(text), random)
}

// withoutRandom masks words that look random.
func withoutRandom(text string) string { return without(text, isWord, random) }

// without masks the parts of a text that are bad; a part is a run of characters.
func without(text string, of func(rune) bool, bad func(string) bool) string {
	if len(text) < shortRandom {
		return text
	}
	var out strings.Builder
	from, begin := 0, -1 // what is not copied yet; where the part begins
	end := func(at int) {
		if begin >= 0 && bad(text[begin:at]) {
			out.WriteString(text[from:begin])
			out.WriteString(Mask)
			from = at
		}
		begin = -1
	}
	for i, r := range text {
		if !of(r) {
			end(i)
		} else if begin < 0 {
			begin = i
		}
	}
	end(len(text))
	if from == 0 {
		return text
	}
	out.WriteString(text[from:])
	return out.String()
}

// expression redacts a filter, a path or a list of names: one that has the name of a
// secret keeps names and operators alone.
func (m *masker) expression(text string) string {
	if m.mentions(text) || ambiguous(text) {
		return m.namesOnly(text)
	}
	return m.always(text)
}

// Operators, after which a word is a value.
var operators = map[string]bool{"eq": true, "ne": true, "co": true, "sw": true, "ew": true, "gt": true, "ge": true, "lt": true, "le": true}

// namesOnly keeps of a text the names that everybody knows, operators and what
// stands between words.
func (m *masker) namesOnly(text string) string {
	text = decoded(text)
	var out strings.Builder
	value := false          // a value comes
	before, prior := "", "" // the word before, and the one before that
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '"' || r == '\'':
			end := quoted(text[i:])
			inside := strings.Trim(text[i:i+end], `"'`)
			if value && operators[before] && naming[prior] && m.plain[schema.Fold(inside)] && m.secret(inside) {
				out.WriteString(text[i : i+end]) // [key eq "password"]
			} else {
				out.WriteString(`"` + Mask + `"`)
				m.learn(inside)
			}
			i, value = i+end, false
		case isWord(r):
			end := i
			for end < len(text) {
				r, size := utf8.DecodeRuneInString(text[end:])
				if !isWord(r) {
					break
				}
				end += size
			}
			word := text[i:end]
			folded := schema.Fold(word)
			prior, before = before, folded
			if !value && m.plain[folded] {
				out.WriteString(word)
				value = operators[folded]
			} else {
				out.WriteString(Mask)
				if value {
					m.learn(word)
				}
				value = false
			}
			i = end
		default:
			if r == '=' {
				value, before = true, ""
			}
			out.WriteString(text[i : i+size])
			i += size
		}
	}
	return out.String()
}

// quoted is the length of the quoted text that s begins with, to the end when it does
// not end.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}

// assignment tells that a text gives a secret, rather than only talks of one.
func (m *masker) assignment(text string) bool {
	return strings.ContainsAny(decoded(text), "=:\"'{[<") && m.mentions(text)
}
