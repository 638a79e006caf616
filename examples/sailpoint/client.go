package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// client speaks SCIM as the collectors do: plain JSON types, any letter case.
type client struct {
	http        *http.Client
	base, token string
	page        int // 0: whole lists
}

// newHTTPClient keeps a connection for each writer.
func newHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = writers
	return &http.Client{Transport: transport}
}

// reference is the other side of a permission or of a derived attribute.
type reference struct {
	Value   string `json:"value,omitempty"`
	Name    string `json:"name,omitempty"`
	Display string `json:"display,omitempty"`
}

// permission is a ContainerPermission or a PrivilegedDataPermission.
type permission struct {
	ID             string     `json:"id,omitempty"`
	Schemas        []string   `json:"schemas,omitempty"`
	Container      *reference `json:"container,omitempty"`
	PrivilegedData *reference `json:"privilegedData,omitempty"`
	User           *reference `json:"user,omitempty"`
	Group          *reference `json:"group,omitempty"`
	Rights         []string   `json:"rights"`
}

// grantee is whom a permission is for.
func (p *permission) grantee() (reference, error) {
	switch {
	case p.User != nil && p.User.Value != "":
		return *p.User, nil
	case p.Group != nil && p.Group.Value != "":
		return *p.Group, nil
	}
	return reference{}, fmt.Errorf("permission %s names neither a user nor a group", p.ID)
}

type container struct {
	ID             string      `json:"id,omitempty"`
	Name           string      `json:"name"`
	PrivilegedData []reference `json:"privilegedData,omitempty"`
}

const accountURN = "urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"

type account struct {
	ID        string           `json:"id,omitempty"`
	Name      string           `json:"name"`
	Extension accountExtension `json:"urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"`
}

type accountExtension struct {
	Safe string `json:"safe"`
}

type user struct {
	ID       string `json:"id"`
	UserName string `json:"userName"`
}

type group struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

// do sends a request and decodes the answer into out, unless that is nil.
func (c *client) do(ctx context.Context, method, path string, body, out any) (status int, err error) {
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, payload)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		var refusal struct {
			Detail string `json:"detail"`
		}
		_ = json.NewDecoder(resp.Body).Decode(&refusal) // the status says enough without it
		return resp.StatusCode, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, refusal.Detail)
	}
	if out != nil {
		err = json.NewDecoder(resp.Body).Decode(out)
	}
	_, _ = io.Copy(io.Discard, resp.Body) // lets the connection be used again
	return resp.StatusCode, err
}

// equals is a filter for resources with this text in an attribute.
func equals(attribute, text string) string {
	quoted, _ := json.Marshal(text) // text always encodes
	return attribute + " eq " + string(quoted)
}

// list reads a collection, whole or page by page. Resources may be missing from
// an empty answer, as a tenant leaves it out. short tells how much of a list was
// not handed out.
func list[T any](ctx context.Context, c *client, collection, filter string) (all []T, short int, err error) {
	query := url.Values{}
	if filter != "" {
		query.Set("filter", filter)
	}
	for {
		if c.page > 0 {
			query.Set("startIndex", strconv.Itoa(len(all)+1))
			query.Set("count", strconv.Itoa(c.page))
		}
		path := "/" + collection
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		var page struct {
			TotalResults int `json:"totalResults"`
			Resources    []T `json:"Resources"`
		}
		if _, err := c.do(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, 0, err
		}
		all = append(all, page.Resources...)
		if c.page == 0 || len(page.Resources) == 0 || len(all) >= page.TotalResults {
			return all, page.TotalResults - len(all), nil
		}
	}
}
