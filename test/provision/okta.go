package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Okta is the provisioning job of an Okta org for one app (clients section 4).
// It never deletes users.
type Okta struct {
	job
	// Wizard is an app made with the wizard (AIW): everything by PUT. Otherwise
	// it is one of the catalogue (OIN): PATCH for activation, passwords, groups.
	Wizard bool
}

// OktaHeader are the headers that Okta sends.
var OktaHeader = http.Header{
	"User-Agent": {"Okta SCIM Client 1.0.0"}, "Accept-Charset": {"utf-8"}, "Content-Type": {"application/scim+json; charset=utf-8"},
}

// NewOkta makes a job that has not run yet.
func NewOkta(c *Client, workers int) *Okta { return &Okta{job: job{Client: c, Workers: workers}} }

// Cycle brings the server in line with the directory.
func (o *Okta) Cycle(ctx context.Context, now *Directory) error {
	before := o.before()
	made, changed, gone := split(before.People, now.People, func(a, b *Person) bool {
		return a.Active != b.Active || a.Manager != b.Manager || !maps.Equal(a.Attributes, b.Attributes)
	})
	if len(gone) > 0 {
		return errors.New("this job deletes no users")
	}
	if err := o.settle(ctx, changed, o.update, o.park); err != nil {
		return fmt.Errorf("updates: %w", err)
	}
	if err := each(ctx, o.Workers, made, o.assign); err != nil {
		return fmt.Errorf("assignments: %w", err)
	}
	if err := o.push(ctx, now); err != nil {
		return fmt.Errorf("group push: %w", err)
	}
	o.synced = now.clone()
	return nil
}

// look finds one resource by a name; "" when there is none.
func (o *Okta) look(ctx context.Context, endpoint, attribute, name string) (string, error) {
	a, err := o.Client.Do(ctx, http.MethodGet, endpoint+"?filter="+url.PathEscape(attribute+" eq "+quote(name))+"&startIndex=1&count=100", nil, 200)
	switch {
	case err != nil || a.total() == 0:
		return "", err
	case a.total() > 1:
		return "", fmt.Errorf("%s %s is found %d times", attribute, name, a.total())
	}
	id, _ := a.resources()[0]["id"].(string)
	return id, nil
}

// assign matches a person with a user or makes one (section 4.2, 1 and 2). A
// password comes with every creation.
func (o *Okta) assign(ctx context.Context, p *Person) error {
	id, err := o.look(ctx, "/Users", userName, p.Attributes[userName])
	if err != nil {
		return err
	}
	if id != "" {
		o.remember(p.ID, id)
		return o.bring(ctx, p, nil)
	}
	body := o.profile(object{}, p)
	body["password"], body["groups"], body["active"] = "1mz050nq-"+p.ID, []any{}, p.Active
	a, err := o.Client.Do(ctx, http.MethodPost, "/Users", body, 201, 409)
	if err != nil {
		return err
	}
	if a.Status == 409 {
		if id, err = o.look(ctx, "/Users", userName, p.Attributes[userName]); err == nil && (id == "" || !a.Again) {
			err = fmt.Errorf("a false 409 for %s: %v", p.Attributes[userName], a.Body)
		}
		o.remember(p.ID, id)
		return err
	}
	if problem := differs(a.Body, p); problem != "" {
		return fmt.Errorf("the answer to a create: %s", problem)
	}
	o.remember(p.ID, a.text("id"))
	return nil
}

// profile puts what Okta maps into a user's body and leaves the rest of it.
func (o *Okta) profile(body object, p *Person) object {
	body = maps.Clone(body)
	for _, name := range []string{
		"name", "displayName", "title", "preferredLanguage", "emails", "phoneNumbers", "addresses", "roles", Enterprise,
	} {
		delete(body, name)
	}
	maps.Copy(body, build(p.Attributes))
	if p.Manager != "" {
		put(body, managerPath, object{"value": p.Manager})
	}
	body["schemas"] = []string{userURN}
	if body[Enterprise] != nil {
		body["schemas"] = []string{userURN, Enterprise}
	}
	return body
}

