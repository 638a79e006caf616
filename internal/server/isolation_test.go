package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// flat is a tenant in a server: what a resident of it sees.
type flat struct {
	handler http.Handler
	store   store.Store
	tenant  *scim.Tenant
	made    atomic.Int64 // ids
	clock   atomic.Int64 // microseconds
}

// building is a server with tenants. Their ids are counted, and their times told,
// for each by itself: what one does is the same wherever it lives.
func building(t *testing.T, s store.Store, profiles map[string]string) map[string]*flat {
	t.Helper()
	homes, flats := homes{}, map[string]*flat{}
	var tokens []store.Token
	for name, profile := range profiles {
		stored, err := s.CreateTenant(t.Context(), store.Tenant{Name: name, Created: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		f := &flat{store: s}
		f.tenant = &scim.Tenant{
			ID: stored.ID, Name: name, Space: stored.Space, Home: stored.Home, Registry: registry(t), Usage: scim.NewUsage(),
			Now:   func() time.Time { return time.UnixMicro(f.clock.Load()) },
			NewID: func(rt *schema.ResourceType) string { return fmt.Sprintf("%s-%d", rt.Name, f.made.Add(1)) },
		}
		f.tenant.Profile, f.tenant.Discovery = behaviour(t, profile, nil)
		homes[name+".example"], flats[name] = f.tenant, f
		tokens = append(tokens, store.Token{
			ID: name, Name: name, Tenant: stored.ID, Hash: auth.Hash("token-of-" + name), Rights: "all",
			Principal: store.Principal{Kind: "service", ID: "User-2", Display: name}, // a user of each tenant
		})
	}
	handler := server.New(server.Config{
		Service: newService(s), Registry: registry(t), Tenants: homes, Auth: auth.New(s, tokens, 0, time.Now),
		Logger: slog.New(slog.DiscardHandler), Limits: server.Limits{Body: 1 << 20, URL: 1 << 13, Write: time.Minute},
		Ready: func(context.Context) error { return nil },
	})
	for _, f := range flats {
		f.handler = handler
	}
	return flats
}

// request is one that a resident makes.
type residentRequest struct{ method, path, body, token string }

// send gives the answer as text: status, place and body.
func (f *flat) send(r residentRequest, byHost bool) string {
	host, prefix := "any.example", "/tenants/"+f.tenant.Name
	if byHost {
		host, prefix = f.tenant.Name+".example", ""
	}
	q := httptest.NewRequest(r.method, "http://"+host+prefix+"/scim/v2"+r.path, strings.NewReader(r.body))
	q.Header.Set("Authorization", "Bearer "+r.token)
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, q)
	return fmt.Sprintf("%d %s %s", w.Code, w.Header().Get("Location"), w.Body)
}

// resident makes up requests. All residents use the same names and ids.
type resident struct {
	*rand.Rand
	name  string
	other string
	made  map[string][]string // ids by resource type, of deleted ones too
}

func (r *resident) one(list ...string) string { return list[r.IntN(len(list))] }

// id is one that may be there; the other tenant has the same ones.
func (r *resident) id(types ...string) string {
	typ := r.one(types...)
	if ids := r.made[typ]; len(ids) > 0 && r.IntN(5) > 0 {
		return ids[max(0, len(ids)-1-r.IntN(30))]
	}
	return fmt.Sprintf("%s-%d", typ, 1+r.IntN(500))
}

func (r *resident) userName() string  { return fmt.Sprintf("user%d@corp.example", r.IntN(25)) }
func (r *resident) groupName() string { return fmt.Sprintf("Group %d", r.IntN(12)) }

func (r *resident) member() string {
	return fmt.Sprintf(`{"value":%q}`, r.id("User", "User", "Group"))
}

func (r *resident) members() string {
	list := make([]string, r.IntN(4))
	for i := range list {
		list[i] = r.member()
	}
	return "[" + strings.Join(list, ",") + "]"
}

func (r *resident) userBody() string {
	body := fmt.Sprintf(`"userName":%q,"externalId":"e%d","active":%t,"title":"t%d","emails":[{"value":%q,"type":"work"}]`,
		r.userName(), r.IntN(20), r.IntN(2) == 0, r.IntN(5), r.userName())
	if r.IntN(3) == 0 {
		body += fmt.Sprintf(`,%q:{"department":"d%d","manager":{"value":%q}}`, enterpriseURN, r.IntN(3), r.id("User"))
	}
	return `{"schemas":["` + userURN + `","` + enterpriseURN + `"],` + body + `}`
}

func (r *resident) groupBody() string {
	return fmt.Sprintf(`{"schemas":[%q],"displayName":%q,"externalId":"e%d","members":%s}`, groupURN, r.groupName(), r.IntN(20), r.members())
}

func (r *resident) filter() (endpoint, text string) {
	switch r.IntN(12) {
	case 0:
		return "/Users", fmt.Sprintf(`userName eq %q`, r.userName())
	case 1:
		return "/Users", fmt.Sprintf(`externalId eq "e%d"`, r.IntN(20))
	case 2:
		return "/Users", fmt.Sprintf(`groups.value eq %q`, r.id("Group"))
	case 3:
		return "/Users", fmt.Sprintf(`%s:manager.value eq %q`, enterpriseURN, r.id("User"))
	case 4:
		return "/Users", fmt.Sprintf(`title co "t%d" and not (active eq true)`, r.IntN(5))
	case 5:
		return "/Users", fmt.Sprintf(`emails[type eq "work" and value eq %q]`, r.userName())
	case 6:
		return "/Users", fmt.Sprintf(`id eq %q`, r.id("User"))
	case 7:
		return "/Users", `groups.display sw "Group 1"`
	case 8:
		return "/Groups", fmt.Sprintf(`members.value eq %q`, r.id("User", "Group"))
	case 9:
		return "/Groups", fmt.Sprintf(`displayName eq %q`, r.groupName())
	case 10:
		return "/Groups", fmt.Sprintf(`members.display co "user%d"`, r.IntN(10))
	}
	return "/Groups", fmt.Sprintf(`externalId pr and meta.created gt "2026-01-01T00:00:00Z" and id ne %q`, r.id("Group"))
}

func (r *resident) list() residentRequest {
	endpoint, text := r.filter()
	v := url.Values{"filter": {text}}
	if r.IntN(4) == 0 {
		v = url.Values{}
	}
	if r.IntN(3) == 0 {
		v.Set("sortBy", r.one("userName", "displayName", "externalId", "meta.lastModified", "title"))
		v.Set("sortOrder", r.one("ascending", "descending"))
	}
	if r.IntN(3) == 0 {
		v.Set("startIndex", fmt.Sprint(1+r.IntN(8)))
		v.Set("count", fmt.Sprint(r.IntN(6)))
	}
	if r.IntN(4) == 0 {
		v.Set("attributes", r.one("userName", "members", "groups", "displayName,members.display", "id"))
	}
	return residentRequest{method: "GET", path: endpoint + "?" + v.Encode()}
}

func (r *resident) patchGroup() residentRequest {
	op := r.one(
		`{"op":"add","path":"members","value":`+r.members()+`}`,
		`{"op":"remove","path":"members[value eq \"`+r.id("User", "Group")+`\"]"}`,
		`{"op":"replace","path":"members","value":`+r.members()+`}`,
		`{"op":"replace","path":"displayName","value":"`+r.groupName()+`"}`,
		`{"op":"remove","path":"members","value":`+r.members()+`}`,
	)
	return residentRequest{"PATCH", "/Groups/" + r.id("Group"), patchBody(op), ""}
}

func (r *resident) patchUser() residentRequest {
	op := r.one(
		`{"op":"replace","path":"userName","value":"`+r.userName()+`"}`,
		`{"op":"replace","path":"`+enterpriseURN+`:manager","value":{"value":"`+r.id("User")+`"}}`,
		`{"op":"add","path":"title","value":"t`+fmt.Sprint(r.IntN(5))+`"}`,
		`{"op":"replace","path":"active","value":false}`,
	)
	return residentRequest{"PATCH", "/Users/" + r.id("User"), patchBody(op), ""}
}

// next is the next request.
func (r *resident) next() residentRequest {
	var q residentRequest
	switch n := r.IntN(100); {
	case n < 18:
		q = residentRequest{"POST", "/Users", r.userBody(), ""}
	case n < 28:
		q = residentRequest{"POST", "/Groups", r.groupBody(), ""}
	case n < 46:
		q = r.patchGroup()
	case n < 54:
		q = r.patchUser()
	case n < 58:
		// Another name than POST gives, which is seldom taken.
		q = residentRequest{"PUT", "/Users/" + r.id("User"), strings.Replace(r.userBody(), `"userName":"user`, `"userName":"put`, 1), ""}
	case n < 61:
		q = residentRequest{"PUT", "/Groups/" + r.id("Group"), r.groupBody(), ""}
	case n < 64:
		q = residentRequest{"DELETE", "/Users/" + r.id("User"), "", ""}
	case n < 66:
		q = residentRequest{"DELETE", "/Groups/" + r.id("Group"), "", ""}
	case n < 76:
		id := r.id("User", "Group")
		kind, _, _ := strings.Cut(id, "-")
		q = residentRequest{"GET", "/" + kind + "s/" + id, "", ""}
	case n < 80:
		endpoint, text := r.filter()
		body, _ := json.Marshal(map[string]any{"schemas": []string{messages + "SearchRequest"}, "filter": text, "count": r.IntN(10)})
		q = residentRequest{"POST", endpoint + "/.search", string(body), ""}
	default:
		q = r.list()
	}
	q.token = "token-of-" + r.name
	if r.IntN(25) == 0 {
		q.token = "token-of-" + r.other
	}
	return q
}

// Two tenants of different profiles in one server, full of equal names and ids,
// each used at random and at the same time as the other: every answer is, byte
// for byte, the one of a server that has this tenant alone, and so is the change
// log (R7644-6-01, R7644-6-02). A token of one is unknown to the other.
func TestATenantIsAsAloneInItsServer(t *testing.T) {
	t.Parallel()
	profiles := map[string]string{"red": cyberark, "blue": rfc7644}
	const requests = 1000
	for engine, open := range map[string]func(*testing.T) store.Store{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			shared := building(t, open(t), profiles)
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			var residents sync.WaitGroup
			for name, profile := range profiles {
				alone := building(t, open(t), map[string]string{name: profile})[name]
				r := &resident{Rand: rand.New(rand.NewPCG(seed, uint64(len(name)))), name: name, other: map[string]string{"red": "blue", "blue": "red"}[name], made: map[string][]string{}}
				residents.Go(func() { r.live(t, shared[name], alone, requests) })
			}
			residents.Wait()
		})
	}
}

