package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// fill seeds users numbered from a number to another and gives their names.
func (c *client) fill(from, to int, title string) []string {
	c.Helper()
	var names, bodies []string
	for i := from; i < to; i++ {
		names = append(names, fmt.Sprintf("user-%04d", i))
		body := `{"userName":` + quoted(names[i-from])
		if title != "" {
			body += `,"title":` + quoted(title)
		}
		bodies = append(bodies, body+`,"schemas":["`+userURN+`"]}`)
	}
	c.seed(bodies...)
	return names
}

// seed stores users as they are, past the protocol, in one transaction, and
// gives their ids.
func (c *client) seed(bodies ...string) []string {
	c.Helper()
	rt, now := c.site.tenant.Registry.Type("User"), c.site.tenant.Now().UTC()
	ids := make([]string, len(bodies))
	err := c.site.store.Do(c.Context(), c.site.tenant.Space, func(tx store.Tx) error {
		for i, body := range bodies {
			m, err := resource.Decode([]byte(body))
			if err != nil {
				return err
			}
			ids[i] = c.site.tenant.NewID(rt)
			r := &store.Resource{Type: rt, ID: ids[i], Version: 1, Created: now, Modified: now, Body: m}
			r.Doc, r.Cut = resource.Encode(m)
			if err := tx.Insert(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
	return ids
}

// resources are the elements of a list as their bytes.
func (a *answer) resources() []string {
	a.c.Helper()
	var list struct{ Resources []json.RawMessage }
	if err := json.Unmarshal(a.body, &list); err != nil {
		a.c.Fatal(err)
	}
	out := make([]string, len(list.Resources))
	for i, r := range list.Resources {
		out[i] = string(r)
	}
	return out
}

// largeRows are about lists of many resources.
var largeRows = []row{
	{holds: "R7644-3.4.2.4-11 lists of 0, 1, 250, 251 and 1000 users are whole, those of 1001 are cut", show: func(c *client) {
		var names []string
		for _, n := range []int{0, 1, 250, 251, 1000, 1001} {
			names = append(names, c.fill(len(names), n, "")...)
			shown := min(n, 1000)
			for _, params := range [][]string{nil, {"count", "5000"}, {"sortBy", "userName"}, {"filter", "userName pr"}} {
				c.listed(params, names[:shown]...).has("totalResults", n).has("itemsPerPage", shown).has("startIndex", 1)
			}
		}
		c.listed([]string{"startIndex", "1001"}, "user-1000").has("totalResults", 1001).has("itemsPerPage", 1)
	}},
	{holds: "R7644-3.4.2.4-10 a list of more than a megabyte equals its small pages, byte for byte", show: func(c *client) {
		c.fill(0, 450, strings.Repeat("title ", 600))
		whole := c.query("/Users").is(200).has("totalResults", 450).has("itemsPerPage", 450)
		if len(whole.body) < 1<<20 || whole.header.Get("Content-Length") != "" {
			c.Fatalf("%d bytes with length %q: not streamed", len(whole.body), whole.header.Get("Content-Length"))
		}
		for name, want := range map[string]string{"Content-Type": "application/scim+json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
			if got := whole.header.Get(name); got != want {
				c.Errorf("%s: %q", name, got)
			}
		}
		var pages []string
		for start := 1; start <= 450; start += 50 {
			page := c.query("/Users", "startIndex", fmt.Sprint(start), "count", "50").is(200).has("itemsPerPage", 50)
			if page.header.Get("Content-Length") == "" {
				c.Error("a small page without its length")
			}
			pages = append(pages, page.resources()...)
		}
		if !slices.Equal(whole.resources(), pages) {
			c.Error("the whole and its pages differ")
		}
		search := c.do("POST", "/Users/.search", searchBody(`"count":1000`)).is(200)
		if string(search.body) != string(whole.body) {
			c.Error("GET and search differ")
		}
		head := c.do("HEAD", "/Users", "").is(200)
		if len(head.body) != 0 {
			c.Error("HEAD has a body")
		}
	}},
	{holds: "R7644-3.12-10 a failure before the first megabyte is still an error", show: func(c *client) {
		c.fill(0, 300, "")
		broken := c.withLists(func(calls int) error {
			if calls > 1 {
				return errors.New("disk")
			}
			return nil
		})
		broken.do("GET", "/Users", "").refused(500, "")
		broken.do("GET", "/Users?count=10", "").is(200)
	}},
	{holds: "R7643-4.2-08 a group of thousands is whole and streamed, alone and in a list", show: func(c *client) {
		const n = 6400
		id, ids := c.crowd("crowd", n)
		c.group("small", ids[0])
		for path, streamed := range map[string]bool{"": true, "?attributes=members": true, "?attributes=members.value": false} {
			a := c.do("GET", "/Groups/"+id+path, "").is(200)
			if got := a.each("members", "value"); !slices.Equal(got, ids) {
				c.Errorf("GET %q: %d members, or in another order", path, len(got))
			}
			if sized := a.header.Get("Content-Length") != ""; sized == streamed {
				c.Errorf("GET %q: %d bytes, with their number: %t", path, len(a.body), sized)
			}
			for name, want := range map[string]string{"Content-Type": "application/scim+json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
				if got := a.header.Get(name); got != want {
					c.Errorf("%s: %q", name, got)
				}
			}
		}
		whole := c.do("GET", "/Groups/"+id, "").body
		for _, params := range [][]string{nil, {"filter", `displayName eq "crowd"`}, {"count", "1"}, {"count", "1000"}} {
			list := c.query("/Groups", params...).is(200).resources()
			if len(list) == 0 || list[0] != string(whole) {
				c.Errorf("%v: the group in the list is another", params)
			}
		}
		c.query("/Groups").has("totalResults", 2).has("itemsPerPage", 2)
		if head := c.do("HEAD", "/Groups/"+id, "").is(200); len(head.body) != 0 {
			c.Error("HEAD has a body")
		}
		c.do("GET", "/Groups/"+id+"?excludedAttributes=members", "").is(200).lacks("members")
		c.do("GET", "/Users/"+ids[n-1], "").is(200).has("groups/0/value", id)
	}},
	{holds: "R7644-3.12-10 members that cannot be read make an error, or cut an answer that has begun", show: func(c *client) {
		id, _ := c.crowd("crowd", 300)
		for _, path := range []string{"/Groups/" + id, "/Groups"} {
			c.withMembers(func(calls int) error {
				if calls > 1 {
					return errors.New("disk gone")
				}
				return nil
			}).do("GET", path, "").refused(500, "")
			c.withMembers(func(calls int) error {
				if calls > 40 {
					return errors.New("disk gone")
				}
				return nil
			}).cutOff(path, "disk gone")
		}
	}},
}

// crowd seeds a group with n users in it, and gives its id and theirs.
func (c *client) crowd(name string, n int) (id string, ids []string) {
	c.Helper()
	bodies := make([]string, n)
	for i := range bodies {
		bodies[i] = fmt.Sprintf(`{"userName":"%s-%05d","displayName":"Somebody %d","schemas":["%s"]}`, name, i, i, userURN)
	}
	ids = c.seed(bodies...)
	id = c.group(name)
	err := c.site.store.Do(c.Context(), c.site.tenant.Space, func(tx store.Tx) error {
		users, err := tx.Find([]*schema.ResourceType{c.site.tenant.Registry.Type("User")}, ids)
		if err != nil {
			return err
		}
		group, err := tx.Find([]*schema.ResourceType{c.site.tenant.Registry.Type("Group")}, []string{id})
		if err != nil {
			return err
		}
		_, err = tx.AddLinks(store.Member, group[0].Seq, users)
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	return id, ids
}

// repeating is a store whose streams of links hand out their first batch again
// and again, until at says that they fail.
type repeating struct {
	store.Store
	at func(calls int) error
}

func (f repeating) Get(ctx context.Context, space int64, rt *schema.ResourceType, id string, want []store.Want) (*store.Record, error) {
	rec, err := f.Store.Get(ctx, space, rt, id, want)
	if err == nil {
		err = f.repeat(ctx, rec)
	}
	return rec, err
}

func (f repeating) Query(ctx context.Context, q *store.Query) (*store.Page, error) {
	page, err := f.Store.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	next := page.Next
	page.Next = func(ctx context.Context) ([]store.TypedRecord, error) {
		batch, err := next(ctx)
		for i := 0; i < len(batch) && err == nil; i++ {
			err = f.repeat(ctx, batch[i].Record)
		}
		return batch, err
	}
	return page, nil
}

func (f repeating) repeat(ctx context.Context, rec *store.Record) error {
	for i := range rec.Streams {
		links, err := rec.Streams[i].Next(ctx)
		if err != nil {
			return err
		}
		calls := 0
		rec.Streams[i].Next = func(context.Context) ([]store.Link, error) {
			calls++
			if err := f.at(calls); err != nil {
				return nil, err
			}
			return links, nil
		}
	}
	return nil
}

// withMembers gives a server whose store streams links as repeating does.
func (c *client) withMembers(at func(calls int) error) *client {
	return c.serve(func(cfg *server.Config) { cfg.Service = newService(repeating{c.site.store, at}) })
}

// failing is a store whose lists fail at a batch.
type failing struct {
	store.Store
	at func(calls int) error
}

func (f failing) Query(ctx context.Context, q *store.Query) (*store.Page, error) {
	page, err := f.Store.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	next, calls := page.Next, 0
	page.Next = func(ctx context.Context) ([]store.TypedRecord, error) {
		calls++
		if err := f.at(calls); err != nil {
			return nil, err
		}
		return next(ctx)
	}
	return page, nil
}

// withLists gives a server whose store fails, or panics, as at says when it is
// asked for a batch of a list.
func (c *client) withLists(at func(calls int) error) *client {
	return c.serve(func(cfg *server.Config) { cfg.Service = newService(failing{c.site.store, at}) })
}
