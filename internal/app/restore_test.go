package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
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

// besieged is a server under requests while its tenant is saved and restored. Its
// marked resources have two states, a and b, and everything in them tells which:
// the titles of the users, the name of the group and whom it has.
type besieged struct {
	testing.TB
	base, token string
	served      atomic.Int64
	// begun and ended count what takes the tenant to other resources.
	begun, ended atomic.Int64

	ids   []string // of the marked users
	group string
}

// ask sends a request; no answer may be a fault of the server.
func (l *besieged) ask(method, path, body string) (status int, answer []byte) {
	l.Helper()
	return l.with(l.token, method, path, body)
}

func (l *besieged) with(token, method, path, body string) (status int, answer []byte) {
	l.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, l.base+path, strings.NewReader(body))
	if err != nil {
		l.Error(err)
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		l.Errorf("%s %s: %v", method, path, err)
		return 0, nil
	}
	defer func() { _ = res.Body.Close() }()
	answer, err = io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 500 {
		l.Errorf("%s %s: %d, %v: %.500s", method, path, res.StatusCode, err, answer)
	}
	l.served.Add(1)
	return res.StatusCode, answer
}

// create makes a resource and gives its id.
func (l *besieged) create(token, path, body string) string {
	l.Helper()
	var made struct{ ID string }
	status, answer := l.with(token, "POST", path, body)
	if err := json.Unmarshal(answer, &made); err != nil || status != 201 {
		l.Errorf("POST %s: %d %s", path, status, answer)
	}
	return made.ID
}

const (
	markers = 24
	// long makes a list of all markers longer than what is held back of an answer.
	long = 48 << 10

	patchOf = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"%s","value":"%s"}]}`
	userOf  = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%s","displayName":"%s"}`
)

// half are the markers that are in the group in a state.
func (l *besieged) half(state string) []string {
	if state == "b" {
		return l.ids[markers/2:]
	}
	return l.ids[:markers/2]
}

