package journal

import (
	"encoding/base64"
	"html"
	"net/url"
	"regexp"
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
	userInfo   = regexp.MustCompile(`://[^/?#\s]*@`)
)

// shaped masks what is a secret wherever it stands.
func shaped(text string) string {
	if len(text) < 8 {
		return text
	}
	if strings.Contains(text, "scimd_") || strings.Contains(text, "eyJ") || strings.Contains(text, "-----BEGIN") {
		text = tokenShape.ReplaceAllString(text, Mask)
	}
	text = schemed.ReplaceAllStringFunc(text, func(found string) string {
		end := strings.IndexAny(found, " \t+%")
		if strings.IndexFunc(found[end+1:], func(r rune) bool { return r <= '9' || r >= 'A' && r <= 'Z' }) < 0 {
			return found // a sentence about credentials
		}
		return found[:end] + " " + Mask
	})
	if strings.Contains(text, "://") {
		text = userInfo.ReplaceAllString(text, "://"+Mask+"@")
	}
	return text
}

// random tells that a word looks as a machine has made it, other than an id: where
// nothing says what stands there, it may be a secret.
func random(word string) bool {
	const least, leastOfOneCase, leastOfOneKind = 12, 16, 28
	if len(word) < least || isUUID(word) {
		return false
	}
	var upper, lower, digit, other int
	for _, r := range word {
		switch {
		case r >= '0' && r <= '9':
			digit++
		case unicode.IsLower(r):
			lower++
		case unicode.IsUpper(r):
			upper++
		default:
			other++
		}
	}
	kinds := min(upper, 1) + min(lower, 1) + min(digit, 1)
	return kinds == 3 || digit > 0 && len(word) >= leastOfOneCase && other == 0 || len(word) >= leastOfOneKind && other == 0
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
	for _, s := range m.secrets {
		text = strings.ReplaceAll(text, s, Mask)
	}
	if clear := decoded(text); clear != text {
		if shaped(clear) != clear {
			return Mask
		}
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
	for _, word := range words(clear) {
		if !random(word) {
			continue
		}
		if clear != text {
			return Mask
		}
		text = strings.ReplaceAll(text, word, Mask)
	}
	return text
}

// expression redacts a filter, a path or a list of names: one that has the name of a
// secret keeps names and operators alone.
func (m *masker) expression(text string) string {
	if m.mentions(text) {
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
	value := false // a value comes
	before := ""   // the word before
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '"' || r == '\'':
			end := quoted(text[i:])
			inside := strings.Trim(text[i:i+end], `"'`)
			if value && operators[before] && m.names.keyed(text[:i]) && m.plain[schema.Fold(inside)] && m.secret(inside) {
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
			if folded := schema.Fold(word); !value && m.plain[folded] {
				out.WriteString(word)
				value, before = operators[folded], folded
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

// keyed tells that a text ends in a comparison of what names a property.
func (n *names) keyed(text string) bool {
	list := words(text)
	return len(list) > 1 && naming[schema.Fold(list[len(list)-2])]
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

// url redacts a URL, perhaps one without a host.
func (m *masker) url(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return m.free(text)
	}
	out := ""
	if u.Scheme != "" {
		out = u.Scheme + ":"
	}
	if u.User != nil {
		password, _ := u.User.Password()
		m.learn(password)
		out += "//" + Mask + "@" + m.free(u.Host)
	} else if u.Host != "" {
		out += "//" + m.free(u.Host)
	}
	out += m.path(u.EscapedPath())
	if u.RawQuery != "" {
		out += "?" + m.query(u.RawQuery)
	}
	if u.Fragment != "" {
		out += "#" + m.query(u.EscapedFragment())
	}
	return out
}

// path redacts an escaped path. Of one that led to something, the ids are ids.
func (m *masker) path(escaped string) string {
	parts := strings.Split(escaped, "/")
	before := ""
	for i, part := range parts {
		folded := schema.Fold(decoded(part))
		switch {
		case m.plain[folded]:
		case m.secret(before) && before != "token": // /oauth2/token/{appId}
			m.learn(part)
			parts[i] = Mask
		case m.found:
			if m.always(part) != part {
				parts[i] = Mask
			}
		default:
			parts[i] = m.segment(part)
		}
		before = folded
	}
	return strings.Join(parts, "/")
}

// segment redacts a part of a path that led nowhere.
func (m *masker) segment(part string) string {
	if clear := decoded(part); strings.ContainsAny(clear, "=;&?\"") && m.mentions(clear) {
		m.learn(part)
		return Mask
	}
	if m.free(part) != part {
		return Mask
	}
	return part
}

// keeper tells how the value of a parameter of a query or a form is redacted, nil
// for one that is not kept.
func keeper(name string) func(*masker, string) string {
	switch schema.Fold(name) {
	case "filter", "attributes", "excludedattributes", "sortby":
		return (*masker).expression
	case "sortorder", "startindex", "count", "cursor", "aadoptscim062020", "code_challenge_method":
		return (*masker).free
	case "grant_type", "response_type", "response_mode", "scope", "prompt", "token_type_hint":
		return (*masker).name
	case "client_id", "username", "login_hint":
		return (*masker).always
	case "redirect_uri":
		return (*masker).url
	}
	return nil
}

// name keeps a list of short names.
func (m *masker) name(text string) string {
	for _, word := range words(text) {
		if random(word) {
			return Mask
		}
	}
	return m.always(text)
}

// query redacts a query or a form: values of parameters that are not known are left
// out.
func (m *masker) query(raw string) string {
	var out strings.Builder
	for len(raw) > 0 {
		end := strings.IndexAny(raw, "&;")
		if end < 0 {
			end = len(raw)
		}
		out.WriteString(m.parameter(raw[:end]))
		if end < len(raw) {
			out.WriteByte(raw[end])
			end++
		}
		raw = raw[end:]
	}
	return out.String()
}

func (m *masker) parameter(pair string) string {
	rawName, rawValue, assigned := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(rawName)
	value, err2 := url.QueryUnescape(rawValue)
	keep := keeper(name)
	switch {
	case pair == "":
		return ""
	case err != nil || err2 != nil || !assigned:
		return Mask
	case keep == nil:
		if m.secret(name) {
			m.learn(value)
		}
		if len(name) > 40 || !schema.ValidName(name) || random(name) {
			rawName = Mask
		}
		if value == "" {
			return rawName + "="
		}
		return rawName + "=" + Mask
	}
	kept := keep(m, value)
	if kept == value {
		return pair
	}
	return rawName + "=" + strings.ReplaceAll(url.QueryEscape(kept), url.QueryEscape(Mask), Mask)
}

// Headers whose values are kept; of others the name alone, but for an odd one.
var keptHeaders = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`Accept Accept-Charset Accept-Encoding Accept-Language Access-Control-Allow-Origin Access-Control-Request-Headers
		Access-Control-Request-Method Allow Cache-Control Connection Content-Encoding Content-Length Content-Type Date Etag Expect Forwarded
		Host If-Match If-Modified-Since If-None-Match If-Unmodified-Since Location Max-Forwards Origin Pragma Prefer Retry-After Server Te
		Transfer-Encoding User-Agent Vary Via Www-Authenticate X-Content-Type-Options X-Forwarded-For X-Forwarded-Host X-Forwarded-Port
		X-Forwarded-Prefix X-Forwarded-Proto X-Http-Method-Override X-Request-Id`) {
		keptHeaders[name] = true
	}
}

// headers redacts headers.
func (m *masker) headers(h map[string][]string) map[string][]string {
	if len(h) == 0 {
		return nil
	}
	out := make(map[string][]string, len(h))
	for name, values := range h {
		kept := make([]string, len(values))
		for i, v := range values {
			switch {
			case name == "Location":
				kept[i] = m.url(v)
			case keptHeaders[name]:
				kept[i] = m.header(name, v)
			case name == "Authorization":
				kept[i] = m.authorization(v)
			default:
				if m.secret(name) {
					m.learn(v)
				}
				kept[i] = Mask
			}
		}
		if !keptHeaders[name] && (len(name) > 40 || random(name)) {
			name = Mask
		}
		out[name] = kept
	}
	return out
}

// header redacts the value of a header that is kept.
func (m *masker) header(name, value string) string {
	if name == "Www-Authenticate" || name == "X-Request-Id" {
		return m.always(value)
	}
	return m.free(value)
}

// authorization keeps the scheme of credentials.
func (m *masker) authorization(value string) string {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(value), " ")
	if !ok {
		m.learn(value)
		return Mask
	}
	m.learn(rest)
	if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest)); err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(plain), ":")
		m.learn(password)
		if form, err := url.QueryUnescape(password); err == nil {
			m.learn(form)
		}
	}
	switch strings.ToLower(scheme) {
	case "basic", "bearer", "digest", "negotiate":
		return scheme + " " + Mask
	}
	return Mask
}
