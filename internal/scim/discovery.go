package scim

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/schema"
)

const discoveryURN = "urn:ietf:params:scim:schemas:core:2.0:"

// Discovery answers the discovery endpoints (RFC 7644 §4) from documents made
// once. The base of every method is the prefix of links,
// "https://host/Scim/v2", without a trailing slash. It is safe for concurrent
// use.
type Discovery struct {
	provider entry
	types    []namedEntry
	schemas  []namedEntry
	// unlisted are attributes that are not advertised, by resource type and path.
	unlisted map[[2]string]bool
	// byType and bySchema find an entry by the names it goes by, in lower case.
	byType, bySchema map[string]namedEntry
}

// namedEntry is an entry with the path under which it is asked for, canonical
// in letter case.
type namedEntry struct {
	entry
	path string
}

// NewDiscovery makes the documents for the registered types as the profile's
// switches discovery, advertiseSort and maxResults say. started is the time of
// meta in ServiceProviderConfig.
func NewDiscovery(reg *schema.Registry, p *Profile, started time.Time) (*Discovery, error) {
	ed, err := embeddedEdition(p.Discovery)
	if err != nil {
		return nil, fmt.Errorf("discovery %q: %w", p.Discovery, err)
	}
	d := &Discovery{unlisted: map[[2]string]bool{}, byType: map[string]namedEntry{}, bySchema: map[string]namedEntry{}}
	if err := d.addProvider(ed.provider, p, started); err != nil {
		return nil, err
	}
	types := ed.types(reg, p.VaultMode != "off")
	for _, t := range types {
		t.Schemas, t.ID = []string{discoveryURN + "ResourceType"}, t.Name
		e, err := newEntry(t, "ResourceType", "")
		if err != nil {
			return nil, err
		}
		named := namedEntry{e, "/ResourceTypes/" + url.PathEscape(t.ID)}
		d.types = append(d.types, named)
		d.byType[strings.ToLower(t.ID)] = named
	}
	docs := ed.schemas(reg, types)
	for _, t := range types {
		d.addUnlisted(reg.Type(t.Name), t, docs)
	}
	return d, d.addSchemas(docs, types, p.SchemaAliases)
}

func (d *Discovery) addProvider(doc providerDocument, p *Profile, started time.Time) error {
	doc.Schemas = []string{discoveryURN + "ServiceProviderConfig"}
	doc.Sort.Supported, doc.Filter.MaxResults = p.AdvertiseSort, p.MaxResults
	stamp := started.UTC().Format("2006-01-02T15:04:05.9999999Z")
	var err error
	d.provider, err = newEntry(doc, "ServiceProviderConfig", `"created":"`+stamp+`","lastModified":"`+stamp+`",`)
	return err
}

// addSchemas registers each schema under its URN and, with aliases, under the
// name of the type whose base schema it is, under its own name, and under the
// last segment of its URN. Where two schemas claim a name, the earlier kind of
// name wins, and then the order of the list.
func (d *Discovery) addSchemas(docs []schemaDocument, types []typeDocument, aliases bool) error {
	typeOf := map[string]string{}
	for _, t := range types {
		typeOf[t.Schema] = t.Name
	}
	entries := make([]entry, len(docs))
	for i, s := range docs {
		s.Schemas = []string{discoveryURN + "Schema"}
		var err error
		if entries[i], err = newEntry(s, "Schema", ""); err != nil {
			return err
		}
		d.schemas = append(d.schemas, namedEntry{entries[i], "/Schemas/" + s.ID})
	}
	names := []func(schemaDocument) string{
		func(s schemaDocument) string { return s.ID },
		func(s schemaDocument) string { return typeOf[s.ID] },
		func(s schemaDocument) string { return s.Name },
		func(s schemaDocument) string { return s.ID[strings.LastIndexByte(s.ID, ':')+1:] },
	}
	if !aliases {
		names = names[:1]
	}
	for _, name := range names {
		for i, s := range docs {
			alias := name(s)
			if _, taken := d.bySchema[strings.ToLower(alias)]; !taken && alias != "" {
				d.bySchema[strings.ToLower(alias)] = namedEntry{entries[i], "/Schemas/" + url.PathEscape(alias)}
			}
		}
	}
	return nil
}

