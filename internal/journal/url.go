package journal

import (
	"net/url"
	"strings"

	"github.com/scimd/scimd/internal/schema"
)

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
		case m.plain[folded], before == "tenants" && folded == m.tenant:
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
	if hasRandom(text) {
		return Mask
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
