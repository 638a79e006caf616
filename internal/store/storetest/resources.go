package storetest

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

var resourceCases = []testCase{
	{"a resource is read back as it was stored, byte for byte", func(w *world) {
		long := strings.Repeat("ü long ", 20_000)
		for _, r := range w.insert(
			User("plain"),
			User("Ünïcode <&>").Set("displayName", "\u2028 \"quotes\" \\ 日本語 😀").PrimaryEmail("work", "a@example.com"),
			User("long").Set("nickName", long),
			Device("d-1").Number("slots", "12345678901234567890").Number("load", "1.50e-3").Truth("enabled", false),
		) {
			rec := w.get(r.Type, r.ID)
			w.same(rec, r)
			listed := w.ask(w.query(store.Part{Type: r.Type, Filter: w.compile(r.Type, `id eq "`+r.ID+`"`)}))
			if len(listed.records) != 1 {
				w.Fatalf("listing id %s: %d resources", r.ID, len(listed.records))
			}
			w.same(listed.records[0].Record, r)
		}
	}},
	{"times keep their microseconds and come back in UTC", func(w *world) {
		created := time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
		modified := time.Date(2199, 1, 1, 0, 0, 0, 1_000, time.UTC)
		r := w.insert(User("old").At(created, modified))[0]
		rec := w.get(r.Type, r.ID)
		if !rec.Created.Equal(created) || !rec.Modified.Equal(modified) {
			w.Errorf("times %v and %v, want %v and %v", rec.Created, rec.Modified, created, modified)
		}
		if rec.Created.Location() != time.UTC || rec.Modified.Location() != time.UTC {
			w.Errorf("zones %v and %v, want UTC", rec.Created.Location(), rec.Modified.Location())
		}
	}},
	{"an insert assigns a seq, and one number space serves all types", func(w *world) {
		seen := map[int64]string{}
		for _, r := range w.insert(User("a"), Device("a"), User("b"), Device("b")) {
			if r.Seq <= 0 || seen[r.Seq] != "" {
				w.Errorf("seq %d of %s: zero or given to %q before", r.Seq, r.ID, seen[r.Seq])
			}
			seen[r.Seq] = r.ID
		}
	}},
	{"an update replaces document, version, time and keys, and keeps id, seq and creation", func(w *world) {
		r := w.insert(User("before").Set("title", "Clerk").Email("work", "before@example.com"))[0]
		n := changed(r, "userName", "after", "title", "Chief")
		n.Body.Set("emails", resource.List(element("after@example.com", "home", false)))
		n.Doc, n.Cut = resource.Encode(n.Body)
		n.Modified = r.Modified.Add(time.Hour)
		w.do(func(tx store.Tx) error { return tx.Update(n, 1) })
		w.same(w.get(r.Type, r.ID), n)
		for text, want := range map[string]int{
			`userName eq "before"`: 0, `userName eq "after"`: 1, `title eq "clerk"`: 0, `title eq "chief"`: 1,
			`emails.value eq "before@example.com"`: 0, `emails[type eq "home" and value eq "after@example.com"]`: 1,
		} {
			if got := w.found(w.users(text)); len(got) != want {
				w.Errorf("%s: %d resources, want %d", text, len(got), want)
			}
		}
	}},
	{"an update compares and swaps the version", func(w *world) {
		r := w.insert(User("cas"))[0]
		second := changed(r, "title", "second")
		w.do(func(tx store.Tx) error { return tx.Update(second, 1) })
		for name, version := range map[string]int64{"an old version": 1, "a version to come": 3} {
			late := changed(second, "title", "late")
			err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Update(late, version) })
			if !errors.Is(err, store.ErrVersion) {
				w.Errorf("update of %s: error %v, want ErrVersion", name, err)
			}
		}
		w.same(w.get(r.Type, r.ID), second)
	}},
	{"an update of a deleted resource fails and stores nothing", func(w *world) {
		r := w.insert(User("ghost"))[0]
		w.do(func(tx store.Tx) error { return tx.Delete(r.Type, r.Seq) })
		err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Update(changed(r, "title", "x"), 1) })
		if !errors.Is(err, store.ErrVersion) && !errors.Is(err, store.ErrNotFound) {
			w.Errorf("error %v, want ErrVersion or ErrNotFound", err)
		}
		w.absent(r.Type, r.ID)
	}},
	{"a transaction reads its own writes", func(w *world) {
		r := User("own").Resource()
		w.do(func(tx store.Tx) error {
			if err := tx.Insert(r); err != nil {
				return err
			}
			rec, err := tx.Get(r.Type, r.ID)
			if err != nil {
				return err
			}
			w.same(rec, r)
			if err := tx.Delete(r.Type, r.Seq); err != nil {
				return err
			}
			if _, err := tx.Get(r.Type, r.ID); !errors.Is(err, store.ErrNotFound) {
				w.Errorf("Get after Delete in the transaction: %v, want ErrNotFound", err)
			}
			return nil
		})
	}},
	{"a deleted resource is gone from reads, lists, filters and counts", func(w *world) {
		list := w.insert(
			User("goes").Set("externalId", "e1").Email("work", "goes@example.com").In(customURN, "desk", resource.Text("7")),
			User("stays").Set("externalId", "e2").Email("work", "stays@example.com").In(customURN, "desk", resource.Text("7")),
			Device("goes").Add("tags", resource.Text("x")), Device("stays").Add("tags", resource.Text("x")))
		w.do(func(tx store.Tx) error {
			if err := tx.Delete(list[0].Type, list[0].Seq); err != nil {
				return err
			}
			return tx.Delete(list[2].Type, list[2].Seq)
		})
		w.absent(userType(), list[0].ID)
		w.absent(deviceType(), list[2].ID)
		for _, text := range []string{"", `emails pr`, `emails.value ew "@example.com"`, `externalId sw "e"`, customURN + `:desk eq "7"`, `not (userName eq "x")`} {
			if a := w.ask(w.query(w.users(text))); !slices.Equal(a.ids(), []string{list[1].ID}) || a.total != 1 {
				w.Errorf("users with %q: %v of %d, want the one that stays", text, a.ids(), a.total)
			}
		}
		for _, text := range []string{"", `tags eq "x"`, `serial pr`} {
			if a := w.ask(w.query(w.devices(text))); !slices.Equal(a.ids(), []string{list[3].ID}) || a.total != 1 {
				w.Errorf("devices with %q: %v of %d, want the one that stays", text, a.ids(), a.total)
			}
		}
	}},
	{"ids are compared by their type's rule", func(w *world) {
		w.insert(User("u").ID("ID-Ü-1"), Device("d1").ID("ID-Ü-1"), Device("d2").ID("id-ü-1"))
		if rec := w.get(userType(), "id-ü-1"); rec.ID != "ID-Ü-1" {
			w.Errorf("id %q, want it as given", rec.ID)
		}
		if rec := w.get(deviceType(), "id-ü-1"); rec.ID != "id-ü-1" {
			w.Errorf("id %q, want the device with exactly this id", rec.ID)
		}
		w.absent(deviceType(), "ID-ü-1")
	}},
	{"an id is looked up among its own type", func(w *world) {
		w.insert(User("u").ID("one"), Device("d").ID("two"))
		w.absent(userType(), "two")
		w.absent(deviceType(), "one")
	}},
	{"ids are plain text", func(w *world) {
		for _, id := range []string{"", "%", "_", "' OR '1'='1", `\`, `"; DROP TABLE user_r; --`, strings.Repeat("x", 10_000)} {
			w.absent(userType(), id)
		}
		r := w.insert(User("quote").ID(`a'b"c%_\`))[0]
		w.same(w.get(r.Type, r.ID), r)
	}},
	{"spaces do not see each other, though ids and names are the same", func(w *world) {
		other := w.in(w.newTenant().Space)
		here := w.insert(User("twin").ID("1").Set("title", "here"), Device("d").ID("1"))
		there := other.insert(User("TWIN").ID("1").Set("title", "there"), Device("d").ID("1"), User("alone").ID("2"))
		w.same(w.get(userType(), "1"), here[0])
		other.same(other.get(userType(), "1"), there[0])
		w.absent(userType(), "2")
		if got := w.ask(w.query(w.users("userName pr"))); got.total != 1 {
			w.Errorf("%d users here, want 1", got.total)
		}
		w.do(func(tx store.Tx) error {
			links, err := tx.Find([]*schema.ResourceType{userType()}, []string{"1", "2"})
			if err != nil {
				return err
			}
			if len(links) != 1 || links[0].Seq != here[0].Seq {
				w.Errorf("Find sees %v, want the one resource of this space", links)
			}
			return tx.Delete(userType(), here[0].Seq)
		})
		other.same(other.get(userType(), "1"), there[0])
		// A seq of another space names nothing here.
		_ = w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Delete(userType(), there[0].Seq) })
		other.same(other.get(userType(), "1"), there[0])
	}},
	{"hidden resources are out of lists unless asked for, and found by id", func(w *world) {
		r := w.insert(User("service").Hidden(), User("person"))
		if rec := w.get(userType(), r[0].ID); !rec.Hidden {
			w.Error("the record does not say that it is hidden")
		}
		for text, n := range map[string]int{"": 1, `userName eq "service"`: 0, `userName pr`: 1, `not (userName eq "x")`: 1} {
			q := w.query(w.users(text))
			if a := w.ask(q); a.total != n || len(a.records) != n {
				w.Errorf("%q: %d of %d, want %d without the hidden", text, len(a.records), a.total, n)
			}
		}
		q := w.query(w.users(""))
		q.IncludeHidden = true
		if a := w.ask(q); a.total != 2 || len(a.records) != 2 {
			w.Errorf("%d of %d with the hidden, want 2", len(a.records), a.total)
		}
	}},
	{"a password hash is stored, replaced and removed, and never shows in the document", func(w *world) {
		r := w.insert(User("secret"))[0]
		for _, hash := range [][]byte{[]byte("$hash$\x00\xff1"), []byte("$hash$2"), nil, nil, []byte("$hash$3")} {
			w.do(func(tx store.Tx) error { return tx.SetPassword(r.Seq, hash) })
		}
		rec := w.get(r.Type, r.ID)
		w.same(rec, r)
		if bytes.Contains(rec.Doc, []byte("$hash$")) {
			w.Error("the hash stands in the document")
		}
		w.do(func(tx store.Tx) error { return tx.Delete(r.Type, r.Seq) })
		w.absent(r.Type, r.ID)
	}},
	{"what resources keep beside their documents is read by sets, in their space alone", func(w *world) {
		list := w.insert(User("password"), User("secrets"), User("both"), User("neither"), User("unasked"))
		sealed := map[string]store.Sealed{"a": {Key: "k", Data: []byte("x\x00")}, "b": {Key: "k", Data: []byte("y")}}
		w.do(func(tx store.Tx) error {
			return errors.Join(tx.SetPassword(list[0].Seq, []byte("h0")), tx.SetSecrets(list[1].Seq, sealed),
				tx.SetPassword(list[2].Seq, []byte("h2")), tx.SetSecrets(list[2].Seq, sealed), tx.SetPassword(list[4].Seq, []byte("h4")))
		})
		seqs := []int64{list[3].Seq, list[2].Seq, list[1].Seq, list[0].Seq}
		got, err := w.store.Confidential(w.ctx, w.space, seqs)
		want := map[int64]store.Confidential{
			list[0].Seq: {Password: []byte("h0")}, list[1].Seq: {Secrets: sealed}, list[2].Seq: {Password: []byte("h2"), Secrets: sealed},
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			w.Errorf("%v, %v, want %v", got, err, want)
		}
		for space, seqs := range map[int64][]int64{w.space: nil, w.newTenant().Space: seqs} {
			if got, err := w.store.Confidential(w.ctx, space, seqs); err != nil || len(got) != 0 {
				w.Errorf("of %d resources in space %d: %v, %v", len(seqs), space, got, err)
			}
		}
	}},
	{"a moment reads one state of the database, whatever is written meanwhile", func(w *world) {
		list := w.insert(User("before"), User("goes"))
		err := w.store.Moment(w.ctx, func(at store.Reader) error {
			page, err := at.Query(w.ctx, w.query(w.users("")))
			if err != nil {
				return err
			}
			w.insert(User("after"))
			w.do(func(tx store.Tx) error {
				return errors.Join(tx.Delete(list[1].Type, list[1].Seq), tx.SetPassword(list[0].Seq, []byte("h")))
			})
			again, err := at.Query(w.ctx, w.query(w.users("")))
			if err != nil || page.Total != 2 || again.Total != 2 {
				w.Errorf("%d resources, then %d, %v", page.Total, again.Total, err)
			}
			if rec, err := at.Get(w.ctx, w.space, userType(), list[1].ID, nil); err != nil || rec.Seq != list[1].Seq {
				w.Errorf("a resource that is deleted meanwhile: %v, %v", rec, err)
			}
			kept, err := at.Confidential(w.ctx, w.space, []int64{list[0].Seq})
			if len(kept) > 0 {
				w.Error("a password that came later is read")
			}
			return err
		})
		if err != nil {
			w.Error(err)
		}
	}},
}

// same checks that a record is the resource.
func (w *world) same(rec *store.Record, r *store.Resource) {
	w.Helper()
	if !bytes.Equal(rec.Doc, r.Doc) {
		w.Errorf("document of %s:\n got %.300s\nwant %.300s", r.ID, rec.Doc, r.Doc)
	}
	if rec.ID != r.ID || rec.Seq != r.Seq || rec.Version != r.Version || rec.Cut != r.Cut || rec.Hidden != r.Hidden {
		w.Errorf("record of %s: id %s seq %d version %d cut %d hidden %t, want id %s seq %d version %d cut %d hidden %t",
			r.ID, rec.ID, rec.Seq, rec.Version, rec.Cut, rec.Hidden, r.ID, r.Seq, r.Version, r.Cut, r.Hidden)
	}
	if !rec.Created.Equal(r.Created) || !rec.Modified.Equal(r.Modified) {
		w.Errorf("times of %s: %v and %v, want %v and %v", r.ID, rec.Created, rec.Modified, r.Created, r.Modified)
	}
}
