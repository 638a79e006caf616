package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// A device stands in for a group where the Member relation is shown.
var linkCases = []testCase{
	{"Find resolves ids of the types asked for, each once, and leaves out what is not there", func(w *world) {
		list := w.insert(User("a").ID("A-1"), User("b"), Device("d").ID("D-1"), Device("e").ID("a-1"))
		w.do(func(tx store.Tx) error {
			for _, c := range []struct {
				name  string
				types []*schema.ResourceType
				ids   []string
				want  []*store.Resource
			}{
				{"nothing", []*schema.ResourceType{userType()}, nil, nil},
				{"unknown ids", []*schema.ResourceType{userType(), deviceType()}, []string{"", "x", "' OR 1=1"}, nil},
				{"one type", []*schema.ResourceType{userType()}, []string{list[1].ID, "D-1", "nobody"}, list[1:2]},
				{"two types", []*schema.ResourceType{userType(), deviceType()}, []string{"D-1", list[1].ID}, list[1:3]},
				{"in any letter case where ids fold", []*schema.ResourceType{userType()}, []string{"A-1"}, list[:1]},
				{"in any letter case, each once", []*schema.ResourceType{userType()}, []string{"a-1", "A-1"}, list[:1]},
				{"in letter case where ids are exact", []*schema.ResourceType{deviceType()}, []string{"d-1", "A-1"}, nil},
				{"the same id twice", []*schema.ResourceType{userType()}, []string{list[1].ID, list[1].ID}, list[1:2]},
				{"one id of two types", []*schema.ResourceType{userType(), deviceType()}, []string{"a-1"}, []*store.Resource{list[0], list[3]}},
			} {
				links, err := tx.Find(c.types, c.ids)
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				w.leadsTo("Find "+c.name, bySeq(links), c.want...)
			}
			return nil
		})
	}},
	{"GetMany reads what Get reads, each once, in seq order", func(w *world) {
		list := w.insert(User("u-2").ID("A-1"), User("u-1"), Device("D-1").ID("D-1"), Device("d-2").ID("a-1"))
		w.do(func(tx store.Tx) error {
			for _, c := range []struct {
				rt   *schema.ResourceType
				ids  []string
				want []*store.Resource
			}{
				{userType(), nil, nil},
				{userType(), []string{"", "x", "' OR 1=1", "D-1"}, nil},
				{userType(), []string{list[1].ID}, list[1:2]},
				{userType(), []string{list[1].ID, "nobody", "a-1", "A-1"}, list[:2]},
				{deviceType(), []string{"d-1", "A-1"}, nil},
				{deviceType(), []string{"a-1", "D-1"}, list[2:]},
			} {
				got, err := tx.GetMany(c.rt, c.ids)
				if err != nil {
					return err
				}
				var want []*store.Record
				for _, r := range c.want {
					rec, err := tx.Get(r.Type, r.ID)
					if err != nil {
						return err
					}
					want = append(want, rec)
				}
				if !reflect.DeepEqual(got, want) {
					w.Errorf("GetMany(%s, %q) = %v, want %v", c.rt.Name, c.ids, got, want)
				}
			}
			return nil
		})
	}},
	{"Edges reads those of many resources by one relation, and of no other", func(w *world) {
		list := w.insert(Group("g-1"), Group("g-2"), User("u-3"), User("u-4"))
		to := func(far ...*store.Resource) (out []store.Link) {
			for _, r := range far {
				out = append(out, store.Link{Seq: r.Seq, Type: r.Type})
			}
			return out
		}
		w.do(func(tx store.Tx) error {
			_, one := tx.SetLinks(store.Member, list[0].Seq, to(list[1], list[2]))
			_, two := tx.SetLinks(store.Member, list[1].Seq, to(list[2]))
			_, other := tx.SetLinks(store.Manager, list[2].Seq, to(list[3]))
			if err := errors.Join(one, two, other); err != nil {
				return err
			}
			none, err := tx.Edges(store.Member, nil)
			if err != nil || len(none) != 0 {
				w.Errorf("of nothing: %v, %v", none, err)
			}
			got, err := tx.Edges(store.Member, []int64{list[0].Seq, list[1].Seq, list[2].Seq, 1 << 40})
			for _, far := range got {
				slices.Sort(far)
			}
			want := map[int64][]int64{list[0].Seq: {list[1].Seq, list[2].Seq}, list[1].Seq: {list[2].Seq}}
			if !reflect.DeepEqual(got, want) {
				w.Errorf("Edges = %v, want %v", got, want)
			}
			return err
		})
	}},
	{"Find resolves thousands of ids at once", func(w *world) {
		many := make([]*Builder, 3000)
		ids := make([]string, len(many))
		for i := range many {
			many[i] = User(fmt.Sprintf("u%05d", i))
			ids[i] = many[i].id
		}
		list := w.insert(many...)
		group := w.insert(Device("group"))[0]
		w.do(func(tx store.Tx) error {
			links, err := find(tx, ids...)
			if err != nil {
				return err
			}
			w.leadsTo("Find", bySeq(links), list...)
			return setLinks(tx, store.Member, group.Seq, links)
		})
		rec := w.get(group.Type, group.ID, store.Want{Relation: store.Member})
		w.leadsTo("members", rec.Links, list...)
	}},
	{"SetLinks makes the complete set, and links are read from both ends in seq order", func(w *world) {
		list := w.insert(User("u1").Set("displayName", "One"), User("u2"), User("u3"), Device("group"), Device("nested"))
		u1, u2, u3, group, nested := list[0], list[1], list[2], list[3], list[4]
		members := []store.Want{{Relation: store.Member}}
		groups := []store.Want{{Relation: store.Member, Reverse: true}}
		for _, step := range [][]*store.Resource{{u3, u1, nested}, {u3, u1, nested}, {u2, u1}, {}, {nested}} {
			sorted := slices.Clone(step)
			slices.SortFunc(sorted, func(a, b *store.Resource) int { return cmp.Compare(a.Seq, b.Seq) })
			w.do(func(tx store.Tx) error {
				var dst []store.Link
				for _, r := range step {
					dst = append(dst, linkTo(r))
				}
				if err := setLinks(tx, store.Member, group.Seq, dst); err != nil {
					return err
				}
				links, err := tx.Links(group.Seq, members)
				w.leadsTo("links in the transaction", links, sorted...)
				return err
			})
			rec := w.get(group.Type, group.ID, members...)
			w.leadsTo("links of Get", rec.Links, sorted...)
			for _, l := range rec.Links {
				if l.Relation != store.Member || l.Reverse {
					w.Errorf("link %+v, want a member, forward", l)
				}
			}
			for _, r := range []*store.Resource{u1, u2, u3, nested} {
				rec := w.get(r.Type, r.ID, groups...)
				if slices.Contains(step, r) {
					w.leadsTo("reverse links", rec.Links, group)
					if len(rec.Links) == 1 && !rec.Links[0].Reverse {
						w.Error("a link against its direction does not say so")
					}
				} else {
					w.leadsTo("reverse links", rec.Links)
				}
			}
		}
	}},
	{"a link shows what the other side is called now", func(w *world) {
		list := w.insert(User("boss").Set("displayName", "Ünï Boss"), User("staff"))
		boss, staff := list[0], list[1]
		manager := store.Want{Relation: store.Manager}
		w.do(func(tx store.Tx) error {
			return setLinks(tx, store.Manager, staff.Seq, []store.Link{linkTo(boss)})
		})
		if rec := w.get(staff.Type, staff.ID, manager); len(rec.Links) != 1 || rec.Links[0].Display != "Ünï Boss" {
			w.Errorf("links %+v, want Ünï Boss", rec.Links)
		}
		w.do(func(tx store.Tx) error { return tx.Update(changed(boss, "displayName", "Someone Else"), 1) })
		if rec := w.get(staff.Type, staff.ID, manager); len(rec.Links) != 1 || rec.Links[0].Display != "Someone Else" {
			w.Errorf("links %+v, want Someone Else", rec.Links)
		}
		if rec := w.get(staff.Type, staff.ID); rec.Version != 1 || len(rec.Links) != 0 {
			w.Errorf("version %d and links %v without asking, want 1 and none", rec.Version, rec.Links)
		}
	}},
	{"relations do not mix, and several are read at once", func(w *world) {
		list := w.insert(User("boss"), User("staff"), Device("group"))
		boss, staff, group := list[0], list[1], list[2]
		w.do(func(tx store.Tx) error {
			if err := setLinks(tx, store.Manager, staff.Seq, []store.Link{linkTo(boss)}); err != nil {
				return err
			}
			return setLinks(tx, store.Member, group.Seq, []store.Link{linkTo(staff), linkTo(boss)})
		})
		rec := w.get(staff.Type, staff.ID, store.Want{Relation: store.Manager}, store.Want{Relation: store.Member, Reverse: true})
		w.leadsTo("both relations", rec.Links, group, boss) // ordered by relation
		w.leadsTo("manager", w.get(staff.Type, staff.ID, store.Want{Relation: store.Manager}).Links, boss)
		w.leadsTo("managed by", w.get(boss.Type, boss.ID, store.Want{Relation: store.Manager, Reverse: true}).Links, staff)
		w.do(func(tx store.Tx) error { return setLinks(tx, store.Manager, staff.Seq, nil) })
		w.leadsTo("members after the manager went", w.get(group.Type, group.ID, store.Want{Relation: store.Member}).Links, boss, staff)
	}},
	{"a delete removes the edges from and to the resource", func(w *world) {
		list := w.insert(User("left"), User("middle"), User("right"))
		left, middle, right := list[0], list[1], list[2]
		w.do(func(tx store.Tx) error {
			if err := setLinks(tx, store.Manager, left.Seq, []store.Link{linkTo(middle)}); err != nil {
				return err
			}
			return setLinks(tx, store.Manager, middle.Seq, []store.Link{linkTo(right)})
		})
		w.do(func(tx store.Tx) error { return tx.Delete(middle.Type, middle.Seq) })
		w.unlinked(middle)
		w.leadsTo("left", w.get(left.Type, left.ID, store.Want{Relation: store.Manager}).Links)
		w.leadsTo("right", w.get(right.Type, right.ID, store.Want{Relation: store.Manager, Reverse: true}).Links)
		w.insert(User("middle").ID(middle.ID))
		w.leadsTo("left", w.get(left.Type, left.ID, store.Want{Relation: store.Manager}).Links)
	}},
	{"a page comes with the links of each record", func(w *world) {
		many := make([]*Builder, 450) // more than a batch
		for i := range many {
			many[i] = User(fmt.Sprintf("u%03d", i)).Set("displayName", fmt.Sprintf("U %d", i))
		}
		list := w.insert(many...)
		w.do(func(tx store.Tx) error {
			for i, r := range list[1:] {
				if err := setLinks(tx, store.Manager, r.Seq, []store.Link{linkTo(list[i])}); err != nil {
					return err
				}
			}
			return nil
		})
		q := w.query(w.users(""))
		q.Want = []store.Want{{Relation: store.Manager}}
		for i, rec := range w.ask(q).records {
			if i == 0 {
				w.leadsTo("the first", rec.Links)
				continue
			}
			w.leadsTo(rec.ID, rec.Links, list[i-1])
			if len(rec.Links) == 1 && rec.Links[0].Display != fmt.Sprintf("U %d", i-1) {
				w.Errorf("manager of %d is called %q", i, rec.Links[0].Display)
			}
		}
	}},
}

