package scim

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/schemas"
)

type schemaAnswer struct {
	ID         string
	Attributes []map[string]any
}

func schemaAnswers(t *testing.T, d *Discovery) []schemaAnswer {
	t.Helper()
	var all []schemaAnswer
	for _, raw := range decodeAs[listAnswer](t, d.Schemas(testBase)).Resources {
		all = append(all, decodeAs[schemaAnswer](t, raw))
	}
	return all
}

// walkAttributes calls fn for every attribute and sub-attribute with its dotted name.
func walkAttributes(prefix string, attrs []map[string]any, fn func(name string, a map[string]any)) {
	for _, a := range attrs {
		name := prefix + a["name"].(string)
		fn(name, a)
		var subs []map[string]any
		list, _ := a["subAttributes"].([]any)
		for _, sub := range list {
			subs = append(subs, sub.(map[string]any))
		}
		walkAttributes(name+".", subs, fn)
	}
}

// R7643-2.2-01, R7643-7-02
func TestCompleteDiscoveryShowsEveryCharacteristicOfEveryAttribute(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, s := range schemaAnswers(t, discoveryOf(t, engineRegistry(t), "complete")) {
		walkAttributes(s.ID+" ", s.Attributes, func(name string, a map[string]any) {
			seen++
			for _, member := range []string{"name", "type", "multiValued", "description", "required", "caseExact", "mutability", "returned", "uniqueness"} {
				if a[member] == nil || a[member] == "" {
					t.Errorf("%s has no %s", name, member)
				}
			}
			if (a["subAttributes"] != nil) != (a["type"] == "complex") {
				t.Errorf("%s of type %s: sub-attributes %v", name, a["type"], a["subAttributes"])
			}
			if (a["referenceTypes"] != nil) != (a["type"] == "reference") { // R7643-7-15
				t.Errorf("%s of type %s: reference types %v", name, a["type"], a["referenceTypes"])
			}
		})
	}
	if seen < 100 {
		t.Errorf("only %d attributes are advertised", seen)
	}
}

// R7643-7-03: what is published parses back into what is enforced.
func TestCompleteDiscoveryIsWhatTheEngineEnforces(t *testing.T) {
	t.Parallel()
	reg := engineRegistry(t)
	d := discoveryOf(t, reg, "complete")
	for _, s := range reg.Schemas {
		doc, ok := d.Schema(s.ID, testBase)
		if !ok { // R7643-7-01
			t.Errorf("%s is not served", s.ID)
			continue
		}
		published, err := schema.ParseSchema(doc, false)
		if err != nil {
			t.Errorf("%s: %v", s.ID, err)
			continue
		}
		if published.ID != s.ID || published.Name != s.Name {
			t.Errorf("%s is published as %s %s", s.ID, published.ID, published.Name)
		}
		equalAttributes(t, s.ID, published.Attributes, s.Attributes)
	}
}

func equalAttributes(t *testing.T, where string, got, want []*schema.Attribute) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d attributes are published, %d enforced", where, len(got), len(want))
		return
	}
	type characteristics struct {
		Name, Description              string
		Type                           schema.Type
		MultiValued, Required          bool
		CaseExact                      bool
		Mutability                     schema.Mutability
		Returned                       schema.Returned
		Uniqueness                     schema.Uniqueness
		CanonicalValues, ReferenceType []string
	}
	of := func(a *schema.Attribute) characteristics {
		return characteristics{a.Name, a.Description, a.Type, a.MultiValued, a.Required, a.CaseExact,
			a.Mutability, a.Returned, a.Uniqueness, a.CanonicalValues, a.ReferenceTypes}
	}
	for i := range want {
		if !reflect.DeepEqual(of(got[i]), of(want[i])) {
			t.Errorf("%s: published %+v, enforced %+v", where, of(got[i]), of(want[i]))
		}
		equalAttributes(t, where+" "+want[i].Name, got[i].Sub, want[i].Sub)
	}
}

// R7643-2.4-07
func TestPredefinedSubAttributesKeepTheirTypes(t *testing.T) {
	t.Parallel()
	types := map[string][]string{
		"value": {"string", "reference", "binary"}, "display": {"string"}, "type": {"string"},
		"primary": {"boolean"}, "$ref": {"reference"},
	}
	seen := map[string]bool{}
	for _, s := range engineRegistry(t).Schemas {
		for _, a := range s.Attributes {
			for _, sub := range a.Sub {
				allowed, predefined := types[sub.Name]
				if predefined && !slices.Contains(allowed, sub.Type.String()) {
					t.Errorf("%s is of type %s", sub.Path, sub.Type)
				}
				seen[sub.Name] = true
			}
		}
	}
	for name := range types {
		if !seen[name] {
			t.Errorf("no attribute has a sub-attribute %s", name)
		}
	}
}

