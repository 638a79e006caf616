package storetest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/filter/filtertest"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

var judgeCases = []testCase{
	{"random filters, orders and windows give what the in-memory judge gives", func(w *world) {
		count, seed := setting(w, "SCIMD_TEST_FILTERS", defaultQuestions), setting(w, "SCIMD_TEST_SEED", 1)
		if testing.Short() && count > 1000 {
			count = 1000
		}
		m := newModel(w, seed)
		began := time.Now()
		var next, failures atomic.Int64
		var workers sync.WaitGroup
		questions := m.questions(seed, int(count))
		for range runtime.GOMAXPROCS(0) {
			workers.Go(func() {
				for i := next.Add(1) - 1; i < count && failures.Load() < 10; i = next.Add(1) - 1 {
					if err := m.check(w.ctx, w.store, w.space, questions[i]); err != nil {
						failures.Add(1)
						w.Errorf("SCIMD_TEST_SEED=%d, question %d: %v", seed, i, err)
					}
				}
			})
		}
		workers.Wait()
		w.Logf("%d questions in %v", count, time.Since(began).Round(time.Millisecond))
	}},
}

func setting(t testing.TB, name string, fallback int64) int64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a positive number", name, text)
	}
	return n
}

// model is a set of resources that stand both in a store and in memory.
type model struct {
	generators map[*schema.ResourceType]*filtertest.Generator
	orders     map[*schema.ResourceType][]*schema.Attribute
	resources  []*modelled // ordered by seq
	byID       map[string]*modelled
}

// modelled is one resource with its complete members: with id, meta and what is
// derived from edges.
type modelled struct {
	*store.Resource
	members *resource.Members
	// direct is members without indirect groups; nil when there are none.
	direct *resource.Members
	// aliased is members with the alias as the id; nil when there is none.
	aliased *resource.Members
}

// seen are the members as a query sees them.
func (r *modelled) seen(q *question) *resource.Members {
	switch {
	case r.aliased != nil && q.aliases:
		return r.aliased
	case r.direct != nil && !q.transitive:
		return r.direct
	}
	return r.members
}

const (
	modelUsers   = 300
	modelDevices = 150
	modelGroups  = 60
)

func newModel(w *world, seed int64) *model {
	m := &model{
		generators: map[*schema.ResourceType]*filtertest.Generator{},
		orders:     map[*schema.ResourceType][]*schema.Attribute{},
		byID:       map[string]*modelled{},
	}
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	for rt, n := range map[*schema.ResourceType]int{userType(): modelUsers, groupType(): modelGroups, deviceType(): modelDevices} {
		m.resources = append(m.resources, m.generate(w, seed, rt, n)...)
	}
	for _, r := range m.resources {
		m.byID[r.Type.Name+r.ID] = r
	}
	slices.SortFunc(m.resources, func(a, b *modelled) int { // maps have no order
		return cmp.Or(strings.Compare(a.Type.Name, b.Type.Name), strings.Compare(a.ID, b.ID))
	})
	rng.Shuffle(len(m.resources), func(i, j int) { m.resources[i], m.resources[j] = m.resources[j], m.resources[i] })
	m.insert(w, m.resources)
	m.appointManagers(w, rng)
	m.fillGroups(w, rng)
	m.fillVault(w, rng, seed)
	return m
}

func (m *model) insert(w *world, resources []*modelled) {
	list := make([]*store.Resource, len(resources))
	for i, r := range resources {
		list[i] = r.Resource
	}
	w.insertAll(list)
}

// generate makes resources of a type that are nowhere yet.
func (m *model) generate(w *world, seed int64, rt *schema.ResourceType, n int) []*modelled {
	g := filtertest.New(uint64(seed), rt)
	g.Texts = m.ends
	m.generators[rt], m.orders[rt] = g, sortable(w, rt)
	list := make([]*modelled, n)
	for i := range list {
		list[i] = newModelled(rt, g.Members())
	}
	return list
}

// derived are the attributes that come from links.
var derived = []string{"id", "meta", "groups", "members", "owner", "container", "privilegedData", "user", "group"}

func newModelled(rt *schema.ResourceType, members *resource.Members) *modelled {
	body := members.Clone()
	for _, name := range derived {
		body.Delete(name)
	}
	enterprise, _ := body.Get(enterpriseURN)
	manager, _ := enterprise.Members().Get("manager")
	manager.Members().Delete("displayName")
	manager.Members().Delete("$ref")
	id, _ := members.Get("id")
	r := &store.Resource{
		Type: rt, ID: id.Str(), Version: 1, Body: body,
		Created: instant(members, "created"), Modified: instant(members, "lastModified"),
	}
	r.Doc, r.Cut = resource.Encode(body)
	complete := withMeta(body.Clone(), rt, r.ID, r.Created.Format(timeLayout), r.Modified.Format(timeLayout))
	return &modelled{Resource: r, members: complete}
}

