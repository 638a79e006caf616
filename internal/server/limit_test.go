package server_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// limited gives the tenant limits of requests, on a clock that stands still until
// it is moved.
func (c *client) limited(rate, tokenRate int) (clock *time.Time) {
	now := time.Now()
	t := c.site.tenant
	t.Rate, t.TokenRate, t.Usage, t.Now = rate, tokenRate, scim.NewUsage(), func() time.Time { return now }
	return &now
}

// throttled shows a request beyond a limit, whose Retry-After is as given.
func (c *client) throttled(wait string) {
	c.Helper()
	clock := c.limited(2, 0)
	for range 2 {
		c.do("GET", "/Users", "").is(200)
	}
	got := c.do("POST", "/Users", userBody(ada)).refused(429, "").mentions("2 requests a second")
	if have := got.header.Get("Retry-After"); have != wait {
		c.Errorf("Retry-After %q, want %q", have, wait)
	}
	*clock = clock.Add(time.Second)
	c.do("GET", "/Users", "").is(200).has("totalResults", 0)
}

// guessing is a server that counts unknown tokens, on a clock of its own, behind
// a proxy on this machine.
func (c *client) guessing(perMinute int) (*client, *time.Time) {
	now := time.Now()
	guarded := c.serve(func(cfg *server.Config) {
		counting, issuer := signIn(c.site.store, cfg.Service, nil, func() time.Time { return now })
		counting.CountGuesses(perMinute)
		cfg.Auth, cfg.Issuer = counting, issuer
		cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	})
	guarded.token = c.withRights("all").token
	return guarded, &now
}

