package provision

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Strict is a transport that refuses every answer that some identity provider
// is known to refuse: a wrong media type, an error that is not a SCIM error,
// numbers as text, nulls, resources without id, schemas or meta, lists that
// contradict themselves (RFC 7643 §2.5 and §3, RFC 7644 §3.4.2 and §3.12).
type Strict struct{ Next http.RoundTripper }

// RoundTrip sends a request and judges the answer; a refusal is an error.
func (s Strict) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := s.Next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if _, err := accept(req, res, data); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(data))
	return res, nil
}

// accept reads the body of an answer that nothing speaks against; it is nil when
// there is none.
func accept(req *http.Request, res *http.Response, data []byte) (map[string]any, error) {
	asked, err := url.ParseRequestURI(req.URL.RequestURI())
	if err != nil {
		return nil, err
	}
	body, err := judge(req, asked, res, data)
	if err != nil {
		return nil, fmt.Errorf("a strict client refuses the answer to %s %s: %w: %d %.2000s", req.Method, asked, err, res.StatusCode, data)
	}
	return body, nil
}

const (
	errorURN      = "urn:ietf:params:scim:api:messages:2.0:Error"
	listURN       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	messagePrefix = "urn:ietf:params:scim:api:messages:"
)

// scimTypes are those of RFC 7644 §3.12, and what RFC 9865 §2.1 adds.
var scimTypes = []string{
	"invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue",
	"invalidVers", "sensitive", "invalidCursor", "expiredCursor", "invalidCount",
}

func judge(req *http.Request, asked *url.URL, res *http.Response, data []byte) (map[string]any, error) {
	switch {
	case res.StatusCode >= 500 && res.StatusCode != http.StatusNotImplemented:
		return nil, errors.New("the server failed")
	case res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified || req.Method == http.MethodHead:
		if len(data) > 0 {
			return nil, errors.New("a body where there must be none")
		}
		return nil, nil
	}
	if err := judgeMediaType(req, res); err != nil {
		return nil, err
	}
	body, err := decode(data)
	if err != nil {
		return nil, err
	}
	return body, errors.Join(noNulls(body, ""), judgeBody(asked, res, body))
}

func judgeBody(asked *url.URL, res *http.Response, body map[string]any) error {
	urns, err := texts(body["schemas"])
	switch {
	case err != nil || len(urns) == 0:
		return errors.New("schemas is not a list of URNs")
	case res.StatusCode >= 400:
		return judgeError(res, body, urns)
	case slices.Contains(urns, errorURN):
		return errors.New("an error with a status of success")
	case slices.Contains(urns, listURN):
		return judgeList(asked, body)
	case strings.HasPrefix(urns[0], messagePrefix):
		return nil
	}
	if res.StatusCode == http.StatusCreated {
		meta, _ := body["meta"].(map[string]any)
		if at := res.Header.Get("Location"); at == "" || meta != nil && meta["location"] != at {
			return fmt.Errorf("the header Location is %q", at)
		}
	}
	return judgeResource(asked, body)
}

func judgeMediaType(req *http.Request, res *http.Response) error {
	media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	accept := req.Header.Get("Accept")
	plain := strings.Contains(accept, "application/json") && !strings.Contains(accept, "scim+json")
	if err != nil || media != "application/scim+json" && !(plain && media == "application/json") {
		return fmt.Errorf("Content-Type is %q", res.Header.Get("Content-Type"))
	}
	return nil
}

func judgeError(res *http.Response, body map[string]any, urns []string) error {
	detail, _ := body["detail"].(string)
	kind, typed := body["scimType"]
	text, _ := kind.(string)
	switch {
	case !slices.Equal(urns, []string{errorURN}):
		return errors.New("schemas of an error are not those of an error")
	case body["status"] != strconv.Itoa(res.StatusCode):
		return errors.New("status is not the status as text")
	case detail == "":
		return errors.New("an error without detail")
	case typed && !slices.Contains(scimTypes, text):
		return fmt.Errorf("scimType is %v", kind)
	case res.StatusCode == http.StatusUnauthorized && res.Header.Get("WWW-Authenticate") == "":
		return errors.New("401 without WWW-Authenticate")
	}
	return nil
}