// leadsTo checks the other sides of links, in order.
func (w *world) leadsTo(what string, links []store.Link, want ...*store.Resource) {
	w.Helper()
	same := slices.EqualFunc(links, want, func(l store.Link, r *store.Resource) bool {
		return l.Seq == r.Seq && l.Type == r.Type && l.ID == r.ID
	})
	if !same {
		ids := make([]string, len(want))
		for i, r := range want {
			ids[i] = r.Type.Name + " " + r.ID
		}
		got := make([]string, len(links))
		for i, l := range links {
			got[i] = fmt.Sprintf("%v", l.ID)
			if l.Type != nil {
				got[i] = l.Type.Name + " " + l.ID
			}
		}
		w.Errorf("%s: %d links %.300q, want %d %.300q", what, len(got), got, len(ids), ids)
	}
}

// unlinked checks that a deleted resource has no edges: a read from its own
// side would show them, while one from the other side may pass them over.
func (w *world) unlinked(gone *store.Resource) {
	w.Helper()
	w.do(func(tx store.Tx) error {
		links, err := tx.Links(gone.Seq, []store.Want{
			{Relation: store.Member}, {Relation: store.Member, Reverse: true},
			{Relation: store.Manager}, {Relation: store.Manager, Reverse: true},
		})
		w.leadsTo("a deleted resource", links)
		return err
	})
}

// bySeq orders links of Find, which promises no order.
func bySeq(links []store.Link) []store.Link {
	slices.SortFunc(links, func(a, b store.Link) int { return cmp.Compare(a.Seq, b.Seq) })
	return links
}

// setLinks is Tx.SetLinks where nobody asks what has changed.
func setLinks(tx store.Tx, rel store.Relation, src int64, dst []store.Link) error {
	_, err := tx.SetLinks(rel, src, dst)
	return err
}
