package server_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// rules are those that a fault means, written as JSON.
func (c *client) rules(text string) []fault.Rule {
	c.Helper()
	var spec fault.Spec
	if err := fault.Decode([]byte(text), &spec); err != nil {
		c.Fatalf("%s: %v", text, err)
	}
	rules, err := spec.Rules()
	if err != nil {
		c.Fatalf("%s: %v", text, err)
	}
	return rules
}

// faulty is a server whose tenant has faults, written as JSON.
func (c *client) faulty(rules ...string) (*client, *fault.Rules) {
	c.Helper()
	var types []string
	for _, rt := range c.site.tenant.Registry.Types {
		types = append(types, rt.Name)
	}
	tenants := fault.NewTenants(types, server.ClientFamilies())
	set := tenants.Of(c.site.tenant.ID)
	for _, text := range rules {
		if _, err := set.Add(false, c.rules(text)...); err != nil {
			c.Fatalf("%s: %v", text, err)
		}
	}
	return c.serve(func(cfg *server.Config) {
		cfg.Faults, cfg.FaultHeader = tenants, true
		cfg.Snapshot = func(ctx context.Context, tenant int64, name string) (int64, error) {
			list, err := c.site.store.Snapshots(ctx, tenant)
			for _, s := range list {
				if s.Name == name {
					return s.Space, nil
				}
			}
			return 0, cmp.Or(err, store.ErrNotFound)
		}
	}), set
}

// plain sends a request and gives what a Go client sees of the answer.
func (c *client) plain(method, path, body string, headers ...string) (res *http.Response, text string, err error) {
	c.Helper()
	target := c.base + path
	if strings.HasPrefix(path, "/oauth2") {
		target = c.site.url + path
	}
	req, err := http.NewRequestWithContext(c.Context(), method, target, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/scim+json")
	req.Header.Set("Authorization", "Bearer "+c.token)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if req.Header.Set(name, value); value == "" {
			req.Header.Del(name)
		}
	}
	res, err = (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	return res, string(data), err
}

const aUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}`

// acts are what rules do to the creation of a user: what the client sees, and
// whether the user is there then.
var acts = []struct {
	act    string
	status int    // 0: no answer
	holds  string // of the body
	header string // name: value
	broken func(error) bool
	made   bool
}{
	{act: `{"status":503}`, status: 503, holds: `"status":"503","detail":"Service Unavailable"`},
	{act: `{"status":409,"scimType":"uniqueness","detail":"So."}`, status: 409, holds: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"So."}`},
	{act: `{"status":502,"contentType":"text/html","body":"<h1>Bad Gateway</h1>"}`, status: 502, holds: "<h1>Bad Gateway</h1>", header: "Content-Type: text/html"},
	{act: `{"status":200,"body":"<html>sign in</html>"}`, status: 200, holds: "sign in", header: "Content-Type: text/html"},
	{act: `{"status":429,"retryAfter":7}`, status: 429, header: "Retry-After: 7"},
	{act: `{"status":503,"retryAfter":0}`, status: 503, header: "Retry-After: 0"},
	{act: `{"status":503,"headers":{"Retry-After":"Wed, 21 Oct 2026 07:28:00 GMT"}}`, status: 503, header: "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"},
	{act: `{"refuse":"throttled","headers":{"Retry-After":"Wed, 21 Oct 2026 07:28:00 GMT"}}`, status: 429, header: "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"},
	{act: `{"status":302,"body":"moved","headers":{"Location":"/elsewhere"}}`, status: 404, holds: "status"}, // the client follows, and finds nothing
	{act: `{"status":204}`, status: 204},
	{act: `{"status":504,"afterWork":true}`, status: 504, made: true},
	{act: `{"refuse":"expiredToken"}`, status: 401, holds: "expired", header: `Www-Authenticate: Bearer realm="scim", error="invalid_token", error_description="The access token has expired."`},
	{act: `{"refuse":"throttled"}`, status: 429, holds: "too many requests"},
	{act: `{"refuse":"throttled","retryAfter":9,"afterWork":true}`, status: 429, header: "Retry-After: 9", made: true},
	{act: `{"cut":"before"}`, broken: ended},
	{act: `{"cut":"after"}`, broken: ended, made: true},
	{act: `{"cut":"after","reset":true}`, broken: reset, made: true},
	{act: `{"cut":"before","reset":true}`, broken: reset},
	{act: `{"cut":"body"}`, status: 201, holds: `{`, broken: unexpected, made: true},
	{act: `{"truncate":10}`, status: 201, holds: `{"userName`, header: "Content-Length: 10", made: true},
	{act: `{"truncate":0}`, status: 201, header: "Content-Length: 0", made: true},
	{act: `{"truncate":100000}`, status: 201, holds: `"ada"`, made: true},
	{act: `{"truncate":10,"keepLength":true}`, status: 201, holds: `{"userName`, broken: unexpected, made: true},
	{act: `{"truncate":3,"status":500}`, status: 500, holds: `{"s`, header: "Content-Length: 3"},
	{act: `{"malformed":true}`, status: 201, holds: `}"userName":"ada"`, made: true},
	{act: `{"drip":100000}`, status: 201, holds: `{"userName":"ada"`, made: true},
	{act: `{"drip":100000,"malformed":true,"truncate":5}`, status: 201, holds: `}"use`, made: true},
	{act: `{"delay":{"fixed":"1ms"},"delayAfter":{"max":"2ms"}}`, status: 201, holds: `{"userName":"ada"`, made: true},
	{act: `{"delay":{"mean":"1ms","max":"3ms"},"status":500,"delayAfter":{"percentiles":{"50":"1ms"}}}`, status: 500},
}

