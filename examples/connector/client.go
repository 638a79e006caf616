// Package connector brings the people and groups of a source into a SCIM server. It
// is small, and whole where it matters to a connector: answers that do not come, that
// come too late, or that say to come again. Its tests run against scimdtest.
package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	attempts = 6
	first    = 100 * time.Millisecond // the shortest wait, which doubles
)

// client speaks SCIM, and asks again where that does no harm.
type client struct {
	base, token string
	http        *http.Client
	sleep       func(context.Context, time.Duration) error
}

// refused is an answer that says no.
type refused struct {
	Status   int    `json:"-"`
	ScimType string `json:"scimType"`
	Detail   string `json:"detail"`
	after    string
}

func (r *refused) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.ScimType, r.Detail) }

// errLost tells that there is no answer, so that nobody knows what was done.
var errLost = errors.New("the answer was lost")

// again tells whether a request may be sent another time, and after how long.
func again(err error, attempt int) (time.Duration, bool) {
	wait := first << attempt
	var no *refused
	switch {
	case errors.Is(err, errLost):
		return wait, true
	case !errors.As(err, &no):
		return 0, false
	case no.Status == http.StatusTooManyRequests || no.Status >= 500 && no.Status != http.StatusNotImplemented:
		if seconds, err := strconv.Atoi(no.after); err == nil {
			wait = time.Duration(seconds) * time.Second // the server knows better
		}
		return wait, true
	}
	return 0, false
}

// do does something until it is done, or will never be.
func (c *client) do(ctx context.Context, once func() error) error {
	for attempt := 0; ; attempt++ {
		err := once()
		wait, ok := again(err, attempt)
		if err == nil || !ok || attempt == attempts-1 {
			return err
		}
		if err := c.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// send sends one request, and reads the answer into out.
func (c *client) send(ctx context.Context, method, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		text = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := c.http.Do(req)
	if err != nil {
		return errors.Join(errLost, err, ctx.Err())
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if resp.StatusCode >= 300 {
		no := &refused{Status: resp.StatusCode, after: resp.Header.Get("Retry-After")}
		_ = json.Unmarshal(answer, no) // a gateway in between says it in its own words
		return no
	}
	if err == nil && resp.StatusCode != http.StatusNoContent {
		err = json.Unmarshal(answer, out)
	}
	if err != nil {
		return errors.Join(errLost, err)
	}
	return nil
}

// resource is what the connector looks at of users and groups.
type resource struct {
	ID         string `json:"id,omitempty"`
	ExternalID string `json:"externalId,omitempty"`
	UserName   string `json:"userName,omitempty"`
	Name       struct {
		GivenName  string `json:"givenName,omitempty"`
		FamilyName string `json:"familyName,omitempty"`
	} `json:"name,omitzero"`
	Active      *bool    `json:"active,omitempty"`
	DisplayName string   `json:"displayName,omitempty"`
	Members     []member `json:"members,omitempty"`
	Schemas     []string `json:"schemas,omitempty"`
}

type member struct {
	Value string `json:"value"`
}

type list struct {
	TotalResults int         `json:"totalResults"`
	Resources    []*resource `json:"Resources"`
}

// find gives the resource that has a value, nil if there is none.
func (c *client) find(ctx context.Context, kind, attribute, value string) (found *resource, err error) {
	quoted, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	q := url.Values{"filter": {attribute + " eq " + string(quoted)}}
	err = c.do(ctx, func() error {
		var page list
		if err := c.send(ctx, http.MethodGet, kind+"?"+q.Encode(), nil, &page); err != nil {
			return err
		}
		if len(page.Resources) > 0 {
			found = page.Resources[0]
		}
		return nil
	})
	return found, err
}

// create makes a resource once, also when answers are lost: before it asks again it
// looks whether the first attempt has made it.
func (c *client) create(ctx context.Context, kind, attribute, value string, r *resource) (made *resource, err error) {
	unsure := false
	err = c.do(ctx, func() error {
		if unsure {
			if made, err = c.find(ctx, kind, attribute, value); err != nil || made != nil {
				return err
			}
		}
		made = &resource{}
		err := c.send(ctx, http.MethodPost, kind, r, made)
		var no *refused
		if errors.As(err, &no) && no.Status == http.StatusConflict {
			// It is there, though a replica may not show it yet.
			unsure = true
			return errors.Join(errLost, err)
		}
		unsure = unsure || err != nil
		return err
	})
	return made, err
}

// operation is one of a PATCH. Those that the connector sends may be done twice.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

func (c *client) patch(ctx context.Context, path string, ops []operation) error {
	body := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": ops}
	return c.do(ctx, func() error { return c.send(ctx, http.MethodPatch, path, body, &resource{}) })
}
