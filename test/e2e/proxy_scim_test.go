package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// behindProxy starts a server and a proxy before it, as deploy/README.md says,
// and gives the server as it is reached through the proxy, below the prefix.
func (p place) behindProxy(t *testing.T, kind proxyKind, flags ...string) (*server, *proxy) {
	t.Helper()
	inner := p.start(t, slices.Concat([]string{"--trusted-proxies", "127.0.0.1", "--base-path", prefix}, flags)...)
	return inner.behind(t, kind)
}

// behind starts a proxy before the server.
func (s *server) behind(t *testing.T, kind proxyKind, changes ...string) (*server, *proxy) {
	t.Helper()
	at, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	outer := kind.start(t, at.Host, changes...)
	_, port, _ := net.SplitHostPort(outer.addr)
	return &server{base: "https://localhost:" + port + prefix + "/scim/v2", token: s.token, client: outer.client}, outer
}

// everything that holds directly holds through a proxy below a prefix.
func TestTheScenariosPassBehindProxies(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		for _, profile := range []string{"cyberark", "rfc7644"} {
			t.Run(profile, func(t *testing.T) {
				t.Parallel()
				onEngines(t, func(t *testing.T, p place) {
					s, _ := p.behindProxy(t, kind, "--profile", profile)
					play(t, s)
				})
			})
		}
	})
}

// so does a proxy that takes the prefix off and says which, and a public
// URL.
func TestTheScenariosPassBehindProxiesThatTakeThePrefixOff(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		s := place{"sqlite", []string{"--ephemeral", "--data-dir", t.TempDir()}}.start(t, "--trusted-proxies", "127.0.0.0/8")
		outer, _ := s.behind(t, kind, kind.stripping...)
		play(t, outer)
		location := outer.do(t, "POST", "/Users", user("ada@contoso.example", nil), 201).header.Get("Location")
		if !strings.HasPrefix(location, strings.TrimSuffix(outer.base, "/scim/v2")+"/Scim/v2/Users/") {
			t.Errorf("Location %s behind %s", location, outer.base)
		}
	})
}

func TestAPublicURLIsTheBaseOfAllLinksBehindProxies(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		p := place{"sqlite", []string{"--ephemeral", "--data-dir", t.TempDir()}}
		s, _ := p.behindProxy(t, kind, "--public-url", "https://id.contoso.example/people")
		a := s.do(t, "POST", "/Users", user("ada@contoso.example", nil), 201)
		want := "https://id.contoso.example/people/Scim/v2/Users/" + a.body["id"].(string)
		if got := a.header.Get("Location"); got != want || a.body["meta"].(map[string]any)["location"] != want {
			t.Errorf("Location %s: %s", got, a)
		}
	})
}

// Q-133, R7643-3.1-09: links lead back through the proxy that was asked, and no
// client can make them lead elsewhere.
func TestLinksLeadThroughTheProxy(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		s, p := place{"sqlite", []string{"--ephemeral", "--data-dir", t.TempDir()}}.behindProxy(t, kind)
		a := s.do(t, "POST", "/Users", user("ada@contoso.example", nil), 201)
		id := a.body["id"].(string)
		root := strings.TrimSuffix(s.base, prefix+"/scim/v2")
		for asked, link := range map[string]string{
			root + prefix + "/scim/v2": root + prefix + "/Scim/v2", root + "/scim": root + "/Scim",
			"https://" + p.addr + prefix + "/SCIM/v2/": "https://" + p.addr + prefix + "/Scim/v2",
		} {
			via := &server{base: asked, client: s.client}
			got := via.do(t, "GET", "/Users/"+id, nil, 200)
			if meta := got.body["meta"].(map[string]any); meta["location"] != link+"/Users/"+id {
				t.Errorf("below %s: %s", asked, got)
			}
		}
		location := a.header.Get("Location")
		if location != root+prefix+"/Scim/v2/Users/"+id {
			t.Errorf("Location %s", location)
		}
		req, err := http.NewRequest("GET", location, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Authorization": "Bearer " + token, "Forwarded": "proto=http;host=evil.example", "X-Forwarded-Host": "evil.example",
			"X-Forwarded-Proto": "http", "X-Forwarded-Port": "99", "X-Forwarded-Prefix": "/evil",
		} {
			req.Header.Set(name, value)
		}
		if status, text := s.send(t, req); status != 200 || !strings.Contains(text, `"location":"`+location+`"`) {
			t.Errorf("%d %s", status, text)
		}
	})
}

