package connector

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Person is somebody in the source.
type Person struct {
	// Key is what the source calls the person, and never changes.
	Key                             string
	UserName, GivenName, FamilyName string
	Gone                            bool // deactivated, not deleted
	Groups                          []string
}

// Source gives people page by page.
type Source interface {
	// People gives a page, counted from 0; an empty one is the end.
	People(ctx context.Context, page int) ([]Person, error)
}

// Report tells what a run has done.
type Report struct{ Created, Changed, Unchanged int }

// Connector brings a source into one SCIM server. It is not safe for concurrent use.
type Connector struct {
	client client
	groups map[string]*resource
}

// New makes a connector for a base URL such as https://scim.example.com/scim/v2.
func New(base, token string) *Connector {
	return &Connector{client: client{base: base, token: token, http: &http.Client{Timeout: time.Minute}, sleep: sleep}}
}

// Waiting has the connector wait in another way, such as not at all in a test.
func (c *Connector) Waiting(sleep func(context.Context, time.Duration) error) *Connector {
	c.client.sleep = sleep
	return c
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run brings all people of a source into the server. A run that failed may be
// followed by another, which goes on from what is there.
func (c *Connector) Run(ctx context.Context, from Source) (r Report, err error) {
	c.groups = map[string]*resource{}
	for page := 0; ; page++ {
		people, err := from.People(ctx, page)
		if err != nil || len(people) == 0 {
			return r, err
		}
		for _, p := range people {
			if err := c.person(ctx, p, &r); err != nil {
				return r, fmt.Errorf("%s: %w", p.Key, err)
			}
		}
	}
}

// person brings one person into the server.
func (c *Connector) person(ctx context.Context, p Person, r *Report) error {
	want := wanted(p)
	have, err := c.client.find(ctx, "/Users", "externalId", p.Key)
	if err != nil {
		return err
	}
	before := *r
	if have == nil {
		if have, err = c.client.create(ctx, "/Users", "externalId", p.Key, want); err != nil {
			return err
		}
		r.Created++
	} else if ops := changes(have, want); len(ops) > 0 {
		if err := c.client.patch(ctx, "/Users/"+have.ID, ops); err != nil {
			return err
		}
		r.Changed++
	}
	if err := c.memberships(ctx, have.ID, p.Groups); err != nil {
		return err
	}
	if *r == before {
		r.Unchanged++
	}
	return nil
}

func wanted(p Person) *resource {
	active := !p.Gone
	u := &resource{Schemas: []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, ExternalID: p.Key, UserName: p.UserName, Active: &active}
	u.Name.GivenName, u.Name.FamilyName = p.GivenName, p.FamilyName
	return u
}

// changes are what makes have what is wanted.
func changes(have, want *resource) (ops []operation) {
	for path, value := range map[string][2]string{
		"userName":        {have.UserName, want.UserName},
		"name.givenName":  {have.Name.GivenName, want.Name.GivenName},
		"name.familyName": {have.Name.FamilyName, want.Name.FamilyName},
	} {
		if value[0] != value[1] {
			ops = append(ops, operation{"replace", path, value[1]})
		}
	}
	if have.Active == nil || *have.Active != *want.Active {
		ops = append(ops, operation{"replace", "active", *want.Active})
	}
	return ops
}

// memberships puts a user into groups, which are made where they are not there, and
// out of others that this run has seen.
func (c *Connector) memberships(ctx context.Context, user string, names []string) error {
	for _, name := range names {
		if _, known := c.groups[name]; known {
			continue
		}
		g, err := c.client.find(ctx, "/Groups", "displayName", name)
		if err == nil && g == nil {
			g, err = c.client.create(ctx, "/Groups", "displayName", name, &resource{Schemas: []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, DisplayName: name})
		}
		if err != nil {
			return err
		}
		c.groups[name] = g
	}
	for _, name := range slices.Sorted(maps.Keys(c.groups)) {
		g, in := c.groups[name], slices.Contains(names, name)
		at := slices.Index(g.Members, member{user})
		op := operation{Op: "add", Path: "members", Value: []member{{user}}}
		if !in {
			op = operation{Op: "remove", Path: `members[value eq "` + user + `"]`}
		}
		if in == (at >= 0) {
			continue
		}
		if err := c.client.patch(ctx, "/Groups/"+g.ID, []operation{op}); err != nil {
			return err
		}
		if in {
			g.Members = append(g.Members, member{user})
		} else {
			g.Members = slices.Delete(g.Members, at, at+1)
		}
	}
	return nil
}
