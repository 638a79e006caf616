// Package seed is the format in which the contents of tenants are written down, by
// hand or by an export: YAML or JSON, in one document or several, which are merged.
// It reads seeds with the places of all mistakes, brings them into tenants through
// package scim, and writes them.
package seed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
)

// Version is the version of the format.
const Version = 1

// File is one file of a seed. Name is what mistakes call it; "" for one without a
// name.
type File struct {
	Name string
	Body io.Reader
}

// Seed is what files hold. It is closed when it is no longer needed.
type Seed struct {
	// Tenants in the order in which the files first name them.
	Tenants []*Tenant
	reg     *schema.Registry
	files   []string
}

// Tenant is what a seed says of one tenant.
type Tenant struct {
	// Name is "" where the seed leaves it to whoever applies it.
	Name string
	// Exact tells that resources are described as they were stored: see
	// scim.SeedResource.
	Exact bool
	// Sealed is the id of the key that secrets are sealed with; "" without any.
	Sealed string
	// Settings are what else it shall have; nil where the seed says nothing of it.
	Settings
	resources map[string]*spool // by resource type name
	said      map[string][]said // the mentions of its settings
	names     *scim.SeedNames   // found by Check
}

// Files are the files of a seed, each good until the next is asked for.
type Files = iter.Seq2[File, error]

