package server_test

import (
	"context"
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// interrupted is a store that lets something happen once after it has read a hash,
// as while a comparison waits for its turn.
type interrupted struct {
	store.Store
	once sync.Once
	then func()
}

func (s *interrupted) Password(ctx context.Context, space, seq int64) ([]byte, error) {
	hash, err := s.Store.Password(ctx, space, seq)
	s.once.Do(s.then)
	return hash, err
}

var signInRaceRows = []row{
	{holds: "R6750-3.1-01 who is deactivated, deleted or given another password while they sign in has not signed in", set: keepPasswords, show: func(c *client) {
		a := c.application("app", publicApp)
		for what, end := range map[string]func(id string){
			"deactivated": func(id string) { c.patch(id, replace("active", `false`)).is(200) },
			"password":    func(id string) { c.patch(id, replace("password", `"another"`)).is(200) },
			"deleted":     func(id string) { c.do("DELETE", "/Users/"+id, "").is(204) },
			"nothing":     func(id string) { c.patch(id, replace("title", `"Countess"`)).is(200) },
		} {
			id := c.ada()
			during := func() *client {
				return c.serve(func(cfg *server.Config) {
					s := &interrupted{Store: c.site.store, then: func() { end(id) }}
					cfg.Service = newService(s)
					cfg.Service.HashWith(cheap)
					cfg.Auth, cfg.Issuer = signIn(s, cfg.Service, nil, time.Now)
				})
			}
			form := redemption(a, "", "grant_type", "password", "username", "ada@corp.example", "password", adaPassword, "scope", "openid")
			got := during().ask("/oauth2/token/app", form)
			if what == "nothing" {
				got.with()
			} else {
				got.refused(400, "invalid_grant")
				c.do("DELETE", "/Users/"+id, "")
				id = c.ada()
				during().browser().open(request(a)).submit("ada@corp.example", adaPassword).is(401, true)
			}
			c.do("DELETE", "/Users/"+id, "")
		}
	}},
	{holds: "R6749-10.10 who guesses locks nobody out from elsewhere, a burst of wrong secrets has no more attempts, and one of right ones has no end", set: keepPasswords, show: func(c *client) {
		c.ada()
		now := time.Now() // time stands still, so that no attempt is forgiven
		c = c.serve(func(cfg *server.Config) {
			cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			cfg.Auth, cfg.Issuer = signIn(c.site.store, cfg.Service, nil, func() time.Time { return now })
		})
		a := c.application("app", webApp)
		form := func(secret, password string) string {
			return redemption(a, "", "grant_type", "password", "username", "ada@corp.example", "password", password, "client_secret", secret)
		}
		burst := func(from, form string) map[int]int {
			got, statuses := map[int]int{}, make(chan int, 16)
			for range cap(statuses) {
				go func() { statuses <- c.ask("/oauth2/token/app", form, "X-Forwarded-For: "+from).status }()
			}
			for range cap(statuses) {
				got[<-statuses]++
			}
			return got
		}
		for _, q := range []struct {
			what, form string
			want       map[int]int
		}{
			{"wrong secrets", form("wrong", adaPassword), map[int]int{401: 10, 429: 6}},
			{"right secrets from elsewhere", credentials(a), map[int]int{200: 16}},
			{"wrong passwords", form(appSecret, "wrong"), map[int]int{400: 10, 429: 6}},
			{"right passwords from elsewhere", form(appSecret, adaPassword), map[int]int{200: 16}},
		} {
			from := "198.51.100.7"
			if q.want[200] > 0 {
				from = "198.51.100.8"
			}
			if got := burst(from, q.form); !maps.Equal(got, q.want) {
				c.Errorf("%s: statuses %v, want %v", q.what, got, q.want)
			}
		}
		c.ask("/oauth2/token/app", form(appSecret, adaPassword), "X-Forwarded-For: 198.51.100.7").refused(429, "temporarily_unavailable")
	}},
	{holds: "R6749-2.3.1-03 a wrong secret with a percent escape is one attempt", show: func(c *client) {
		now := time.Now()
		c = c.serve(func(cfg *server.Config) {
			cfg.Auth, cfg.Issuer = signIn(c.site.store, cfg.Service, nil, func() time.Time { return now })
		})
		a := c.application("app")
		for _, id := range []string{a.ClientID, "nobody"} {
			for range 10 {
				c.ask("/oauth2/token/app", "grant_type=client_credentials", basicAuth(id, "wr%6Fng")).refused(401, "invalid_client")
			}
			c.ask("/oauth2/token/app", "grant_type=client_credentials", basicAuth(id, "wr%6Fng")).refused(429, "temporarily_unavailable")
		}
	}},
	{holds: "R6749-10.11 who asks for tokens takes no room from the requests to a tenant that are under way", set: keepPasswords, show: func(c *client) {
		c.ada()
		a := c.application("app", webApp)
		c.site.tenant.MaxConcurrent, c.site.tenant.Usage = 1, scim.NewUsage()
		leave, err := c.site.tenant.Enter()
		if err != nil {
			c.Fatal(err)
		}
		c.do("GET", "/Users", "").refused(429, "")
		c.ask("/oauth2/token/app", credentials(a)).with()
		c.ask("/oauth2/token/app", credentials(a, "client_secret", "wrong")).refused(401, "invalid_client")
		c.signedIn(a)
		leave()
		c.do("GET", "/Users", "").is(200)
	}},
}
