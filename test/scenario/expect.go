package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Expect is what an answer must look like; the zero Expect only asks for what
// every answer owes (see unspoken).
type Expect struct {
	Status       []int              `json:"status"`
	StatusCounts map[string]int     `json:"statusCounts"`
	Asserts      []Check            `json:"asserts"`
	IfStatus     map[string][]Check `json:"ifStatus"`
	Headers      map[string]Check   `json:"headers"`
	// Resource is the name of the resource type the body must be of.
	Resource  string     `json:"resource"`
	List      *ListWant  `json:"list"`
	SCIMError *ErrorWant `json:"scimError"`
	EmptyBody bool       `json:"emptyBody"`
}

// ListWant asks for a ListResponse; Total and Returned are numbers or nil.
type ListWant struct {
	Total        any  `json:"total"`
	Returned     any  `json:"returned"`
	EmptyMayOmit bool `json:"emptyMayOmit"`
}

// UnmarshalJSON reads true or an object.
func (w *ListWant) UnmarshalJSON(data []byte) error {
	if string(data) == "true" {
		return nil
	}
	type plainWant ListWant
	return strictly(data, (*plainWant)(w))
}

// ErrorWant asks for a SCIM error body with one of Types, or any when empty.
type ErrorWant struct{ Types []string }

// UnmarshalJSON reads true, a scimType, or a list of them.
func (w *ErrorWant) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "true":
		return nil
	case bytes.HasPrefix(data, []byte(`"`)):
		w.Types = make([]string, 1)
		return json.Unmarshal(data, &w.Types[0])
	}
	return json.Unmarshal(data, &w.Types)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	// json is the decoded body, nil without one.
	json any
}

// problems judges one answer; none means that it is as expected.
func (e *Expect) problems(v *variables, a *answer) []error {
	problems := a.unspoken()
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(e.Status) > 0 && !slices.Contains(e.Status, a.status) {
		add("expected status %s, got %d", joined(e.Status), a.status)
	}
	if e.EmptyBody && len(a.body) > 0 {
		add("expected no body")
	}
	for _, c := range e.Asserts {
		problems = append(problems, c.problems(v, a.json)...)
	}
	for _, c := range e.IfStatus[strconv.Itoa(a.status)] {
		problems = append(problems, c.problems(v, a.json)...)
	}
	for name, c := range e.Headers {
		values := a.header.Values(name)
		problems = append(problems, c.judge(v, "header "+name, strings.Join(values, ", "), len(values) > 0)...)
	}
	if e.Resource != "" {
		problems = append(problems, a.resource(e.Resource)...)
	}
	if e.List != nil {
		problems = append(problems, a.list(v, e.List)...)
	}
	if e.SCIMError != nil {
		problems = append(problems, a.scimError(e.SCIMError)...)
	}
	return problems
}

// unspoken is what every answer owes: no body with 204, else JSON under a JSON
// media type.
func (a *answer) unspoken() []error {
	if len(a.body) == 0 {
		return nil
	}
	if a.status == http.StatusNoContent {
		return []error{errors.New("a 204 with a body")}
	}
	var problems []error
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil || media != "application/scim+json" && media != "application/json" {
		problems = append(problems, fmt.Errorf("the media type is %q", a.header.Get("Content-Type")))
	}
	if err := strictly(a.body, &a.json); err != nil {
		problems = append(problems, fmt.Errorf("the body is not JSON: %w", err))
	}
	return problems
}

func (a *answer) member(path string) any {
	x, _, err := lookUp(a.json, path)
	if err != nil {
		panic(err) // the paths of this file are constants
	}
	return x
}

func (a *answer) resource(typeName string) []error {
	var problems []error
	if id, ok := a.member("$.id").(string); !ok || id == "" {
		problems = append(problems, errors.New("the resource has no id"))
	}
	if list, ok := a.member("$.schemas").([]any); !ok || len(list) == 0 {
		problems = append(problems, errors.New("the resource has no schemas"))
	}
	if got := a.member("$.meta.resourceType"); got != typeName {
		problems = append(problems, fmt.Errorf("meta.resourceType is %s, not %s", plain(got), typeName))
	}
	if at, ok := a.member("$.meta.location").(string); !ok || at == "" {
		problems = append(problems, errors.New("the resource has no meta.location"))
	}
	return problems
}

const (
	listURN  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	errorURN = "urn:ietf:params:scim:api:messages:2.0:Error"
)

func (a *answer) list(v *variables, want *ListWant) []error {
	var problems []error
	if !has(a.member("$.schemas"), listURN) {
		problems = append(problems, errors.New("not a ListResponse: schemas lacks its URN"))
	}
	total := a.member("$.totalResults")
	if !whole(total) {
		problems = append(problems, errors.New("totalResults is not a whole number"))
	}
	for _, name := range []string{"$.startIndex", "$.itemsPerPage"} {
		if x := a.member(name); x != nil && !whole(x) {
			problems = append(problems, fmt.Errorf("%s is not a whole number", name))
		}
	}
	resources, isList := a.member("$.Resources").([]any)
	if !isList && !(want.EmptyMayOmit && same(total, json.Number("0"))) {
		problems = append(problems, errors.New("the member Resources is not an array"))
	}
	problems = append(problems, equal(v, "totalResults", total, want.Total)...)
	returned := json.Number(strconv.Itoa(len(resources)))
	return append(problems, equal(v, "the number of Resources", returned, want.Returned)...)
}

// equal compares a number with the one wanted; nil wants nothing.
func equal(v *variables, what string, got, want any) []error {
	if want == nil {
		return nil
	}
	want, err := v.expand(want)
	if err != nil {
		return []error{err}
	}
	if !same(got, want) {
		return []error{fmt.Errorf("expected %s to be %s, got %s", what, plain(want), plain(got))}
	}
	return nil
}

func (a *answer) scimError(want *ErrorWant) []error {
	var problems []error
	if !has(a.member("$.schemas"), errorURN) {
		problems = append(problems, errors.New("not a SCIM error: schemas lacks its URN"))
	}
	if got := a.member("$.status"); got != strconv.Itoa(a.status) {
		problems = append(problems, fmt.Errorf("the error's status is %s, not the text \"%d\"", plain(got), a.status))
	}
	if len(want.Types) > 0 {
		if got, _ := a.member("$.scimType").(string); !slices.Contains(want.Types, got) {
			problems = append(problems, fmt.Errorf("expected scimType %s, got %q", strings.Join(want.Types, " or "), got))
		}
	}
	return problems
}

func joined(statuses []int) string {
	texts := make([]string, len(statuses))
	for i, s := range statuses {
		texts[i] = strconv.Itoa(s)
	}
	return strings.Join(texts, " or ")
}