func (o *Okta) update(ctx context.Context, p *Person) error {
	return o.bring(ctx, p, o.synced.People[p.ID])
}

// bring reads a user, which must be as it was left, and puts it back with the
// changes: id, meta and groups as they were read (section 4.2, 3 to 5; Q-62).
func (o *Okta) bring(ctx context.Context, p, was *Person) error {
	at := pathID("/Users", o.id(p.ID))
	a, err := o.Client.Do(ctx, http.MethodGet, at, nil, 200)
	if err != nil {
		return err
	}
	if was != nil {
		if problem := differs(a.Body, was); problem != "" {
			return fmt.Errorf("%s is not as it was left: %s", at, problem)
		}
	}
	_, active, manager, _ := flatten(a.Body)
	if differs(a.Body, p) != "" || manager != p.Manager {
		body := o.profile(a.Body, p)
		if o.Wizard {
			body["active"] = p.Active
		}
		if p.ID[0] < '4' {
			body["password"] = "N3w-Secret-" + p.ID
		}
		answer, err := o.Client.Do(ctx, http.MethodPut, at, body, 200, 409)
		if err != nil {
			return err
		}
		if answer.Status == 409 {
			return o.untouched(ctx, at, a, answer)
		}
	}
	if o.Wizard {
		return nil
	}
	var operations []object
	if active != p.Active {
		operations = append(operations, object{"op": "replace", "value": object{"active": p.Active}})
	}
	if p.ID[0] > 'c' {
		operations = append(operations, object{"op": "replace", "value": object{"password": "N3w-Secret!" + p.ID}})
	}
	for _, operation := range operations { // one request each
		if _, err := o.Client.Do(ctx, http.MethodPatch, at, patch(operation), 200, 204); err != nil {
			return err
		}
	}
	return nil
}

// park gives a user a name that nobody wants.
func (o *Okta) park(ctx context.Context, p *Person) error {
	at := pathID("/Users", o.id(p.ID))
	a, err := o.Client.Do(ctx, http.MethodGet, at, nil, 200)
	if err != nil {
		return err
	}
	a.Body[userName] = parkedName(p)
	_, err = o.Client.Do(ctx, http.MethodPut, at, a.Body, 200)
	o.synced.People[p.ID].Attributes[userName] = parkedName(p)
	return err
}

// push makes, changes and unlinks groups (section 4.2, 7 to 10).
func (o *Okta) push(ctx context.Context, now *Directory) error {
	made, changed, gone := split(o.synced.Teams, now.Teams, func(a, b *Team) bool {
		return a.Name != b.Name || !maps.Equal(a.Members, b.Members)
	})
	if err := each(ctx, o.Workers, gone, func(ctx context.Context, id string) error { return o.delete(ctx, "/Groups", id) }); err != nil {
		return err
	}
	change := o.patchGroup
	if o.Wizard {
		change = o.putGroup
	}
	if err := each(ctx, o.Workers, changed, func(ctx context.Context, t *Team) error { return change(ctx, t, o.synced.Teams[t.ID]) }); err != nil {
		return err
	}
	return each(ctx, o.Workers, made, func(ctx context.Context, t *Team) error {
		if err := o.makeGroup(ctx, t); err != nil || o.Wizard {
			return err
		}
		return o.patchGroup(ctx, t, nil)
	})
}

