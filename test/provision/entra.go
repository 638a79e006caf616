package provision

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// Entra is the provisioning job of Microsoft Entra ID (clients section 2).
type Entra struct {
	job
	// Flag is aadOptscim062020: the shapes of section 2.5.
	Flag bool
	// Old is how older jobs write: null for what is empty, names of the
	// extension without its URN, membership checks by filter.
	Old bool
	// Plain keeps to what a server that follows the RFCs to the letter takes: no
	// replace through a selector without a match (RFC 7644 §3.5.2.3).
	Plain bool
	// Match is the path of the matching attribute.
	Match string

	// again are people that were found gone and made once more in this cycle.
	again map[string]bool
}

// NewEntra makes a job that has not run yet.
func NewEntra(c *Client, workers int, match string) *Entra {
	return &Entra{job: job{Client: c, Workers: workers}, Match: match}
}

// TestConnection is what the button of that name does: nobody is found, and
// that is well (section 2.2, 1 and 2; Q-01).
func (e *Entra) TestConnection(ctx context.Context, guid string) error {
	a, err := e.Client.find(ctx, "/Users", e.Match+" eq "+quote(guid), "")
	if err != nil {
		return err
	}
	b, err := e.Client.find(ctx, "/Groups", "displayName eq "+quote(guid), "&excludedAttributes=members")
	if err != nil {
		return err
	}
	for _, found := range []*Answer{a, b} {
		if list, ok := found.Body["Resources"].([]any); !ok || len(list) > 0 || found.total() != 0 {
			return fmt.Errorf("an empty list was expected: %v", found.Body)
		}
	}
	return nil
}

// Cycle brings the server in line with the directory: users, then groups, then
// members and managers.
func (e *Entra) Cycle(ctx context.Context, now *Directory) error {
	before := e.before()
	e.again = map[string]bool{}
	made, changed, gone := split(before.People, now.People, func(a, b *Person) bool {
		return a.Active != b.Active || !maps.Equal(a.Attributes, b.Attributes)
	})
	if err := each(ctx, e.Workers, gone, func(ctx context.Context, id string) error { return e.delete(ctx, "/Users", id) }); err != nil {
		return fmt.Errorf("hard deletes: %w", err)
	}
	if err := e.settle(ctx, changed, e.update, e.park); err != nil {
		return fmt.Errorf("updates: %w", err)
	}
	if err := each(ctx, e.Workers, made, e.provision); err != nil {
		return fmt.Errorf("new users: %w", err)
	}
	if err := e.groups(ctx, now); err != nil {
		return fmt.Errorf("groups: %w", err)
	}
	if err := e.members(ctx, now); err != nil {
		return fmt.Errorf("members: %w", err)
	}
	if err := e.managers(ctx, now); err != nil {
		return fmt.Errorf("managers: %w", err)
	}
	e.synced = now.clone()
	return nil
}

// look finds the user of a person by the matching attribute; "" when there is
// none.
func (e *Entra) look(ctx context.Context, p *Person) (string, error) {
	a, err := e.Client.find(ctx, "/Users", e.Match+" eq "+quote(p.Attributes[e.Match]), "")
	switch {
	case err != nil:
		return "", err
	case a.total() > 1:
		return "", fmt.Errorf("%s %s is found %d times", e.Match, p.Attributes[e.Match], a.total())
	case a.total() == 0:
		return "", nil
	}
	id, _ := a.resources()[0]["id"].(string)
	return id, nil
}

// provision matches a new person with a user, or makes one.
func (e *Entra) provision(ctx context.Context, p *Person) error {
	id, err := e.look(ctx, p)
	if err != nil {
		return err
	}
	if id != "" {
		e.remember(p.ID, id)
		return e.bring(ctx, p, nil)
	}
	manager := e.id(p.Manager)
	a, err := e.Client.Do(ctx, http.MethodPost, "/Users", e.body(p, manager), 201, 409)
	if err != nil {
		return err
	}
	if a.Status == 409 {
		if !a.Again {
			return fmt.Errorf("nobody is called %s, and yet the name is taken: %v", p.Attributes[userName], a.Body)
		}
		// The answer to an earlier try was lost: whom that made is found.
		if id, err = e.look(ctx, p); err == nil && id == "" {
			err = fmt.Errorf("the name %s is taken by nobody", p.Attributes[userName])
		}
		e.remember(p.ID, id)
		return err
	}
	if problem := differs(a.Body, p); problem != "" {
		return fmt.Errorf("the answer to a create: %s", problem)
	}
	e.remember(p.ID, a.text("id"))
	return nil
}

