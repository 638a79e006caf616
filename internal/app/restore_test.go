package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/pgtest"
)

// besieged is a server under requests while its tenant is saved and restored.
type besieged struct {
	testing.TB
	base, token string
	served      atomic.Int64
}

// ask sends a request; no answer may be a fault of the server.
func (l *besieged) ask(method, path, body string) (status int, answer []byte) {
	req, err := http.NewRequestWithContext(context.Background(), method, l.base+path, strings.NewReader(body))
	if err != nil {
		l.Error(err)
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		l.Errorf("%s %s: %v", method, path, err)
		return 0, nil
	}
	defer func() { _ = res.Body.Close() }()
	answer, err = io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 500 {
		l.Errorf("%s %s: %d, %v: %s", method, path, res.StatusCode, err, answer)
	}
	l.served.Add(1)
	return res.StatusCode, answer
}

const markers = 40

// mark gives all markers, and the group with half of them, one title.
func (l *besieged) mark(title string, ids []string, group string) {
	for _, id := range ids {
		if status, answer := l.ask("PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"`+title+`"}]}`); status != 200 {
			l.Fatalf("mark: %d %s", status, answer)
		}
	}
	half := ids[:markers/2]
	if title == "b" {
		half = ids[markers/2:]
	}
	members := make([]string, len(half))
	for i, id := range half {
		members[i] = `{"value":"` + id + `"}`
	}
	body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"` + title + `","members":[` + strings.Join(members, ",") + `]}`
	if status, answer := l.ask("PUT", "/Groups/"+group, body); status != 200 {
		l.Fatalf("mark: %d %s", status, answer)
	}
}

// look reads the markers in one request, or the group: whatever is restored
// meanwhile, they are of one state.
func (l *besieged) look(rng *rand.Rand, ids []string, group string) {
	switch rng.IntN(3) {
	case 0:
		_, answer := l.ask("GET", "/Groups/"+group, "")
		var g struct {
			DisplayName string
			Members     []struct{ Value string }
		}
		if err := json.Unmarshal(answer, &g); err != nil {
			l.Errorf("%v: %s", err, answer)
			return
		}
		half := ids[:markers/2]
		if g.DisplayName == "b" {
			half = ids[markers/2:]
		}
		for _, m := range g.Members {
			if !slices.Contains(half, m.Value) {
				l.Errorf("the group %s has the member %s of the other state", g.DisplayName, m.Value)
				return
			}
		}
		if len(g.Members) != len(half) {
			l.Errorf("the group %s has %d members", g.DisplayName, len(g.Members))
		}
	default:
		count := []int{markers, 7}[rng.IntN(2)]
		_, answer := l.ask("GET", fmt.Sprintf("/Users?filter=userName%%20sw%%20%%22marker-%%22&count=%d&attributes=title", count), "")
		var list struct {
			TotalResults int
			Resources    []struct{ Title string }
		}
		if err := json.Unmarshal(answer, &list); err != nil {
			l.Errorf("%v: %s", err, answer)
			return
		}
		titles := map[string]bool{}
		for _, r := range list.Resources {
			titles[r.Title] = true
		}
		if list.TotalResults != markers || len(list.Resources) != count || len(titles) != 1 {
			l.Errorf("a page of %d has %d of %d resources, with the titles %v", count, len(list.Resources), list.TotalResults, titles)
		}
	}
}

// write makes, changes and deletes a user of its own, which may be gone at any time.
func (l *besieged) write(rng *rand.Rand) {
	name := fmt.Sprintf("w-%d", rng.Int64())
	status, answer := l.ask("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+name+`"}`)
	if status != 201 {
		l.Errorf("create: %d %s", status, answer)
		return
	}
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil {
		l.Error(err)
	}
	for _, c := range []struct{ method, body string }{
		{"GET", ""},
		{"PATCH", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"x"}]}`},
		{"DELETE", ""},
	} {
		if status, answer := l.ask(c.method, "/Users/"+made.ID, c.body); status != 404 && status/100 != 2 {
			l.Errorf("%s: %d %s", c.method, status, answer)
		}
	}
}

// Sixteen clients read and write while the tenant is saved, restored and reset: no
// request fails, none sees parts of two states, and nothing is wrong afterwards.
func TestRestoresUnderLoad(t *testing.T) {
	for engine, configure := range map[string]func(*app.Config){
		"sqlite": func(*app.Config) {}, "postgres": func(c *app.Config) { c.DatabaseURL = pgtest.URL(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			cfg.Token = "load"
			configure(&cfg)
			s, _ := start(t, cfg)
			l := &besieged{TB: t, base: s.BaseURL(), token: cfg.Token}
			m, closeIt, err := app.Manage(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = closeIt() }()
			create := func(path, body string) string {
				var made struct{ ID string }
				status, answer := l.ask("POST", path, body)
				if err := json.Unmarshal(answer, &made); err != nil || status != 201 {
					t.Fatalf("%d %s", status, answer)
				}
				return made.ID
			}
			group := create("/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}`)
			var ids []string
			for i := range markers {
				ids = append(ids, create("/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"marker-%d"}`, i)))
			}
			for title, name := range map[string]string{"a": control.SeedSnapshot, "b": "other"} {
				l.mark(title, ids, group)
				if _, err := m.SaveSnapshot(t.Context(), "", control.NewSnapshot{Name: name}); err != nil {
					t.Fatal(err)
				}
			}
			var clients sync.WaitGroup
			over := make(chan struct{})
			for i := range 16 {
				clients.Go(func() {
					rng := rand.New(rand.NewPCG(1, uint64(i)))
					for {
						select {
						case <-over:
							return
						default:
						}
						if i%2 == 0 {
							l.look(rng, ids, group)
						} else {
							l.write(rng)
						}
					}
				})
			}
			began := time.Now()
			const rounds = 8
			var managers sync.WaitGroup
			for _, do := range []func() error{
				func() error { _, err := m.Reset(t.Context(), ""); return err },
				func() error { _, err := m.RestoreSnapshot(t.Context(), "", "other"); return err },
				func() error {
					_, err := m.SaveSnapshot(t.Context(), "", control.NewSnapshot{Name: "meanwhile", Replace: true})
					return err
				},
			} {
				managers.Go(func() {
					for range rounds {
						if err := do(); err != nil {
							t.Error(err)
						}
					}
				})
			}
			managers.Wait()
			took := time.Since(began)
			close(over)
			clients.Wait()
			t.Logf("%d restores, resets and saves in %v, beside %d requests", 3*rounds, took, l.served.Load())
			found, err := m.Check(t.Context(), "")
			if err != nil || len(found.Findings) > 0 {
				t.Errorf("afterwards: %+v, %v", found, err)
			}
		})
	}
}