// live sends the same requests to a tenant that has neighbours and to one that
// has none, and more of them until every kind of answer has come.
func (r *resident) live(t *testing.T, shared, alone *flat, requests int) {
	statuses := map[string]int{}
	lacking := func() string {
		for _, s := range []string{"POST 201", "POST 409", "GET 200", "GET 404", "PATCH 200", "PATCH 404", "PUT 200", "DELETE 204", "GET 401"} {
			if statuses[s] < 3 {
				return s
			}
		}
		return ""
	}
	for n := 0; n < requests || lacking() != ""; n++ {
		if n == 20*requests {
			t.Errorf("%s: %s came %d times: the requests show little", r.name, lacking(), statuses[lacking()])
			return
		}
		q, byHost := r.next(), r.IntN(2) == 0
		now := time.Date(2026, 3, 1, 0, 0, n, 0, time.UTC).UnixMicro()
		shared.clock.Store(now)
		alone.clock.Store(now)
		got, want := shared.send(q, byHost), alone.send(q, byHost)
		if got != want {
			t.Errorf("%s, request %d: %s %s %s\ngot  %s\nwant %s", r.name, n, q.method, q.path, q.body, got, want)
			return
		}
		if refused := strings.HasPrefix(got, "401"); refused != (q.token != "token-of-"+r.name) {
			t.Errorf("%s, request %d with %s: %s", r.name, n, q.token, got)
			return
		}
		statuses[q.method+" "+got[:3]]++
		if strings.HasPrefix(got, "201") {
			id := path.Base(strings.Fields(got)[1]) // of Location
			kind, _, _ := strings.Cut(id, "-")
			r.made[kind] = append(r.made[kind], id)
		}
	}
	history := func(f *flat) (list []string) {
		events, err := f.store.Events(t.Context(), f.tenant.Space, 0, 1<<20)
		if err != nil {
			t.Error(err)
		}
		for _, e := range events {
			list = append(list, fmt.Sprint(e.At, e.Operation, e.Type, e.ID, e.Version, e.Principal))
		}
		return list
	}
	if got, want := history(shared), history(alone); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("%s: %d events, want the %d of the tenant alone", r.name, len(got), len(want))
	}
}
