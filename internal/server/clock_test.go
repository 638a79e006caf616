package server_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/store"
)

// held gives the tenant of a client a clock that can be held.
func (c *client) held(to clock.Setting) *clock.Clock {
	c.Helper()
	held := new(clock.Clock)
	if err := held.Set(to); err != nil {
		c.Fatal(err)
	}
	c.site.tenant.Now, c.site.tenant.Wall = held.Now, time.Now
	return held
}

var heldMoment = time.Date(2031, 5, 6, 7, 8, 9, 10_000, time.UTC)

var clockRows = []row{
	{holds: "an access token ends when its tenant's clock comes to its end, to the second", show: func(c *client) {
		held := c.held(clock.Setting{Mode: clock.Fixed, Time: heldMoment})
		a := c.application("app")
		use := c.ask("/oauth2/token/app", credentials(a)).with()
		move := func(d time.Duration) {
			c.Helper()
			if err := held.Advance(d); err != nil {
				c.Fatal(err)
			}
		}
		use.do("GET", "/Users", "").is(200)
		move(17999 * time.Second)
		use.do("GET", "/Users", "").is(200)
		move(2 * time.Second)
		use.do("GET", "/Users", "").refused(401, "")
		move(-18001 * time.Second)
		use.do("GET", "/Users", "").is(200)
		move(-time.Hour) // it was not issued yet
		use.do("GET", "/Users", "").refused(401, "")
		c.do("GET", "/Users", "").is(200)
	}},
	{holds: "every kind of token is of its tenant's time, however far away that is, and ends without waiting", set: keepPasswords, show: func(c *client) {
		held := c.held(clock.Setting{Mode: clock.Fixed, Time: heldMoment})
		move := func(d time.Duration) {
			c.Helper()
			if err := held.Advance(d); err != nil {
				c.Fatal(err)
			}
		}
		c.ada()
		a := c.application("app", webApp)
		opaque := c.withToken(store.Token{Rights: "all", Principal: store.Principal{Kind: "service", ID: "nobody"}, Expires: heldMoment.Add(time.Hour)})
		late, signed, revoked := c.code(a), c.signedIn(a, "scope", "openid scim"), c.ask("/oauth2/token/app", credentials(a))
		access := signed.with()
		for kind, token := range map[string]string{"access": signed.AccessToken, "id": signed.IDToken} {
			var says struct{ Iat, Exp int64 }
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
			if err == nil {
				err = json.Unmarshal(payload, &says)
			}
			if err != nil || says.Iat != heldMoment.Unix() || says.Exp <= says.Iat {
				c.Errorf("%s token: %+v, %v", kind, says, err)
			}
		}
		opaque.do("GET", "/Users", "").is(200)
		if got := c.ask("/oauth2/revoke", redemption(a, "", "grant_type", "", "token", revoked.AccessToken)); got.status != 200 {
			c.Errorf("revoked: %d", got.status)
		}
		revoked.with().do("GET", "/Users", "").refused(401, "")
		move(time.Minute)
		c.ask("/oauth2/token/app", redemption(a, late)).refused(400, "invalid_grant")
		opaque.do("GET", "/Users", "").is(200)
		move(time.Hour)
		opaque.do("GET", "/Users", "").refused(401, "")
		access.do("GET", "/Users", "").is(200)
		move(5 * time.Hour)
		access.do("GET", "/Users", "").refused(401, "")
		renewed := c.ask("/oauth2/token/app", refreshing(a, signed.RefreshToken))
		renewed.with().do("GET", "/Users", "").is(200)
		move(31 * 24 * time.Hour)
		c.ask("/oauth2/token/app", refreshing(a, cmp.Or(renewed.RefreshToken, signed.RefreshToken))).refused(400, "invalid_grant")
		c.signedIn(a).with().do("GET", "/Users", "").is(200)
		move(-31 * 24 * time.Hour)
		revoked.with().do("GET", "/Users", "").refused(401, "")
	}},
	{holds: "meta has the times of a fixed clock, and goes on by a microsecond with each change of a resource", set: []string{"metaTimes=real"}, show: func(c *client) {
		held := c.held(clock.Setting{Mode: clock.Fixed, Time: heldMoment})
		id := c.user(`"userName":"ada"`)
		changed := func(want time.Time) {
			c.Helper()
			text := c.get(id).has("meta/created", "2031-05-06T07:08:09.00001Z").text("meta/lastModified")
			if at, err := time.Parse(time.RFC3339Nano, text); err != nil || !at.Equal(want) {
				c.Errorf("lastModified %s, want %v", text, want)
			}
		}
		changed(heldMoment)
		for n := range 3 {
			c.patch(id, fmt.Sprintf(`{"op":"replace","path":"title","value":"%d"}`, n)).is(200)
			changed(heldMoment.Add(time.Duration(n+1) * time.Microsecond))
		}
		if err := held.Advance(-time.Hour); err != nil { // time goes on, whatever the clock does
			c.Fatal(err)
		}
		c.patch(id, `{"op":"replace","path":"title","value":"after"}`).is(200)
		changed(heldMoment.Add(4 * time.Microsecond))
	}},
	{holds: "seeded ids that are in use are passed over", show: func(c *client) {
		c.site.tenant.Seeded = func() scim.SeededIDs { return nil }
		c.user(`"userName":"before"`)
		seed := func() {
			ids := &countedIDs{}
			c.site.tenant.Seeded = func() scim.SeededIDs { return ids }
		}
		seed()
		if id := c.user(`"userName":"ada"`); id != "User-1" {
			c.Errorf("the first id is %s", id)
		}
		if id := c.user(`"userName":"bob"`); id != "User-2" {
			c.Errorf("the second id is %s", id)
		}
		seed()
		if id := c.user(`"userName":"cyd"`); id != "User-3" {
			c.Errorf("the first id that is free is %s", id)
		}
	}},
	{holds: "after very many seeded ids that are in use comes the first that is free", show: func(c *client) {
		ids := &countedIDs{}
		c.site.tenant.Seeded = func() scim.SeededIDs { return ids }
		before := &countedIDs{}
		c.site.tenant.NewID = func(rt *schema.ResourceType) string { return before.ID(rt, before.Next(rt)) }
		c.fill(0, 1100, "")
		for _, want := range []string{"User-1101", "User-1102"} {
			ids = &countedIDs{}
			if id := c.user(fmt.Sprintf(`"userName":%q`, want)); id != want {
				c.Errorf("the first id that is free is %s, want %s", id, want)
			}
		}
	}},
	{holds: "seeded ids are numbers where ids are", on: cyberark, set: []string{"vaultMode=selfHosted"}, show: func(c *client) {
		ids := &countedIDs{}
		c.site.tenant.Seeded = func() scim.SeededIDs { return ids }
		if id := c.user(`"userName":"ada"`); id != "1" {
			c.Errorf("the id is %s", id)
		}
	}},
}

// countedIDs count up.
type countedIDs struct{ made atomic.Uint64 }

func (i *countedIDs) Next(*schema.ResourceType) uint64 { return i.made.Add(1) }
func (i *countedIDs) Skip(_ *schema.ResourceType, n uint64) bool {
	at := i.made.Load()
	return at < n && i.made.CompareAndSwap(at, n)
}

func (*countedIDs) ID(rt *schema.ResourceType, n uint64) string {
	return fmt.Sprintf("%s-%d", rt.Name, n)
}
func (*countedIDs) Number(n uint64) int64                            { return int64(n) }
func (*countedIDs) NumberOf(_ *schema.ResourceType, id string) int64 { return int64(len(id)) }
