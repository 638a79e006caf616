package storetest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

var uniquenessCases = []testCase{
	{"an insert with a taken value names the attribute and stores nothing", func(w *world) {
		for _, c := range []struct {
			name         string
			first, again *Builder
			attr         string
		}{
			{"the same userName", User("bjensen"), User("bjensen"), "userName"},
			{"another letter case", User("BJensen2"), User("bjENSEN2"), "userName"},
			{"folded unicode", User("JÖRG ÅNGSTRÖM"), User("jo\u0308rg a\u030angstro\u0308m"), "userName"},
			{"width variants", User("ＷＩＤＥ"), User("wide"), "userName"},
			{"the same id of a type that folds ids", User("u1").ID("Same"), User("u2").ID("sAME"), "id"},
			{"the same id of a type with exact ids", Device("d1").ID("Same"), Device("d2").ID("Same"), "id"},
			{"an exact value in the generic table", Device("S-1"), Device("S-1"), "serial"},
			{"a folded value in the generic table", Device("S-2").Set("alias", "Front"), Device("S-3").Set("alias", "fRONT"), "alias"},
		} {
			w.insert(c.first)
			again := c.again.Resource()
			err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(again) })
			w.taken(c.name, err, c.attr)
			if c.attr != "id" {
				w.absent(again.Type, again.ID)
			}
		}
	}},
	{"many are inserted as one by one, and the one that finds a value taken is named", func(w *world) {
		var list []*store.Resource
		for i := range 120 {
			list = append(list, User(fmt.Sprintf("many-%d", i)).Set("nickName", "n").Resource())
			if i%3 == 0 {
				list = append(list, Device(fmt.Sprintf("M-%d", i)).Set("alias", fmt.Sprintf("m%d", i)).Resource())
			}
		}
		w.do(func(tx store.Tx) error { _, err := tx.InsertMany(list); return err })
		for _, r := range list {
			w.same(w.get(r.Type, r.ID), r)
		}
		for name, again := range map[string]*Builder{"userName": User("MANY-7"), "serial": Device("M-30"), "id": User("other").ID(list[0].ID)} {
			fresh := []*store.Resource{User("new-1").Resource(), User("new-2").Resource(), again.Resource(), User("new-3").Resource()}
			var at int
			err := w.store.Do(w.ctx, w.space, func(tx store.Tx) (err error) { at, err = tx.InsertMany(fresh); return err })
			w.taken("one of many", err, name)
			if at != 2 {
				w.Errorf("the %s that is taken is of the resource %d, want 2", name, at)
			}
			for _, r := range fresh[:2] {
				w.absent(r.Type, r.ID)
			}
		}
		twice := []*store.Resource{User("new-4").Resource(), User("NEW-4").Resource()}
		at := 0
		err := w.store.Do(w.ctx, w.space, func(tx store.Tx) (err error) { at, err = tx.InsertMany(twice); return err })
		w.taken("a value that two of many have", err, "userName")
		if at != 1 {
			w.Errorf("the second of them is %d, want 1", at)
		}
	}},
	{"values that differ are free", func(w *world) {
		w.insert(
			User("straße"), User("strasse"), // ß is a lower case letter of its own
			User("a"), User("a "), User("ä"),
			Device("Exact"), Device("exact"), Device("EXACT"),
			User("x").ID("id"), Device("x").ID("id"), Device("y").ID("ID"),
			User("Exact").Set("externalId", "e"), User("other").Set("externalId", "e"),
			Device("no alias 1"), Device("no alias 2"))
	}},
	{"an update with a taken value names the attribute and changes nothing", func(w *world) {
		list := w.insert(User("first"), User("second"), Device("S-1").Set("alias", "one"), Device("S-2").Set("alias", "two"))
		for _, c := range []struct {
			r           *store.Resource
			attr, value string
		}{
			{list[1], "userName", "FIRST"},
			{list[3], "serial", "S-1"},
			{list[3], "alias", "ONE"},
		} {
			err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				return tx.Update(changed(c.r, c.attr, c.value), 1)
			})
			w.taken("an update", err, c.attr)
			w.same(w.get(c.r.Type, c.r.ID), c.r)
		}
	}},
	{"a resource does not collide with itself", func(w *world) {
		u, d := w.insert(User("self"))[0], w.insert(Device("S-1").Set("alias", "Self"))[0]
		u2, d2 := changed(u, "userName", "SELF"), changed(d, "alias", "sELF", "label", "changed")
		w.do(func(tx store.Tx) error { return errors.Join(tx.Update(u2, 1), tx.Update(d2, 1)) })
		w.same(w.get(u.Type, u.ID), u2)
		w.same(w.get(d.Type, d.ID), d2)
	}},
	{"a value is free again after a rename or a delete", func(w *world) {
		list := w.insert(User("name"), Device("S-1").Set("alias", "a"))
		w.do(func(tx store.Tx) error { return tx.Update(changed(list[0], "userName", "renamed"), 1) })
		w.do(func(tx store.Tx) error { return tx.Update(changed(list[1], "serial", "S-2", "alias", "b"), 1) })
		w.insert(User("NAME"), Device("S-1").Set("alias", "A"))
		w.do(func(tx store.Tx) error {
			return errors.Join(tx.Delete(list[0].Type, list[0].Seq), tx.Delete(list[1].Type, list[1].Seq))
		})
		w.insert(User("Renamed").ID(strings.ToUpper(list[0].ID)), Device("S-2").Set("alias", "B").ID(list[1].ID))
	}},
	{"inside Try a taken value leaves the transaction usable", func(w *world) {
		w.insert(User("taken"), Device("S-1"))
		w.do(func(tx store.Tx) error {
			for range 3 {
				if err := tx.Insert(User("before" + User("").id).Resource()); err != nil {
					return err
				}
				for attr, b := range map[string]*Builder{"userName": User("TAKEN"), "serial": Device("S-1")} {
					r := b.Resource()
					w.taken("inside Try", tx.Try(func() error { return tx.Insert(r) }), attr)
				}
			}
			return tx.Insert(User("after").Resource())
		})
		if a := w.ask(w.query(w.users(`userName sw "before" or userName eq "after"`))); a.total != 4 {
			w.Errorf("%d users around the failed inserts, want 4", a.total)
		}
	}},
	{"an insert that finds both its id and a value taken names one of them", func(w *world) {
		w.insert(User("both").ID("both"))
		r := User("both").ID("both").Resource()
		err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(r) })
		var taken *store.TakenError
		if !errors.As(err, &taken) || taken.Attr != "id" && taken.Attr != "userName" {
			w.Errorf("error %v, want id or userName taken", err)
		}
	}},
	{"a unique value may fill the key, and a longer one is refused naming the attribute", func(w *world) {
		full := strings.Repeat("é", 256) // 512 bytes
		w.insert(User(full), Device(full))
		again := User(strings.ToUpper(full)).Resource()
		w.taken("512 bytes", w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(again) }), "userName")
		for attr, b := range map[string]*Builder{"userName": User(full + "x"), "serial": Device(full + "x")} {
			r := b.Resource()
			err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(r) })
			if scimerr.From(err).Type != scimerr.InvalidValueType || scimerr.From(err).At != attr {
				w.Errorf("513 bytes of %s: error %v, want invalidValue at %s", attr, err, attr)
			}
			if err != nil && strings.Contains(scimerr.From(err).Detail, "éé") {
				w.Errorf("the error shows the value: %v", err)
			}
			w.absent(r.Type, r.ID)
		}
	}},
}

func (w *world) taken(what string, err error, attr string) {
	w.Helper()
	var taken *store.TakenError
	if !errors.As(err, &taken) {
		w.Errorf("%s: error %v, want %s taken", what, err, attr)
	} else if taken.Attr != attr {
		w.Errorf("%s: %s is said to be taken, want %s", what, taken.Attr, attr)
	}
}
