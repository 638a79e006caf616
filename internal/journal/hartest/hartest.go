// Package hartest judges archives of requests by the specification of their format:
// HTTP Archive 1.2, as Jan Odvarko and the W3C's draft of the Web Performance group
// ("HTTP Archive (HAR) format", section HAR Data Structure) have it.
package hartest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// member is one that an object of the format has.
type member struct {
	kind     string // string, number, size, list of objects, object, or a form that forms has
	optional bool
}

func must(kind string) member { return member{kind: kind} }
func may(kind string) member  { return member{kind, true} }

// objects are those of the format by the name of the member that holds them, with
// their members; comment, which all may have, is left out.
var objects = map[string]map[string]member{
	"":            {"log": must("object")},
	"log":         {"version": must("version"), "creator": must("object"), "browser": may("object"), "pages": may("list"), "entries": must("list")},
	"creator":     {"name": must("string"), "version": must("string")},
	"browser":     {"name": must("string"), "version": must("string")},
	"entries":     {"pageref": may("string"), "startedDateTime": must("time"), "time": must("duration"), "request": must("object"), "response": must("object"), "cache": must("object"), "timings": must("object"), "serverIPAddress": may("string"), "connection": may("string")},
	"request":     {"method": must("token"), "url": must("url"), "httpVersion": must("protocol"), "cookies": must("list"), "headers": must("list"), "queryString": must("list"), "postData": may("object"), "headersSize": must("size"), "bodySize": must("size")},
	"response":    {"status": must("status"), "statusText": must("string"), "httpVersion": must("protocol"), "cookies": must("list"), "headers": must("list"), "content": must("object"), "redirectURL": must("string"), "headersSize": must("size"), "bodySize": must("size")},
	"cookies":     {"name": must("string"), "value": must("string"), "path": may("string"), "domain": may("string"), "expires": may("time"), "httpOnly": may("boolean"), "secure": may("boolean")},
	"headers":     {"name": must("token"), "value": must("string")},
	"queryString": {"name": must("string"), "value": must("string")},
	"postData":    {"mimeType": must("string"), "params": must("list"), "text": must("string")},
	"params":      {"name": must("string"), "value": may("string"), "fileName": may("string"), "contentType": may("string")},
	"content":     {"size": must("size"), "compression": may("whole"), "mimeType": must("string"), "text": may("string"), "encoding": may("encoding")},
	"cache":       {},
	"timings":     {"blocked": may("optional duration"), "dns": may("optional duration"), "connect": may("optional duration"), "send": must("duration"), "wait": must("duration"), "receive": must("duration"), "ssl": may("optional duration")},
}

var (
	moment   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)
	token    = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	protocol = regexp.MustCompile(`^HTTP/\d(\.\d)?$`)
	uri      = regexp.MustCompile(`^([A-Za-z0-9._~:/?@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})+$`)
)

// texts and numbers judge simple values of a kind.
var texts = map[string]func(string) bool{
	"string": func(string) bool { return true }, "version": func(s string) bool { return s == "1.2" }, "time": moment.MatchString,
	"token": token.MatchString, "protocol": protocol.MatchString, "encoding": func(s string) bool { return s == "base64" },
	"url": func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Fragment == "" && uri.MatchString(s)
	},
}

var numbers = map[string]func(float64) bool{
	"whole": whole, "size": func(n float64) bool { return whole(n) && n >= -1 },
	"status":   func(n float64) bool { return whole(n) && (n == 0 || n >= 100 && n <= 999) },
	"duration": func(n float64) bool { return n >= 0 }, "optional duration": func(n float64) bool { return n >= 0 || n == -1 },
}

func whole(n float64) bool { return n == math.Trunc(n) }

// Check holds an archive, as it stands in a file, to the format.
func Check(t testing.TB, archive []byte) {
	t.Helper()
	for _, wrong := range Mistakes(archive) {
		t.Errorf("the archive is no HAR 1.2: %s", wrong)
	}
}

// Mistakes are what of an archive is against the format.
func Mistakes(archive []byte) []string {
	c := &checker{}
	if !utf8.Valid(archive) {
		c.wrong("", "it is not UTF-8")
	}
	if bytes.HasPrefix(archive, []byte("\ufeff")) {
		c.wrong("", "it begins with a byte order mark")
		archive = archive[3:]
	}
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(archive))
	if err := d.Decode(&v); err != nil {
		return append(c.mistakes, err.Error())
	}
	if _, err := d.Token(); err != io.EOF {
		c.wrong("", "something follows it")
	}
	c.object("", "", v)
	return c.mistakes
}

type checker struct{ mistakes []string }

func (c *checker) wrong(at, format string, args ...any) {
	c.mistakes = append(c.mistakes, strings.TrimSpace(at+" "+fmt.Sprintf(format, args...)))
}

// object judges an object that is called so.
func (c *checker) object(at, name string, v map[string]any) {
	members := objects[name]
	for member, is := range members {
		if _, there := v[member]; !there && !is.optional {
			c.wrong(at, "has no %s", member)
		}
	}
	for member, x := range v {
		here := strings.TrimPrefix(at+"."+member, ".")
		is, known := members[member]
		switch {
		case strings.HasPrefix(member, "_"): // what an application adds
		case member == "comment":
			if _, ok := x.(string); !ok {
				c.wrong(here, "is %v, and no text", x)
			}
		case !known:
			c.wrong(here, "is unknown to the format")
		default:
			c.value(here, member, is.kind, x)
		}
	}
	switch name {
	case "entries":
		c.entry(at, v)
	case "postData":
		if list, _ := v["params"].([]any); len(list) > 0 && v["text"] != "" {
			c.wrong(at, "has params and text, which exclude each other")
		}
	case "content":
		if v["encoding"] != nil && v["text"] == nil {
			c.wrong(at, "has an encoding and no text")
		}
	}
}

func (c *checker) value(at, member, kind string, v any) {
	ok := false
	switch x := v.(type) {
	case string:
		judge := texts[kind]
		ok = judge != nil && judge(x)
	case float64:
		judge := numbers[kind]
		ok = judge != nil && judge(x)
	case bool:
		ok = kind == "boolean"
	case map[string]any:
		if ok = kind == "object"; ok {
			c.object(at, member, x)
		}
	case []any:
		ok = kind == "list"
		for i, e := range x {
			o, is := e.(map[string]any)
			if ok = ok && is; ok {
				c.object(fmt.Sprintf("%s[%d]", at, i), member, o)
			}
		}
	}
	if !ok {
		c.wrong(at, "is %v, and no %s", v, kind)
	}
}

// entry judges what the parts of an entry say together: its time is the sum of those
// timings that there are.
func (c *checker) entry(at string, v map[string]any) {
	timings, _ := v["timings"].(map[string]any)
	sum := 0.0
	for name, part := range timings {
		if n, ok := part.(float64); ok && n > 0 && name != "ssl" { // which is a part of connect
			sum += n
		}
	}
	if all, ok := v["time"].(float64); ok && math.Abs(all-sum) > 1e-6*(1+all) {
		c.wrong(at, "takes %v ms, and its timings %v", all, sum)
	}
	request, _ := v["request"].(map[string]any)
	target, _ := request["url"].(string)
	list, _ := request["queryString"].([]any)
	if _, query, _ := strings.Cut(target, "?"); (query == "") != (len(list) == 0) && strings.Trim(query, "&;") != "" {
		c.wrong(at, "has the query %q, and %d parameters", query, len(list))
	}
}
