package journal

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"
)

// The members that an object of HAR 1.2 must have, with their JSON types, as the
// format's specification lists them ("HTTP Archive (HAR) format", W3C Web
// Performance, section HAR Data Structure). A name that ends in [] is a list of
// objects of that name.
var harObjects = map[string]map[string]string{
	"":            {"log": "object"},
	"log":         {"version": "string", "creator": "object", "entries": "list"},
	"creator":     {"name": "string", "version": "string"},
	"entries":     {"startedDateTime": "time", "time": "number", "request": "object", "response": "object", "cache": "object", "timings": "object"},
	"request":     {"method": "string", "url": "url", "httpVersion": "string", "cookies": "list", "headers": "list", "queryString": "list", "headersSize": "number", "bodySize": "number"},
	"response":    {"status": "number", "statusText": "string", "httpVersion": "string", "cookies": "list", "headers": "list", "content": "object", "redirectURL": "string", "headersSize": "number", "bodySize": "number"},
	"headers":     {"name": "string", "value": "string"},
	"queryString": {"name": "string", "value": "string"},
	"cookies":     {"name": "string", "value": "string"},
	"postData":    {"mimeType": "string", "params": "list", "text": "string"},
	"params":      {"name": "string"},
	"content":     {"size": "number", "mimeType": "string"},
	"cache":       {},
	"timings":     {"send": "number", "wait": "number", "receive": "number"},
}

// checkHAR holds an object to what its name asks for, and what is in it.
func checkHAR(t *testing.T, name string, v map[string]any) {
	t.Helper()
	must, known := harObjects[name]
	if !known {
		t.Errorf("the format knows no object %s", name)
	}
	for member, kind := range must {
		ok := false
		switch x := v[member].(type) {
		case string:
			ok = kind == "string"
			if kind == "time" {
				_, err := time.Parse(time.RFC3339, x)
				ok = err == nil
			} else if kind == "url" {
				u, err := url.Parse(x)
				ok = err == nil && u.IsAbs() && u.Host != ""
			}
		case float64:
			ok = kind == "number"
		case []any:
			ok = kind == "list"
		case map[string]any:
			ok = kind == "object"
		}
		if !ok {
			t.Errorf("%s.%s is %v, want a %s", name, member, v[member], kind)
		}
	}
	for member, x := range v {
		if member[0] == '_' {
			continue // custom members begin so
		}
		switch x := x.(type) {
		case map[string]any:
			checkHAR(t, member, x)
		case []any:
			for _, e := range x {
				checkHAR(t, member, e.(map[string]any))
			}
		default:
			if _, ok := must[member]; !ok && member != "comment" && member != "text" {
				t.Errorf("the format knows no member %s.%s", name, member)
			}
		}
	}
}

func TestAnArchiveHasTheStructureOfHAR(t *testing.T) {
	t.Parallel()
	full := &Entry{
		Number: 1, Time: time.Date(2030, 1, 1, 12, 0, 0, 5, time.FixedZone("", 3600)), Method: "POST", Origin: "https://example.com", Path: "/scim/v2/Users", Query: "attributes=a,b&x=***&y",
		Operation: "create", Status: 201, Milliseconds: 1.5, Headers: map[string][]string{"Host": {"example.com"}, "X": {"1", "2"}}, AnswerHeaders: map[string][]string{"Location": {"/x"}},
		Body: &Body{JSON: json.RawMessage(`{"a":1}`), Media: "application/json", Bytes: 9}, AnswerBody: &Body{JSON: json.RawMessage(`{"b":1}`), Media: "application/json", Bytes: 7},
	}
	page := &Page{Entries: []*Entry{
		full,
		{Number: 2, Method: "GET", Origin: "http://127.0.0.1:8080", Path: "/", Status: 404, Why: &Why{Rule: "notFound"}},
		{Number: 3, Method: "POST", Origin: "http://h", Path: "/oauth2/token/x", Cut: true, Fault: "f1", Body: &Body{Text: "a=***", Bytes: 5}, AnswerBody: &Body{Hash: "00", Bytes: 3}},
		{Number: 4, Method: "GET", Origin: "http://h", Path: "/oauth2/authorize/x", Status: 302, AnswerHeaders: map[string][]string{"Location": {"https://a.example/?code=***"}}},
	}}
	text, err := json.Marshal(page.Archive("1.0", func(status int) string { return fmt.Sprint("status ", status) }))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	checkHAR(t, "", v)
	har := page.Archive("1.0", func(int) string { return "" })
	one := har.Log.Entries[0]
	if one.Request.URL != "https://example.com/scim/v2/Users?attributes=a,b&x=***&y" || len(one.Request.QueryString) != 3 || len(one.Request.Headers) != 3 ||
		one.Request.PostData.Text != `{"a":1}` || one.Request.BodySize != 9 || one.Response.Content.Text != `{"b":1}` || one.Started != "2030-01-01T11:00:00.000000005Z" {
		t.Errorf("%+v", one)
	}
	if last := har.Log.Entries[3]; last.Response.RedirectURL == "" || one.Response.RedirectURL != "" {
		t.Errorf("redirects to %q and %q", last.Response.RedirectURL, one.Response.RedirectURL)
	}
	if empty, _ := json.Marshal((&Page{}).Archive("1", nil)); string(empty) != `{"log":{"version":"1.2","creator":{"name":"scimd","version":"1"},"entries":[]}}` {
		t.Errorf("an empty archive is %s", empty)
	}
}
