package server_test

import (
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/server"
)

// beside is a client whose server has another tenant, a neighbour of its own
// engine and profile, that is reached by name and at the host blue.example.
func (c *client) beside() (both, other *client) {
	c.Helper()
	other = c.neighbour()
	both = c.serve(func(cfg *server.Config) {
		cfg.Tenants = homes{"": c.site.tenant, "blue.example": other.site.tenant}
	})
	other = other.serve(func(cfg *server.Config) { cfg.Tenants = homes{"": c.site.tenant, "blue.example": other.site.tenant} })
	other.base = other.site.url + "/tenants/" + other.site.tenant.Name + "/scim/v2"
	return both, other
}

// placeRows are about where tenants are found.
var placeRows = []row{
	{holds: "R7644-6-01 a tenant is found below its prefix, and links keep it", show: func(c *client) {
		both, other := c.beside()
		name := other.site.tenant.Name
		id := other.user(ada)
		for prefix, version := range map[string]string{
			"/tenants/" + name + "/scim/v2":                                "/v2",
			"/tenants/" + name + "/scim":                                   "",
			"/Tenants/" + strings.ToUpper(name) + "/SCIM/V2":               "/v2",
			"//tenants//" + name + "//scim":                                "",
			"/%74enants/" + strings.Replace(name, "t", "%74", 1) + "/scim": "",
		} {
			link := other.site.url + "/tenants/" + name + "/Scim" + version + "/Users/" + id
			other.root("GET", prefix+"/Users/"+id, "").is(200).has("meta/location", link)
			other.root("GET", prefix+"/Users", "").is(200).has("totalResults", 1).has("Resources/0/meta/location", link)
			other.root("GET", prefix+"/ServiceProviderConfig", "").is(200).has("meta/location", strings.TrimSuffix(link, "/Users/"+id)+"/ServiceProviderConfig")
		}
		a := other.do("POST", "/Users", userBody(`"userName":"bob"`)).is(201)
		if got := a.header.Get("Location"); !strings.HasPrefix(got, other.site.url+"/tenants/"+name+"/Scim/v2/Users/") {
			c.Errorf("Location %s", got)
		}
		both.do("GET", "/Users/"+id, "").refused(404, "")
		both.listed(nil)
	}},
	{holds: "R7644-3.2-07 a strict tenant is found by the exact spelling of its prefix; letter case of its name does not matter", on: strict, show: func(c *client) {
		_, other := c.beside()
		name := other.site.tenant.Name
		for _, path := range []string{"/tenants/" + name + "/scim/v2/Users", "/tenants/" + strings.ToUpper(name) + "/scim/Users/"} {
			other.root("GET", path, "").is(200)
		}
		for _, path := range []string{
			"/tenants//" + name + "/scim/v2/Users", "//tenants/" + name + "/scim/v2/Users", "/tenants/" + name + "//scim/v2/Users",
			"/TENANTS/" + name + "/scim/v2/Users", "/Tenants/" + name + "/scim/v2/Schemas",
		} {
			other.root("GET", path, "").refused(404, "")
		}
	}},
	{holds: "tenants no letter beyond ASCII stands for one in a path", show: func(c *client) {
		_, other := c.beside()
		tenant := *other.site.tenant
		tenant.Name = "k1"
		other = other.serve(func(cfg *server.Config) { cfg.Tenants = homes{"": &tenant} })
		other.root("GET", "/TENANTS/K1/SCIM/v2/Users", "").is(200)
		for _, path := range []string{
			"/tenant%C5%BF/k1/scim/v2/Users", "/tenants/%E2%84%AA1/scim/v2/Users", "/tenants/k1/%C5%BFcim/v2/Users",
			"/scim/v2/U%C5%BFers", "/%C5%BFcim/v2/Users", "/scim/v2/%C5%BFchemas",
		} {
			other.root("GET", path, "").refused(404, "")
		}
	}},
	{holds: "tenants a path of a tenant keeps its percent signs", show: func(c *client) {
		_, other := c.beside()
		other.do("GET", "/Users/a%2Fb%20%25", "").refused(404, "")
		other.site.tenant.NewID = fixedID("a/b %")
		id := other.user(ada)
		other.do("GET", "/Users/"+url.PathEscape(id), "").is(200).has("id", id)
	}},
	{holds: "tenants an unknown name is 404 for every path, and says nothing else", show: func(c *client) {
		for _, path := range []string{"/scim/v2/Users", "/scim/v2", "", "/", "/healthz", "/x"} {
			a := c.root("GET", "/tenants/nobody"+path, "").refused(404, "").mentions("There is no tenant nobody.")
			if strings.Contains(a.text("detail"), "http") {
				c.Errorf("%s", a.body)
			}
		}
		c.root("GET", "/tenants", "").refused(404, "").mentions("/scim/v2")
		c.root("GET", "/tenants/", "").refused(404, "").mentions("/scim/v2")
	}},
	{holds: "tenants health is of the server alone", show: func(c *client) {
		_, other := c.beside()
		prefix := "/tenants/" + other.site.tenant.Name
		for _, path := range []string{"/healthz", "/readyz"} {
			other.root("GET", path, "").is(200)
			other.root("GET", path, "", "Host: blue.example").is(200)
			other.root("GET", prefix+path, "").refused(404, "").mentions(prefix + "/scim/v2")
		}
	}},
	{holds: "tenants a host leads to its tenant, and links name it", show: func(c *client) {
		both, other := c.beside()
		theirs, ours := other.user(ada), both.user(ada)
		for host, name := range map[string]string{"blue.example": "blue.example", "Blue.Example:8443": "Blue.Example:8443", "blue.example.": "blue.example."} {
			other.root("GET", "/scim/v2/Users/"+theirs, "", "Host: "+host).is(200).has("meta/location", "http://"+name+"/Scim/v2/Users/"+theirs)
			other.root("GET", "/scim/v2/Users/"+ours, "", "Host: "+host).refused(404, "")
		}
		for _, host := range []string{"green.example", "x.blue.example", "blue.example.org", "[::1]:80"} {
			both.root("GET", "/scim/v2/Users/"+ours, "", "Host: "+host).is(200)
			both.root("GET", "/scim/v2/Users/"+theirs, "", "Host: "+host).refused(404, "")
		}
		// The path says more than the host.
		both.root("GET", "/tenants/"+both.site.tenant.Name+"/scim/v2/Users/"+ours, "", "Host: blue.example").is(200)
	}},
	{holds: "tenants only a trusted proxy tells the host of a tenant", show: func(c *client) {
		both, other := c.beside()
		theirs, ours := other.user(ada), both.user(ada)
		for _, forwarded := range []string{"X-Forwarded-Host: blue.example", "Forwarded: host=blue.example;proto=https"} {
			both.root("GET", "/scim/v2/Users/"+ours, "", forwarded).is(200)
			other.root("GET", "/scim/v2/Users/"+theirs, "", forwarded).refused(401, "")
			trusting := other.behind()
			a := trusting.root("GET", "/scim/v2/Users/"+theirs, "", forwarded).is(200)
			if got := a.text("meta/location"); !strings.HasSuffix(got, "://blue.example/Scim/v2/Users/"+theirs) {
				c.Errorf("%s: %s", forwarded, got)
			}
		}
	}},
	{holds: "tenants a public URL stands before the prefix, not before a tenant's own host", show: func(c *client) {
		both, other := c.beside()
		public := func(cfg *server.Config) { cfg.PublicURL = &url.URL{Scheme: "https", Host: "id.example", Path: "/x"} }
		other, both = other.serve(public), both.serve(public)
		name := other.site.tenant.Name
		id := other.root("POST", "/tenants/"+name+"/scim/v2/Users", userBody(ada)).is(201).text("id")
		other.root("GET", "/tenants/"+name+"/scim/v2/Users/"+id, "").has("meta/location", "https://id.example/x/tenants/"+name+"/Scim/v2/Users/"+id)
		other.root("GET", "/scim/Users/"+id, "", "Host: blue.example").has("meta/location", "http://blue.example/Scim/Users/"+id)
		ours := both.user(ada)
		both.get(ours).has("meta/location", "https://id.example/x/Scim/v2/Users/"+ours)
		other.root("GET", "/tenants/"+name+"/nothing", "").refused(404, "").mentions("https://id.example/x/tenants/" + name + "/scim/v2")
	}},
	{holds: "tenants a base path stands before the prefix", show: func(c *client) {
		_, other := c.beside()
		other = other.serve(func(cfg *server.Config) { cfg.BasePath = "/idm" })
		path := "/idm/tenants/" + other.site.tenant.Name
		id := other.root("POST", path+"/scim/v2/Users", userBody(ada)).is(201).text("id")
		other.root("GET", path+"/scim/Users/"+id, "").is(200).has("meta/location", other.site.url+path+"/Scim/Users/"+id)
	}},
	{holds: "R7644-6-01 a token of another tenant is answered like an unknown one", show: func(c *client) {
		both, other := c.beside()
		token := both.withRights("all").token
		for _, path := range []string{"/Users", "/Users/none", "/Nope", "/ServiceProviderConfig"} {
			want := other.withBearer("never-made").do("GET", path, "").is(401)
			got := other.withBearer(token).do("GET", path, "").is(401)
			if string(got.body) != string(want.body) || got.header.Get("WWW-Authenticate") != want.header.Get("WWW-Authenticate") {
				c.Errorf("%s: %s, want %s", path, got.body, want.body)
			}
		}
	}},
	{holds: "tenants the log names the tenant, of refused requests too", show: func(c *client) {
		_, other := c.beside()
		name := other.site.tenant.Name
		for path, tenant := range map[string]any{
			"/tenants/" + name + "/scim/v2/Users": name, "/tenants/" + name + "/x": name, "/tenants/nobody/scim/v2/Users": nil, "/healthz": nil,
		} {
			if line := other.logged(other.root("GET", path, "")); line["tenant"] != tenant {
				c.Errorf("%s: %v", path, line)
			}
		}
	}},
	{holds: "tenants a tenant's own limits count, the server's too", show: func(c *client) {
		both, other := c.beside()
		other.site.tenant.MaxBody = 2000
		long := userBody(ada + `,"title":"` + strings.Repeat("x", 2000) + `"`)
		other.do("POST", "/Users", long).refused(413, "").mentions("2000")
		if status := other.chunked("POST", "/Users", strings.NewReader(long)); status != 413 {
			c.Errorf("chunked: %d", status)
		}
		both.do("POST", "/Users", long).is(201)
		other.site.tenant.MaxBody = 1 << 30
		other.do("POST", "/Users", userBody(ada+`,"title":"`+strings.Repeat("x", 1<<20)+`"`)).refused(413, "").mentions("1048576")
	}},
	{holds: "tenants more requests at once than a tenant may have are 429, and others are not hindered", show: func(c *client) {
		both, other := c.beside()
		other.site.tenant.MaxConcurrent, other.site.tenant.Usage = 2, scim.NewUsage()
		handler := server.New(other.site.config)
		var done sync.WaitGroup
		var held []*heldBody
		for _, name := range []string{"a", "b"} {
			body := &heldBody{Reader: strings.NewReader(userBody(`"userName":"` + name + `"`)), begun: make(chan struct{}), release: make(chan struct{})}
			held = append(held, body)
			r := httptest.NewRequestWithContext(c.Context(), "POST", "/tenants/"+other.site.tenant.Name+"/scim/v2/Users", body)
			r.Header.Set("Authorization", "Bearer "+other.token)
			done.Go(func() {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				body.begin() // of one that was refused
				if w.Code != 201 {
					c.Errorf("%s: %d", name, w.Code)
				}
			})
			<-body.begun
		}
		busy := other.do("GET", "/Users", "").refused(429, "").mentions("2 requests")
		if busy.header.Get("Retry-After") != "1" {
			c.Errorf("%v", busy.header)
		}
		other.withBearer("wrong").do("GET", "/Users", "").refused(401, "")
		both.do("GET", "/Users", "").is(200)
		for _, body := range held {
			close(body.release)
		}
		done.Wait()
		other.do("GET", "/Users", "").is(200).has("totalResults", 2)
	}},
	{holds: "tenants a tenant that is full refuses new resources, until some are deleted", show: func(c *client) {
		both, other := c.beside()
		other.site.tenant.MaxResources, other.site.tenant.Usage = 3, scim.NewUsage()
		if _, err := newService(other.site.store).EnsureServiceUser(c.Context(), other.site.tenant); err != nil {
			c.Fatal(err)
		}
		id := other.user(ada)
		other.users("b")
		other.do("POST", "/Groups", groupBody("g")).is(201)
		for range 2 {
			other.do("POST", "/Users", userBody(`"userName":"c"`)).refused(403, "").mentions("3 resources")
			other.do("POST", "/Groups", groupBody("h")).refused(403, "")
		}
		other.listed(nil, "ada", "b").has("totalResults", 2)
		other.patch(id, replace("title", `"t"`)).is(200)
		both.users("a", "b", "c", "d")
		other.do("DELETE", "/Users/"+id, "").is(204)
		other.do("POST", "/Users", userBody(`"userName":"B"`)).refused(409, "uniqueness") // a refused one takes no room
		other.do("POST", "/Users", userBody(`"userName":"c"`)).is(201)
		other.do("POST", "/Users", userBody(`"userName":"d"`)).refused(403, "")
	}},
	{holds: "tenants what comes with a safe takes room too", show: func(c *client) {
		owner := c.user(ada)
		c.site.tenant.MaxResources, c.site.tenant.Usage = 4, scim.NewUsage()
		c.as(owner).safes(1)
		c.as(owner).do("POST", "/Containers", vaultBody(containerURN, `"name":"x"`)).refused(403, "").mentions("4 resources")
		c.do("GET", "/Containers", "").has("totalResults", 1)
		c.do("GET", "/ContainerPermissions", "").has("totalResults", 1)
		c.users("b")
		c.do("POST", "/Users", userBody(`"userName":"c"`)).refused(403, "")
	}},
	{holds: "tenants a tenant with room for one resource is told so in words", show: func(c *client) {
		c.site.tenant.MaxResources, c.site.tenant.Usage = 1, scim.NewUsage()
		c.users("a")
		c.do("POST", "/Users", userBody(`"userName":"b"`)).refused(403, "").
			has("detail", "The tenant may hold 1 resource, and has no room for more; delete some, or have the limit raised.")
	}},
	{holds: "tenants a safe without its permission takes the room of one", show: func(c *client) {
		c.site.tenant.MaxResources, c.site.tenant.Usage = 3, scim.NewUsage()
		nobody := c.withRights("all")
		nobody.safes(2)
		nobody.do("POST", "/Containers", vaultBody(containerURN, `"name":"x"`)).refused(403, "")
		nobody.users("b")
	}},
	{holds: "tenants however many make resources at once, a tenant is filled exactly", show: func(c *client) {
		const room, tries = 10, 30
		c.site.tenant.MaxResources, c.site.tenant.Usage = room, scim.NewUsage()
		statuses := make([]int, tries)
		var done sync.WaitGroup
		for i := range tries {
			done.Go(func() {
				statuses[i] = c.chunked("POST", "/Users", strings.NewReader(userBody(`"userName":"u`+itoa(i%20)+`"`)))
			})
		}
		done.Wait()
		count := map[int]int{}
		for _, s := range statuses {
			count[s]++
		}
		if count[201] != room || count[201]+count[403]+count[409] != tries {
			c.Errorf("%v", count)
		}
		c.do("GET", "/Users?count=0", "").has("totalResults", room)
	}},
}

// heldBody is a body that is held back once its reading has begun.
type heldBody struct {
	io.Reader
	once           sync.Once
	begun, release chan struct{}
}

func (b *heldBody) begin() { b.once.Do(func() { close(b.begun) }) }

func (b *heldBody) Read(p []byte) (int, error) {
	b.begin()
	<-b.release
	return b.Reader.Read(p)
}

// withBearer is the client with another token.
func (c *client) withBearer(token string) *client {
	other := *c
	other.token = token
	return &other
}
