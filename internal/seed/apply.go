package seed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
)

const (
	// wholeAtMost is how many resources of a tenant go in all or not at all. A seed of
	// more goes in by batches, each of which does; applied again, it goes on.
	wholeAtMost = 5000
	batchSize   = 500
	// maxChanges bounds the changes that a report names one by one.
	maxChanges = 1000
)

// sealedMember is the member of an entry with its secrets, sealed. No attribute can
// be called so.
const sealedMember = "$sealed"

// Report tells what was done, or would be.
type Report struct {
	Types []TypeReport `json:"types"`
	// Changes are the first thousand that there are.
	Changes []Change `json:"changes,omitempty"`
	// Whole tells that all went in together, or would.
	Whole bool `json:"whole"`
}

// TypeReport counts the resources of a type.
type TypeReport struct {
	Type      string `json:"type" doc:"Resource type."`
	Created   int    `json:"created" doc:"How many were made."`
	Updated   int    `json:"updated" doc:"How many were otherwise."`
	Unchanged int    `json:"unchanged" doc:"How many were as they are."`
	Removed   int    `json:"removed" doc:"How many were removed, as the seed lacks them."`
}

// Change is one resource that was created, updated or removed.
type Change struct {
	Op   string `json:"op" doc:"What was done to it: created, updated or removed." enum:"created,updated,removed"`
	Type string `json:"type" doc:"Resource type."`
	ID   string `json:"id" doc:"Id of the resource."`
	Name string `json:"name,omitempty" doc:"What it is called."`
}

// Changed tells that there is anything that was not so already.
func (r *Report) Changed() bool {
	for _, t := range r.Types {
		if t.Created+t.Updated+t.Removed > 0 {
			return true
		}
	}
	return false
}

func (r *Report) add(list []scim.SeedChange) {
	for _, c := range list {
		at := -1
		for i := range r.Types {
			if r.Types[i].Type == c.Type.Name {
				at = i
			}
		}
		if at < 0 {
			r.Types = append(r.Types, TypeReport{Type: c.Type.Name})
			at = len(r.Types) - 1
		}
		t := &r.Types[at]
		switch c.Op {
		case scim.SeedCreated:
			t.Created++
		case scim.SeedUpdated:
			t.Updated++
		case scim.SeedRemoved:
			t.Removed++
		default:
			t.Unchanged++
			continue
		}
		if len(r.Changes) < maxChanges {
			r.Changes = append(r.Changes, Change{c.Op, c.Type.Name, c.ID, c.Name})
		}
	}
}

// Counts are the resources of a tenant by type, as if none were there.
func (t *Tenant) Counts() []TypeReport {
	out := []TypeReport{}
	for name, sp := range t.resources {
		if sp.n > 0 {
			out = append(out, TypeReport{Type: name, Created: sp.n})
		}
	}
	slices.SortFunc(out, func(a, b TypeReport) int { return strings.Compare(a.Type, b.Type) })
	return out
}

// origin is where a resource stands; it is the Tag of what scim reads of it.
type origin struct {
	file int
	node *Node
	at   Position // where there is no node any more
}

// At implements scim.Placed.
func (o *origin) At(path string) any { return &origin{file: o.file, at: o.position(path)} }

func (o *origin) position(path string) Position {
	if o.node == nil {
		return o.at
	}
	return o.node.at(path)
}

// mistake tells of a mistake in a resource.
func (s *Seed) mistake(m *Mistakes, o *origin, path, text string) {
	at := o.position(path)
	m.add(Mistake{File: s.files[o.file], Line: at.Line, Column: at.Column, Text: text})
}

// each reads the resources of a type one by one for a tenant. Mistakes go to m.
func (s *Seed) each(t *Tenant, rt *schema.ResourceType, target *scim.Tenant, key *SealingKey, m *Mistakes, fn func(*scim.Seeded) error) error {
	sp := t.resources[rt.Name]
	if sp == nil {
		return nil
	}
	return sp.each(func(file int, n *Node) error {
		if m.full() {
			return errFull
		}
		o := &origin{file: file, node: n}
		in := scim.SeedResource{Type: rt, Exact: t.Exact}
		if sealed := n.take(sealedMember); sealed != nil {
			var why string
			if in.Secrets, why = openSealed(rt, n, sealed, key); why != "" {
				m.add(Mistake{File: s.files[file], Line: sealed.Line, Column: sealed.Column, Text: why})
				return nil
			}
		}
		in.Members = n.members()
		e, faults := target.ReadSeed(in)
		for _, f := range faults {
			s.mistake(m, o, f.Path, f.Err.Detail)
		}
		if len(faults) > 0 {
			return nil
		}
		e.Tag = o
		return fn(e)
	})
}

func openSealed(rt *schema.ResourceType, n, sealed *Node, key *SealingKey) (x *scim.SeedSecrets, why string) {
	id := n.Member("id")
	switch {
	case key == nil:
		return nil, "The secrets are sealed; give the key that they were exported with (--key-file)."
	case id == nil || sealed.Kind != resource.String:
		return nil, "What is sealed is a text, of a resource with an id."
	}
	x, err := key.openResource(sealed.Text, place(rt.Name, id.Text))
	if err != nil {
		return nil, "What is sealed cannot be used: " + err.Error() + "."
	}
	return x, ""
}