func (o *Okta) makeGroup(ctx context.Context, t *Team) error {
	id, err := o.look(ctx, "/Groups", displayName, t.Name)
	if err != nil || id != "" {
		return fmt.Errorf("group %s is there already, or %w", t.Name, err)
	}
	// The description cannot be switched off.
	const custom = "urn:okta:custom:group:1.0"
	body := object{"schemas": []string{groupURN, custom}, displayName: t.Name, "members": []any{}, custom: object{"description": "Pushed"}}
	if o.Wizard {
		body["members"] = o.memberValues(membersBut(t, nil))
	}
	a, err := o.Client.Do(ctx, http.MethodPost, "/Groups", body, 201, 409)
	if err != nil {
		return err
	}
	if id = a.text("id"); a.Status == 409 {
		if id, err = o.look(ctx, "/Groups", displayName, t.Name); err == nil && (id == "" || !a.Again) {
			err = fmt.Errorf("a false 409 for group %s: %v", t.Name, a.Body)
		}
	}
	o.remember(t.ID, id)
	return err
}

// memberValues are members as Okta writes them: with a display of its own.
func (o *Okta) memberValues(ids []string) []object {
	out := make([]object, len(ids))
	for i, id := range ids {
		out[i] = object{"value": o.id(id), "display": "member " + id}
	}
	return out
}

// patchGroup sends what changed, and the name and id along with it. A
// group that is to be empty, and some others, are replaced as a whole.
func (o *Okta) patchGroup(ctx context.Context, t, was *Team) error {
	id := o.id(t.ID)
	operations := []object{{"op": "replace", "value": object{"id": id, displayName: t.Name}}}
	joined, left := membersBut(t, was), membersBut(was, t)
	if len(t.Members) == 0 || was != nil && id[0]%3 == 0 {
		operations = append(operations, object{"op": "replace", "path": "members", "value": o.memberValues(membersBut(t, nil))})
		joined, left = nil, nil
	}
	for _, member := range left {
		operations = append(operations, object{"op": "remove", "path": fmt.Sprintf("members[value eq %s]", quote(o.id(member)))})
	}
	for ids := range slices.Chunk(joined, 100) {
		operations = append(operations, object{"op": "add", "path": "members", "value": o.memberValues(ids)})
	}
	_, err := o.Client.Do(ctx, http.MethodPatch, pathID("/Groups", id), patch(operations...), 200, 204)
	return err
}

// putGroup reads a group and puts it back with name and members.
func (o *Okta) putGroup(ctx context.Context, t, _ *Team) error {
	at := pathID("/Groups", o.id(t.ID))
	a, err := o.Client.Do(ctx, http.MethodGet, at, nil, 200)
	if err != nil {
		return err
	}
	a.Body[displayName], a.Body["members"] = t.Name, o.memberValues(membersBut(t, nil))
	_, err = o.Client.Do(ctx, http.MethodPut, at, a.Body, 200)
	return err
}

// Known are the ids of the users of the last cycle.
func (o *Okta) Known() []string {
	var known []string
	for _, personID := range o.synced.people() {
		known = append(known, o.id(personID))
	}
	return known
}

// Import walks through all users again and again, 100 at a time, until enough
// is closed and at least once. Those known before must be there once in every
// walk, whatever is written meanwhile (section 4.2, 6; Q-70).
func (o *Okta) Import(ctx context.Context, known []string, enough <-chan struct{}) (walks int, err error) {
	for {
		times := map[string]int{}
		for at := 1; ; {
			a, err := o.Client.Do(ctx, http.MethodGet, fmt.Sprintf("/Users?startIndex=%d&count=100", at), nil, 200)
			if err != nil {
				return walks, err
			}
			page := a.resources()
			for _, r := range page {
				id, _ := r["id"].(string)
				times[id]++
			}
			if at += len(page); at > a.total() || len(page) == 0 {
				break
			}
		}
		for _, id := range known {
			if times[id] != 1 {
				return walks, fmt.Errorf("an import saw user %s %d times", id, times[id])
			}
		}
		walks++
		select {
		case <-enough:
			return walks, nil
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Verify compares the server with the directory of the last cycle. The manager
// is what Okta calls it.
func (o *Okta) Verify(ctx context.Context, c *Client) error {
	return Verify(ctx, c, o.synced, o.ids, func(p *Person) string { return p.Manager })
}
