package server_test

import (
	"context"
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
					cfg.Service = scim.NewService(s)
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
