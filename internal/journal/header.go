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

// headers redacts headers, of an answer or of a request.
func (m *masker) headers(h map[string][]string, answer bool) map[string][]string {
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
			case answer && (name == "Www-Authenticate" || name == "X-Request-Id"):
				kept[i] = m.always(v)
			case keptHeaders[name]:
				kept[i] = m.free(v)
			case name == "Authorization":
				kept[i] = m.authorization(v)
			default:
				if m.secret(name) {
					m.learn(v)
				}
				kept[i] = Mask
			}
		}
		if !keptHeaders[name] && (len(name) > 40 || hasRandom(name)) {
			name = Mask
		}
		out[name] = kept
	}
	return out
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
