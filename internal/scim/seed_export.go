package scim

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// SeedExport tells what of a tenant is to be described.
type SeedExport struct {
	// Secrets asks for passwords and sealed values.
	Secrets bool
	// Names are the users that no list shows, by id: they are referred to by name,
	// as every tenant has its own.
	Names map[string]string
}

// Export describes the resources of a type in an order that depends on nothing but
// what they are and in which order they came, so that a tenant and its copy are
// described alike. What each gets is good until it returns.
func (s *Service) Export(ctx context.Context, t *Tenant, rt *schema.ResourceType, o SeedExport, each func(SeedResource) error) error {
	x := exporter{s: s, t: t, rt: rt, o: o, order: map[*schema.ResourceType]int{}}
	for i, of := range SeedOrder(t.Registry) {
		x.order[of] = i
	}
	var want []store.Want
	for _, col := range linkAttrs[rt.Name] {
		if !col.reverse {
			want = appendWant(want, store.Want{Relation: col.relation, Types: col.types(t.Registry)})
		}
	}
	page, err := s.reads.Query(ctx, &store.Query{Space: t.Space, Parts: []store.Part{{Type: rt}}, Limit: -1, Want: want})
	if err != nil {
		return err
	}
	for {
		batch, err := page.Next(ctx)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			return x.flush(ctx, each)
		}
		for _, rec := range batch {
			if err := rec.Whole(ctx); err != nil {
				return err
			}
			x.sortLinks(rec.Links)
			if len(x.held) > 0 && !x.together(x.held[0], rec.Record) || len(x.held) >= maxTogether {
				if err := x.flush(ctx, each); err != nil {
					return err
				}
			}
			x.held = append(x.held, rec.Record)
		}
	}
}

// Records are held back so that those of one target are put into order, and that
// secrets are read by sets.
const (
	maxTogether = 100_000
	maxHeld     = 200
)

type exporter struct {
	s     *Service
	t     *Tenant
	rt    *schema.ResourceType
	o     SeedExport
	order map[*schema.ResourceType]int
	held  []*store.Record
}

// sortLinks puts links into the order in which what they lead to is described.
func (x *exporter) sortLinks(list []store.Link) {
	slices.SortStableFunc(list, func(a, b store.Link) int {
		return cmp.Or(cmp.Compare(a.Relation, b.Relation), cmp.Compare(x.order[a.Type], x.order[b.Type]), cmp.Compare(a.Seq, b.Seq))
	})
}

// together tells that two records belong in one group: permissions on one target,
// which the store gives by the seq of who holds them, users and groups mixed.
func (x *exporter) together(a, b *store.Record) bool {
	if identities[x.rt.Name].pair == nil {
		return len(x.held) < maxHeld
	}
	return linkOf(a, store.Target).Seq == linkOf(b, store.Target).Seq
}

func linkOf(rec *store.Record, rel store.Relation) store.Link {
	for _, l := range rec.Links {
		if l.Relation == rel && !l.Reverse {
			return l
		}
	}
	return store.Link{}
}

func (x *exporter) flush(ctx context.Context, each func(SeedResource) error) error {
	if identities[x.rt.Name].pair != nil {
		slices.SortStableFunc(x.held, func(a, b *store.Record) int {
			p, q := linkOf(a, store.Grantee), linkOf(b, store.Grantee)
			return cmp.Or(cmp.Compare(x.order[p.Type], x.order[q.Type]), cmp.Compare(p.Seq, q.Seq))
		})
	}
	for part := range slices.Chunk(x.held, maxHeld) {
		var kept map[int64]*SeedSecrets
		if x.o.Secrets {
			seqs := make([]int64, len(part))
			for i, rec := range part {
				seqs[i] = rec.Seq
			}
			var err error
			if kept, err = x.s.confidential(ctx, x.t, seqs); err != nil {
				return err
			}
		}
		for _, rec := range part {
			m, err := x.members(rec)
			if err != nil {
				return err
			}
			if err := each(SeedResource{Type: x.rt, Members: m, Exact: true, Secrets: kept[rec.Seq]}); err != nil {
				return err
			}
		}
	}
	x.held = x.held[:0]
	return nil
}

// members describe a record: its id where that does not follow from the rest, its
// document with its links, and when and how often it was changed.
func (x *exporter) members(rec *store.Record) (*resource.Members, error) {
	tree, err := resource.Decode(rec.Doc)
	if err != nil {
		return nil, err
	}
	out := &resource.Members{}
	if !derivedID(x.rt) {
		out.Set("id", resource.Text(rec.ID))
	}
	for _, ref := range references[x.rt.Name] {
		a := ref.attribute(x.rt)
		if name := x.o.Names[getAttribute(tree, a).Str()]; name != "" && ref.value != "" {
			m := &resource.Members{}
			m.Set("display", resource.Text(name))
			inner := container(tree, ref.urn)
			inner.Set(a.Top().Name, resource.Of(m))
			putContainer(tree, ref.urn, inner)
		}
	}
	var extensions []resource.Member
	for name, v := range tree.All() {
		switch {
		case name == "schemas":
		case x.rt.SchemaByURN(name) != nil:
			extensions = append(extensions, resource.Member{Name: name, Value: v})
		default:
			out.Set(name, v)
		}
	}
	for _, col := range linkAttrs[x.rt.Name] {
		if v := x.linked(&col, rec); !v.Unassigned() {
			out.Set(col.name, v)
		}
	}
	for _, e := range extensions {
		out.Set(e.Name, e.Value)
	}
	meta := &resource.Members{}
	meta.Set("created", resource.Text(rec.Created.UTC().Format(resource.TimeLayout)))
	meta.Set("lastModified", resource.Text(rec.Modified.UTC().Format(resource.TimeLayout)))
	meta.Set("version", resource.NumberLiteral(strconv.FormatInt(rec.Version, 10)))
	out.Set("meta", resource.Of(meta))
	return out, nil
}

// linked is what a link attribute holds.
func (x *exporter) linked(col *linkAttr, rec *store.Record) resource.Value {
	var list []resource.Value
	for i := range rec.Links {
		l := &rec.Links[i]
		if col.reverse || !col.of(l) {
			continue
		}
		m := &resource.Members{}
		switch name := x.o.Names[l.ID]; {
		case name != "":
			m.Set("display", resource.Text(name))
		default:
			m.Set("value", resource.Text(l.ID))
		}
		if len(col.targets) > 1 && l.Type.Name != col.targets[0] {
			m.Set("type", resource.Text(l.Type.Name))
		}
		list = append(list, resource.Of(m))
	}
	if col.single && len(list) > 0 {
		return list[0]
	}
	return resource.List(list...)
}