// addUnlisted notes the attributes of a type that its schemas, as advertised, do
// not show.
func (d *Discovery) addUnlisted(rt *schema.ResourceType, t typeDocument, docs []schemaDocument) {
	shown := map[string][]attributeDocument{}
	for _, s := range docs {
		named := func(e extensionDocument) bool { return strings.EqualFold(e.Schema, s.ID) }
		if strings.EqualFold(t.Schema, s.ID) || slices.ContainsFunc(t.Extensions, named) {
			shown[strings.ToLower(s.ID)] = s.Attributes
		}
	}
	var note func(attrs []*schema.Attribute, shown []attributeDocument)
	note = func(attrs []*schema.Attribute, shown []attributeDocument) {
		for _, a := range attrs {
			i := slices.IndexFunc(shown, func(doc attributeDocument) bool { return strings.EqualFold(doc.Name, a.Name) })
			if i < 0 {
				d.unlisted[[2]string{rt.Name, a.Path}] = true
				note(a.Sub, nil)
			} else {
				note(a.Sub, shown[i].SubAttributes)
			}
		}
	}
	note(rt.Schema.Attributes, shown[strings.ToLower(rt.Schema.ID)])
	for _, e := range rt.Extensions {
		attrs, ok := shown[strings.ToLower(e.Schema.ID)]
		note(e.Schema.Attributes, attrs)
		if !ok && e.Schema.Open {
			d.unlisted[[2]string{rt.Name, e.Schema.ID}] = true
		}
	}
}

// Advertises reports whether /Schemas shows an attribute of a type. The common
// attributes of RFC 7643 §3.1 count as shown: they belong to every resource.
func (d *Discovery) Advertises(rt *schema.ResourceType, a *schema.Attribute) bool {
	return !d.unlisted[[2]string{rt.Name, a.Declared()}]
}

// ServiceProviderConfig answers /ServiceProviderConfig (RFC 7643 §5).
func (d *Discovery) ServiceProviderConfig(base string) []byte {
	return d.provider.append(nil, base+"/ServiceProviderConfig")
}

// ResourceTypes answers /ResourceTypes with a ListResponse of all (RFC 7643 §6).
func (d *Discovery) ResourceTypes(base string) []byte { return listEntries(d.types, base) }

// ResourceType answers /ResourceTypes/{id}; id is a name in any letter case.
func (d *Discovery) ResourceType(id, base string) ([]byte, bool) {
	return findEntry(d.byType, id, base)
}

// Schemas answers /Schemas with a ListResponse of all (RFC 7643 §7).
func (d *Discovery) Schemas(base string) []byte { return listEntries(d.schemas, base) }

// Schema answers /Schemas/{id}. In any letter case, id is a URN or, where the
// profile has aliases, its last segment, the schema's name, or the name of the
// resource type that it is the base schema of; meta.location ends in that form.
func (d *Discovery) Schema(id, base string) ([]byte, bool) {
	return findEntry(d.bySchema, id, base)
}

func findEntry(entries map[string]namedEntry, id, base string) ([]byte, bool) {
	e, ok := entries[strings.ToLower(id)]
	if !ok {
		return nil, false
	}
	return e.append(nil, base+e.path), true
}

func listEntries(entries []namedEntry, base string) []byte {
	size := 256
	for _, e := range entries {
		size += len(e.head) + len(base) + len(e.path) + len(e.tail) + 16
	}
	n := strconv.Itoa(len(entries))
	out := append(make([]byte, 0, size), `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`+n+
		`,"itemsPerPage":`+n+`,"startIndex":1,"Resources":[`...)
	for i, e := range entries {
		if i > 0 {
			out = append(out, ',')
		}
		out = e.append(out, base+e.path)
	}
	return append(out, "]}"...)
}
