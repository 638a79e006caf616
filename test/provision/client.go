// Package provision holds provisioning jobs as identity providers run them:
// a source directory, the requests that bring a SCIM server in line with it,
// and a comparison of what the server then says with what the directory wants.
//
// The shapes and the order of the requests are those that the vendors document
// and that were seen on the wire; comments name the section of the project's
// notes on clients.
package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Enterprise is the URN of the enterprise extension of users.
const Enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

const (
	userURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// Client speaks SCIM to one server.
type Client struct {
	Base, Token string // base URL and bearer token
	HTTP        *http.Client
	Header      http.Header // further headers of every request
}

// NewClient makes a client that, as Strict, refuses what some provider would. A
// way to lose answers may be put in between.
func NewClient(base, token string, header http.Header, between ...func(http.RoundTripper) http.RoundTripper) *Client {
	var way http.RoundTripper = &http.Transport{MaxIdleConnsPerHost: 64}
	for _, f := range between {
		way = f(way)
	}
	return &Client{Base: base, Token: token, Header: header, HTTP: &http.Client{Transport: way, Timeout: 2 * time.Minute}}
}

// Answer is what came back; Body is nil without one. Again is true when an
// earlier answer to the same request was lost, so that the request may have
// taken effect twice.
type Answer struct {
	Status int
	Body   map[string]any
	Again  bool
}

func (a *Answer) text(name string) string {
	s, _ := a.Body[name].(string)
	return s
}

func (a *Answer) resources() []map[string]any {
	list, _ := a.Body["Resources"].([]any)
	out := make([]map[string]any, len(list))
	for i, x := range list {
		out[i], _ = x.(map[string]any)
	}
	return out
}

func (a *Answer) total() int {
	n, _ := number(a.Body, "totalResults")
	return n
}

// tries is how often a request is sent whose answers get lost.
const tries = 6

// Do sends a request, again when the answer is lost, and fails unless an
// answer with one of the statuses comes. target follows the base; body is nil
// or something to encode as JSON.
func (c *Client) Do(ctx context.Context, method, target string, body any, statuses ...int) (*Answer, error) {
	var data []byte
	if body != nil {
		var err error
		if data, err = encode(body); err != nil {
			return nil, err
		}
	}
	for try := 0; ; try++ {
		a, err := c.once(ctx, method, target, data)
		if errors.Is(err, errLost) && try < tries {
			continue
		}
		if err != nil {
			return nil, err
		}
		a.Again = try > 0
		if !slices.Contains(statuses, a.Status) {
			return nil, fmt.Errorf("%s %s %.1000s: expected %v, got %d %v", method, target, data, statuses, a.Status, a.Body)
		}
		return a, nil
	}
}

func (c *Client) once(ctx context.Context, method, target string, data []byte) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+target, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/scim+json")
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if data != nil {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	for name, values := range c.Header {
		req.Header[name] = values
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	body, err := accept(req, res, text)
	if err != nil {
		return nil, err
	}
	return &Answer{Status: res.StatusCode, Body: body}, nil
}

// find asks for the resources that match a filter. more are further
// parameters, such as "&attributes=id".
func (c *Client) find(ctx context.Context, endpoint, filter, more string) (*Answer, error) {
	return c.Do(ctx, http.MethodGet, endpoint+"?filter="+url.QueryEscape(filter)+more, nil, 200)
}

// List walks through a collection by startIndex and count, and fails when the
// total moves or a resource comes twice.
func (c *Client) List(ctx context.Context, endpoint string, count int, more string) ([]map[string]any, error) {
	var all []map[string]any
	seen := map[string]bool{}
	total := -1
	for {
		a, err := c.Do(ctx, http.MethodGet, fmt.Sprintf("%s?startIndex=%d&count=%d%s", endpoint, len(all)+1, count, more), nil, 200)
		if err != nil {
			return nil, err
		}
		if total >= 0 && a.total() != total {
			return nil, fmt.Errorf("%s: totalResults moved from %d to %d between pages", endpoint, total, a.total())
		}
		total = a.total()
		page := a.resources()
		for _, r := range page {
			id, _ := r["id"].(string)
			if seen[id] {
				return nil, fmt.Errorf("%s: %s stands on two pages", endpoint, id)
			}
			seen[id] = true
		}
		all = append(all, page...)
		if len(all) >= total {
			return all, nil
		}
		if len(page) == 0 {
			return nil, fmt.Errorf("%s: an empty page after %d of %d resources", endpoint, len(all), total)
		}
	}
}

// quote writes a text as a filter's literal.
func quote(text string) string {
	data, err := encode(text)
	if err != nil {
		panic(err) // a string always has JSON
	}
	return string(data)
}

// encode writes JSON as clients do, without escapes for HTML.
func encode(x any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(x)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// object is a JSON object of a request.
type object = map[string]any

// patch is a PatchOp message.
func patch(operations ...object) object {
	return object{"schemas": []string{patchURN}, "Operations": operations}
}

// each runs a function on every item, in several workers, and gives the first
// errors.
func each[T any](ctx context.Context, workers int, items []T, do func(context.Context, T) error) error {
	queue := make(chan T)
	var all sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	failed := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(errs) > 0
	}
	for range workers {
		all.Go(func() {
			for item := range queue {
				if err := do(ctx, item); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, item := range items {
		if failed() || ctx.Err() != nil {
			break
		}
		queue <- item
	}
	close(queue)
	all.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// pathID is an id as a segment of a path.
func pathID(endpoint, id string) string { return endpoint + "/" + url.PathEscape(id) }
