package provision_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/scimd/scimd/test/provision"
)

// canned answers every request alike.
type canned struct {
	status      int
	media, body string
	header      http.Header
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	header := c.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", c.media)
	return &http.Response{StatusCode: c.status, Header: header, Body: io.NopCloser(strings.NewReader(c.body))}, nil
}

func TestAStrictClientRefusesWhatAProviderWould(t *testing.T) {
	const (
		media = "application/scim+json"
		meta  = `"meta":{"resourceType":"User","location":"https://h/Users/1","created":"2026-01-02T03:04:05Z","lastModified":"2026-01-02T03:04:06Z"}`
		user  = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"ada",` + meta
		page  = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],`
		fault = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],`
	)
	created := http.Header{"Location": {"https://h/Users/1"}}
	for _, c := range []struct {
		name   string
		answer canned
		reason string // "" when it is taken
	}{
		{"a user", canned{200, media, user + `}`, nil}, ""},
		{"a new user", canned{201, media, user + `}`, created}, ""},
		{"an empty page", canned{200, media, page + `"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}`, nil}, ""},
		{"a refusal", canned{404, media, fault + `"status":"404","detail":"There is none."}`, nil}, ""},
		{"nothing", canned{204, "", "", nil}, ""},

		{"a failure", canned{500, media, fault + `"status":"500","detail":"x"}`, nil}, "failed"},
		{"204 with a body", canned{204, media, "{}", nil}, "a body where"},
		{"HTML", canned{404, "text/html", "<html>", nil}, "Content-Type"},
		{"plain JSON unasked", canned{200, "application/json", user + `}`, nil}, "Content-Type"},
		{"half a body", canned{200, media, user, nil}, "not JSON"},
		{"a name twice", canned{200, media, user + `,"id":"1"}`, nil}, "id stands twice"},
		{"a null", canned{200, media, user + `,"name":{"givenName":null}}`, nil}, ".name.givenName is null"},
		{"no schemas", canned{200, media, `{"id":"1"}`, nil}, "schemas"},
		{"a number as id", canned{200, media, strings.Replace(user, `"id":"1"`, `"id":1`, 1) + `}`, nil}, "without id"},
		{"no meta", canned{200, media, strings.Replace(user, meta, `"title":"x"`, 1) + `}`, nil}, "meta"},
		{"a time without a zone", canned{200, media, strings.Replace(user, "05Z", "05", 1) + `}`, nil}, "meta.created"},
		{"no Location", canned{201, media, user + `}`, nil}, "Location"},
		{"an extension that schemas lacks", canned{200, media, user + `,"urn:x:y":{}}`, nil}, "urn:x:y does not stand"},
		{"a password", canned{200, media, user + `,"password":"x"}`, nil}, "password"},
		{"text for active", canned{200, media, user + `,"active":"True"}`, nil}, "active"},
		{"an object for a list", canned{200, media, user + `,"emails":{"value":"x"}}`, nil}, "emails is no list"},
		{"two primaries", canned{200, media, user + `,"emails":[{"primary":true},{"primary":true}]}`, nil}, "2 primary"},
		{"a group twice", canned{200, media, user + `,"groups":[{"value":"g"},{"value":"g"}]}`, nil}, "value of its own"},
		{"totals as text", canned{200, media, page + `"totalResults":"0","startIndex":1,"itemsPerPage":0,"Resources":[]}`, nil}, "totalResults"},
		{"itemsPerPage of another page", canned{200, media, page + `"totalResults":9,"startIndex":1,"itemsPerPage":9,"Resources":[]}`, nil}, "itemsPerPage"},
		{"a resource twice in a page", canned{200, media, page + `"totalResults":2,"startIndex":1,"itemsPerPage":2,"Resources":[` + user + `},` + user + `}]}`, nil}, "twice in a page"},
		{"a number as status", canned{404, media, fault + `"status":404,"detail":"x"}`, nil}, "status"},
		{"an error without detail", canned{404, media, fault + `"status":"404"}`, nil}, "detail"},
		{"a scimType of its own", canned{400, media, fault + `"status":"400","detail":"x","scimType":"bad"}`, nil}, "scimType"},
		{"401 without a challenge", canned{401, media, fault + `"status":"401","detail":"x"}`, nil}, "WWW-Authenticate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := &http.Client{Transport: provision.Strict{Next: c.answer}}
			res, err := client.Get("https://h/Users/1")
			switch {
			case err == nil:
				res.Body.Close()
				if c.reason != "" {
					t.Errorf("it is taken; the reason to refuse it is %q", c.reason)
				}
			case c.reason == "" || !strings.Contains(err.Error(), c.reason):
				t.Errorf("%v; want %q", err, c.reason)
			}
		})
	}
}
