package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// momentCases are about what of a read is of one moment.
var momentCases = []testCase{
	{"a document and its links are of one moment, however they are read", func(w *world) { w.toggled(0) }},
	{"a document and the links of a stream are of one moment", func(w *world) { w.toggled(many) }},
	{"links too many to hold come in a stream, in order and each once", func(w *world) {
		crowd, group := w.crowded("crowd", 2*many)
		boss := w.insert(User("boss"))[0]
		w.do(func(tx store.Tx) error { return setLinks(tx, store.Manager, group.Seq, []store.Link{linkTo(boss)}) })
		rec, err := w.store.Get(w.ctx, w.space, group.Type, group.ID, []store.Want{members(), {Relation: store.Manager}})
		if err != nil {
			w.Fatal(err)
		}
		w.leadsTo("links that are few", rec.Links, boss)
		defer w.do(func(tx store.Tx) error { return setLinks(tx, store.Manager, group.Seq, nil) }) // no group has one
		if len(rec.Streams) != 1 || rec.Streams[0].Relation != store.Member || rec.Streams[0].Reverse || rec.Streams[0].Expected != len(crowd) {
			w.Fatalf("streams %+v, want one of %d members", rec.Streams, len(crowd))
		}
		var got []store.Link
		for {
			batch, err := rec.Streams[0].Next(w.ctx)
			if err != nil {
				w.Fatal(err)
			}
			if len(batch) == 0 {
				break
			}
			if len(batch) == len(crowd) {
				w.Error("the stream holds all links at once")
			}
			got = append(got, batch...)
		}
		w.leadsTo("the stream", got, crowd...)
		if batch, err := rec.Streams[0].Next(w.ctx); err != nil || len(batch) != 0 {
			w.Errorf("after the end: %d links, error %v", len(batch), err)
		}
		// Against its direction, over groups in between, and of both kinds.
		nested := w.insert(Group("nested"))[0]
		w.do(func(tx store.Tx) error {
			return setLinks(tx, store.Member, group.Seq, append(links(crowd), linkTo(nested)))
		})
		w.leadsTo("members of both types", w.get(group.Type, group.ID, members()).Links, append(slices.Clone(crowd), nested)...)
		w.do(func(tx store.Tx) error { return setLinks(tx, store.Member, nested.Seq, links(crowd[:1])) })
		all := w.get(group.Type, group.ID, store.Want{Relation: store.Member, Transitive: true})
		w.leadsTo("members over groups", all.Links, append(slices.Clone(crowd), nested)...)
		if slices.ContainsFunc(all.Links, func(l store.Link) bool { return l.Indirect }) {
			w.Error("a direct member that is also an indirect one is shown as indirect")
		}
	}},
	{"a stream leaves out what is deleted before it gets there, and ends with its context", func(w *world) {
		crowd, group := w.crowded("crowd", 2*many)
		rec, err := w.store.Get(w.ctx, w.space, group.Type, group.ID, []store.Want{members()})
		if err != nil {
			w.Fatal(err)
		}
		ended, end := context.WithCancel(w.ctx)
		end()
		if _, err := rec.Streams[0].Next(ended); !errors.Is(err, context.Canceled) {
			w.Errorf("a context that has ended: error %v", err)
		}
		last := len(crowd) - 1
		w.do(func(tx store.Tx) error { return tx.Delete(crowd[last].Type, crowd[last].Seq) })
		if err := rec.Whole(w.ctx); err != nil {
			w.Fatal(err)
		}
		w.leadsTo("the stream", rec.Links, crowd[:last]...)
	}},
	{"a page hands out records with many links and with few in its order", func(w *world) {
		crowd, big := w.crowded("big", many)
		small := w.insert(Group("small"), Group("empty"))
		huge := w.insert(Group("huge"))[0]
		w.do(func(tx store.Tx) error {
			return errors.Join(setLinks(tx, store.Member, small[0].Seq, links(crowd[:2])), setLinks(tx, store.Member, huge.Seq, links(crowd)))
		})
		for _, limit := range []int{-1, 100, 1000} {
			for _, text := range []string{"", `displayName pr`, `displayName eq "big"`} {
				q := w.query(store.Part{Type: groupType(), Filter: w.compile(groupType(), text)})
				q.Limit, q.Want = limit, []store.Want{members()}
				a := w.ask(q)
				want := []*store.Resource{big, small[0], small[1], huge}
				if strings.Contains(text, "eq") {
					want = want[:1]
				}
				if a.total != len(want) || a.expected != len(want) || len(a.records) != len(want) {
					w.Fatalf("%q, limit %d: %d of %d records, expected %d", text, limit, len(a.records), a.total, a.expected)
				}
				for i, rec := range a.records {
					if rec.ID != want[i].ID {
						w.Fatalf("%q, limit %d: record %d is another", text, limit, i)
					}
				}
				w.leadsTo("big", a.records[0].Links, crowd...)
				if len(want) > 1 {
					w.leadsTo("small", a.records[1].Links, crowd[:2]...)
					w.leadsTo("empty", a.records[2].Links)
					w.leadsTo("huge", a.records[3].Links, crowd...)
				}
			}
		}
	}},
	{"links name what they lead to, whatever its id and name are", func(w *world) {
		names := []string{"a", " 12 3 ", `"`, "ünï \u2028\U0001f600", strings.Repeat("long ", 200), ""}
		var list []*Builder
		for i, name := range names {
			b := Device(fmt.Sprintf("d%d", i)).ID(fmt.Sprintf("id %d \"ü'", i))
			if name != "" {
				b.Set("label", name)
			}
			list = append(list, b)
		}
		far := w.insert(list...)
		group := w.insert(Group("g"))[0]
		w.do(func(tx store.Tx) error { return setLinks(tx, store.Member, group.Seq, links(far)) })
		for _, want := range []store.Want{members(), {Relation: store.Member, Types: []*schema.ResourceType{deviceType()}}} {
			rec := w.get(group.Type, group.ID, want)
			w.leadsTo("links", rec.Links, far...)
			for i, l := range rec.Links {
				if l.Display != names[i] {
					w.Errorf("link %d is called %q, want %q", i, l.Display, names[i])
				}
			}
		}
	}},
}