func ended(err error) bool      { return errors.Is(err, io.EOF) || reset(err) }
func unexpected(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }
func reset(err error) bool      { return errors.Is(err, syscall.ECONNRESET) }

var faultRows = []row{
	{holds: "a client sees of each fault what its rule says, and what was to happen has happened", show: func(c *client) {
		for i, x := range acts {
			name := fmt.Sprintf("ada%d", i)
			broken, set := c.faulty(`{"match":{"operations":["create"]},"act":` + x.act + `}`)
			res, text, err := broken.plain("POST", "/Users", strings.Replace(aUser, `"ada"`, `"`+name+`"`, 1))
			text = strings.ReplaceAll(text, name, "ada")
			status := 0
			if res != nil {
				status = res.StatusCode
			}
			if status != x.status || !strings.Contains(text, x.holds) || (err != nil) != (x.broken != nil) || err != nil && !x.broken(err) {
				c.Errorf("%s: status %d, error %v, body %s", x.act, status, err, text)
			}
			if want, value, _ := strings.Cut(x.header, ": "); want != "" && (res == nil || res.Header.Get(want) != value) {
				c.Errorf("%s: the header %s is not %s: %+v", x.act, want, value, res)
			}
			if list := set.List(); list[0].Hits != 1 || list[0].Seen != 1 {
				c.Errorf("%s: counted %+v", x.act, list)
			}
			set.Clear()
			found, _ := c.query("/Users", "filter", `userName eq "`+name+`"`).is(200).at("totalResults")
			if got := fmt.Sprint(found) == "1"; got != x.made {
				c.Errorf("%s: the user is there: %t", x.act, got)
			}
		}
		log := c.site.log.String()
		if strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, `"level":"WARN"`) || strings.Count(log, `"fault":"fault-1"`) != len(acts) {
			c.Errorf("the log has errors, or not %d faults:\n%s", len(acts), log)
		}
	}},
	{holds: "a fault hits the requests that it is for, and no others", show: func(c *client) {
		id := c.user(`"userName":"ada"`)
		for _, x := range []struct {
			match, method, path, body, header string
			hit                               bool
		}{
			{match: `{}`, method: "GET", path: "/Users", hit: true},
			{match: `{}`, method: "GET", path: "/Nothing", hit: true},
			{match: `{"operations":["read"]}`, method: "GET", path: "/Users/" + id, hit: true},
			{match: `{"operations":["read","delete"]}`, method: "GET", path: "/Users"},
			{match: `{"operations":["list"]}`, method: "GET", path: "/Users", hit: true},
			{match: `{"operations":["search"]}`, method: "POST", path: "/Users/.search", body: `{}`, hit: true},
			{match: `{"operations":["create"]}`, method: "POST", path: "/Users", body: aUser, hit: true},
			{match: `{"operations":["replace"]}`, method: "PUT", path: "/Users/" + id, body: aUser, hit: true},
			{match: `{"operations":["patch"]}`, method: "PATCH", path: "/Users/" + id, body: `{}`, hit: true},
			{match: `{"operations":["delete"]}`, method: "DELETE", path: "/Users/" + id, hit: true},
			{match: `{"operations":["discovery"]}`, method: "GET", path: "/Schemas", hit: true},
			{match: `{"operations":["discovery"]}`, method: "GET", path: "/Users"},
			{match: `{"operations":["token"]}`, method: "POST", path: "/oauth2/token/app", hit: true},
			{match: `{"operations":["token"],"token":"app"}`, method: "POST", path: "/oauth2/token/app", hit: true},
			{match: `{"operations":["token"],"token":"other"}`, method: "POST", path: "/oauth2/token/app"},
			{match: `{"operations":["token"]}`, method: "POST", path: "/oauth2/introspect/app"},
			{match: `{"operations":["oauth"]}`, method: "POST", path: "/oauth2/introspect/app", hit: true},
			{match: `{"operations":["oauth"]}`, method: "GET", path: "/oauth2/keys", hit: true},
			{match: `{"operations":["oauth"]}`, method: "POST", path: "/oauth2/token/app"},
			{match: `{"operations":["oauth"],"token":"app"}`, method: "GET", path: "/oauth2/authorize/app", hit: true},
			{match: `{"types":["user"]}`, method: "GET", path: "/Users", hit: true},
			{match: `{"types":["Group","Container"]}`, method: "GET", path: "/Users"},
			{match: `{"id":"` + id + `"}`, method: "GET", path: "/Users/" + id, hit: true},
			{match: `{"id":"` + id + `"}`, method: "GET", path: "/Users/" + id + "0"},
			{match: `{"filter":"userName eq \"ada\""}`, method: "GET", path: "/Users?filter=" + url.QueryEscape(`userName eq "ada"`), hit: true},
			{match: `{"filter":"userName eq"}`, method: "GET", path: "/Users?filter=" + url.QueryEscape(`userName eq "ada"`)},
			{match: `{"filterContains":"userName eq"}`, method: "GET", path: "/Users?filter=" + url.QueryEscape(`userName eq "ada"`), hit: true},
			{match: `{"filterContains":"userName eq"}`, method: "POST", path: "/Users/.search", body: `{"filter":"userName eq \"ada\""}`, hit: true},
			{match: `{"filterContains":"userName eq"}`, method: "POST", path: "/Users/.search", body: `{"count":1}`},
			{match: `{"token":"all-rights"}`, method: "GET", path: "/Users", hit: true},
			{match: `{"token":"another"}`, method: "GET", path: "/Users"},
			{match: `{"client":"Okta"}`, method: "GET", path: "/Users", header: "User-Agent: Okta SCIM Client 1.0.0", hit: true},
			{match: `{"client":"okta"}`, method: "GET", path: "/Users"},
			{match: `{"headers":{"x-attempt":"2"}}`, method: "GET", path: "/Users", header: "X-Attempt: 2", hit: true},
			{match: `{"headers":{"x-attempt":"2"}}`, method: "GET", path: "/Users", header: "X-Attempt: 3"},
			{match: `{"headers":{"x-attempt":""}}`, method: "GET", path: "/Users", header: "X-Attempt: 3", hit: true},
			{match: `{"headers":{"x-attempt":""}}`, method: "GET", path: "/Users"},
		} {
			broken, set := c.faulty(`{"match":` + x.match + `,"act":{"status":418,"detail":"hit"}}`)
			if x.header == "" {
				x.header = "Accept: application/json"
			}
			res, text, err := broken.plain(x.method, x.path, x.body, x.header)
			if err != nil {
				c.Fatal(err)
			}
			if got := res.StatusCode == 418 && strings.Contains(text, "hit"); got != x.hit || set.List()[0].Hits == 1 != x.hit {
				c.Errorf("%s for %s %s (%s): hit %t, %d %s", x.match, x.method, x.path, x.header, got, res.StatusCode, text)
			}
		}
	}},
	{holds: "a request without a valid token, or without the right, learns of no fault", show: func(c *client) {
		broken, set := c.faulty(`{"act":{"status":500}}`)
		other := *broken
		other.token = "wrong"
		other.do("GET", "/Users", "").refused(401, "")
		reads := *broken.withRights("users:read")
		reads.do("POST", "/Users", aUser).refused(403, "")
		if set.List()[0].Seen != 0 {
			c.Errorf("counted %+v", set.List())
		}
	}},
	{holds: "the first rule that hits is the only one, and rules pass, recur and end as they say", show: func(c *client) {
		held := c.held(clock.Setting{Mode: clock.Fixed, Time: heldMoment})
		broken, set := c.faulty(
			`{"id":"third","skip":1,"every":3,"times":2,"act":{"status":503}}`,
			`{"id":"once","times":1,"act":{"status":500}}`,
			`{"id":"until","until":"2031-05-06T07:08:10Z","skip":5,"act":{"status":502}}`)
		var got []int
		for range 12 {
			res, _, err := broken.plain("GET", "/Users", "")
			if err != nil {
				c.Fatal(err)
			}
			got = append(got, res.StatusCode)
		}
		if want := []int{500, 200, 200, 503, 200, 200, 503, 200, 502, 502, 502, 502}; !slices.Equal(got, want) {
			c.Errorf("statuses %v, want %v; %+v", got, want, set.List())
		}
		if err := held.Advance(time.Second); err != nil {
			c.Fatal(err)
		}
		broken.do("GET", "/Users", "").is(200)
	}},
	{holds: "chance follows from the seed, whoever asks at the same time", show: func(c *client) {
		fate := func(seed int, at func(func(int))) string {
			broken, set := c.faulty(fmt.Sprintf(`{"probability":0.4,"seed":%d,"act":{"status":503}}`, seed))
			fates := make([]byte, 30)
			at(func(i int) {
				res, _, err := broken.plain("GET", "/Users?count=0", "")
				if err != nil {
					c.Error(err)
					return
				}
				fates[i] = "+-"[min(1, res.StatusCode/500)]
			})
			return fmt.Sprint(string(fates), set.List()[0].Hits)
		}
		after := func(ask func(int)) {
			for i := range 30 {
				ask(i)
			}
		}
		first := fate(7, after)
		if again, other := fate(7, after), fate(8, after); again != first || other == first {
			c.Errorf("with one seed %s, and %s; with another %s", first, again, other)
		}
		together := fate(7, func(ask func(int)) {
			var all sync.WaitGroup
			for i := range 30 {
				all.Go(func() { ask(i) })
			}
			all.Wait()
		})
		if together[30:] != first[30:] {
			c.Errorf("together %s are hit, one by one %s", together[30:], first[30:])
		}
	}},
	{holds: "a request brings its own fault where the option allows it, and a bad one is refused by name", show: func(c *client) {
		broken, _ := c.faulty()
		do := func(header string, c *client) *answer { return c.do("GET", "/Users", "", "X-Scimd-Fault: "+header) }
		do(`{"act":{"status":503,"detail":"brought"}}`, broken).refused(503, "").has("detail", "brought")
		do(`{"match":{"operations":["create"]},"act":{"status":503}}`, broken).is(200)
		do(`throttling`, broken).refused(429, "")
		do(`{"act":{"status":503,"wrong":1}}`, broken).refused(400, "invalidSyntax")
		do(`{"act":{"status":503,"Status":500}}`, broken).refused(400, "invalidSyntax")
		do(`{"match":{"types":["Nothing"]},"act":{"status":503}}`, broken).refused(400, "invalidValue")
		do(`nothing`, broken).refused(400, "invalidValue")
		for _, life := range []string{`"skip":1`, `"every":2`, `"times":1`} {
			do(`{"act":{"status":503},`+life+`}`, broken).refused(400, "invalidValue")
		}
		broken.do("GET", "/Users", "").is(200)
		c.do("GET", "/Users", "", "X-Scimd-Fault: throttling").is(200) // not allowed
	}},
	{holds: "a throttled tenant tells when to come again only where the profile does", show: func(c *client) {
		broken, _ := c.faulty(`{"ready":"throttling"}`)
		for range 3 {
			broken.do("GET", "/Users", "").is(200)
		}
		got := broken.do("GET", "/Users", "").refused(429, "").header.Get("Retry-After") != ""
		if want := c.site.tenant.Profile.RetryAfter; got != want {
			c.Errorf("Retry-After is there: %t", got)
		}
	}},
	{holds: "a fault of the token endpoint has the form of OAuth's errors, unless it says otherwise", show: func(c *client) {
		a := c.application("app")
		broken, set := c.faulty(`{"match":{"operations":["token"]},"times":1,"act":{"status":503,"detail":"later"}}`,
			`{"match":{"operations":["token"]},"times":1,"act":{"status":400,"contentType":"application/json","body":"{\"error\":\"invalid_grant\"}"}}`,
			`{"match":{"operations":["token"]},"times":1,"act":{"malformed":true}}`)
		broken.ask("/oauth2/token/app", credentials(a)).refused(503, "temporarily_unavailable")
		for _, want := range []string{`{"error":"invalid_grant"}`, `}"access_token"`} {
			_, text, err := broken.plain("POST", "/oauth2/token/app", credentials(a), "Content-Type: application/x-www-form-urlencoded", "Authorization: ")
			if err != nil || !strings.HasPrefix(text, want) {
				c.Errorf("%s, %v", text, err)
			}
		}
		broken.ask("/oauth2/token/app", credentials(a)).with()
		if set.List()[2].Hits != 1 {
			c.Errorf("counted %+v", set.List())
		}
	}},
	{holds: "the sign-in page fails as other endpoints do, and as a page", show: func(c *client) {
		a := c.application("app", webApp)
		broken, set := c.faulty(`{"match":{"operations":["oauth"]},"times":1,"act":{"status":503,"detail":"Come again.","retryAfter":4}}`,
			`{"match":{"operations":["oauth"]},"times":1,"act":{"status":502,"body":"<h1>gateway</h1>"}}`)
		b := broken.browser()
		v := b.open(request(a))
		if v.status != 503 || v.header.Get("Retry-After") != "4" || !strings.Contains(v.body, "Come again.") {
			c.Errorf("%d %v %s", v.status, v.header, v.body)
		}
		res, text, err := broken.plain("GET", request(a), "")
		if err != nil || res.StatusCode != 502 || text != "<h1>gateway</h1>" {
			c.Errorf("%s, %v", text, err)
		}
		if v := b.open(request(a)); v.status != 200 || v.action == "" {
			c.Errorf("%d %s", v.status, v.body)
		}
		if list := set.List(); list[0].Seen != 3 || list[0].Hits != 1 || list[1].Hits != 1 {
			c.Errorf("counted %+v", list)
		}
		if lines := strings.Count(c.site.log.String(), `"tenant":"`+c.site.tenant.Name+`"`); lines != 3 {
			c.Errorf("%d lines of the log name the tenant, of 3 requests:\n%s", lines, c.site.log.String())
		}
	}},
	{holds: "a date says when to come again, where a rule wants one", show: func(c *client) {
		broken, _ := c.faulty(`{"act":{"status":429,"retryAfter":100,"retryDate":true}}`)
		text := broken.do("GET", "/Users", "").refused(429, "").header.Get("Retry-After")
		at, err := http.ParseTime(text)
		if in := time.Until(at); err != nil || in < 60*time.Second || in > 101*time.Second {
			c.Errorf("Retry-After is %q, %v", text, err)
		}
	}},
	{holds: "waiting after the work ends when the client goes away, though nobody has read the body", show: func(c *client) {
		broken, set := c.faulty(`{"act":{"status":503,"delayAfter":{"fixed":"5m"}}}`)
		broken, j := broken.journalled(roomy)
		gone := &http.Client{Timeout: 50 * time.Millisecond}
		req, _ := http.NewRequestWithContext(c.Context(), "POST", broken.base+"/Users", strings.NewReader(aUser))
		req.Header.Set("Authorization", "Bearer "+broken.token)
		if _, err := gone.Do(req); err == nil {
			c.Error("it was answered")
		}
		page, err := j.Wait(c.Context(), journal.Query{}, 1, time.Minute)
		if err != nil || !page.Complete || !page.Entries[0].Cut || set.List()[0].Hits != 1 {
			c.Errorf("%+v, %v", page, err)
		}
	}},
	{holds: "waiting ends when the client goes away, or the server stops", show: func(c *client) {
		tenants := fault.NewTenants(nil, nil)
		if _, err := tenants.Of(c.site.tenant.ID).Add(false, c.rules(`{"act":{"delay":{"fixed":"5m"}}}`)...); err != nil {
			c.Fatal(err)
		}
		slow := c.serve(func(cfg *server.Config) { cfg.Faults = tenants })
		gone := &http.Client{Timeout: 50 * time.Millisecond}
		req, _ := http.NewRequestWithContext(c.Context(), "POST", slow.base+"/Users", strings.NewReader(aUser))
		req.Header.Set("Authorization", "Bearer "+slow.token)
		if _, err := gone.Do(req); err == nil {
			c.Error("it was answered")
		}
		time.AfterFunc(20*time.Millisecond, tenants.Stop)
		slow.do("GET", "/Users", "").is(200).has("totalResults", 0)
	}},
	{holds: "a stale read is answered from a snapshot, whose resources nobody changes", show: func(c *client) {
		id := c.user(`"userName":"ada","title":"old"`)
		if _, err := c.site.store.SaveSnapshot(c.Context(), c.site.tenant.ID, "then", false, time.Now().UTC()); err != nil {
			c.Fatal(err)
		}
		c.patch(id, `{"op":"replace","path":"title","value":"new"}`).is(200)
		c.user(`"userName":"bob"`)
		stale, set := c.faulty(`{"match":{"operations":["read","list","search"]},"act":{"stale":"then"}}`)
		stale.get(id).has("title", "old")
		stale.do("GET", "/Users", "").is(200).has("totalResults", 1)
		stale.query("/Users", "filter", `userName eq "bob"`).is(200).has("totalResults", 0)
		stale.patch(id, `{"op":"replace","path":"nickName","value":"n"}`).is(200).has("title", "new")
		stale.get(id).has("title", "old").lacks("nickName")
		set.Clear()
		stale.get(id).has("title", "new").has("nickName", "n")
		none, _ := c.faulty(`{"match":{"operations":["read"]},"act":{"stale":"never"}}`)
		none.do("GET", "/Users/"+id, "").refused(404, "")
	}},
	{holds: "the page of an answer that is streamed breaks as a short one does", on: cyberark, show: func(c *client) {
		for range 3 {
			c.user(fmt.Sprintf(`"userName":%q,"title":%q`, fmt.Sprint("u", time.Now().UnixNano()), strings.Repeat("x", 500_000)))
		}
		cutOff, _ := c.faulty(`{"act":{"cut":"body"}}`)
		if res, text, err := cutOff.plain("GET", "/Users", ""); res == nil || !unexpected(err) || len(text) == 0 || len(text) > 1<<20 {
			c.Errorf("%d bytes, %v", len(text), err)
		}
		short, _ := c.faulty(`{"act":{"truncate":2000000,"keepLength":true}}`)
		if _, text, err := short.plain("GET", "/Users", ""); err != nil && len(text) != 2000000 || len(text) < 1<<20 {
			c.Errorf("%d bytes, %v", len(text), err)
		}
		whole, _ := c.faulty(`{"act":{"truncate":1200000}}`)
		if _, text, err := whole.plain("GET", "/Users", ""); err != nil || len(text) != 1200000 {
			c.Errorf("%d bytes, %v", len(text), err)
		}
	}},
}
