package doctor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/doctor"
)

// foreign is a small SCIM server of another make: relative links, no schemas, no
// request ids, errors in plain text, 501 for what it does not know.
type foreign struct {
	numbers  bool // ids are numbers
	doubles  bool // a name may be taken twice
	upserts  bool // PUT makes what is not there
	loses    bool // the answer to a new user does not come back
	trusting bool // PATCH and DELETE of nobody succeed
	echoes   bool // errors show the request's headers

	mu      sync.Mutex
	users   map[string]map[string]any
	next    int
	methods []string
}

func (f *foreign) make(id string, u map[string]any) map[string]any {
	f.next++
	u["id"] = fmt.Sprint(f.next)
	if f.numbers {
		u["id"] = f.next
	}
	if id != "" {
		u["id"] = id
	}
	if f.users == nil {
		f.users = map[string]map[string]any{}
	}
	u["schemas"] = []string{"urn:ietf:params:scim:schemas:core:2.0:User"}
	f.users[fmt.Sprint(u["id"])] = u
	return u
}

func (f *foreign) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.methods = append(f.methods, r.Method)
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/scim+json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	fail := func(status int) {
		text := http.StatusText(status)
		if f.echoes {
			text = fmt.Sprint(r.Header)
		}
		http.Error(w, text, status)
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.Header().Set("WWW-Authenticate", "Bearer")
		fail(401)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/scim")
	id, one := strings.CutPrefix(path, "/Users/")
	u := f.users[id]
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	switch {
	case path == "/Users" && r.Method == "GET":
		list := []any{}
		_, name, _ := strings.Cut(r.URL.Query().Get("filter"), `"`)
		for _, u := range f.users {
			if n, _ := u["userName"].(string); name == "" || strings.EqualFold(n, strings.TrimSuffix(name, `"`)) {
				list = append(list, u)
			}
		}
		answer(200, map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": len(list), "Resources": list})
	case path == "/Users" && r.Method == "POST":
		for _, u := range f.users {
			if u["userName"] == body["userName"] && !f.doubles {
				fail(409)
				return
			}
		}
		made := f.make("", body)
		if f.loses {
			panic(http.ErrAbortHandler)
		}
		answer(201, made)
	case one && u == nil && r.Method == "PUT" && f.upserts:
		answer(200, f.make(id, body))
	case one && u == nil && f.trusting && (r.Method == "PATCH" || r.Method == "DELETE"):
		w.WriteHeader(204)
	case one && u == nil:
		fail(404)
	case one && r.Method == "GET":
		answer(200, u)
	case one && r.Method == "DELETE":
		delete(f.users, id)
		w.WriteHeader(204)
	default:
		fail(501)
	}
}

func TestServersOfOtherMakesAreLookedAtToTheEndAndLeftAsTheyWere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		server *foreign
		check  string
		status doctor.Status
		part   string
	}{
		"the least":                    {&foreign{}, "without a token", doctor.Warn, "no SCIM error"},
		"without links":                {&foreign{}, "links", doctor.Fail, "does not answer as SCIM has it"},
		"with numbers for ids":         {&foreign{numbers: true}, "Okta: create", doctor.Fail, "is a number"},
		"which takes a name twice":     {&foreign{doubles: true}, "Okta: create again", doctor.Fail, "made twice"},
		"which makes by PUT":           {&foreign{upserts: true}, "method PUT", doctor.Fail, "PUT makes a user"},
		"which loses an answer":        {&foreign{loses: true}, "clean up", doctor.OK, ""},
		"which loses, with numbers":    {&foreign{loses: true, numbers: true}, "clean up", doctor.OK, ""},
		"which changes nobody":         {&foreign{trusting: true}, "method DELETE", doctor.Warn, "should be 404"},
		"which shows what it was sent": {&foreign{echoes: true}, "error answers", doctor.Fail, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := httptest.NewServer(tc.server)
			t.Cleanup(at.Close)
			r := look(at.URL+"/scim", func(o *doctor.Options) { o.Timeout = 5 * time.Second })
			i := slices.IndexFunc(r.Checks, func(c doctor.Check) bool { return c.Name == tc.check })
			if i < 0 || r.Checks[i].Status != tc.status || !strings.Contains(r.Checks[i].Culprit, tc.part) {
				t.Errorf("%s is not %s, %q: %+v", tc.check, tc.status, tc.part, r.Checks)
			}
			if last := r.Checks[len(r.Checks)-1].Name; last != "clock" && last != "clean up" {
				t.Errorf("the look ends with %s", last)
			}
			if len(tc.server.users) != 0 {
				t.Errorf("it left %v", tc.server.users)
			}
			if text := fmt.Sprint(r.Checks); strings.Contains(text, token) {
				t.Errorf("the token is shown: %s", text)
			}
		})
	}
}

func TestALookThatOnlyReadsSendsNothingElse(t *testing.T) {
	t.Parallel()
	server := &foreign{}
	at := httptest.NewServer(server)
	t.Cleanup(at.Close)
	r := look(at.URL+"/scim", func(o *doctor.Options) { o.ReadOnly = true })
	for _, m := range server.methods {
		if m != "GET" && m != "QUERY" {
			t.Errorf("%s was sent", m)
		}
	}
	if len(server.methods) < 20 || !slices.Contains(r.LeftOut, "method PUT") || !slices.Contains(r.LeftOut, "body size") {
		t.Errorf("%d requests, left out: %v", len(server.methods), r.LeftOut)
	}
}

func TestALookAtAServerThatHangsEndsInTime(t *testing.T) {
	t.Parallel()
	healthy := &foreign{}
	var asked atomic.Int32
	over := make(chan struct{})
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 3 {
			<-over
			return
		}
		healthy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(over); at.Close() })
	began := time.Now()
	r := look(at.URL+"/scim", func(o *doctor.Options) { o.Timeout = 50 * time.Millisecond })
	last := r.Checks[len(r.Checks)-1]
	if time.Since(began) > 10*time.Second || last.Status != doctor.Fail || !strings.Contains(last.Culprit, "takes so long") || len(r.LeftOut) == 0 {
		t.Errorf("after %v: %+v, left out %v", time.Since(began), last, r.LeftOut)
	}
}

// Who stops a look while the user is made does not leave it there.
func TestAUserIsRemovedWhenTheLookIsStoppedWhileItIsMade(t *testing.T) {
	t.Parallel()
	server := &foreign{}
	ctx, cancel := context.WithCancel(context.Background())
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			cancel()
			time.Sleep(20 * time.Millisecond) // the client has noticed
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(at.Close)
	r := doctor.Run(ctx, doctor.Options{URL: parse(at.URL + "/scim"), Token: token})
	if last := r.Checks[len(r.Checks)-1]; last.Name != "clean up" || last.Status != doctor.OK || len(server.users) != 0 || server.next != 1 {
		t.Errorf("%+v, left %v", last, server.users)
	}
}