// mark brings the markers to a state.
func (l *besieged) mark(state string) {
	for _, id := range l.ids {
		if status, answer := l.ask("PATCH", "/Users/"+id, fmt.Sprintf(patchOf, "title", state)); status != 200 {
			l.Fatalf("mark: %d %s", status, answer)
		}
	}
	var members []string
	for _, id := range l.half(state) {
		members = append(members, `{"value":"`+id+`"}`)
	}
	body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"` + state + `","members":[` + strings.Join(members, ",") + `]}`
	if status, answer := l.ask("PUT", "/Groups/"+l.group, body); status != 200 {
		l.Fatalf("mark: %d %s", status, answer)
	}
}

// marked is what of a marker tells its state.
type marked struct {
	ID, Title string
	Groups    []struct{ Value, Display string }
}

// check tells what of a marker is not of the state that its title tells.
func (l *besieged) check(m *marked) {
	l.Helper()
	member := slices.Contains(l.half(m.Title), m.ID)
	if member && (len(m.Groups) != 1 || m.Groups[0].Display != m.Title) || !member && len(m.Groups) != 0 {
		l.Errorf("the user %s with the title %q is in the groups %+v", m.ID, m.Title, m.Groups)
	}
}

func decode[T any](l *besieged, answer []byte) (v T) {
	l.Helper()
	if err := json.Unmarshal(answer, &v); err != nil {
		l.Errorf("%v: %.500s", err, answer)
	}
	return v
}

// look reads markers in one request, or the group: whatever is restored meanwhile,
// they are of one state.
func (l *besieged) look(rng *rand.Rand, token string) {
	switch rng.IntN(8) {
	case 0, 1:
		_, answer := l.with(token, "GET", "/Groups/"+l.group, "")
		g := decode[struct {
			DisplayName string
			Members     []struct{ Value string }
		}](l, answer)
		var got []string
		for _, m := range g.Members {
			got = append(got, m.Value)
		}
		want := slices.Sorted(slices.Values(l.half(g.DisplayName)))
		if slices.Sort(got); !slices.Equal(got, want) {
			l.Errorf("the group %q has %d members, which are not those of the state", g.DisplayName, len(got))
		}
	case 2, 3:
		_, answer := l.with(token, "GET", "/Users/"+l.ids[rng.IntN(markers)], "")
		m := decode[marked](l, answer)
		l.check(&m)
	case 4: // read as a whole it is written in pieces
		l.list(token, markers, "")
	default:
		l.list(token, []int{markers, 7}[rng.IntN(2)], "&attributes=title,groups")
	}
}

// list reads the markers in one request and gives their state.
func (l *besieged) list(token string, count int, more string) (state string) {
	_, answer := l.with(token, "GET", fmt.Sprintf("/Users?filter=userName%%20sw%%20%%22marker-%%22&count=%d%s", count, more), "")
	list := decode[struct {
		TotalResults int
		Resources    []marked
	}](l, answer)
	titles := map[string]bool{}
	for _, m := range list.Resources {
		l.check(&m)
		titles[m.Title], state = true, m.Title
	}
	if list.TotalResults != markers || len(list.Resources) != count || len(titles) != 1 {
		l.Errorf("a page of %d has %d of %d resources, with the titles %v", count, len(list.Resources), list.TotalResults, titles)
	}
	return state
}

// write makes, changes and deletes a user of its own, which may be gone at any time,
// and changes a marker, which keeps its state.
func (l *besieged) write(rng *rand.Rand, token string) {
	ended, begun := l.ended.Load(), l.begun.Load()
	id := l.create(token, "/Users", fmt.Sprintf(userOf, fmt.Sprintf("w-%d", rng.Int64()), "x"))
	for _, c := range []struct{ method, body string }{
		{"GET", ""}, {"PATCH", fmt.Sprintf(patchOf, "displayName", "y")}, {"DELETE", ""},
	} {
		status, answer := l.with(token, c.method, "/Users/"+id, c.body)
		still := ended == begun && l.begun.Load() == begun // nothing was restored meanwhile
		if status/100 != 2 && (status != 404 || still) {
			l.Errorf("%s: %d %s", c.method, status, answer)
		}
	}
	status, answer := l.with(token, "PATCH", "/Users/"+l.ids[rng.IntN(markers)], fmt.Sprintf(patchOf, "nickName", fmt.Sprint(rng.Int64())))
	if status != 200 {
		l.Errorf("PATCH: %d %s", status, answer)
		return
	}
	m := decode[marked](l, answer)
	l.check(&m)
}

// accessToken gets a token of an application.
func (l *besieged) accessToken(a *control.Application) string {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {a.ClientSecret}}
	res, err := http.PostForm(a.TokenURL, form)
	if err != nil {
		l.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.AccessToken == "" {
		l.Fatalf("a token: %d, %v", res.StatusCode, err)
	}
	return got.AccessToken
}

// turn takes the tenant to other resources, and shows that whoever asks afterwards
// finds them.
func (l *besieged) turn(do func() (*control.Restored, error), want ...string) {
	l.begun.Add(1)
	_, err := do()
	l.ended.Add(1)
	if err != nil {
		l.Error(err)
	}
	if state := l.list(l.token, markers, "&attributes=title,groups"); !slices.Contains(want, state) {
		l.Errorf("after a restore the state is %q, want one of %v", state, want)
	}
}

// Sixteen clients read and write while the tenant is saved, restored and reset, and
// applications come and go: no request fails, none sees parts of two states, what
// was written is there until the next restore, and nothing is wrong afterwards.
func TestRestoresUnderLoad(t *testing.T) {
	for engine, configure := range map[string]func(*app.Config){
		"sqlite": func(*app.Config) {}, "postgres": func(c *app.Config) { c.DatabaseURL = pgtest.URL(t) },
	} {
		for _, profile := range []string{"cyberark", "rfc7644"} {
			t.Run(engine+", "+profile, func(t *testing.T) {
				t.Parallel()
				cfg := config(t)
				cfg.Token, cfg.Profile = "load", profile
				configure(&cfg)
				besiege(t, cfg)
			})
		}
	}
}

func besiege(t *testing.T, cfg app.Config) {
	s, _ := start(t, cfg)
	l := &besieged{TB: t, base: s.BaseURL(), token: cfg.Token}
	m, closeIt, err := app.Manage(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closeIt() }()
	l.group = l.create(l.token, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}`)
	for i := range markers {
		l.ids = append(l.ids, l.create(l.token, "/Users", fmt.Sprintf(userOf, fmt.Sprintf("marker-%d", i), strings.Repeat("x", long))))
	}
	for state, name := range map[string]string{"a": control.SeedSnapshot, "b": "other"} {
		l.mark(state)
		if _, err := m.SaveSnapshot(t.Context(), "", control.NewSnapshot{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	// What came to be after the snapshots works in all states.
	later, err := m.CreateToken(t.Context(), control.NewToken{Name: "later", Rights: "all"})
	if err != nil {
		t.Fatal(err)
	}
	made, err := m.CreateApplication(t.Context(), control.NewApplication{AppID: "later", Rights: "all"})
	if err != nil {
		t.Fatal(err)
	}
	tokens := []string{l.token, later.Text, l.accessToken(made)}
	var clients, managers sync.WaitGroup
	over := make(chan struct{})
	for i := range 16 {
		clients.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for range 12 {
				if token := tokens[i%len(tokens)]; i%2 == 0 {
					l.look(rng, token)
				} else {
					l.write(rng, token)
				}
			}
		})
	}
	// meanwhile does something once and until the clients are done.
	meanwhile := func(do func()) {
		managers.Go(func() {
			for {
				do()
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	meanwhile(func() {
		l.turn(func() (*control.Restored, error) { return m.Reset(t.Context(), "") }, "a")
		l.turn(func() (*control.Restored, error) { return m.RestoreSnapshot(t.Context(), "", "other") }, "b")
		if _, err := m.SaveSnapshot(t.Context(), "", control.NewSnapshot{Name: "third", Replace: true}); err != nil {
			t.Error(err)
		}
		l.turn(func() (*control.Restored, error) { return m.RestoreSnapshot(t.Context(), "", "third") }, "b")
	})
	meanwhile(func() {
		if _, err := m.SaveSnapshot(t.Context(), "", control.NewSnapshot{Name: "meanwhile", Replace: true}); err != nil {
			t.Error(err)
		}
	})
	meanwhile(func() {
		if a, err := m.CreateApplication(t.Context(), control.NewApplication{AppID: "brief", Rights: "all"}); err != nil || !a.Active {
			t.Errorf("an application made meanwhile: %+v, %v", a, err)
		}
		if err := m.DeleteApplication(t.Context(), "", "brief"); err != nil {
			t.Error(err)
		}
	})
	began := time.Now()
	clients.Wait()
	close(over)
	managers.Wait()
	t.Logf("%d restores and resets in %v, beside %d requests", l.ended.Load(), time.Since(began), l.served.Load())
	l.turn(func() (*control.Restored, error) { return m.RestoreSnapshot(t.Context(), "", "meanwhile") }, "a", "b")
	found, err := m.Check(t.Context(), "")
	if err != nil || len(found.Findings) > 0 {
		t.Errorf("afterwards: %+v, %v", found, err)
	}
}
