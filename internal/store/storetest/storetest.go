// Package storetest is the conformance suite of store.Store. Both engines pass
// it; a difference that it cannot tell from a bug is a declared capability.
package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// Open opens a new, empty store for a test. The suite closes it; closing it
// once more must do no harm.
type Open func(t testing.TB, reg *schema.Registry) store.Store

// Run runs the suite. Most cases share one store, each in a space of its own,
// and run at the same time: that they do not disturb each other is part of what
// they show.
func Run(t *testing.T, open Open) {
	s := open(t, Registry())
	t.Cleanup(func() {
		findsNothing(t, s)
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	addDataKeys(t, s, "k", "key a", "key b", "key c", "key d", "key other")
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
		{"resources", resourceCases},
		{"uniqueness", uniquenessCases},
		{"transactions", transactionCases},
		{"cancellation", cancellationCases},
		{"races", raceCases},
		{"links", linkCases},
		{"moments", momentCases},
		{"members", memberCases},
		{"members and races", memberRaceCases},
		{"vault", vaultCases},
		{"vault and races", vaultRaceCases},
		{"aliases", aliasCases},
		{"pages", pageCases},
		{"order", orderCases},
		{"filters", filterCases},
		{"budget", budgetCases},
		{"events", eventCases},
		{"trail", trailCases},
		{"tenants", tenantCases}, {"snapshots", snapshotCases},
		{"tokens", tokenCases},
		{"applications", applicationCases}, {"sessions", sessionCases},
		{"settings", settingCases},
		{"judges", judgeCases},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range group.cases {
				t.Run(c.holds, func(t *testing.T) {
					t.Parallel()
					c.run(newWorld(t, s))
				})
			}
		})
	}
	t.Run("with a store of its own", func(t *testing.T) {
		t.Parallel()
		for _, c := range slices.Concat(closeCases, dataKeyCases, sweepCases) {
			t.Run(c.holds, func(t *testing.T) {
				t.Parallel()
				c.run(newWorld(t, open(t, Registry())))
			})
		}
	})
}

// testCase is one sentence about a store and the code that shows it.
type testCase struct {
	holds string
	run   func(w *world)
}

// world is what a case works with: a store, and a space that is its own.
type world struct {
	testing.TB
	ctx   context.Context
	store store.Store
	space int64
}

func newWorld(t testing.TB, s store.Store) *world {
	t.Helper()
	w := &world{TB: t, ctx: t.Context(), store: s}
	w.space = w.newTenant().Space
	return w
}

// newTenant makes a tenant with a name of its own.
func (w *world) newTenant() store.Tenant {
	w.Helper()
	t, created, err := w.store.EnsureTenant(w.ctx, store.Tenant{Name: "t-" + rand.Text(), Profile: "cyberark", Created: epoch})
	if err != nil {
		w.Fatalf("EnsureTenant: %v", err)
	}
	if !created {
		w.Fatal("EnsureTenant did not make a tenant with a new name")
	}
	return t
}

// in is the same world in another space.
func (w *world) in(space int64) *world {
	c := *w
	c.space = space
	return &c
}

// do runs a transaction that must succeed.
func (w *world) do(fn func(store.Tx) error) {
	w.Helper()
	if err := w.store.Do(w.ctx, w.space, fn); err != nil {
		w.Fatalf("Do: %v", err)
	}
}

// insert stores resources in one transaction and returns them.
func (w *world) insert(list ...*Builder) []*store.Resource {
	w.Helper()
	out := make([]*store.Resource, len(list))
	for i, b := range list {
		out[i] = b.Resource()
	}
	w.insertAll(out)
	return out
}

