package journal

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/journal/hartest"
)

func TestAnArchiveHasTheStructureOfHAR(t *testing.T) {
	t.Parallel()
	full := &Entry{
		Number: 1, Time: time.Date(2030, 1, 1, 12, 0, 0, 5, time.FixedZone("", 3600)), Protocol: "HTTP/2.0", Method: "POST", Origin: "https://example.com", Path: "/scim/v2/Users", Query: "attributes=a,b&x=***&y",
		Operation: "create", Status: 201, Milliseconds: 1.5, Headers: map[string][]string{"Host": {"example.com"}, "X": {"1", "2"}}, AnswerHeaders: map[string][]string{"Location": {"/x"}},
		Body: &Body{JSON: json.RawMessage(`{"a":1}`), Media: "application/json", Bytes: 9}, AnswerBody: &Body{JSON: json.RawMessage(`{"b":1}`), Media: "application/json", Bytes: 7},
	}
	page := &Page{Entries: []*Entry{
		full,
		{Number: 2, Protocol: "HTTP/1.1", Method: "GET", Origin: "http://127.0.0.1:8080", Path: "/", Status: 404, Why: &Why{Rule: "notFound"}},
		{Number: 3, Protocol: "HTTP/1.1", Method: "POST", Origin: "http://h", Path: "/oauth2/token/x", Cut: true, Fault: "f1", Body: &Body{Text: "a=***&b=c+d%21", Bytes: 14, Cut: true}, AnswerBody: &Body{Hash: "00", Bytes: 3}},
		{Number: 5, Protocol: "HTTP/1.1", Method: "GET", Origin: "http://[::1]:8080", Path: "/scim/v2/Users/a%7", Query: `filter=emails[value eq "å{\u00ff}"]`, Status: 400},
		{Number: 4, Protocol: "HTTP/1.1", Method: "GET", Origin: "http://h", Path: "/oauth2/authorize/x", Status: 302, AnswerHeaders: map[string][]string{"Location": {"https://a.example/?code=***"}}},
	}}
	text, err := json.Marshal(page.Archive("1.0", func(status int) string { return fmt.Sprint("status ", status) }))
	if err != nil {
		t.Fatal(err)
	}
	hartest.Check(t, text)
	har := page.Archive("1.0", func(int) string { return "" })
	one := har.Log.Entries[0]
	if one.Request.URL != "https://example.com/scim/v2/Users?attributes=a,b&x=***&y" || len(one.Request.QueryString) != 3 || len(one.Request.Headers) != 3 ||
		one.Request.PostData.Text != `{"a":1}` || one.Request.BodySize != 9 || one.Response.Content.Text != `{"b":1}` || one.Started != "2030-01-01T11:00:00.000000005Z" {
		t.Errorf("%+v", one)
	}
	if form := har.Log.Entries[2].Request.PostData; form.Text != "" || !slices.Equal(form.Params, []HARPair{{"a", "***"}, {"b", "c d!"}}) || form.Comment == "" {
		t.Errorf("a form is %+v", form)
	}
	if odd := har.Log.Entries[3].Request.URL; odd != `http://[::1]:8080/scim/v2/Users/a%257?filter=emails%5Bvalue%20eq%20%22%C3%A5%7B%5Cu00ff%7D%22%5D` {
		t.Errorf("a URL is %s", odd)
	}
	if last := har.Log.Entries[4]; last.Response.RedirectURL == "" || one.Response.RedirectURL != "" {
		t.Errorf("redirects to %q and %q", last.Response.RedirectURL, one.Response.RedirectURL)
	}
	if empty, _ := json.Marshal((&Page{}).Archive("1", nil)); string(empty) != `{"log":{"version":"1.2","creator":{"name":"scimd","version":"1"},"entries":[]}}` {
		t.Errorf("an empty archive is %s", empty)
	}
}