// update brings the user of a known person up to date. One that is gone is
// matched or made anew.
func (e *Entra) update(ctx context.Context, p *Person) error {
	return e.bring(ctx, p, e.synced.People[p.ID])
}

// bring reads a user and sends the difference. What is read must be as it was
// left, which is was unless that is nil.
func (e *Entra) bring(ctx context.Context, p, was *Person) error {
	at := pathID("/Users", e.id(p.ID))
	a, err := e.Client.Do(ctx, http.MethodGet, at, nil, 200, 404)
	if err != nil {
		return err
	}
	if a.Status == 404 {
		e.mu.Lock()
		e.again[p.ID] = true
		e.mu.Unlock()
		return e.provision(ctx, p)
	}
	if was != nil {
		if problem := differs(a.Body, was); problem != "" {
			return fmt.Errorf("%s is not as it was left: %s", at, problem)
		}
	}
	operations, err := e.difference(a.Body, p)
	if err != nil || len(operations) == 0 {
		return err
	}
	answer, err := e.Client.Do(ctx, http.MethodPatch, at, patch(operations...), 200, 204, 409)
	switch {
	case err != nil:
		return err
	case answer.Status == 409:
		return e.untouched(ctx, at, a, answer)
	case answer.Status == 200:
		if problem := differs(answer.Body, p); problem != "" {
			return fmt.Errorf("the answer to %v: %s", operations, problem)
		}
	}
	return nil
}

// untouched makes sure that a refusal says why and that nothing of what was
// refused took effect (RFC 7644 §3.5.2).
func (j *job) untouched(ctx context.Context, at string, before, refusal *Answer) error {
	if refusal.text("scimType") != "uniqueness" {
		return fmt.Errorf("%s: 409 without uniqueness: %v", at, refusal.Body)
	}
	now, err := j.Client.Do(ctx, http.MethodGet, at, nil, 200)
	if err != nil {
		return err
	}
	// Lists of groups and times may move with other requests.
	a, aActive, aManager, _ := flatten(before.Body)
	b, bActive, bManager, _ := flatten(now.Body)
	if !maps.Equal(a, b) || aActive != bActive || aManager != bManager {
		return fmt.Errorf("%s: a part of what was refused took effect: %v", at, now.Body)
	}
	return errTaken
}

// park gives a user a name that nobody wants, as an administrator has to do
// when two users swap their names.
func (e *Entra) park(ctx context.Context, p *Person) error {
	name := parkedName(p)
	_, err := e.Client.Do(ctx, http.MethodPatch, pathID("/Users", e.id(p.ID)), patch(object{"op": "Replace", "path": userName, "value": name}), 200, 204)
	e.synced.People[p.ID].Attributes[userName] = name
	return err
}

// managers sends the managers of who is new, made again or has another one,
// after everybody is there.
func (e *Entra) managers(ctx context.Context, now *Directory) error {
	var todo []*Person
	for _, id := range now.people() {
		p, was := now.People[id], e.synced.People[id]
		if was == nil && p.Manager != "" || was != nil && was.Manager != p.Manager || e.again[id] || e.again[p.Manager] {
			todo = append(todo, p)
		}
	}
	return each(ctx, e.Workers, todo, func(ctx context.Context, p *Person) error {
		id, manager := e.id(p.ID), e.id(p.Manager)
		if p.Manager != "" {
			// Section 2.2, 6.
			a, err := e.Client.find(ctx, "/Users", fmt.Sprintf("id eq %s and manager eq %s", quote(id), quote(manager)), "&attributes=id")
			if err != nil {
				return err
			}
			if a.total() > 0 {
				return nil
			}
		}
		_, err := e.Client.Do(ctx, http.MethodPatch, pathID("/Users", id), patch(e.managerOperation(p, manager)), 200, 204)
		return err
	})
}