func TestTheEngineTreatsUserAttributesAsTheRFCSays(t *testing.T) {
	t.Parallel()
	user := engineRegistry(t).Type("User")
	enterprise := "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	for _, c := range []struct {
		id, urn, name, sub string
		holds              func(*schema.Attribute) bool
	}{
		{"R7643-4.1.1-01 userName is required", "", "userName", "", func(a *schema.Attribute) bool { return a.Required }},
		{"R7643-4.1.1-02 userName is unique without case", "", "userName", "", func(a *schema.Attribute) bool {
			return a.Uniqueness == schema.UniqueServer && !a.CaseExact
		}},
		{"R7643-4.1.1-05 password is never returned", "", "password", "", func(a *schema.Attribute) bool {
			return a.Returned == schema.ReturnedNever && a.Mutability == schema.WriteOnly
		}},
		{"R7643-4.1.2-07 groups is read-only", "", "groups", "", func(a *schema.Attribute) bool { return a.Mutability == schema.ReadOnly }},
		{"R7643-4.3-04 manager.displayName is read-only", enterprise, "manager", "displayName", func(a *schema.Attribute) bool {
			return a.Mutability == schema.ReadOnly
		}},
		{"R7643-3.1-03 id is exact, read-only, always returned", "", "id", "", func(a *schema.Attribute) bool {
			return a.CaseExact && a.Mutability == schema.ReadOnly && a.Returned == schema.ReturnedAlways
		}},
		{"R7643-3.1-04 externalId is exact and writable", "", "externalId", "", func(a *schema.Attribute) bool {
			return a.CaseExact && a.Mutability == schema.ReadWrite
		}},
		{"R7643-3.1-05 externalId is not unique", "", "externalId", "", func(a *schema.Attribute) bool { return a.Uniqueness == schema.UniqueNone }},
		{"R7643-3.1-06 meta.resourceType is exact", "", "meta", "resourceType", func(a *schema.Attribute) bool { return a.CaseExact }},
		{"R7643-2.3.6-02 certificates are exact", "", "x509Certificates", "value", func(a *schema.Attribute) bool {
			return a.CaseExact && a.Type == schema.Binary
		}},
		{"R7643-2.3.7-02 profileUrl is exact", "", "profileUrl", "", func(a *schema.Attribute) bool { return a.CaseExact && a.Type == schema.Reference }},
	} {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			a := user.Lookup(c.urn, c.name, c.sub)
			if a == nil || !c.holds(a) {
				t.Errorf("it does not hold of %+v", a)
			}
		})
	}
}

// The attribute entries of 2021 have five members; base schemas, and only
// they, list the common attributes (R7643-3.1-03 for id).
func TestEditionsOfTheTenantKeepTheirForm(t *testing.T) {
	t.Parallel()
	reg := tenantRegistry(t)
	base := map[string]bool{}
	for _, rt := range reg.Types {
		base[rt.Schema.ID] = true
	}
	for _, edition := range []string{"2024", "2021"} {
		for _, s := range schemaAnswers(t, discoveryOf(t, reg, edition)) {
			names := map[string]bool{}
			walkAttributes("", s.Attributes, func(name string, a map[string]any) {
				names[name] = true
				for member := range a {
					if edition == "2021" && !slices.Contains([]string{"name", "type", "multiValued", "required", "caseExact", "subAttributes"}, member) {
						t.Errorf("2021: %s of %s has %s", name, s.ID, member)
					}
				}
			})
			if names["id"] != base[s.ID] || names["meta.location"] != base[s.ID] {
				t.Errorf("%s: %s lists id %v, meta %v", edition, s.ID, names["id"], names["meta.location"])
			}
			if s.ID == discoveryURN+"User" && names["name.middleName"] != (edition == "2021") {
				t.Errorf("%s: name.middleName %v", edition, names["name.middleName"])
			}
		}
	}
	order := func(edition string) string {
		var ids []string
		for _, raw := range decodeAs[listAnswer](t, discoveryOf(t, reg, edition).ResourceTypes(testBase)).Resources {
			ids = append(ids, decodeAs[entryAnswer](t, raw).ID)
		}
		return strings.Join(ids, " ")
	}
	if got := order("2024"); got != "Container ContainerPermission PrivilegedData PrivilegedDataPermission User Group" {
		t.Errorf("2024: %s", got)
	}
	if got := order("2021"); got != "User Group Container ContainerPermission PrivilegedData PrivilegedDataPermission" {
		t.Errorf("2021: %s", got)
	}
}

func BenchmarkSchemas(b *testing.B) {
	reg, err := schemas.Registry()
	if err != nil {
		b.Fatal(err)
	}
	p, err := LoadProfile(schemas.FS, "cyberark")
	if err != nil {
		b.Fatal(err)
	}
	d, err := NewDiscovery(reg, p, testStart)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Schemas(testBase)
	}
}