// many is more links than come along with a record, and more than half of what a
// stream may hand out at once.
const many = 2100

func members() store.Want { return store.Want{Relation: store.Member} }

func links(list []*store.Resource) []store.Link {
	out := make([]store.Link, len(list))
	for i, r := range list {
		out[i] = linkTo(r)
	}
	return out
}

// crowded makes a group with n users in it.
func (w *world) crowded(name string, n int) (crowd []*store.Resource, group *store.Resource) {
	w.Helper()
	list := make([]*Builder, n)
	for i := range list {
		list[i] = User(fmt.Sprintf("%s-%05d", name, i))
	}
	crowd = w.insert(list...)
	group = w.insert(Group(name))[0]
	w.do(func(tx store.Tx) error { return setLinks(tx, store.Member, group.Seq, links(crowd)) })
	return crowd, group
}

// toggled lets each of many transactions change the name of a group and one of
// its members together, while readers look whether they see both or neither. n
// more members stay.
func (w *world) toggled(n int) {
	_, group := w.crowded("in", n)
	guest := w.insert(User("guest"))[0]
	w.do(func(tx store.Tx) error {
		_, err := tx.AddLinks(store.Member, group.Seq, links([]*store.Resource{guest}))
		return err
	})
	page := func(text string, limit int) func() ([]store.TypedRecord, error) {
		return func() ([]store.TypedRecord, error) {
			q := w.query(store.Part{Type: groupType(), Filter: w.compile(groupType(), text)})
			q.Limit, q.Want = limit, []store.Want{members()}
			a, err := walk(w.ctx, w.store, q)
			return a.records, err
		}
	}
	readers := map[string]func() ([]store.TypedRecord, error){
		"Get": func() ([]store.TypedRecord, error) {
			rec, err := w.store.Get(w.ctx, w.space, group.Type, group.ID, []store.Want{members()})
			if err == nil {
				err = rec.Whole(w.ctx)
			}
			return []store.TypedRecord{{Type: group.Type, Record: rec}}, err
		},
		"a point query":  page(`displayName eq "in"`, 10),
		"an inline page": page("", 10),
		"a long page":    page("", -1),
	}
	rounds := 120
	if n > 0 {
		rounds = 40
	}
	var done atomic.Bool
	read := func(name string) error {
		for !done.Load() {
			list, err := readers[name]()
			if err != nil {
				return err
			}
			for _, rec := range list {
				in := strings.Contains(string(rec.Doc), `"displayName":"in"`)
				there := slices.ContainsFunc(rec.Links, func(l store.Link) bool { return l.Seq == guest.Seq })
				if in != there || len(rec.Links)-n > 1 {
					return fmt.Errorf("%s: the guest is in: %t by the name, %t by the members, of which there are %d", name, in, there, len(rec.Links))
				}
			}
		}
		return nil
	}
	names := []string{"Get", "a point query", "an inline page", "a long page"}
	errs := concurrently(len(names)+1, func(i int) error {
		if i < len(names) {
			return read(names[i])
		}
		defer done.Store(true)
		for round := range rounds {
			err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				rec, err := tx.Get(group.Type, group.ID)
				if err != nil {
					return err
				}
				name := "in"
				if round%2 == 0 {
					name = "out"
					_, err = tx.RemoveLinks(store.Member, group.Seq, []int64{guest.Seq})
				} else {
					_, err = tx.AddLinks(store.Member, group.Seq, links([]*store.Resource{guest}))
				}
				if err != nil {
					return err
				}
				next := changed(group, "displayName", name)
				next.Version = rec.Version + 1
				return tx.Update(next, rec.Version)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		w.Error(err)
	}
}
