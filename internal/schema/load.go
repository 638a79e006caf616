package schema

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Registry is the set of schemas and resource types of a server.
type Registry struct {
	Schemas []*Schema
	Types   []*ResourceType
	Common  *Schema

	byURN  map[string]*Schema
	byName map[string]*ResourceType
	byPath map[string]*ResourceType
}

// Schema finds a schema by its URN in any letter case, or nil.
func (r *Registry) Schema(urn string) *Schema { return r.byURN[FoldName(urn)] }

// Type finds a resource type by name in any letter case, or nil.
func (r *Registry) Type(name string) *ResourceType { return r.byName[FoldName(name)] }

// Endpoint finds a resource type by its endpoint without the slash, in any
// letter case, or nil.
func (r *Registry) Endpoint(segment string) *ResourceType { return r.byPath[FoldName(segment)] }

type attributeJSON struct {
	Name            string          `json:"name"`
	Description     string          `json:"description"`
	Type            string          `json:"type"`
	MultiValued     bool            `json:"multiValued"`
	Required        bool            `json:"required"`
	CaseExact       bool            `json:"caseExact"`
	Mutability      string          `json:"mutability"`
	Returned        string          `json:"returned"`
	Uniqueness      string          `json:"uniqueness"`
	CanonicalValues []string        `json:"canonicalValues"`
	ReferenceTypes  []string        `json:"referenceTypes"`
	SubAttributes   []attributeJSON `json:"subAttributes"`
	Identity        string          `json:"identity"`
	EmptyIsValue    bool            `json:"emptyIsValue"`
}

type schemaJSON struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Open        bool            `json:"open"`
	Attributes  []attributeJSON `json:"attributes"`
}

type typeJSON struct {
	Name             string `json:"name"`
	Endpoint         string `json:"endpoint"`
	Description      string `json:"description"`
	Schema           string `json:"schema"`
	Family           string `json:"family"`
	NotFound         string `json:"notFound"`
	IDCaseExact      bool   `json:"idCaseExact"`
	SchemaExtensions []struct {
		Schema    string   `json:"schema"`
		Required  bool     `json:"required"`
		Qualified bool     `json:"qualified"`
		Aliases   []string `json:"aliases"`
	} `json:"schemaExtensions"`
}

// schemaFiles are the schemas of a registry's file system, one in each file.
var schemaFiles = []string{"core/*.json", "pam/*.json", "cyberark/*.json"}

// Load reads a registry from a file system that holds common.json, the schemas
// and resource-types.json (a list).
func Load(fsys fs.FS) (*Registry, error) {
	r := &Registry{byURN: map[string]*Schema{}, byName: map[string]*ResourceType{}, byPath: map[string]*ResourceType{}}
	data, err := fs.ReadFile(fsys, "common.json")
	if err != nil {
		return nil, err
	}
	if r.Common, err = ParseSchema(data, true); err != nil {
		return nil, fmt.Errorf("common.json: %w", err)
	}
	var names []string
	for _, pattern := range schemaFiles {
		list, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, err
		}
		names = append(names, list...)
	}
	for _, name := range names {
		if data, err = fs.ReadFile(fsys, name); err != nil {
			return nil, err
		}
		s, err := ParseSchema(data, false)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := r.AddSchema(s); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if data, err = fs.ReadFile(fsys, "resource-types.json"); err != nil {
		return nil, err
	}
	if err := r.AddTypes(data); err != nil {
		return nil, fmt.Errorf("resource-types.json: %w", err)
	}
	return r, nil
}

// AddSchema registers a schema under its URN.
func (r *Registry) AddSchema(s *Schema) error {
	if r.byURN[FoldName(s.ID)] != nil {
		return fmt.Errorf("schema %s is defined twice", s.ID)
	}
	r.byURN[FoldName(s.ID)] = s
	r.Schemas = append(r.Schemas, s)
	return nil
}

// AddTypes registers the resource types of a JSON list. Their schemas must be
// registered already.
func (r *Registry) AddTypes(data []byte) error {
	var list []typeJSON
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for _, t := range list {
		if err := r.addType(t); err != nil {
			return fmt.Errorf("resource type %q: %w", t.Name, err)
		}
	}
	return nil
}

