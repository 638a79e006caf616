package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/schemas"
)

// edition is what a tenant advertised at some time, read from
// schemas/advertised/NAME. The edition "complete" has no documents of a tenant,
// so that the engine's truth is advertised throughout.
type edition struct {
	Description string `json:"description"`
	// Extends names the edition that supplies the files missing in this one.
	Extends string `json:"extends"`
	// ShortAttributes leaves out most characteristics.
	ShortAttributes bool `json:"shortAttributes"`
	// Schemas and ResourceTypes are what the tenant lists, in its order; the
	// names of Schemas are those of files.
	Schemas       []string       `json:"schemas"`
	ResourceTypes []typeDocument `json:"resourceTypes"`
	// ProtocolSchemas are listed whatever types are registered.
	ProtocolSchemas []string `json:"protocolSchemas"`

	// dirs are the edition's directory and those it extends.
	dirs []string
	// common are the attributes that base schemas list beside their own.
	common []attributeDocument
	// documents holds each schema of the edition, and of those it extends, by
	// file name; byURN the same by URN in lower case.
	documents, byURN map[string]schemaDocument
	provider         providerDocument
}

// embedded are the editions of the program, by name, each read once: nobody changes
// an edition.
var embedded sync.Map

// embeddedEdition is loadEdition for the editions of the program.
func embeddedEdition(name string) (*edition, error) {
	if ed, ok := embedded.Load(name); ok {
		return ed.(*edition), nil
	}
	ed, err := loadEdition(schemas.FS, name)
	if err == nil {
		embedded.Store(name, ed)
	}
	return ed, err
}

// loadEdition reads the edition of that name below advertised/ of fsys.
func loadEdition(fsys fs.FS, name string) (*edition, error) {
	ed := &edition{documents: map[string]schemaDocument{}, byURN: map[string]schemaDocument{}}
	for next := name; next != ""; {
		dir := "advertised/" + next
		index := edition{}
		if err := readStrict(fsys, dir+"/index.json", &index); err != nil {
			return nil, err
		}
		if len(ed.dirs) == 0 {
			ed.ShortAttributes, ed.Schemas = index.ShortAttributes, index.Schemas
			ed.ResourceTypes, ed.ProtocolSchemas = index.ResourceTypes, index.ProtocolSchemas
		}
		ed.dirs = append(ed.dirs, dir)
		next = index.Extends
	}
	var common struct {
		Attributes []attributeDocument `json:"attributes"`
	}
	if err := ed.read(fsys, "common.json", &common); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ed.common = common.Attributes
	if err := ed.read(fsys, "service-provider-config.json", &ed.provider); err != nil {
		return nil, err
	}
	return ed, ed.readSchemas(fsys)
}

// readSchemas reads all schema files; those of the edition itself win.
func (ed *edition) readSchemas(fsys fs.FS) error {
	for _, dir := range ed.dirs {
		files, err := fs.Glob(fsys, dir+"/schemas/*.json")
		if err != nil {
			return err
		}
		for _, file := range files {
			stem := strings.TrimSuffix(strings.TrimPrefix(file, dir+"/schemas/"), ".json")
			if _, ok := ed.documents[stem]; ok {
				continue
			}
			var s schemaDocument
			if err := readStrict(fsys, file, &s); err != nil {
				return err
			}
			ed.documents[stem], ed.byURN[strings.ToLower(s.ID)] = s, s
		}
	}
	for _, stem := range slices.Concat(ed.ProtocolSchemas, ed.Schemas) {
		if _, ok := ed.documents[stem]; !ok {
			return fmt.Errorf("%s lists the schema %q, which has no file", ed.dirs[0], stem)
		}
	}
	return nil
}

// read reads a file of the edition or of the nearest one it extends.
func (ed *edition) read(fsys fs.FS, name string, v any) error {
	var err error
	for _, dir := range ed.dirs {
		if err = readStrict(fsys, dir+"/"+name, v); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// types are the resource types to advertise: the registered ones as the
// edition shows them, in its order, and then those it knows nothing of. An
// extension that the tenant has, but does not list there, is left out, unless it
// is one of those that only a vault has, and vault is set.
func (ed *edition) types(reg *schema.Registry, vault bool) []typeDocument {
	var list []typeDocument
	listed := map[string]bool{}
	for _, t := range ed.ResourceTypes {
		rt := reg.Type(t.Name)
		if rt == nil {
			continue
		}
		listed[rt.Name] = true
		truth := typeTruth(rt)
		shown := t.Extensions
		t.Extensions = nil
		for _, e := range shown {
			if rt.SchemaByURN(e.Schema) != nil {
				t.Extensions = append(t.Extensions, e)
			}
		}
		for _, e := range truth.Extensions {
			if _, tenants := ed.byURN[strings.ToLower(e.Schema)]; !tenants || vault && strings.EqualFold(e.Schema, vaultExtensions[rt.Name]) {
				t.Extensions = append(t.Extensions, e)
			}
		}
		list = append(list, t)
	}
	for _, rt := range reg.Types {
		if !listed[rt.Name] {
			list = append(list, typeTruth(rt))
		}
	}
	return list
}

// schemas are the schemas to advertise: those that the types name, as the
// edition shows them, then those it knows nothing of, then the protocol's own.
func (ed *edition) schemas(reg *schema.Registry, types []typeDocument) []schemaDocument {
	var needed []string
	base := map[string]bool{}
	for _, t := range types {
		needed = append(needed, strings.ToLower(t.Schema))
		base[strings.ToLower(t.Schema)] = true
		for _, e := range t.Extensions {
			needed = append(needed, strings.ToLower(e.Schema))
		}
	}
	missing := map[string]bool{}
	for _, urn := range needed {
		missing[urn] = true
	}
	var list []schemaDocument
	add := func(urn string, s schemaDocument) {
		if base[urn] {
			s.Attributes = append(s.Attributes[:len(s.Attributes):len(s.Attributes)], ed.common...)
		}
		if ed.ShortAttributes {
			s.Attributes = shortened(s.Attributes)
		}
		delete(missing, urn)
		list = append(list, s)
	}
	for _, stem := range ed.Schemas {
		s := ed.documents[stem]
		if urn := strings.ToLower(s.ID); missing[urn] {
			add(urn, s)
		}
	}
	for _, urn := range needed {
		if !missing[urn] {
			continue
		}
		if s, ok := ed.byURN[urn]; ok {
			add(urn, s)
		} else {
			add(urn, schemaTruth(reg.Schema(urn)))
		}
	}
	for _, stem := range ed.ProtocolSchemas {
		add("", ed.documents[stem])
	}
	return list
}

// readStrict reads a JSON file and refuses members that v does not know.
func readStrict(fsys fs.FS, name string, v any) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
