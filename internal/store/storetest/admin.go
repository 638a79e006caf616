package storetest

import (
	"crypto/rand"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/store"
)

var tokenCases = []testCase{
	{"a token keeps all its fields, and is found by hash and listed", func(w *world) {
		tenant := w.newTenant()
		full := token(tenant, "full")
		full.Rights, full.Principal = "users:read vault:write", store.Principal{Kind: "user", ID: "Ü-1", Display: "O'Hara"}
		full.Created, full.Expires = epoch.Add(time.Microsecond), epoch.Add(time.Hour)
		bare := token(tenant, "bare")
		for _, want := range []store.Token{full, bare} {
			if err := w.store.CreateToken(w.ctx, want); err != nil {
				w.Fatal(err)
			}
			got, err := w.store.TokenByHash(w.ctx, want.Hash)
			if err != nil || !sameToken(got, want) {
				w.Errorf("by hash %+v, error %v; want %+v", got, err, want)
			}
		}
		list, err := w.store.Tokens(w.ctx, tenant.ID)
		if err != nil || len(list) != 2 || !slices.ContainsFunc(list, func(t store.Token) bool { return sameToken(t, full) }) ||
			!slices.ContainsFunc(list, func(t store.Token) bool { return sameToken(t, bare) }) {
			w.Errorf("Tokens: %+v, error %v", list, err)
		}
		if list, err := w.store.Tokens(w.ctx, w.newTenant().ID); err != nil || len(list) != 0 {
			w.Errorf("tokens of another tenant: %+v, error %v", list, err)
		}
	}},
	{"a token needs its tenant", func(w *world) {
		if err := w.store.CreateToken(w.ctx, token(store.Tenant{ID: 1 << 40}, "orphan")); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("error %v, want ErrNotFound", err)
		}
	}},
	{"an unknown hash is not found", func(w *world) {
		if _, err := w.store.TokenByHash(w.ctx, token(store.Tenant{}, "x").Hash); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("error %v, want ErrNotFound", err)
		}
	}},
	{"a token is renewed by its hash, revoked or not, in its tenant alone", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		made := token(tenant, "ci")
		if err := w.store.CreateToken(w.ctx, made); err != nil {
			w.Fatal(err)
		}
		if _, err := w.store.RevokeToken(w.ctx, tenant.ID, "ci", epoch); err != nil {
			w.Fatal(err)
		}
		want := store.Token{Tenant: tenant.ID, Name: "again", Hash: made.Hash, Rights: "read", Expires: epoch.Add(time.Hour)}
		if ok, err := w.store.RenewToken(w.ctx, want); !ok || err != nil {
			w.Errorf("renewed %t, %v", ok, err)
		}
		got, err := w.store.TokenByHash(w.ctx, made.Hash)
		if err != nil || got.ID != made.ID || got.Name != "again" || got.Rights != "read" || !got.Expires.Equal(want.Expires) || !got.Revoked.IsZero() {
			w.Errorf("%+v, %v", got, err)
		}
		want.Tenant = other.ID
		if ok, err := w.store.RenewToken(w.ctx, want); ok || err != nil {
			w.Errorf("of another tenant: renewed %t, %v", ok, err)
		}
	}},
	{"a name serves one token of a tenant that is not revoked", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		first := token(tenant, "ci")
		if err := w.store.CreateToken(w.ctx, first); err != nil {
			w.Fatal(err)
		}
		w.taken("the same name", w.store.CreateToken(w.ctx, token(tenant, "ci")), "name")
		if err := w.store.CreateToken(w.ctx, token(other, "ci")); err != nil {
			w.Errorf("the same name of another tenant: %v", err)
		}
		if _, err := w.store.RevokeToken(w.ctx, tenant.ID, "ci", epoch); err != nil {
			w.Fatal(err)
		}
		if err := w.store.CreateToken(w.ctx, token(tenant, "ci")); err != nil {
			w.Errorf("the name of a revoked token: %v", err)
		}
	}},
	{"of several tokens made with one name one is", func(w *world) {
		tenant := w.newTenant()
		errs := concurrently(12, func(int) error { return w.store.CreateToken(w.ctx, token(tenant, "race")) })
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			w.taken("a loser", err, "name")
		}
		if list, err := w.store.Tokens(w.ctx, tenant.ID); won != 1 || len(list) != 1 || err != nil {
			w.Errorf("%d won, %d tokens are there, error %v", won, len(list), err)
		}
	}},
	{"a token is revoked once, by id or name, and stays on record", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		byID, byName, kept := token(tenant, "one"), token(tenant, "two"), token(other, "two")
		for _, t := range []store.Token{byID, byName, kept} {
			if err := w.store.CreateToken(w.ctx, t); err != nil {
				w.Fatal(err)
			}
		}
		at := epoch.Add(time.Minute)
		for handle, t := range map[string]store.Token{byID.ID: byID, "two": byName} {
			t.Revoked = at
			got, err := w.store.RevokeToken(w.ctx, tenant.ID, handle, at)
			if err != nil || !sameToken(got, t) {
				w.Errorf("revoked %+v, error %v; want %+v", got, err, t)
			}
			if got, err := w.store.TokenByHash(w.ctx, t.Hash); err != nil || !sameToken(got, t) {
				w.Errorf("by hash afterwards %+v, error %v; want %+v", got, err, t)
			}
			if _, err := w.store.RevokeToken(w.ctx, tenant.ID, handle, at.Add(time.Hour)); !errors.Is(err, store.ErrNotFound) {
				w.Errorf("revoked again: %v, want ErrNotFound", err)
			}
		}
		if _, err := w.store.RevokeToken(w.ctx, tenant.ID, kept.ID, at); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("another tenant's token: %v, want ErrNotFound", err)
		}
		if got, err := w.store.TokenByHash(w.ctx, kept.Hash); err != nil || !got.Revoked.IsZero() {
			w.Errorf("another tenant's token of the same name: %+v, error %v", got, err)
		}
	}},
}