func (r *Registry) addType(t typeJSON) error {
	rt := &ResourceType{
		Name: t.Name, Endpoint: t.Endpoint, Description: t.Description, Common: r.Common,
		NotFound: t.NotFound, Family: t.Family, IDCaseExact: t.IDCaseExact, bySchema: map[string]*Schema{},
	}
	if rt.NotFound == "" {
		rt.NotFound = "Resource %s not found"
	}
	if !ValidName(t.Name) || !strings.HasPrefix(t.Endpoint, "/") {
		return fmt.Errorf("needs a name and an endpoint that begins with a slash")
	}
	if rt.Schema = r.Schema(t.Schema); rt.Schema == nil {
		return fmt.Errorf("schema %q is not registered", t.Schema)
	}
	rt.bySchema[FoldName(rt.Schema.ID)] = rt.Schema
	for _, e := range t.SchemaExtensions {
		s := r.Schema(e.Schema)
		if s == nil {
			return fmt.Errorf("extension %q is not registered", e.Schema)
		}
		setExtension(s)
		rt.Extensions = append(rt.Extensions, Extension{Schema: s, Required: e.Required, Qualified: e.Qualified})
		rt.bySchema[FoldName(s.ID)] = s
		for _, urn := range e.Aliases {
			rt.bySchema[FoldName(urn)] = s
		}
	}
	if r.byName[FoldName(rt.Name)] != nil || r.byPath[FoldName(rt.Endpoint[1:])] != nil {
		return fmt.Errorf("the name or endpoint is taken")
	}
	r.byName[FoldName(rt.Name)] = rt
	r.byPath[FoldName(rt.Endpoint[1:])] = rt
	r.Types = append(r.Types, rt)
	return nil
}

// ParseSchema reads one schema definition (RFC 7643 §7). Undeclared
// characteristics take the defaults of RFC 7643 §2.2.
func ParseSchema(data []byte, common bool) (*Schema, error) {
	var in schemaJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	s := &Schema{ID: in.ID, Name: in.Name, Description: in.Description, Open: in.Open}
	var err error
	owner := s
	if common {
		owner = nil
	}
	if s.Attributes, s.byName, err = attributes(in.Attributes, nil, owner); err != nil {
		return nil, err
	}
	return s, nil
}

func attributes(in []attributeJSON, parent *Attribute, s *Schema) ([]*Attribute, map[string]*Attribute, error) {
	list := make([]*Attribute, 0, len(in))
	byName := make(map[string]*Attribute, len(in))
	for _, j := range in {
		a, err := attribute(j, parent, s)
		if err != nil {
			return nil, nil, fmt.Errorf("attribute %q: %w", j.Name, err)
		}
		if byName[FoldName(a.Name)] != nil {
			return nil, nil, fmt.Errorf("attribute %q is defined twice", a.Name)
		}
		byName[FoldName(a.Name)] = a
		list = append(list, a)
	}
	return list, byName, nil
}

func attribute(j attributeJSON, parent *Attribute, s *Schema) (*Attribute, error) {
	if !ValidName(j.Name) || j.Name == "$ref" && parent == nil {
		return nil, fmt.Errorf("not an attribute name (RFC 7643 §2.1)")
	}
	a := &Attribute{
		Name: j.Name, Description: j.Description, MultiValued: j.MultiValued, Required: j.Required,
		CaseExact: j.CaseExact, CanonicalValues: j.CanonicalValues, ReferenceTypes: j.ReferenceTypes,
		EmptyIsValue: j.EmptyIsValue, Parent: parent, Schema: s, Path: j.Name,
	}
	if parent != nil {
		a.Path = parent.Path + "." + j.Name
	}
	var err error
	if a.Type, err = oneOf[Type](typeNames[:Any], j.Type, "string"); err != nil {
		return nil, err
	}
	if a.Mutability, err = oneOf[Mutability](mutabilityNames[:], j.Mutability, "readWrite"); err != nil {
		return nil, err
	}
	if a.Returned, err = oneOf[Returned](returnedNames[:], j.Returned, "default"); err != nil {
		return nil, err
	}
	if a.Uniqueness, err = oneOf[Uniqueness](uniquenessNames[:], j.Uniqueness, "none"); err != nil {
		return nil, err
	}
	// RFC 7643 §2.3.6 and §2.3.7: binary and reference values are case exact.
	if a.Type == Binary || a.Type == Reference {
		a.CaseExact = true
	}
	if a.Type != Complex {
		if len(j.SubAttributes) > 0 {
			return nil, fmt.Errorf("only complex attributes have sub-attributes")
		}
		return a, nil
	}
	if parent != nil {
		return nil, fmt.Errorf("complex attributes do not nest (RFC 7643 §2.3.8)")
	}
	if a.Sub, a.sub, err = attributes(j.SubAttributes, a, s); err != nil || j.Identity == "" {
		return a, err
	}
	if a.Identity = a.SubAttribute(j.Identity); a.Identity == nil {
		return nil, fmt.Errorf("its identity %q is no sub-attribute", j.Identity)
	}
	return a, nil
}

func oneOf[T ~uint8](names []string, name, fallback string) (T, error) {
	if name == "" {
		name = fallback
	}
	i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	if i < 0 {
		return 0, fmt.Errorf("%q is none of %s", name, strings.Join(names, ", "))
	}
	return T(i), nil
}

// setExtension marks the attributes of an extension schema with its URN, which
// is also the prefix of their paths.
func setExtension(s *Schema) {
	for _, a := range s.Attributes {
		if a.Extension != "" {
			continue
		}
		a.Extension, a.Path = s.ID, s.ID+":"+a.Path
		for _, sub := range a.Sub {
			sub.Extension, sub.Path = s.ID, s.ID+":"+sub.Path
		}
	}
}