// instant is a time of the generator's meta, as the clock of a tenant would
// have given it.
func instant(members *resource.Members, name string) time.Time {
	meta, _ := members.Get("meta")
	v, _ := meta.Members().Get(name)
	t, err := schema.ParseTime(v.Str())
	if err != nil {
		return epoch
	}
	return t.Truncate(time.Microsecond)
}

// appointManagers gives a third of the users a manager: the one attribute whose
// value stands on the other side of an edge.
func (m *model) appointManagers(w *world, rng *rand.Rand) {
	users := slices.DeleteFunc(slices.Clone(m.resources), func(r *modelled) bool { return r.Type != userType() })
	w.do(func(tx store.Tx) error {
		for i, u := range users {
			if i%3 != 0 {
				continue
			}
			boss := users[rng.IntN(len(users))]
			if err := setLinks(tx, store.Manager, u.Seq, []store.Link{linkTo(boss.Resource)}); err != nil {
				return err
			}
			u.manage(boss)
		}
		return nil
	})
}

func (r *modelled) manage(boss *modelled) {
	name, ok := boss.members.Get("displayName")
	if !ok {
		return
	}
	extension, ok := r.members.Get(enterpriseURN)
	if !ok {
		extension = resource.Of(nil)
		r.members.Set(enterpriseURN, extension)
	}
	manager, ok := extension.Members().Get("manager")
	if !ok {
		manager = resource.Of(nil)
		extension.Members().Set("manager", manager)
	}
	manager.Members().Set("displayName", name)
}

// sortable are the attributes that a resource type can be sorted by.
func sortable(t testing.TB, rt *schema.ResourceType) []*schema.Attribute {
	t.Helper()
	var list []*schema.Attribute
	add := func(attrs []*schema.Attribute) {
		for _, a := range attrs {
			list = append(list, a.Sub...)
			if a.Type != schema.Complex || a.MultiValued {
				list = append(list, a)
			}
		}
	}
	add(rt.Common.Attributes)
	add(rt.Schema.Attributes)
	for _, e := range rt.Extensions {
		add(e.Schema.Attributes)
		if e.Schema.Open {
			list = append(list, e.Schema.Attribute("extraA"), e.Schema.Attribute("EXTRAb"))
		}
	}
	return list
}

// check asks the store and compares with the judge.
func (m *model) check(ctx context.Context, s store.Store, space int64, q question) error {
	verdict := map[string]bool{}
	var want []*modelled
	for _, r := range m.resources {
		for _, p := range q.parts {
			if p.Type == r.Type && filter.Match(p.Filter, r.seen(&q)) {
				verdict[r.Type.Name+r.ID] = true
				want = append(want, r)
			}
		}
	}
	total := len(want)
	if q.order != nil {
		sortBy(want, &q)
	} else if len(q.parts) == 1 {
		slices.SortFunc(want, inDefaultOrder)
	}
	want = window(want, q.offset, q.limit)

	got, err := walk(ctx, s, &store.Query{
		Space: space, Parts: q.parts, Order: q.order, Offset: q.offset, Limit: q.limit,
		Match: func(rt *schema.ResourceType, rec *store.Record) bool { return verdict[rt.Name+rec.ID] },
		SortKey: func(rt *schema.ResourceType, rec *store.Record) (string, bool) {
			return filter.SortKey(q.order.Attr, m.byID[rt.Name+rec.ID].seen(&q))
		},
		Transitive: q.follows(), Alias: q.aliases,
	})
	if err != nil {
		return fmt.Errorf("%v: %w", q, err)
	}
	var ids []string
	for _, r := range want {
		ids = append(ids, r.ID)
	}
	if got.total != total || !slices.Equal(got.ids(), ids) {
		return fmt.Errorf("%v:\n total %d, want %d\n got %.2000v\nwant %.2000v", q, got.total, total, got.ids(), ids)
	}
	if q.limit != 0 && got.expected != len(ids) {
		return fmt.Errorf("%v: %d records expected, %d came", q, got.expected, len(ids))
	}
	for i, rec := range got.records {
		if rec.Type != want[i].Type || !bytes.Equal(rec.Doc, want[i].Doc) {
			return fmt.Errorf("%v: record %d (%s) is not what was stored", q, i, rec.ID)
		}
	}
	return nil
}

func sortBy(list []*modelled, q *question) {
	o := q.order
	type key struct {
		text string
		ok   bool
	}
	keys := make(map[*modelled]key, len(list))
	for _, r := range list {
		text, ok := filter.SortKey(o.Attr, r.seen(q))
		keys[r] = key{text, ok}
	}
	slices.SortFunc(list, func(a, b *modelled) int {
		x, y := keys[a], keys[b]
		c := 0
		switch {
		case x.ok && y.ok:
			c = strings.Compare(x.text, y.text)
		case x.ok:
			c = -1 // missing values come last, and first when descending
		case y.ok:
			c = 1
		}
		if o.Descending {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.Seq, b.Seq))
	})
}

func window[T any](list []T, offset, limit int) []T {
	list = list[min(offset, len(list)):]
	if limit >= 0 {
		list = list[:min(limit, len(list))]
	}
	return list
}