func token(tenant store.Tenant, name string) store.Token {
	t := store.Token{ID: "tok-" + rand.Text(), Tenant: tenant.ID, Name: name, Rights: "all", Created: epoch}
	_, _ = rand.Read(t.Hash[:]) // never fails
	return t
}

// sameToken compares fields; times by instant, and zero times must be zero.
func sameToken(a, b store.Token) bool {
	times := a.Created.Equal(b.Created) && a.Expires.Equal(b.Expires) && a.Revoked.Equal(b.Revoked)
	a.Created, a.Expires, a.Revoked = b.Created, b.Expires, b.Revoked
	return times && a == b
}

var settingCases = []testCase{
	{"a setting is stored once and then read", func(w *world) {
		key := "key-" + rand.Text()
		if _, ok, err := w.store.Setting(w.ctx, key); ok || err != nil {
			w.Errorf("before: there %t, error %v", ok, err)
		}
		for _, value := range []string{"first ü\n", "second"} {
			if got, err := w.store.SetSetting(w.ctx, key, value); got != "first ü\n" || err != nil {
				w.Errorf("setting %q gives %q, error %v", value, got, err)
			}
		}
		if got, ok, err := w.store.Setting(w.ctx, key); got != "first ü\n" || !ok || err != nil {
			w.Errorf("after: %q, there %t, error %v", got, ok, err)
		}
		for range 2 {
			if err := w.store.DropSetting(w.ctx, key); err != nil {
				w.Error(err)
			}
		}
		if _, ok, err := w.store.Setting(w.ctx, key); ok || err != nil {
			w.Errorf("dropped: there %t, error %v", ok, err)
		}
	}},
	{"of several that set one setting one wins, and all learn its value", func(w *world) {
		key := "race-" + rand.Text()
		values := make([]string, 16)
		errs := concurrently(len(values), func(i int) (err error) {
			values[i], err = w.store.SetSetting(w.ctx, key, rand.Text())
			return err
		})
		if err := errors.Join(errs...); err != nil {
			w.Fatal(err)
		}
		for _, v := range values {
			if v == "" || v != values[0] {
				w.Errorf("values %q", values)
				break
			}
		}
	}},
	{"ClaimOnce is true for exactly one caller per key", func(w *world) {
		key := "claim-" + rand.Text()
		var claimed atomic.Int64
		errs := concurrently(32, func(int) error {
			mine, err := w.store.ClaimOnce(w.ctx, key)
			if mine {
				claimed.Add(1)
			}
			return err
		})
		if err := errors.Join(errs...); err != nil {
			w.Fatal(err)
		}
		if claimed.Load() != 1 {
			w.Errorf("claimed %d times", claimed.Load())
		}
		if mine, err := w.store.ClaimOnce(w.ctx, key); mine || err != nil {
			w.Errorf("later: %t, error %v", mine, err)
		}
		if mine, err := w.store.ClaimOnce(w.ctx, key+"2"); !mine || err != nil {
			w.Errorf("another key: %t, error %v", mine, err)
		}
	}},
}
