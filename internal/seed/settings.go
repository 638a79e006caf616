package seed

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// Settings are what a tenant shall have beside its resources.
type Settings struct {
	// Profile names a built-in profile, Document is another as JSON. Switches and
	// Limits are values as text by name.
	Profile, Document string
	Switches, Limits  map[string]string
	Hosts             []string
	Applications      []Application
	Tokens            []Token
	Issuers           []*scim.TrustedIssuer
	Faults            []fault.Spec
}

// Application is an OAuth2 application. Without ClientSecret, one is made and told;
// Sealed holds the hash of an exported one.
type Application struct {
	AppID           string   `json:"appId"`
	ClientID        string   `json:"clientId,omitempty"`
	ClientSecret    string   `json:"clientSecret,omitempty"`
	Scope           string   `json:"scope,omitempty"`
	Rights          string   `json:"rights,omitempty"`
	PersonRights    string   `json:"personRights,omitempty"`
	Lifetime        int64    `json:"lifetime,omitempty"`
	Public          bool     `json:"public,omitempty"`
	RedirectURIs    []string `json:"redirectUris,omitempty"`
	Grants          []string `json:"grants,omitempty"`
	RefreshLifetime int64    `json:"refreshLifetime,omitempty"`
	NoRefresh       bool     `json:"noRefresh,omitempty"`
	RotateRefresh   bool     `json:"rotateRefresh,omitempty"`
	Active          *bool    `json:"active,omitempty"`
	Sealed          string   `json:"$sealed,omitempty"`
}

