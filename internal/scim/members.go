package scim

import (
	"net/url"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// elementIDs reads what a client gives for a collection into the ids of the
// elements, each once: objects with a value or a $ref, or one of them where the
// profile takes it for a list.
func (s *shaper) elementIDs(a *schema.Attribute, v resource.Value) ([]string, error) {
	if v.Unassigned() && v.Kind() != resource.Object {
		return nil, nil
	}
	if v.Kind() != resource.Array {
		if !s.asList(a, v) {
			return nil, s.malformed(a, "%s must be a list, not %s.", a.Path, kindName(v))
		}
		v = resource.List(v)
	}
	ids := make([]string, 0, len(v.Items()))
	seen := make(map[string]bool, len(v.Items()))
	for _, item := range v.Items() {
		id, err := s.elementID(a, item)
		switch {
		case err != nil:
			return nil, err
		case id == "":
			return nil, scimerr.InvalidValue(a.Path, "An element of %s needs a value: the id of a resource.", a.Path)
		case !seen[id]:
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// elementID is the id that an element names by its value or else at the end of
// its $ref, "" without either. What it says besides follows from the resource
// (R7643-2.4-08, R7643-4.2-05) and is passed over.
func (s *shaper) elementID(a *schema.Attribute, v resource.Value) (string, error) {
	switch {
	case v.Kind() == resource.String && s.p.TextAsValue == "all":
		return v.Str(), nil
	case v.Kind() != resource.Object:
		return "", s.malformed(a, "An element of %s must be an object, not %s.", a.Path, kindName(v))
	}
	id, ref := "", ""
	for name, x := range v.Members().All() {
		sub := a.SubAttribute(name)
		switch {
		case sub == nil:
			if err := s.unknown(&resource.Members{}, name, a.Path+"."+name, x); err != nil {
				return "", err
			}
			continue
		case x.Kind() != resource.String && !x.IsNull():
			return "", s.malformed(sub, "%s must be a text, not %s.", sub.Path, kindName(x))
		}
		switch sub.Name {
		case "value":
			id = x.Str()
		case "$ref":
			ref = x.Str()
		}
	}
	if id == "" {
		id = lastSegment(ref)
	}
	return id, nil
}

// lastSegment is the id at the end of a resource's URI, "" without one.
func lastSegment(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	uri = strings.TrimSuffix(uri, "/")
	id, err := url.PathUnescape(uri[strings.LastIndexByte(uri, '/')+1:])
	if err != nil {
		return ""
	}
	return id
}

// malformed refuses an element that has not the form of one, as the tenant does
// where the profile says so (cyberark-scim 18.7).
func (s *shaper) malformed(a *schema.Attribute, format string, args ...any) error {
	if s.p.FaithfulErrorCodes {
		return scimerr.Faithful("Cannot deserialize the JSON value into System.Collections.Generic.List: it is not a list of members.")
	}
	return scimerr.InvalidValue(a.Path, format, args...)
}

// naming is what a request names for a link attribute: ids, or for a single one
// a name where there is no id.
type naming struct {
	col  *linkAttr
	ids  []string
	name string
	// step is the PATCH operation that names it; nil for a body.
	step *step
}

// finding is an id that a request names for an attribute, and foundLinks are the
// resources that there are of those.
type finding struct {
	col *linkAttr
	id  string
}

type foundLinks map[finding]store.Link

// lockNamed finds the resources that a request names and keeps them from being
// deleted until it is done. Whoever changes links locks in this order: the
// other sides, type by type, then their holder. A deletion locks its own row and
// then the holders, so that the two never wait for each other. Resources that
// hold others of their own type are looked for under a lock of their own: else
// two requests could close a cycle that neither of them sees.
func (c *Call) lockNamed(tx store.Tx, rt *schema.ResourceType, list []naming) (foundLinks, error) {
	found := foundLinks{}
	for _, n := range list {
		var missing []string
		for _, id := range n.ids {
			if _, ok := found[finding{n.col, id}]; !ok && plausibleID(id) {
				missing = append(missing, id)
			}
		}
		for _, target := range n.col.types(c.Tenant.Registry) {
			if len(missing) == 0 {
				break
			}
			if target == rt {
				if err := tx.Lock(n.col.name); err != nil {
					return nil, err
				}
			}
			links, err := tx.Find([]*schema.ResourceType{target}, missing)
			if err != nil {
				return nil, err
			}
			byKey := make(map[string]store.Link, len(links))
			for _, l := range links {
				byKey[schema.TextKey(l.ID, target.IDCaseExact)] = l
			}
			var rest []string
			for _, id := range missing {
				l, ok := byKey[schema.TextKey(id, target.IDCaseExact)]
				if ok && c.sameID(target, l.ID, id) {
					found[finding{n.col, id}] = l
				} else {
					rest = append(rest, id)
				}
			}
			missing = rest
		}
	}
	return found, nil
}

// sameID reports whether two texts are one id of a type: letter case counts where
// the type or the profile says so. All ids in requests compare so.
func (c *Call) sameID(rt *schema.ResourceType, a, b string) bool {
	exact := rt.IDCaseExact || c.Tenant.Profile.CaseExactIDs
	return schema.TextKey(a, exact) == schema.TextKey(b, exact)
}

// unknownLink refuses what a request names and is not there.
func (c *Call) unknownLink(a *schema.Attribute, col *linkAttr, said string) error {
	what := a.Path
	if a.MultiValued {
		what = "An element of " + a.Path
	}
	switch {
	case c.Tenant.Profile.UnknownMember == "invalidValue":
		return scimerr.InvalidValue(a.Path, "%s names a resource that does not exist.", what)
	case c.Tenant.Profile.TenantErrorTexts:
		return scimerr.NotFound("%s not found. %s value: %s", col.noun, col.noun, said).Where(a.Path)
	}
	return scimerr.NotFound("%s names a resource that does not exist.", what).Where(a.Path)
}