func judgeList(asked *url.URL, body map[string]any) error {
	total, err := number(body, "totalResults")
	if err != nil {
		return err
	}
	resources, there := body["Resources"].([]any)
	if !there && total > 0 {
		return errors.New("a list without Resources")
	}
	if total < len(resources) {
		return errors.New("totalResults is less than what is there")
	}
	for _, name := range []string{"startIndex", "itemsPerPage"} {
		if _, err := number(body, name); err != nil {
			return err
		}
	}
	if n, _ := number(body, "itemsPerPage"); n != len(resources) {
		return fmt.Errorf("itemsPerPage is %d, of %d resources", n, len(resources))
	}
	if asked, err := strconv.Atoi(asked.Query().Get("count")); err == nil && asked >= 0 && len(resources) > asked {
		return errors.New("more resources than asked for")
	}
	seen := map[string]bool{}
	for _, x := range resources {
		r, ok := x.(map[string]any)
		if !ok {
			return errors.New("a resource that is no object")
		}
		if err := judgeResource(asked, r); err != nil {
			return err
		}
		if id, _ := r["id"].(string); id != "" {
			if seen[id] {
				return fmt.Errorf("resource %s stands twice in a page", id)
			}
			seen[id] = true
		}
	}
	return nil
}

// judgeResource looks at one resource; what a projection may leave out is only
// asked for without one.
func judgeResource(asked *url.URL, r map[string]any) error {
	query := asked.Query()
	whole := !query.Has("attributes") && !query.Has("excludedAttributes") && !strings.HasSuffix(asked.Path, ".search")
	id, _ := r["id"].(string)
	meta, _ := r["meta"].(map[string]any)
	kind, _ := meta["resourceType"].(string)
	configuration := strings.Contains(asked.Path, "/ServiceProviderConfig") || strings.Contains(asked.Path, "/ResourceTypes")
	if id == "" && !configuration {
		return errors.New("a resource without id")
	}
	if err := judgeSchemas(r, whole); err != nil {
		return err
	}
	if whole && !configuration {
		if err := judgeMeta(meta, kind, id); err != nil {
			return err
		}
	}
	if kind == "User" || kind == "Group" {
		return judgeAttributes(r, kind, whole)
	}
	return nil
}

func judgeSchemas(r map[string]any, whole bool) error {
	urns, err := texts(r["schemas"])
	if err != nil || whole && len(urns) == 0 {
		return errors.New("a resource without schemas")
	}
	for name := range r {
		if strings.HasPrefix(strings.ToLower(name), "urn:") && len(urns) > 0 && !slices.Contains(urns, name) {
			return fmt.Errorf("%s does not stand in schemas", name)
		}
	}
	return nil
}

func judgeMeta(meta map[string]any, kind, id string) error {
	at, _ := meta["location"].(string)
	u, err := url.Parse(at)
	if kind == "" || err != nil || !u.IsAbs() || !strings.HasSuffix(u.Path, "/"+id) {
		return errors.New("meta lacks a resourceType or location")
	}
	var times [2]time.Time
	for i, name := range []string{"created", "lastModified"} {
		text, there := meta[name]
		if !there && kind != "User" && kind != "Group" {
			return nil // discovery
		}
		if times[i], err = time.Parse(time.RFC3339, fmt.Sprint(text)); err != nil {
			return fmt.Errorf("meta.%s is no time", name)
		}
	}
	if times[1].Before(times[0]) {
		return errors.New("modified before it was created")
	}
	return nil
}

// lists are the multi-valued attributes of users and groups; the elements of
// members and groups have different values.
var lists = []string{"emails", "phoneNumbers", "addresses", "ims", "photos", "entitlements", "roles", "x509Certificates", "groups", "members"}

func judgeAttributes(r map[string]any, kind string, whole bool) error {
	if _, there := r["password"]; there {
		return errors.New("a password")
	}
	if active, there := r["active"]; there {
		if _, ok := active.(bool); !ok {
			return errors.New("active is no boolean")
		}
	}
	for typ, name := range map[string]string{"User": "userName", "Group": "displayName"} {
		if text, _ := r[name].(string); text == "" && whole && kind == typ {
			return fmt.Errorf("no %s", name)
		}
	}
	for _, name := range lists {
		x, there := r[name]
		if !there {
			continue
		}
		elements, ok := x.([]any)
		if !ok {
			return fmt.Errorf("%s is no list", name)
		}
		if err := judgeElements(name, elements); err != nil {
			return err
		}
	}
	if e, ok := r[Enterprise].(map[string]any); ok && e["manager"] != nil {
		manager, _ := e["manager"].(map[string]any)
		if id, _ := manager["value"].(string); id == "" {
			return errors.New("manager is no object with a value")
		}
	}
	return nil
}

func judgeElements(name string, elements []any) error {
	primaries := 0
	seen := map[any]bool{}
	for _, x := range elements {
		e, ok := x.(map[string]any)
		if !ok {
			return fmt.Errorf("an element of %s is no object", name)
		}
		if e["primary"] == true {
			primaries++
		}
		if name == "members" || name == "groups" {
			if text, _ := e["value"].(string); text == "" || seen[text] {
				return fmt.Errorf("an element of %s without a value of its own", name)
			}
			seen[e["value"]] = true
		}
	}
	if primaries > 1 {
		return fmt.Errorf("%s has %d primary values", name, primaries)
	}
	return nil
}