// Token is a bearer token. Without its text, one is made and told; Sealed holds the
// hash of an exported one.
type Token struct {
	Name    string    `json:"name"`
	Token   string    `json:"token,omitempty"`
	Rights  string    `json:"rights,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	Sealed  string    `json:"$sealed,omitempty"`
}

// setting is a member of a tenant that is no resource.
type setting struct {
	name string
	read func(*tenantReader, *Node)
	// merge puts what another mention of the tenant says together with what is there;
	// false when the two contradict each other.
	merge func(have, more *Tenant) bool
}

var settings []setting

func init() {
	settings = []setting{
		{"name", func(t *tenantReader, n *Node) {
			if t.text(n, "name", &t.out.Name); t.out.Name != "" {
				if t.out.Name = scim.TenantName(t.out.Name); !scim.ValidTenantName(t.out.Name) {
					t.mistake(n.Position, "The name of a tenant has 1 to 63 letters, digits and hyphens.")
				}
			}
		}, func(*Tenant, *Tenant) bool { return true }},
		{"exact", func(t *tenantReader, n *Node) { t.truth(n, "exact", &t.out.Exact) },
			func(have, more *Tenant) bool { return have.Exact == more.Exact }},
		{"sealed", func(t *tenantReader, n *Node) { t.text(n, "sealed", &t.out.Sealed) },
			func(have, more *Tenant) bool { return agree(&have.Sealed, more.Sealed) }},
		{"profile", (*tenantReader).profile,
			func(have, more *Tenant) bool {
				return agree(&have.Profile, more.Profile) && agree(&have.Document, more.Document)
			}},
		{"switches", func(t *tenantReader, n *Node) { t.out.Switches = t.texts(n, "switches") },
			func(have, more *Tenant) bool { return agreeAll(&have.Switches, more.Switches) }},
		{"hosts", func(t *tenantReader, n *Node) { bind(t, n, "hosts", &t.out.Hosts) },
			func(have, more *Tenant) bool {
				for _, h := range more.Hosts {
					if !slices.Contains(have.Hosts, h) {
						have.Hosts = append(have.Hosts, h)
					}
				}
				return true
			}},
		{"limits", func(t *tenantReader, n *Node) { t.out.Limits = t.texts(n, "limits") },
			func(have, more *Tenant) bool { return agreeAll(&have.Limits, more.Limits) }},
		{"applications", func(t *tenantReader, n *Node) { bindList(t, n, "applications", &t.out.Applications) },
			func(have, more *Tenant) bool {
				have.Applications = append(have.Applications, more.Applications...)
				return true
			}},
		{"tokens", func(t *tenantReader, n *Node) { bindList(t, n, "tokens", &t.out.Tokens) },
			func(have, more *Tenant) bool { have.Tokens = append(have.Tokens, more.Tokens...); return true }},
		{"issuers", func(t *tenantReader, n *Node) { bindList(t, n, "issuers", &t.out.Issuers) },
			func(have, more *Tenant) bool { have.Issuers = append(have.Issuers, more.Issuers...); return true }},
		{"faults", (*tenantReader).faults,
			func(have, more *Tenant) bool { have.Faults = append(have.Faults, more.Faults...); return true }},
	}
}

// merge adds the settings of another mention of a tenant.
func (t *tenantReader) merge(have *Tenant) {
	for _, s := range settings {
		now, before := t.out.said[s.name], have.said[s.name]
		if now == nil && (before != nil || s.name != "exact") {
			continue
		}
		if !s.merge(have, t.out) {
			at := t.at
			if now != nil {
				at = now[0].key
			}
			t.mistake(at, "%s says something else here than in what comes before of the tenant.", s.name)
		}
		have.said[s.name] = append(before, now...)
	}
}

func agree(have *string, more string) bool {
	if *have == "" {
		*have = more
	}
	return more == "" || *have == more
}

func agreeAll(have *map[string]string, more map[string]string) bool {
	if *have == nil {
		*have = map[string]string{}
	}
	for name, v := range more {
		if old, ok := (*have)[name]; ok && old != v {
			return false
		}
	}
	maps.Copy(*have, more)
	return true
}

func (t *tenantReader) text(n *Node, what string, to *string) {
	if n.Kind != resource.String {
		t.mistake(n.Position, "%s must be a text, not %s.", what, kindName(n.Kind))
		return
	}
	*to = n.Text
}

func (t *tenantReader) truth(n *Node, what string, to *bool) {
	if n.Kind != resource.Bool {
		t.mistake(n.Position, "%s must be true or false, not %s.", what, kindName(n.Kind))
		return
	}
	*to = n.Text == "true"
}

// texts reads a mapping of names to simple values, as text.
func (t *tenantReader) texts(n *Node, what string) map[string]string {
	if n.Kind != resource.Object {
		t.mistake(n.Position, "%s must be a mapping of names to values, not %s.", what, kindName(n.Kind))
		return nil
	}
	out := make(map[string]string, len(n.Keys))
	for i, k := range n.Keys {
		switch v := n.Items[i]; v.Kind {
		case resource.Array, resource.Object, resource.Null:
			t.mistake(v.Position, "%.80s must have a simple value, not %s.", k.Name, kindName(v.Kind))
		default:
			out[k.Name] = v.Text
		}
	}
	return out
}

// profile is the name of one, or one written out.
func (t *tenantReader) profile(n *Node) {
	switch n.Kind {
	case resource.Object:
		t.out.Document = string(resource.AppendJSON(nil, n.Value()))
	case resource.String:
		t.out.Profile = n.Text
	default:
		t.mistake(n.Position, "profile must be the name of one, or a mapping as in a profile file, not %s.", kindName(n.Kind))
	}
}

// faults reads the faults that a tenant begins with.
func (t *tenantReader) faults(n *Node) {
	if n.Kind != resource.Array {
		t.mistake(n.Position, "faults must be a list, not %s.", kindName(n.Kind))
		return
	}
	t.out.Faults = []fault.Spec{}
	for _, item := range n.Items {
		var spec fault.Spec
		err := fault.Decode(resource.AppendJSON(nil, item.Value()), &spec)
		if err == nil {
			_, err = spec.Rules()
		}
		if err != nil {
			e := scimerr.From(err)
			t.mistake(item.at(e.At), "%s", e.Detail)
			continue
		}
		t.out.Faults = append(t.out.Faults, spec)
	}
}

// bindList reads a list of mappings.
func bindList[T any](t *tenantReader, n *Node, what string, to *[]T) {
	if n.Kind != resource.Array {
		t.mistake(n.Position, "%s must be a list, not %s.", what, kindName(n.Kind))
		return
	}
	*to = []T{}
	for _, item := range n.Items {
		var v T
		if item.Kind != resource.Object {
			t.mistake(item.Position, "An element of %s must be a mapping, not %s.", what, kindName(item.Kind))
		} else if bind(t, item, what, &v) {
			*to = append(*to, v)
		}
	}
}

// bind reads a value into one of Go by the names in its json tags.
func bind[T any](t *tenantReader, n *Node, what string, to *T) bool {
	of := reflect.TypeFor[T]()
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	ok := true
	if of.Kind() == reflect.Struct && n.Kind == resource.Object {
		var known []string
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			known = append(known, name)
		}
		for _, k := range n.Keys {
			if !slices.Contains(known, k.Name) {
				t.mistake(k.Position, "%.80q is not known in %s; there are %s.", k.Name, what, strings.Join(known, ", "))
				ok = false
			}
		}
	}
	err := json.Unmarshal(resource.AppendJSON(nil, n.Value()), to)
	var kind *json.UnmarshalTypeError
	var when *time.ParseError
	switch {
	case err == nil:
		return ok
	case errors.As(err, &kind):
		t.mistake(n.at(kind.Field), "%s takes %s here, not a %s.", what, typeName(kind.Type), kind.Value)
	case errors.As(err, &when):
		at := slices.IndexFunc(n.Items, func(x *Node) bool { return x.Text == strings.Trim(when.Value, `"`) })
		if at < 0 {
			at = 0
		}
		t.mistake(n.Items[at].Position, "%s of %s must be a dateTime such as 2026-01-02T15:04:05Z.", n.Keys[at].Name, what)
	default:
		t.mistake(n.Position, "%s cannot be read: %v.", what, err)
	}
	return false
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	}
	return "a value of another kind"
}
