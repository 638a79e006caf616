package journal

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// Headers whose values are kept; of others the name alone, but for an odd one.
var keptHeaders = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`Accept Accept-Charset Accept-Encoding Accept-Language Access-Control-Allow-Origin Access-Control-Request-Headers
		Access-Control-Request-Method Allow Cache-Control Connection Content-Encoding Content-Length Content-Type Date Etag Expect Forwarded
		Host If-Match If-Modified-Since If-None-Match If-Unmodified-Since Location Max-Forwards Origin Pragma Prefer Retry-After Server Te
		Transfer-Encoding User-Agent Vary Via Www-Authenticate X-Content-Type-Options X-Forwarded-For X-Forwarded-Host X-Forwarded-Port
		X-Forwarded-Prefix X-Forwarded-Proto X-Http-Method-Override X-Request-Id X-Scimd-Fault`) {
		keptHeaders[name] = true
	}
}

// learnHeaders remembers the secrets in the headers of a request.
func (m *masker) learnHeaders(h map[string][]string) {
	for name, values := range h {
		switch {
		case keptHeaders[name]:
		case name == "Authorization":
			for _, v := range values {
				m.learnCredentials(v)
			}
		case m.secret(name):
			for _, v := range values {
				m.learn(v)
			}
		}
	}
}

// learnCredentials remembers what follows the scheme, and the password of Basic.
func (m *masker) learnCredentials(value string) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(value), " ")
	if !ok {
		if m.authorization(value+" x") == Mask { // no scheme without credentials
			m.learn(value)
		}
		return
	}
	m.learn(rest)
	if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest)); err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(plain), ":")
		m.learn(password)
		if form, err := url.QueryUnescape(password); err == nil {
			m.learn(form)
		}
	}
}

// headers redacts headers, of an answer or of a request.
func (m *masker) headers(h map[string][]string, answer bool) map[string][]string {
	if len(h) == 0 {
		return nil
	}
	out := make(map[string][]string, len(h))
	for name, values := range h {
		kept := make([]string, len(values))
		for i, v := range values {
			kept[i] = m.header(name, v, answer)
		}
		if !keptHeaders[name] && (len(name) > 40 || hasRandom(name)) {
			name = Mask
		}
		out[name] = kept
	}
	return out
}

func (m *masker) header(name, value string, answer bool) string {
	switch {
	case name == "Location":
		return m.url(value)
	case answer && (name == "Www-Authenticate" || name == "X-Request-Id"):
		return m.always(value)
	case keptHeaders[name]:
		return m.usual(value)
	case name == "Authorization":
		return m.authorization(value)
	case answer && m.secret(name):
		m.learn(value)
	}
	return Mask
}

// authorization keeps the scheme of credentials.
func (m *masker) authorization(value string) string {
	scheme, _, ok := strings.Cut(strings.TrimSpace(value), " ")
	switch strings.ToLower(scheme) {
	case "basic", "bearer", "digest", "negotiate":
		if ok {
			return scheme + " " + Mask
		}
	}
	return Mask
}

// usual redacts a value that has often come before: of most headers clients send the
// same ones with each request.
func (m *masker) usual(value string) string {
	if !m.plainValues[value] {
		free := m.free(value)
		if free == value && len(value) <= longestJudged && len(m.plainValues) < maxJudged {
			m.plainValues[strings.Clone(value)] = true
		}
		return free
	}
	if len(m.secrets) == 0 {
		return value
	}
	return m.unlearned(value)
}
