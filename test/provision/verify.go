package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Verify reads everything back, through pages of two sizes, and compares it with
// what the directory wants: attributes, managers, members, the groups of each
// user, totals and filters. ids is what the job remembers; manager tells what a
// user's manager must be.
func Verify(ctx context.Context, c *Client, want *Directory, ids map[string]string, manager func(*Person) string) error {
	v := &verifier{client: c, want: want, ids: ids, manager: manager, groupsOf: map[string]map[string]string{}}
	if err := v.groups(ctx); err != nil {
		return err
	}
	if err := v.users(ctx); err != nil {
		return err
	}
	if err := v.filters(ctx); err != nil {
		return err
	}
	return errors.Join(v.problems...)
}

type verifier struct {
	client  *Client
	want    *Directory
	ids     map[string]string
	manager func(*Person) string
	// groupsOf are the ids and names of the groups that a user must have.
	groupsOf map[string]map[string]string
	problems []error
}

func (v *verifier) problem(format string, args ...any) {
	if len(v.problems) < 20 {
		v.problems = append(v.problems, fmt.Errorf(format, args...))
	}
}

// read lists a collection twice, with different pages, and gives it by id.
func (v *verifier) read(ctx context.Context, endpoint string) (map[string]map[string]any, error) {
	all, err := v.client.List(ctx, endpoint, 1000, "")
	if err != nil {
		return nil, err
	}
	again, err := v.client.List(ctx, endpoint, 97, "&attributes=id")
	if err != nil {
		return nil, err
	}
	byID := map[string]map[string]any{}
	for i, r := range all {
		id, _ := r["id"].(string)
		byID[id] = r
		if i < len(again) && again[i]["id"] != id {
			v.problem("%s: number %d is %s in large pages and %s in small ones", endpoint, i+1, id, again[i]["id"])
		}
	}
	if len(again) != len(all) {
		v.problem("%s: %d in large pages, %d in small ones", endpoint, len(all), len(again))
	}
	return byID, nil
}

func (v *verifier) groups(ctx context.Context) error {
	groups, err := v.read(ctx, "/Groups")
	if err != nil {
		return err
	}
	if len(groups) != len(v.want.Teams) {
		v.problem("%d groups instead of %d", len(groups), len(v.want.Teams))
	}
	for _, teamID := range v.want.teams() {
		t := v.want.Teams[teamID]
		id := v.ids[teamID]
		g := groups[id]
		if g == nil || g[displayName] != t.Name {
			v.problem("group %s is called %v instead of %s", id, g[displayName], t.Name)
			continue
		}
		want := map[string]bool{}
		for member := range t.Members {
			user := v.ids[member]
			want[user] = true
			if v.groupsOf[user] == nil {
				v.groupsOf[user] = map[string]string{}
			}
			v.groupsOf[user][id] = t.Name
		}
		got := map[string]bool{}
		for _, value := range values(g["members"]) {
			got[value] = true
		}
		if !maps.Equal(got, want) {
			v.problem("group %s has %d members instead of %d, or others", t.Name, len(got), len(want))
		}
	}
	return nil
}

func (v *verifier) users(ctx context.Context) error {
	users, err := v.read(ctx, "/Users")
	if err != nil {
		return err
	}
	if len(users) != len(v.want.People) {
		v.problem("%d users instead of %d", len(users), len(v.want.People))
	}
	for _, personID := range v.want.people() {
		p := v.want.People[personID]
		id := v.ids[personID]
		u := users[id]
		if u == nil {
			v.problem("user %s (%s) is missing", id, p.Attributes[userName])
			continue
		}
		if problem := differs(u, p); problem != "" {
			v.problem("user %s: %s", p.Attributes[userName], problem)
		}
		if _, _, manager, _ := flatten(u); manager != v.manager(p) {
			v.problem("user %s: the manager is %q instead of %q", p.Attributes[userName], manager, v.manager(p))
		}
		got := map[string]string{}
		list, _ := u["groups"].([]any)
		for _, x := range list {
			g, _ := x.(map[string]any)
			value, _ := g["value"].(string)
			got[value], _ = g["display"].(string)
		}
		if !maps.Equal(got, v.groupsOf[id]) {
			v.problem("user %s: groups are %v instead of %v", p.Attributes[userName], got, v.groupsOf[id])
		}
	}
	return nil
}

// filters compares what filters find with what the directory would.
func (v *verifier) filters(ctx context.Context) error {
	states := map[bool]int{}
	departments := map[string]int{}
	reports := map[string]int{}
	for _, p := range v.want.People {
		states[p.Active]++
		departments[p.Attributes[department]]++
		reports[v.manager(p)]++
	}
	if err := v.counts(ctx, "/Users", "active eq true", states[true]); err != nil {
		return err
	}
	if err := v.counts(ctx, "/Users", "active eq false", states[false]); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(departments)) {
		filter := department + " eq " + quote(name)
		if name == "" {
			filter = "not (" + department + " pr)"
		}
		if err := v.counts(ctx, "/Users", filter, departments[name]); err != nil {
			return err
		}
	}
	sample := 0
	for _, personID := range v.want.people() {
		id := v.ids[personID]
		if sample++; sample > 25 {
			break
		}
		if err := v.counts(ctx, "/Groups", "members eq "+quote(id), len(v.groupsOf[id])); err != nil {
			return err
		}
		if manager := v.manager(v.want.People[personID]); manager != "" {
			if err := v.counts(ctx, "/Users", "manager eq "+quote(manager), reports[manager]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *verifier) counts(ctx context.Context, endpoint, filter string, want int) error {
	a, err := v.client.find(ctx, endpoint, filter, "&count=0")
	if err == nil && a.total() != want {
		v.problem("%s of %s gives %d instead of %d", filter, endpoint, a.total(), want)
	}
	return err
}

// values are the members called value of a list of objects.
func values(x any) []string {
	list, _ := x.([]any)
	var out []string
	for _, e := range list {
		m, _ := e.(map[string]any)
		text, _ := m["value"].(string)
		out = append(out, text)
	}
	return out
}

// Verify compares the server with the directory of the last cycle.
func (e *Entra) Verify(ctx context.Context, c *Client) error {
	return Verify(ctx, c, e.synced, e.ids, func(p *Person) string { return e.ids[p.Manager] })
}
