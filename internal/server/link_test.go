package server_test

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/server"
)

// fixedID makes every new resource get one id.
func fixedID(id string) func(*schema.ResourceType) string {
	return func(*schema.ResourceType) string { return id }
}

func itoa(n int) string { return strconv.Itoa(n) }

// letters are n different names.
func letters(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "a" + strconv.Itoa(i)
	}
	return out
}

// chunked sends a body without telling its length and gives the status. It may
// be called from several goroutines.
func (c *client) chunked(method, path string, body io.Reader) int {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.base+path, struct{ io.Reader }{body})
	if err != nil {
		c.Error(err)
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	res, err := c.http.Do(r)
	if err != nil {
		c.Error(err)
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// behind is a server that trusts proxies on this machine.
func (c *client) behind() *client {
	return c.serve(func(cfg *server.Config) {
		cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	})
}

// linkRows are about the addresses that answers hold.
var linkRows = []row{
	{holds: "R7643-3.1-09 tenant-3 links mirror the base that was asked", show: func(c *client) {
		id := c.user(ada)
		for base, want := range map[string]string{
			"/scim/v2": "/Scim/v2", "/scim": "/Scim", "/SCIM/V2": "/Scim/v2", "/Scim": "/Scim",
		} {
			link := c.site.url + want
			c.root("GET", base+"/Users/"+id, "").is(200).has("meta/location", link+"/Users/"+id)
			c.root("GET", base+"/users?count=1", "").is(200).has("Resources/0/meta/location", link+"/Users/"+id)
			c.root("GET", base+"/ServiceProviderConfig", "").is(200).has("meta/location", link+"/ServiceProviderConfig")
			c.root("GET", base+"/ResourceTypes/user", "").is(200).has("meta/location", link+"/ResourceTypes/User")
			a := c.root("POST", base+"/Users", userBody(`"userName":"`+c.site.tenant.NewID(nil)+`"`)).is(201)
			if got := a.header.Get("Location"); got != link+"/Users/"+a.text("id") {
				c.Errorf("Location %s below %s", got, base)
			}
		}
	}},
	{holds: "R7643-3.1-09 links name the host of the request", show: func(c *client) {
		id := c.user(ada)
		c.do("GET", "/Users/"+id, "", "Host: tenant.example:8443").is(200).has("meta/location", "http://tenant.example:8443/Scim/v2/Users/"+id)
	}},
	{holds: "Q-133 R7643-3.1-09 a public URL stands for scheme, host and prefix", show: func(c *client) {
		c = c.behind().serve(func(cfg *server.Config) {
			cfg.PublicURL = &url.URL{Scheme: "https", Host: "id.example", Path: "/prefix/"}
		})
		a := c.do("POST", "/Users", userBody(ada), "Host: inner", "X-Forwarded-Host: evil.example").is(201)
		want := "https://id.example/prefix/Scim/v2/Users/" + a.text("id")
		a.has("meta/location", want)
		if got := a.header.Get("Location"); got != want {
			c.Errorf("Location %s", got)
		}
		c.root("GET", "/nothing", "").refused(404, "").mentions("https://id.example/prefix/scim/v2")
	}},
	{holds: "R7643-3.1-09 a trusted proxy tells scheme, host, port and prefix, its own hop last", show: func(c *client) {
		c = c.behind()
		id := c.user(ada)
		for _, x := range []struct {
			headers []string
			want    string
		}{
			{[]string{"X-Forwarded-Proto: https", "X-Forwarded-Host: id.example"}, "https://id.example"},
			{[]string{"X-Forwarded-Proto: http, https", "X-Forwarded-Host: evil.example, id.example"}, "https://id.example"},
			{[]string{"X-Forwarded-Host: evil.example", "X-Forwarded-Host: id.example"}, "http://id.example"},
			{[]string{"X-Forwarded-Proto: https", "X-Forwarded-Host: id.example", "X-Forwarded-Port: 8443"}, "https://id.example:8443"},
			{[]string{"X-Forwarded-Proto: https", "X-Forwarded-Host: id.example", "X-Forwarded-Port: 443"}, "https://id.example"},
			{[]string{"X-Forwarded-Proto: https", "X-Forwarded-Host: id.example", "X-Forwarded-Prefix: /t1/"}, "https://id.example/t1"},
			{[]string{`Forwarded: for=1.2.3.4;host=evil.example, for=10.0.0.1;proto=https;host="id.example:444"`}, "https://id.example:444"},
			{[]string{"Forwarded: proto=https;host=id.example", "X-Forwarded-Host: other.example"}, "https://id.example"},
			{[]string{"X-Forwarded-Proto: https", `X-Forwarded-Host: a"b/<x>`}, "https://inner"},
			{[]string{"X-Forwarded-Proto: javascript", "X-Forwarded-Host: id.example"}, "http://id.example"},
		} {
			c.do("GET", "/Users/"+id, "", append(x.headers, "Host: inner")...).is(200).has("meta/location", x.want+"/Scim/v2/Users/"+id)
		}
	}},
	{holds: "R7643-3.1-09 nobody else can tell where the server is", show: func(c *client) {
		id := c.user(ada)
		want := c.site.url + "/Scim/v2/Users/" + id
		forged := []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "X-Forwarded-Prefix: /x", "Forwarded: proto=https;host=evil.example"}
		c.do("GET", "/Users/"+id, "", forged...).is(200).has("meta/location", want)
		other := c.serve(func(cfg *server.Config) { cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
		other.do("GET", "/Users/"+id, "", forged...).is(200).has("meta/location", other.site.url+"/Scim/v2/Users/"+id)
	}},
	{holds: "Q-133 R7643-3.1-09 the base path is served beside the plain paths, and links mirror the one asked", show: func(c *client) {
		c = c.behind().serve(func(cfg *server.Config) { cfg.BasePath = "/idm/scimd" })
		id := c.user(ada)
		for base, want := range map[string]string{
			"/idm/scimd/scim/v2": "/idm/scimd/Scim/v2", "/idm/scimd/SCIM": "/idm/scimd/Scim", "/scim/v2": "/Scim/v2",
			"/idm/scimd//scim/v2/": "/idm/scimd/Scim/v2",
		} {
			link := c.site.url + want
			c.root("GET", base+"/Users/"+id, "").is(200).has("meta/location", link+"/Users/"+id)
			c.root("GET", base+"/ServiceProviderConfig", "").is(200).has("meta/location", link+"/ServiceProviderConfig")
			if got := c.root("POST", base+"/Groups", groupBody(c.site.tenant.NewID(nil))).is(201); got.header.Get("Location") != link+"/Groups/"+got.text("id") {
				c.Errorf("Location %s below %s", got.header.Get("Location"), base)
			}
			c.root("GET", base+"/Users/a%2Fb%20c", "").refused(404, "")
		}
		c.root("GET", "/idm/scimd/healthz", "").is(200)
		c.root("GET", "/healthz", "").is(200)
		c.root("GET", "/idm/scimd/Users", "").refused(404, "").mentions(c.site.url + "/idm/scimd/scim/v2")
		for _, path := range []string{"/idm/scimdx/scim/v2/Users", "/IDM/scimd/scim/v2/Users", "/idm/scim/v2/Users", "/x/idm/scimd/scim/v2/Users", "/idm/scimd/idm/scimd/scim/v2/Users"} {
			c.root("GET", path, "").refused(404, "")
		}
	}},
	{holds: "Q-133 R7643-3.1-09 a prefix that a proxy took off stands before the base path, a public URL for both", show: func(c *client) {
		c = c.behind().serve(func(cfg *server.Config) { cfg.BasePath = "/in" })
		id := c.user(ada)
		proxy := []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: id.example", "X-Forwarded-Prefix: /out"}
		c.root("GET", "/in/scim/v2/Users/"+id, "", proxy...).is(200).has("meta/location", "https://id.example/out/in/Scim/v2/Users/"+id)
		c.root("GET", "/scim/v2/Users/"+id, "", proxy...).is(200).has("meta/location", "https://id.example/out/Scim/v2/Users/"+id)
		c = c.serve(func(cfg *server.Config) { cfg.PublicURL = &url.URL{Scheme: "https", Host: "pub.example", Path: "/p"} })
		for _, path := range []string{"/in/scim/v2/Users/", "/scim/v2/Users/"} {
			c.root("GET", path+id, "", proxy...).is(200).has("meta/location", "https://pub.example/p/Scim/v2/Users/"+id)
		}
	}},
	{holds: "X-Request-Id is new with every answer and not the client's own", show: func(c *client) {
		seen := map[string]bool{}
		for range 20 {
			id := c.do("GET", "/Users", "", "X-Request-Id: mine").is(200).header.Get("X-Request-Id")
			if len(id) < 16 || id == "mine" || seen[id] {
				c.Fatalf("request id %q", id)
			}
			seen[id] = true
		}
	}},
	{holds: "healthz and readyz answer without a token and tell nothing", show: func(c *client) {
		c.token = ""
		c.root("GET", "/healthz", "").is(200).has("status", "ok")
		c.root("GET", "/readyz", "").is(200).has("status", "ready")
		down := c.serve(func(cfg *server.Config) { cfg.Ready = func(context.Context) error { return context.DeadlineExceeded } })
		r, err := down.http.Get(down.site.url + "/readyz")
		if err != nil {
			c.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if r.StatusCode != 503 || err != nil || string(body) != `{"status":"unavailable"}` {
			c.Errorf("%d %s %v", r.StatusCode, body, err)
		}
	}},
}
