package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

const master = "the suite's master"

// dataKey is a data key that belongs to the suite's master key.
func dataKey(nr int64, id string) store.DataKey {
	return store.DataKey{ID: id, Nr: nr, Master: master, Wrapped: []byte("\x00wrapped " + id), Created: epoch.Add(time.Duration(nr) * time.Hour)}
}

// addDataKeys makes the data keys that values can be sealed with.
func addDataKeys(t testing.TB, s store.Store, ids ...string) {
	t.Helper()
	_, err := s.SetSetting(t.Context(), store.MasterSetting, master)
	for i, id := range ids {
		if err == nil {
			_, err = s.AddDataKey(t.Context(), dataKey(int64(i+1), id))
		}
	}
	if err != nil {
		t.Fatalf("data keys: %v", err)
	}
}

// dataKeyCases have a store of their own: data keys belong to all spaces.
var dataKeyCases = []testCase{
	{"data keys keep all their fields, and each retires those before it", func(w *world) {
		defer w.close()
		if list, err := w.store.DataKeys(w.ctx); len(list) != 0 || err != nil {
			w.Errorf("a new store has the keys %v, error %v", list, err)
		}
		addDataKeys(w, w.store, "a", "b")
		want := []store.DataKey{dataKey(1, "a"), dataKey(2, "b")}
		want[0].Retired = want[1].Created
		w.dataKeysAre(want...)
		for what, k := range map[string]store.DataKey{"an equal number": dataKey(2, "c"), "a smaller number": dataKey(1, "c")} {
			if added, err := w.store.AddDataKey(w.ctx, k); added || err != nil {
				w.Errorf("%s: added %t, error %v", what, added, err)
			}
		}
		foreign := dataKey(3, "c")
		foreign.Master = "another"
		if added, err := w.store.AddDataKey(w.ctx, foreign); added || !errors.Is(err, store.ErrMaster) {
			w.Errorf("another master key: added %t, error %v, want ErrMaster", added, err)
		}
		w.dataKeysAre(want...)
	}},
	{"of several that add a data key of one number one does", func(w *world) {
		defer w.close()
		addDataKeys(w, w.store)
		won := make([]bool, 12)
		errs := concurrently(len(won), func(i int) (err error) {
			won[i], err = w.store.AddDataKey(w.ctx, dataKey(1, fmt.Sprint("k", i)))
			return err
		})
		list, err := w.store.DataKeys(w.ctx)
		if err := errors.Join(append(errs, err)...); err != nil {
			w.Fatal(err)
		}
		n := 0
		for i, mine := range won {
			if mine {
				n++
				if len(list) != 1 || list[0].ID != fmt.Sprint("k", i) {
					w.Errorf("%d says that it won, there are %v", i, list)
				}
			}
		}
		if n != 1 {
			w.Errorf("%d won", n)
		}
	}},
	{"a value can be sealed with a retired data key, not with one that is not there", func(w *world) {
		defer w.close()
		addDataKeys(w, w.store, "a", "b")
		r := w.insert(User("u"))[0]
		seal := func(key string) error {
			return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				return tx.SetSecrets(r.Seq, map[string]store.Sealed{"s": {Key: key, Data: []byte(key)}})
			})
		}
		if err := errors.Join(seal("b"), seal("a")); err != nil {
			w.Error(err)
		}
		if err := seal("c"); !scimerr.Is(err, 503) {
			w.Errorf("error %v, want 503", err)
		}
		w.sealedAre(map[string]int64{"a": 1})
	}},
	{"values are sealed anew in batches; those changed meanwhile and those that do not open stay", func(w *world) {
		defer w.close()
		addDataKeys(w, w.store, "a", "b")
		list := make([]*Builder, 450)
		for i := range list {
			list[i] = User(fmt.Sprintf("u%03d", i))
		}
		users := w.insert(list...)
		w.do(func(tx store.Tx) error {
			for _, u := range users {
				err := tx.SetSecrets(u.Seq, map[string]store.Sealed{"s": {Key: "a", Data: []byte("old")}, "t": {Key: "b", Data: []byte("new")}})
				if err != nil {
					return err
				}
			}
			return nil
		})
		damaged, changed := users[10].Seq, users[20].Seq
		reseal := func(ctx context.Context, most int) (store.Resealed, error) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			return w.store.Reseal(ctx, "a", func(s store.Sealed, place []byte) (store.Sealed, error) {
				if most--; most < 0 {
					cancel() // as if the process were killed between two batches
				}
				switch {
				case s.Key != "a" || string(s.Data) != "old":
					w.Errorf("asked to seal %+v anew", s)
				case string(place) == string(store.SecretContext(damaged, "s")):
					return store.Sealed{}, errRefused
				case string(place) == string(store.SecretContext(changed, "s")):
					// A process that does not know of the newer key yet.
					w.do(func(tx store.Tx) error {
						return tx.SetSecrets(changed, map[string]store.Sealed{"s": {Key: "a", Data: []byte("other")}})
					})
				}
				return store.Sealed{Key: "b", Data: append([]byte("b "), place...)}, nil
			})
		}
		n, err := reseal(w.ctx, 250)
		if !errors.Is(err, context.Canceled) || n != (store.Resealed{Done: 198, Failed: 1}) {
			w.Errorf("the first part: %+v, error %v", n, err)
		}
		w.sealedAre(map[string]int64{"a": 252, "b": 648})
		again, err := w.store.Reseal(w.ctx, "a", func(s store.Sealed, place []byte) (store.Sealed, error) {
			if string(place) == string(store.SecretContext(damaged, "s")) {
				return store.Sealed{}, errRefused
			}
			return store.Sealed{Key: "b", Data: append([]byte("b "), place...)}, nil
		})
		if err != nil || again != (store.Resealed{Done: 251, Failed: 1}) {
			w.Errorf("the rest: %+v, error %v", again, err)
		}
		w.sealedAre(map[string]int64{"a": 1, "b": 899})
		w.do(func(tx store.Tx) error {
			for _, u := range users {
				got, err := tx.Secrets(u.Seq)
				if err != nil {
					return err
				}
				want := map[string]store.Sealed{"s": {Key: "b", Data: append([]byte("b "), store.SecretContext(u.Seq, "s")...)}, "t": {Key: "b", Data: []byte("new")}}
				if u.Seq == damaged {
					want["s"] = store.Sealed{Key: "a", Data: []byte("old")}
				}
				if !reflect.DeepEqual(got, want) {
					w.Errorf("%d has %v, want %v", u.Seq, got, want)
				}
			}
			return nil
		})
	}},
	{"a retired data key goes after its time and with its last value, never the newest", func(w *world) {
		defer w.close()
		addDataKeys(w, w.store, "a", "b", "c")
		r := w.insert(User("u"))[0]
		w.do(func(tx store.Tx) error {
			return tx.SetSecrets(r.Seq, map[string]store.Sealed{"s": {Key: "a", Data: []byte("x")}})
		})
		drop := func(before time.Time, want ...string) {
			w.Helper()
			if got, err := w.store.DropDataKeys(w.ctx, before); err != nil || !slices.Equal(got, want) {
				w.Errorf("dropped %v, error %v, want %v", got, err, want)
			}
		}
		drop(dataKey(3, "").Created)
		drop(epoch.Add(1000*time.Hour), "b")
		w.do(func(tx store.Tx) error { return tx.Delete(r.Type, r.Seq) })
		drop(epoch.Add(1000*time.Hour), "a")
		w.dataKeysAre(dataKey(3, "c"))
	}},
	{"a data key is not dropped under a value that is being stored", func(w *world) {
		defer w.close()
		addDataKeys(w, w.store, "a", "b")
		users := w.insert(User("u1"), User("u2"), User("u3"), User("u4"), User("u5"), User("u6"), User("u7"), User("u8"))
		errs := concurrently(len(users)+1, func(i int) error {
			if i == len(users) {
				_, err := w.store.DropDataKeys(w.ctx, epoch.Add(1000*time.Hour))
				return err
			}
			err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				return tx.SetSecrets(users[i].Seq, map[string]store.Sealed{"s": {Key: "a", Data: []byte("x")}})
			})
			if scimerr.Is(err, 503) {
				return nil // it came after the key had gone
			}
			return err
		})
		counts, err := w.store.Sealed(w.ctx)
		keys, err2 := w.store.DataKeys(w.ctx)
		if err := errors.Join(append(errs, err, err2)...); err != nil {
			w.Fatal(err)
		}
		if len(keys) < 2 && counts["a"] > 0 {
			w.Errorf("%d values are sealed with a key that is gone", counts["a"])
		}
	}},
	{"another master key wraps every data key, or none", func(w *world) {
		defer w.close()
		addDataKeys(w, w.store, "a", "b")
		want, err := w.store.DataKeys(w.ctx)
		if err != nil {
			w.Fatal(err)
		}
		rewrap := func(from, to string, fail bool) error {
			return w.store.RewrapDataKeys(w.ctx, from, to, func(k store.DataKey) ([]byte, error) {
				if fail && k.ID == "b" {
					return nil, errRefused
				}
				return []byte(to + k.ID), nil
			})
		}
		if err := rewrap(master, "m2", true); !errors.Is(err, errRefused) {
			w.Errorf("error %v, want the one of the function", err)
		}
		if err := rewrap("m2", "m3", false); !errors.Is(err, store.ErrMaster) {
			w.Errorf("error %v, want ErrMaster", err)
		}
		w.dataKeysAre(want...)
		if err := rewrap(master, "m2", false); err != nil {
			w.Fatal(err)
		}
		for i := range want {
			want[i].Master, want[i].Wrapped = "m2", []byte("m2"+want[i].ID)
		}
		w.dataKeysAre(want...)
		if v, _, err := w.store.Setting(w.ctx, store.MasterSetting); v != "m2" || err != nil {
			w.Errorf("the setting says %q, error %v", v, err)
		}
	}},
}

func (w *world) dataKeysAre(want ...store.DataKey) {
	w.Helper()
	got, err := w.store.DataKeys(w.ctx)
	if err != nil || len(got) != len(want) {
		w.Fatalf("data keys %+v, error %v, want %+v", got, err, want)
	}
	for i := range want {
		g, x := got[i], want[i]
		times := g.Created.Equal(x.Created) && g.Retired.Equal(x.Retired) && g.Retired.IsZero() == x.Retired.IsZero()
		g.Created, g.Retired = x.Created, x.Retired
		if !times || !reflect.DeepEqual(g, x) {
			w.Errorf("data key %+v, want %+v", got[i], want[i])
		}
	}
}

func (w *world) sealedAre(want map[string]int64) {
	w.Helper()
	if got, err := w.store.Sealed(w.ctx); err != nil || !maps.Equal(got, want) {
		w.Errorf("sealed values %v, error %v, want %v", got, err, want)
	}
}