// List gives files that are at hand.
func List(files ...File) Files {
	return func(yield func(File, error) bool) {
		for _, f := range files {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Read reads a seed whole. What is wrong with its form is *Mistakes.
func Read(reg *schema.Registry, files Files) (*Seed, error) {
	s := &Seed{reg: reg}
	m := &Mistakes{}
	for f, err := range files {
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.files = append(s.files, f.Name)
		r := &reader{seed: s, file: len(s.files) - 1, mistakes: m}
		err = r.read(f)
		var w *wrong
		if errors.As(err, &w) {
			r.mistake(w.Position, "%s", w.text)
		} else if err != nil && !errors.Is(err, errFull) {
			return nil, errors.Join(fmt.Errorf("read %s: %w", f.Name, err), s.Close())
		}
	}
	if len(m.List) == 0 && len(s.Tenants) == 0 {
		m.add(Mistake{Text: "The seed holds nothing; it begins with version: 1."})
	}
	if err := m.err(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close removes what Read has kept outside memory.
func (s *Seed) Close() error {
	var errs []error
	for _, t := range s.Tenants {
		for _, sp := range t.resources {
			errs = append(errs, sp.close())
		}
	}
	return errors.Join(errs...)
}

// Count is how many resources a tenant has in the seed.
func (t *Tenant) Count() int {
	n := 0
	for sp := range maps.Values(t.resources) {
		n += sp.n
	}
	return n
}

var errFull = errors.New("enough mistakes")

// reader reads one file.
type reader struct {
	seed     *Seed
	file     int
	mistakes *Mistakes
}

func (r *reader) mistake(at Position, format string, args ...any) {
	r.mistakes.add(Mistake{File: r.seed.files[r.file], Line: at.Line, Column: at.Column, Text: fmt.Sprintf(format, args...)})
}

// read reads all documents of a file. A file that begins with a brace is JSON,
// unless its name says otherwise.
func (r *reader) read(f File) error {
	in := bufio.NewReaderSize(f.Body, 64<<10)
	if b, err := in.Peek(3); err == nil && string(b) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	documents := yamlDocuments
	if isJSON(f.Name, in) {
		documents = jsonDocument
	}
	return documents(in, r.document)
}

func isJSON(name string, in *bufio.Reader) bool {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return false
	}
	if strings.HasSuffix(name, ".json") {
		return true
	}
	for n := 1; n < 4096; n++ {
		b, err := in.Peek(n)
		if err != nil {
			return false
		}
		if c := b[n-1]; !strings.ContainsRune(" \t\r\n", rune(c)) {
			return c == '{'
		}
	}
	return false
}

// document reads a document: its version, and tenants or, without them, what there
// is of one.
func (r *reader) document(c cursor) error {
	if c.kind() != resource.Object {
		return wrongAt(c.pos(), "A seed is a mapping that begins with version: 1, not %s.", kindName(c.kind()))
	}
	versioned := false
	var one *tenantReader
	err := c.object(func(k Key, v cursor) error {
		if r.mistakes.full() {
			return errFull
		}
		switch {
		case strings.EqualFold(k.Name, "version"):
			versioned = true
			n, err := v.node()
			if err == nil && n.Text != fmt.Sprint(Version) {
				r.mistake(n.Position, "version must be %d: the seed is of another release.", Version)
			}
			return err
		case strings.EqualFold(k.Name, "tenants"):
			if v.kind() != resource.Array {
				return wrongAt(v.pos(), "tenants must be a list, not %s.", kindName(v.kind()))
			}
			return v.array(r.tenant)
		}
		if one == nil {
			one = r.begin(c.pos())
		}
		return one.member(k, v)
	})
	if err != nil {
		return err
	}
	if one != nil {
		one.end()
	}
	if !versioned {
		r.mistake(c.pos(), "The document does not say its version; it begins with version: 1.")
	}
	return nil
}

func (r *reader) tenant(c cursor) error {
	if c.kind() != resource.Object {
		return wrongAt(c.pos(), "A tenant must be a mapping, not %s.", kindName(c.kind()))
	}
	t := r.begin(c.pos())
	if err := c.object(t.member); err != nil {
		return err
	}
	t.end()
	return nil
}

// tenantReader reads one mention of a tenant; end puts it together with others of
// the same name.
type tenantReader struct {
	*reader
	at  Position
	out *Tenant
}

func (r *reader) begin(at Position) *tenantReader {
	return &tenantReader{reader: r, at: at, out: &Tenant{resources: map[string]*spool{}, said: map[string][]said{}}}
}

// member reads a member of a tenant: a setting, or the resources of an endpoint.
func (t *tenantReader) member(k Key, v cursor) error {
	if t.mistakes.full() {
		return errFull
	}
	for _, rt := range t.seed.reg.Types {
		if strings.EqualFold(k.Name, strings.TrimPrefix(rt.Endpoint, "/")) {
			return t.section(rt, v)
		}
	}
	i := slices.IndexFunc(settings, func(s setting) bool { return strings.EqualFold(s.name, k.Name) })
	if i < 0 {
		t.mistake(k.Position, "%.80q is not known here; there are %s.", k.Name, strings.Join(t.known(), ", "))
		return nil
	}
	n, err := v.node()
	if err != nil {
		return err
	}
	t.out.said[settings[i].name] = []said{{t.file, k.Position, n}}
	settings[i].read(t, n)
	return nil
}

func (t *tenantReader) known() []string {
	var names []string
	for _, s := range settings {
		names = append(names, s.name)
	}
	for _, rt := range t.seed.reg.Types {
		names = append(names, strings.TrimPrefix(rt.Endpoint, "/"))
	}
	return names
}

// section reads the resources of a type.
func (t *tenantReader) section(rt *schema.ResourceType, c cursor) error {
	if c.kind() == resource.Null {
		return nil
	}
	if c.kind() != resource.Array {
		t.mistake(c.pos(), "%s must be a list of resources, not %s.", strings.TrimPrefix(rt.Endpoint, "/"), kindName(c.kind()))
		return nil
	}
	sp := t.out.resources[rt.Name]
	if sp == nil {
		sp = &spool{}
		t.out.resources[rt.Name] = sp
	}
	return c.array(func(v cursor) error {
		if t.mistakes.full() {
			return errFull
		}
		n, err := v.node()
		if err != nil {
			return err
		}
		if n.Kind != resource.Object {
			t.mistake(n.Position, "A %s must be a mapping, not %s.", rt.Name, kindName(n.Kind))
			return nil
		}
		return sp.add(t.file, n)
	})
}

// end adds what was read to the tenant of its name.
func (t *tenantReader) end() {
	i := slices.IndexFunc(t.seed.Tenants, func(have *Tenant) bool { return have.Name == t.out.Name })
	if i < 0 {
		t.seed.Tenants = append(t.seed.Tenants, t.out)
		return
	}
	have := t.seed.Tenants[i]
	t.merge(have)
	for _, rt := range t.seed.reg.Types {
		more := t.out.resources[rt.Name]
		switch {
		case more == nil:
		case have.resources[rt.Name] == nil:
			have.resources[rt.Name] = more
		default:
			if err := more.each(have.resources[rt.Name].add); err != nil {
				t.mistake(t.at, "The seed could not be kept: %v.", err)
			}
			if err := more.close(); err != nil {
				t.mistake(t.at, "The seed could not be kept: %v.", err)
			}
		}
	}
}
