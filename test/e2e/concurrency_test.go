package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// together runs n functions at once, released at one moment.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-gate
			f(i)
		})
	}
	close(gate)
	all.Wait()
}

// R7644-3.3-06, R7643-4.1.1-02, R7643-7-13: uniqueness holds against a race,
// whatever the letter case.
func TestOfManyWhoCreateOneUserNameOneSucceeds(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, p place) {
		s := p.start(t)
		const clients = 64
		answers := make([]answer, clients)
		errs := make([]error, clients)
		together(clients, func(i int) {
			name := "race@contoso.example"
			if i%2 == 1 {
				name = strings.ToUpper(name)
			}
			answers[i], errs[i] = s.try("POST", "/Users", user(name, map[string]any{"nickName": fmt.Sprint(i)}))
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		counts := map[int]int{}
		for _, a := range answers {
			counts[a.status]++
			if a.status == 409 && a.body["scimType"] != "uniqueness" {
				t.Errorf("a refusal without scimType uniqueness: %s", a)
			}
		}
		if counts[201] != 1 || counts[409] != clients-1 {
			t.Errorf("statuses: %v", counts)
		}
		found := s.do(t, "GET", "/Users?filter="+url.QueryEscape(`userName eq "RACE@contoso.example"`), nil, 200)
		if found.body["totalResults"] != 1.0 {
			t.Errorf("found: %s", found)
		}
	})
}

// R7644-3.5.2-19: no update is lost.
func TestConcurrentPatchesOfOneUserLoseNothing(t *testing.T) {
	t.Parallel()
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	paths := []string{
		"displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone", "externalId",
		"name.givenName", "name.familyName", "name.middleName", "name.honorificPrefix", "name.honorificSuffix",
		enterprise + ":department", enterprise + ":costCenter", enterprise + ":division",
	}
	onEngines(t, func(t *testing.T, p place) {
		s := p.start(t)
		at := "/Users/" + s.do(t, "POST", "/Users", user("many.hands@contoso.example", nil), 201).body["id"].(string)
		answers := make([]answer, len(paths))
		errs := make([]error, len(paths))
		text := func(i int) string { return fmt.Sprintf("en-%02d", i) }
		together(len(paths), func(i int) {
			answers[i], errs[i] = s.try("PATCH", at, patch(
				[3]any{"add", "emails", []map[string]any{{"type": "other", "value": text(i) + "@contoso.example"}}},
				[3]any{"replace", paths[i], text(i)},
			))
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for i, a := range answers {
			if a.status != 200 && a.status != 204 {
				t.Errorf("client %d: %s", i, a)
			}
		}
		u := s.do(t, "GET", at, nil, 200)
		emails, _ := u.body["emails"].([]any)
		if len(emails) != len(paths) {
			t.Errorf("%d addresses of %d: %s", len(emails), len(paths), u)
		}
		for i, path := range paths {
			if !strings.Contains(u.text, text(i)+"@") {
				t.Errorf("the address of client %d is lost", i)
			}
			if got := valueAt(u.body, enterprise, path); got != text(i) {
				t.Errorf("%s is %v, not %s", path, got, text(i))
			}
		}
	})
}

// valueAt reads name, name.sub or urn:name of a resource.
func valueAt(resource map[string]any, urn, path string) any {
	if rest, ok := strings.CutPrefix(path, urn+":"); ok {
		extension, _ := resource[urn].(map[string]any)
		return extension[rest]
	}
	name, sub, ok := strings.Cut(path, ".")
	if !ok {
		return resource[name]
	}
	parent, _ := resource[name].(map[string]any)
	return parent[sub]
}

// R7644-3.5.2-11: a PATCH is whole or not at all.
func TestAClientThatDisconnectsLeavesAllOrNothing(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, p place) {
		s := p.start(t)
		at := "/Users/" + s.do(t, "POST", "/Users", user("cut@contoso.example", map[string]any{"nickName": "v", "title": "v"}), 201).body["id"].(string)
		const rounds = 120
		for i := range rounds {
			// Every third leaves in the middle of the body, the others some time
			// behind it, most before the answer.
			whole := i%3 != 0
			value := fmt.Sprintf("v%d", i)
			s.sendAndLeave(t, "PATCH", at, patch([3]any{"replace", "nickName", value}, [3]any{"replace", "title", value}), whole)
			s.sendAndLeave(t, "POST", "/Users", user(fmt.Sprintf("cut.%d@contoso.example", i), map[string]any{
				"title":  "whole",
				"emails": []map[string]any{{"value": "a@contoso.example"}, {"value": "b@contoso.example"}},
			}), whole)
			u := s.do(t, "GET", at, nil, 200)
			if u.body["nickName"] != u.body["title"] {
				t.Fatalf("half a PATCH: %s", u)
			}
			if !whole && u.body["title"] == value {
				t.Fatalf("a PATCH of which half was sent took effect: %s", u)
			}
		}
		s.stop(t) // what was received is finished or dropped now
		s = p.start(t)
		made := 0
		for i := range rounds {
			filter := url.QueryEscape(fmt.Sprintf(`userName eq "cut.%d@contoso.example"`, i))
			found := s.do(t, "GET", "/Users?filter="+filter, nil, 200)
			resources, _ := found.body["Resources"].([]any)
			if len(resources) == 0 {
				continue
			}
			made++
			u := resources[0].(map[string]any)
			emails, _ := u["emails"].([]any)
			if i%3 == 0 || u["title"] != "whole" || len(emails) != 2 {
				t.Errorf("user %d is there in part: %s", i, found)
			}
		}
		t.Logf("%d of %d creations took effect", made, rounds)
	})
}

// sendAndLeave sends a request, or all but the second half of its body, and
// closes the connection without reading an answer.
func (s *server) sendAndLeave(t *testing.T, method, path string, body any, whole bool) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", base.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head := fmt.Sprintf("%s %s%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n",
		method, base.Path, path, base.Host, token, len(data))
	if !whole {
		data = data[:len(data)/2]
	}
	if _, err := io.WriteString(conn, head+string(data)); err != nil {
		t.Fatal(err)
	}
	if whole {
		time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond)
	}
}