func (w *world) insertAll(list []*store.Resource) {
	w.Helper()
	w.do(func(tx store.Tx) error {
		for _, r := range list {
			if err := tx.Insert(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// get reads a resource that must be there, with all of its links.
func (w *world) get(rt *schema.ResourceType, id string, want ...store.Want) *store.Record {
	w.Helper()
	rec, err := w.store.Get(w.ctx, w.space, rt, id, want)
	if err != nil {
		w.Fatalf("Get %s: %v", id, err)
	}
	if err := rec.Whole(w.ctx); err != nil {
		w.Fatalf("Get %s: %v", id, err)
	}
	return rec
}

// absent checks that a resource is not there.
func (w *world) absent(rt *schema.ResourceType, id string) {
	w.Helper()
	if _, err := w.store.Get(w.ctx, w.space, rt, id, nil); !errors.Is(err, store.ErrNotFound) {
		w.Errorf("Get of an absent id: error %v, want ErrNotFound", err)
	}
}

// compile binds a filter text; "" selects all.
func (w *world) compile(rt *schema.ResourceType, text string) filter.Predicate {
	w.Helper()
	if text == "" {
		return nil
	}
	p, err := filter.Compile(text, rt, filter.Options{})
	if err != nil {
		w.Fatalf("filter %s: %v", text, err)
	}
	return p
}

// attribute finds an attribute by its path.
func attribute(t testing.TB, rt *schema.ResourceType, path string) *schema.Attribute {
	t.Helper()
	a, _, err := filter.CompileName(path, rt, filter.Options{})
	if err != nil || a == nil {
		t.Fatalf("attribute %s: %v", path, err)
	}
	return a
}

// query is a query of the parts, with the judge's Match and SortKey, for all
// matches.
func (w *world) query(parts ...store.Part) *store.Query {
	q := &store.Query{Space: w.space, Parts: parts, Limit: -1}
	judgeWith(q, complete)
	return q
}

// judgeWith lets the in-memory judge decide for q over the members that
// complete gives for a record.
func judgeWith(q *store.Query, complete func(*schema.ResourceType, *store.Record) *resource.Members) {
	q.Match = func(rt *schema.ResourceType, rec *store.Record) bool {
		for _, p := range q.Parts {
			if p.Type == rt && (p.Filter == nil || filter.Match(p.Filter, complete(rt, rec))) {
				return true
			}
		}
		return false
	}
	q.SortKey = func(rt *schema.ResourceType, rec *store.Record) (string, bool) {
		return filter.SortKey(q.Order.Attr, complete(rt, rec))
	}
}

// complete is a record as the judge sees it: the document with id and meta.
func complete(rt *schema.ResourceType, rec *store.Record) *resource.Members {
	m, err := resource.Decode(rec.Doc)
	if err != nil {
		panic(err) // the store handed out bytes that it was not given
	}
	return withMeta(m, rt, rec.ID, rec.Created.Format(timeLayout), rec.Modified.Format(timeLayout))
}

const timeLayout = "2006-01-02T15:04:05.000000Z"

func withMeta(m *resource.Members, rt *schema.ResourceType, id, created, modified string) *resource.Members {
	meta := object("resourceType", resource.Text(rt.Name))
	meta.Members().Set("created", resource.Text(created))
	meta.Members().Set("lastModified", resource.Text(modified))
	m.Set("id", resource.Text(id))
	m.Set("meta", meta)
	return m
}

// answer is a page that was walked to its end, each record with all its links.
type answer struct {
	total    int
	expected int
	records  []store.TypedRecord
}

// ask answers a query and walks the page.
func (w *world) ask(q *store.Query) answer {
	w.Helper()
	a, err := walk(w.ctx, w.store, q)
	if err != nil {
		w.Fatalf("Query: %v", err)
	}
	return a
}

func walk(ctx context.Context, s store.Store, q *store.Query) (answer, error) {
	page, err := s.Query(ctx, q)
	if err != nil {
		return answer{}, err
	}
	a := answer{total: page.Total, expected: page.Expected}
	for {
		batch, err := page.Next(ctx)
		if err != nil {
			return a, err
		}
		if len(batch) == 0 {
			return a, nil
		}
		for _, rec := range batch {
			if err := rec.Whole(ctx); err != nil {
				return a, err
			}
		}
		a.records = append(a.records, batch...)
	}
}

func (a answer) ids() []string {
	ids := make([]string, len(a.records))
	for i, r := range a.records {
		ids[i] = r.ID
	}
	return ids
}

// users selects users by a filter text.
func (w *world) users(text string) store.Part {
	w.Helper()
	return store.Part{Type: userType(), Filter: w.compile(userType(), text)}
}

// devices selects devices by a filter text.
func (w *world) devices(text string) store.Part {
	w.Helper()
	return store.Part{Type: deviceType(), Filter: w.compile(deviceType(), text)}
}

// found are the ids that a query of one part finds, in order.
func (w *world) found(part store.Part) []string {
	w.Helper()
	return w.ask(w.query(part)).ids()
}