// limitRows are about how often somebody may come.
var limitRows = []row{
	{holds: "R7644-3.12-09 more requests than a tenant or a token may make are 429 before anything else is told", show: func(c *client) {
		other, neighbour := c.withRights("users:read"), c.neighbour()
		clock := c.limited(5, 3)
		for range 3 {
			other.do("GET", "/Groups", "").refused(403, "")
		}
		got := other.do("GET", "/Groups", "").refused(429, "").mentions("3 requests a second")
		if got.header.Get("Retry-After") != "1" {
			c.Errorf("%v", got.header)
		}
		for range 2 {
			c.do("GET", "/Users", "").is(200)
		}
		c.do("GET", "/ServiceProviderConfig", "").refused(429, "").mentions("5 requests a second")
		c.do("GET", "/Nothing", "").refused(429, "")
		c.withBearer("wrong").do("GET", "/Users", "").refused(401, "")
		neighbour.do("GET", "/Users", "").is(200)
		*clock = clock.Add(time.Second)
		c.do("GET", "/Users", "").is(200)
		other.do("GET", "/Groups", "").refused(403, "")
	}},
	{holds: "R7644-3.12-09 the access tokens of an application count as one", show: func(c *client) {
		a := c.application("app")
		first, second := c.ask("/oauth2/token/app", credentials(a)).with(), c.ask("/oauth2/token/app", credentials(a)).with()
		c.limited(0, 1)
		first.do("GET", "/Users", "").is(200)
		second.do("GET", "/Users", "").refused(429, "")
		c.do("GET", "/Users", "").is(200)
	}},
	{holds: "R6750-5-01 unknown tokens are slowed down by their source, and good ones never are", show: func(c *client) {
		ended := auth.Prefix + "ended"
		c, clock := c.guessing(3)
		from := func(token string, headers ...string) *answer {
			return c.withBearer(token).do("GET", "/Users", "", headers...)
		}
		for i := range 3 {
			from(fmt.Sprint("guess", i)).refused(401, "")
		}
		got := from("guess").refused(429, "").mentions("3 a minute")
		if got.header.Get("Retry-After") != "20" {
			c.Errorf("%v", got.header)
		}
		from(ended).refused(429, "")
		from(c.token).is(200)
		from("").refused(401, "")
		from("a b").refused(401, "") // no token
		// Behind a proxy the client counts, not what it says of itself.
		for i := range 4 {
			want := 401
			if i == 3 {
				want = 429
			}
			from("guess", fmt.Sprintf("X-Forwarded-For: 192.0.2.%d, 198.51.100.7, 10.1.1.1", i)).refused(want, "")
			from("guess", fmt.Sprintf(`Forwarded: for=1.1.1.1, for="[2001:db8::%d]:4711";proto=https`, i)).refused(want, "") // of one network
		}
		from("guess", "X-Forwarded-For: 198.51.100.8").refused(401, "")
		from(c.token, "X-Forwarded-For: 198.51.100.7").is(200)
		*clock = clock.Add(20 * time.Second)
		from("guess").refused(401, "")
		from("guess").refused(429, "")
	}},
	{holds: "tenant-apis-3.1 a principal has as many sessions as it may, the oldest end, at every server", set: keepPasswords, show: func(c *client) {
		c.ada()
		app, other, web := c.application("app"), c.application("other"), c.application("web", publicApp)
		c.site.tenant.MaxSessions = 2
		elsewhere := c.serve(issuerOn(c))
		use := func(token string, status ...int) {
			c.Helper()
			for i, server := range []*client{c, elsewhere} {
				server.withBearer(token).do("GET", "/Users", "").is(status[min(i, len(status)-1)])
			}
		}
		obtain := func(a store.Application) string { return c.ask("/oauth2/token/"+a.ID, credentials(a)).with().token }
		signIn := func() *oauthAnswer {
			return c.ask("/oauth2/token/web", redemption(web, "", "grant_type", "password", "username", "ada@corp.example", "password", adaPassword, "scope", "api"))
		}
		theirs := obtain(other)
		first, second, third := obtain(app), obtain(app), obtain(app)
		use(first, 401)
		use(second, 200)
		use(third, 200)
		use(theirs, 200)
		one, two, three := signIn(), signIn(), signIn()
		use(one.AccessToken, 401)
		c.ask("/oauth2/token/web", refreshing(web, one.RefreshToken)).refused(400, "invalid_grant")
		use(two.AccessToken, 200)
		c.ask("/oauth2/token/web", refreshing(web, three.RefreshToken)).with().do("GET", "/Users", "").is(200) // no more sessions by it
		use(two.AccessToken, 200)
		c.site.tenant.MaxSessions = 0
		obtain(app)
		use(second, 200)
	}},
	{holds: "R6750-3.1-02 R7644-2-04 each family and verb has its right, and a refusal names it", show: func(c *client) {
		known := map[string]*client{}
		with := func(rights string) *client {
			if known[rights] == nil {
				known[rights] = c.withRights(rights)
			}
			return known[rights]
		}
		for _, rt := range c.site.tenant.Registry.Types {
			if rt.Family != "users" && rt.Family != "groups" && rt.Family != "vault" {
				continue // made up
			}
			for _, q := range []struct{ method, path, right string }{
				{"GET", "", "read"}, {"GET", "/x", "read"}, {"POST", "/.search", "read"},
				{"POST", "", "write"}, {"PUT", "/x", "write"}, {"PATCH", "/x", "write"}, {"DELETE", "/x", "write"},
			} {
				need := rt.Family + ":" + q.right
				others := slices.DeleteFunc(strings.Fields("users:read users:write groups:read groups:write vault:read vault:write"), func(r string) bool { return r == need })
				got := with(strings.Join(others, ",")).do(q.method, rt.Endpoint+q.path, `{}`).refused(403, "").mentions(need)
				if challenge := got.header.Get("WWW-Authenticate"); !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="`+need+`"`) {
					c.Errorf("%s %s: challenge %q", q.method, rt.Endpoint, challenge)
				}
				if got := with(strings.ToUpper(need)).do(q.method, rt.Endpoint+q.path, `{}`); got.status == 403 || got.status == 401 {
					c.Errorf("%s %s with %s: %d", q.method, rt.Endpoint, need, got.status)
				}
			}
		}
	}},
}