// send sends a request as it is.
func (s *server) send(t *testing.T, req *http.Request) (status int, text string) {
	t.Helper()
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// R7644-3.2-09, R7644-3.2-10, Q-79: values and ids mean behind a proxy what
// they mean without one.
func TestEscapesKeepTheirMeaningBehindProxies(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		s, _ := place{"sqlite", []string{"--ephemeral", "--data-dir", t.TempDir()}}.behindProxy(t, kind, "--profile", "rfc7644")
		for _, name := range []string{"a+b", "a b", "a/b", "a%2Fb", "safe:user@corp.example", "ü ß 日本", "../../x", "a&b=c;d#e", `say "hi"`, "a?b"} {
			s.do(t, "POST", "/Users", user(name, nil), 201)
			literal, err := json.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			form := url.QueryEscape("userName eq " + string(literal))
			for _, query := range []string{form, strings.ReplaceAll(form, "+", "%20")} {
				got := s.do(t, "GET", "/Users?filter="+query, nil, 200)
				if list, _ := got.body["Resources"].([]any); len(list) != 1 || list[0].(map[string]any)["userName"] != name {
					t.Errorf("%s: %s", query, got)
				}
			}
			// As an id it names nothing here, and stays one segment of the path.
			got := s.do(t, "GET", "/Users/"+url.PathEscape(name), nil, 404)
			if direct := s.do(t, "GET", "/Users/none", nil, 404); got.body["detail"] != strings.Replace(direct.body["detail"].(string), "none", name, 1) {
				t.Errorf("the id %s: %s", name, got)
			}
		}
		s.do(t, "GET", "/Schemas/urn%3Aietf%3Aparams%3Ascim%3Aschemas%3Acore%3A2.0%3AUser", nil, 200)
		s.do(t, "GET", "//Users/?aadOptscim062020", nil, 200)
	})
}

// R7644-3.12-01: what the proxy refuses reads like what scimd refuses, and what
// scimd refuses arrives as it was.
func TestRefusalsAreUnderstoodBehindProxies(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		s, p := place{"sqlite", []string{"--ephemeral", "--data-dir", t.TempDir()}}.behindProxy(t, kind)
		check := func(what string, want int, status int, header http.Header, body []byte) {
			var e struct {
				Schemas        []string
				Status, Detail string
			}
			if err := json.Unmarshal(body, &e); err != nil || status != want || e.Status != strconv.Itoa(want) || e.Detail == "" ||
				!slices.Equal(e.Schemas, []string{"urn:ietf:params:scim:api:messages:2.0:Error"}) || header.Get("Content-Type") != "application/scim+json" {
				t.Errorf("%s: %d %v %.500s", what, status, header, body)
			}
		}
		ask := func(what, method, path string, body io.Reader, bearer string, want int) http.Header {
			req, err := http.NewRequest(method, s.base+path, body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+bearer)
			req.Header.Set("Content-Type", "application/scim+json")
			res, err := s.client.Do(req)
			if err != nil {
				t.Errorf("%s: %v", what, err)
				return nil
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			check(what, want, res.StatusCode, res.Header, text)
			return res.Header
		}
		tooBig := bytes.Repeat([]byte(" "), 10<<20+1)
		ask("a body over the limit", "POST", "/Users", bytes.NewReader(tooBig), token, 413)
		ask("a chunked body over the limit", "POST", "/Users", io.MultiReader(bytes.NewReader(tooBig)), token, 413)
		if h := ask("a wrong token", "GET", "/Users", nil, "wrong", 401); !strings.HasPrefix(h.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("the challenge is lost: %v", h)
		}
		ask("nothing there", "GET", "/Users/none", nil, token, 404)
		if h := ask("a wrong method", "PUT", "/Users", nil, token, 405); h.Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("Allow is lost: %v", h)
		}
		ask("a long URL", "GET", "/Users?x="+strings.Repeat("x", 30<<10), nil, token, 414)
		ask("broken JSON", "POST", "/Users", strings.NewReader("{"), token, 400)

		down := kind.start(t, freeAddr(t))
		s.base, s.client = "https://"+down.addr+prefix+"/scim/v2", down.client
		ask("no server", "GET", "/Users", nil, token, 502)
		res, body := p.raw(t, "GET /scim/v2/Users HTTP/1.1\r\nHost: HOST\r\nX-Long: "+strings.Repeat("x", 70<<10)+"\r\nConnection: close\r\n\r\n")
		if res.StatusCode < 400 || res.StatusCode > 499 {
			t.Errorf("a header over the limit: %d %.300s", res.StatusCode, body)
		}
	})
}

func TestALongListArrivesWholeBehindProxies(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		onEngines(t, func(t *testing.T, p place) {
			s, _ := p.behindProxy(t, kind)
			const users = 800
			var all sync.WaitGroup
			for part := range 8 {
				all.Go(func() {
					for i := part; i < users; i += 8 {
						u := user(fmt.Sprintf("u%d@contoso.example", i), map[string]any{"displayName": strings.Repeat("long ü ", 500)})
						if a, err := s.try("POST", "/Users", u); err != nil || a.status != 201 {
							t.Errorf("%v %s", err, a)
							return
						}
					}
				})
			}
			all.Wait()
			got := s.do(t, "GET", "/Users", nil, 200)
			list, _ := got.body["Resources"].([]any)
			seen := map[any]bool{}
			for _, u := range list {
				seen[u.(map[string]any)["userName"]] = true
			}
			if got.header.Get("Content-Length") != "" || len(got.text) < 2<<20 || len(list) != users || len(seen) != users {
				t.Errorf("%d users, %d different, in %d bytes: %v", len(list), len(seen), len(got.text), got.header)
			}
		})
	})
}