// groups makes, renames and deletes groups, without members.
func (e *Entra) groups(ctx context.Context, now *Directory) error {
	made, renamed, gone := split(e.synced.Teams, now.Teams, func(a, b *Team) bool { return a.Name != b.Name })
	if err := each(ctx, e.Workers, gone, func(ctx context.Context, id string) error { return e.delete(ctx, "/Groups", id) }); err != nil {
		return err
	}
	if err := each(ctx, e.Workers, renamed, e.rename); err != nil {
		return err
	}
	return each(ctx, e.Workers, made, e.makeGroup)
}

func (e *Entra) rename(ctx context.Context, t *Team) error {
	at := pathID("/Groups", e.id(t.ID))
	if err := e.withoutMembers(ctx, at); err != nil {
		return err
	}
	operation := object{"op": "Replace", "path": displayName, "value": t.Name}
	if e.Flag {
		operation = object{"op": "replace", "value": object{displayName: t.Name}}
	}
	_, err := e.Client.Do(ctx, http.MethodPatch, at, patch(operation), 200, 204)
	return err
}

// withoutMembers reads a group as Entra does (section 2.2, 12; Q-23).
func (e *Entra) withoutMembers(ctx context.Context, at string) error {
	a, err := e.Client.Do(ctx, http.MethodGet, at+"?excludedAttributes=members", nil, 200)
	if err == nil && a.Body["members"] != nil {
		err = fmt.Errorf("%s: members were excluded", at)
	}
	return err
}

func (e *Entra) lookGroup(ctx context.Context, t *Team) (string, error) {
	a, err := e.Client.find(ctx, "/Groups", "displayName eq "+quote(t.Name), "&excludedAttributes=members")
	if err != nil || a.total() == 0 {
		return "", err
	}
	if a.total() > 1 || a.resources()[0]["members"] != nil {
		return "", fmt.Errorf("the look-up of group %s: %v", t.Name, a.Body)
	}
	id, _ := a.resources()[0]["id"].(string)
	return id, nil
}

func (e *Entra) makeGroup(ctx context.Context, t *Team) error {
	id, err := e.lookGroup(ctx, t)
	if err != nil || id != "" {
		if err == nil {
			err = fmt.Errorf("group %s is there already", t.Name)
		}
		return err
	}
	a, err := e.Client.Do(ctx, http.MethodPost, "/Groups", e.groupBody(t), 201, 409)
	if err != nil {
		return err
	}
	if id = a.text("id"); a.Status == 409 {
		if id, err = e.lookGroup(ctx, t); err == nil && (id == "" || !a.Again) {
			err = fmt.Errorf("a false 409 for group %s: %v", t.Name, a.Body)
		}
	}
	e.remember(t.ID, id)
	return err
}

// members sends who joined and who left each group.
func (e *Entra) members(ctx context.Context, now *Directory) error {
	return each(ctx, e.Workers, now.teams(), func(ctx context.Context, teamID string) error {
		t, was := now.Teams[teamID], e.synced.Teams[teamID]
		joined, left := membersBut(t, was), membersBut(was, t)
		if was != nil {
			for _, id := range slices.Sorted(maps.Keys(e.again)) { // of the old user nothing is left
				if t.Members[id] && was.Members[id] {
					joined = append(joined, id)
				}
			}
		}
		// Who is gone for good was taken out by its deletion.
		left = slices.DeleteFunc(left, func(id string) bool { return now.People[id] == nil })
		if len(joined)+len(left) == 0 {
			return nil
		}
		at := pathID("/Groups", e.id(teamID))
		if err := e.withoutMembers(ctx, at); err != nil {
			return err
		}
		if e.Old { // section 2.2, 13
			for _, id := range left[:min(len(left), 2)] {
				if e.again[id] {
					continue
				}
				a, err := e.Client.find(ctx, "/Groups", fmt.Sprintf("id eq %s and members eq %s", quote(e.id(teamID)), quote(e.id(id))), "&attributes=id")
				if err != nil || a.total() != 1 {
					return fmt.Errorf("who leaves is no member: %v, %w", a, err)
				}
			}
		}
		for _, operations := range e.memberRequests(joined, left) {
			if _, err := e.Client.Do(ctx, http.MethodPatch, at, patch(operations...), 200, 204); err != nil {
				return err
			}
		}
		return nil
	})
}