// Check reads all resources of a tenant as the schema and the tenant's profile have
// them, and gives every mistake; it looks up nothing. With whole, what a resource
// names has to be in the seed.
func (s *Seed) Check(t *Tenant, target *scim.Tenant, key *SealingKey, whole bool) error {
	m := &Mistakes{}
	names := scim.NewSeedNames(target, t.Name)
	for _, a := range t.Applications {
		names.Serve(target, cmp.Or(a.ClientID, strings.ToLower(a.AppID)+"@"+cmp.Or(t.Name, target.Name)))
	}
	for _, rt := range scim.SeedOrder(s.reg) {
		err := s.each(t, rt, target, key, m, func(e *scim.Seeded) error {
			for _, f := range names.Add(e) {
				s.mistake(m, e.Tag.(*origin), f.Path, f.Err.Detail)
			}
			return nil
		})
		if err != nil && !errors.Is(err, errFull) {
			return err
		}
	}
	t.names = names
	if !whole || len(m.List) > 0 {
		return m.err()
	}
	for _, rt := range scim.SeedOrder(s.reg) {
		err := s.each(t, rt, target, key, m, func(e *scim.Seeded) error {
			for _, f := range names.Missing(e) {
				s.mistake(m, e.Tag.(*origin), f.Path, f.Err.Detail)
			}
			return nil
		})
		if err != nil && !errors.Is(err, errFull) {
			return err
		}
	}
	return m.err()
}

// Options tell how a seed is applied.
type Options struct {
	// DryRun tells what would be done, and does nothing. Prune deletes the resources
	// that the seed does not name.
	DryRun, Prune bool
	Key           *SealingKey
	// Whole is how many resources go in all or not at all; 0 is 5000.
	Whole int
	// Resume and Serving are those of scim.SeedOptions.
	Resume  bool
	Serving []string
}

// Whole tells that the resources of a tenant go in all or not at all.
func (t *Tenant) Whole() bool { return t.Count() <= wholeAtMost }

// Apply brings the resources of a tenant into it. What only a look at the tenant can
// tell to be a mistake is *Mistakes.
func (s *Seed) Apply(ctx context.Context, service *scim.Service, t *Tenant, target *scim.Tenant, o Options) (*Report, error) {
	x, err := service.NewSeeding(ctx, target, scim.SeedOptions{
		Name: cmp.Or(t.Name, target.Name), DryRun: o.DryRun, Prune: o.Prune, Resume: o.Resume, Serving: o.Serving,
	})
	if err != nil {
		return nil, err
	}
	a := &applying{seed: s, x: x, report: &Report{Types: []TypeReport{}, Whole: o.DryRun || t.Count() <= cmp.Or(o.Whole, wholeAtMost)}}
	return a.report, s.explain(a.all(ctx, t, target, o.Key))
}

// applying is the state of an Apply. Resources are read ahead of those that are
// stored, on another goroutine.
type applying struct {
	seed    *Seed
	x       *scim.Seeding
	waiting []*scim.Seeded // for what they name
	report  *Report
}

// portion is what is stored at once. With end a type ends with it.
type portion struct {
	list []*scim.Seeded
	end  bool
}

func (a *applying) all(ctx context.Context, t *Tenant, target *scim.Tenant, key *SealingKey) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	portions := make(chan portion)
	read := make(chan error, 1)
	go func() {
		defer close(portions)
		read <- a.read(ctx, t, target, key, portions)
	}()
	var rest []*scim.Seeded
	for p := range portions {
		if a.report.Whole {
			rest = append(rest, p.list...)
			continue
		}
		if err := a.put(ctx, p.list, false); err != nil {
			stop()
			<-read
			return err
		}
		if !p.end {
			continue
		}
		if err := a.wait(ctx); err != nil {
			stop()
			<-read
			return err
		}
	}
	if err := <-read; err != nil {
		return err
	}
	return a.put(ctx, append(rest, a.waiting...), true)
}

// read reads all resources and gives them away by portions.
func (a *applying) read(ctx context.Context, t *Tenant, target *scim.Tenant, key *SealingKey, to chan<- portion) error {
	give := func(p portion) error {
		select {
		case to <- p:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m := &Mistakes{}
	for _, rt := range scim.SeedOrder(a.seed.reg) {
		var list []*scim.Seeded
		err := a.seed.each(t, rt, target, key, m, func(e *scim.Seeded) error {
			if list = append(list, e); len(list) < batchSize {
				return nil
			}
			p := portion{list: list}
			list = nil
			return give(p)
		})
		if err == nil || errors.Is(err, errFull) {
			err = cmp.Or(m.err(), err)
		}
		if err == nil {
			err = give(portion{list, true})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *applying) put(ctx context.Context, list []*scim.Seeded, last bool) error {
	if len(list) == 0 && !last {
		return nil
	}
	done, undone, err := a.x.Put(ctx, list, last)
	if err != nil {
		return err
	}
	a.report.add(done)
	a.waiting = append(a.waiting, undone...)
	return nil
}

// wait puts what has waited for the rest of its type, as long as that gets anywhere.
func (a *applying) wait(ctx context.Context) error {
	for before := len(a.waiting) + 1; len(a.waiting) > 0 && len(a.waiting) < before; {
		before = len(a.waiting)
		again := a.waiting
		a.waiting = nil
		for part := range slices.Chunk(again, batchSize) {
			if err := a.put(ctx, part, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// explain gives the places of mistakes that the tenant has told of.
func (s *Seed) explain(err error) error {
	var list *scim.SeedErrors
	if !errors.As(err, &list) {
		return err
	}
	m := &Mistakes{}
	s.place(m, list)
	return fmt.Errorf("%w", m.err())
}

func (s *Seed) place(m *Mistakes, list *scim.SeedErrors) {
	for _, e := range list.List {
		o, _ := e.Tag.(*origin)
		if o == nil {
			m.add(Mistake{Text: e.Err.Detail})
			continue
		}
		s.mistake(m, o, e.Path, e.Err.Detail)
	}
}
