package provision

import (
	"context"
	"maps"
	"net/http"
	"strings"
)

// HandMade makes n of the directory's people as an administrator would have,
// before a job runs: with little more than a name in capitals.
func HandMade(ctx context.Context, c *Client, d *Directory, n int) error {
	ids := d.people()
	return each(ctx, 2, ids[:min(n, len(ids))], func(ctx context.Context, id string) error {
		p := d.People[id]
		body := build(map[string]string{
			userName: strings.ToUpper(p.Attributes[userName]), externalID: p.Attributes[externalID], workMail: p.Attributes[workMail],
			"title": "by hand",
		})
		body["schemas"] = []string{userURN}
		_, err := c.Do(ctx, http.MethodPost, "/Users", body, 201)
		return err
	})
}

// Lose deletes, behind the job's back, n users that it is about to update. Not
// those who get another name: it may be that of somebody whom the job would
// then match instead.
func (e *Entra) Lose(ctx context.Context, c *Client, next *Directory, n int) error {
	for _, id := range next.people() {
		was, now := e.synced.People[id], next.People[id]
		if n == 0 {
			break
		}
		if was == nil || maps.Equal(was.Attributes, now.Attributes) || was.Attributes[userName] != now.Attributes[userName] {
			continue
		}
		if _, err := c.Do(ctx, http.MethodDelete, pathID("/Users", e.id(id)), nil, 204); err != nil {
			return err
		}
		n--
	}
	return nil
}
