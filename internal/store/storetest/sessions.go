package storetest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/store"
)

func session(tenant store.Tenant, id string) store.Session {
	s := store.Session{
		Tenant: tenant.ID, ID: id, App: "app", UserID: "u-" + id, About: `{"nonce":"n"}`, Created: epoch.Add(time.Microsecond), Expires: epoch.Add(time.Hour),
	}
	_, _ = rand.Read(s.Handle[:])
	_, _ = rand.Read(s.Current[:])
	return s
}

func (w *world) addSession(s store.Session) store.Session {
	w.Helper()
	if err := w.store.AddSession(w.ctx, s); err != nil {
		w.Fatal(err)
	}
	return s
}

// sessionIs checks how a session stands.
func (w *world) sessionIs(want store.Session) {
	w.Helper()
	got, err := w.store.Session(w.ctx, want.Tenant, want.ID)
	if same := got.Created.Equal(want.Created) && got.Expires.Equal(want.Expires) && got.Ended.Equal(want.Ended); err != nil || !same {
		w.Errorf("%+v, %v, want %+v", got, err, want)
	}
	got.Created, got.Expires, got.Ended = want.Created, want.Expires, want.Ended
	if got != want {
		w.Errorf("%+v, want %+v", got, want)
	}
}

var sessionCases = []testCase{
	{"of the sessions of a user the newest stay, and the tokens of the others end", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		made := map[string]store.Session{}
		for i, id := range []string{"c", "a", "d", "b", "ended", "expired"} {
			s := session(tenant, id)
			s.UserID, s.Created = "u", epoch.Add(time.Duration(i)*time.Second)
			switch id {
			case "ended":
				s.Ended = epoch.Add(time.Minute)
			case "expired":
				s.Expires = epoch.Add(2 * time.Minute)
			}
			made[id] = w.addSession(s)
		}
		theirs, foreign := session(tenant, "theirs"), session(other, "c")
		foreign.UserID = "u"
		w.addSession(theirs)
		w.addSession(foreign)
		at := epoch.Add(3 * time.Minute)
		for _, most := range []int{9, 2, 2} {
			if err := w.store.BoundSessions(w.ctx, tenant.ID, "u", most, at); err != nil {
				w.Fatal(err)
			}
		}
		for id, s := range made {
			if id == "c" || id == "a" {
				s.Ended = at
			}
			w.sessionIs(s)
			if ended, err := w.store.TokenEnded(w.ctx, tenant.ID, id); err != nil || ended != (id == "c" || id == "a") {
				w.Errorf("the token %s: ended %t, %v", id, ended, err)
			}
		}
		w.sessionIs(theirs)
		w.sessionIs(foreign)
		if err := w.store.EndToken(w.ctx, tenant.ID, "d", at); err != nil {
			w.Fatal(err)
		}
		d := made["d"]
		d.Ended = at
		w.sessionIs(d)
	}},
	{"a session keeps all its fields, and is found by id and handle in its tenant alone", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		s := w.addSession(session(tenant, "s"))
		w.sessionIs(s)
		if got, err := w.store.SessionByHandle(w.ctx, tenant.ID, s.Handle); err != nil || got.ID != "s" {
			w.Errorf("%+v, %v", got, err)
		}
		for _, id := range []int64{other.ID, 0} {
			if _, err := w.store.Session(w.ctx, id, "s"); !errors.Is(err, store.ErrNotFound) {
				w.Errorf("error %v", err)
			}
			if _, err := w.store.SessionByHandle(w.ctx, id, s.Handle); !errors.Is(err, store.ErrNotFound) {
				w.Errorf("error %v", err)
			}
		}
		if err := w.store.AddSession(w.ctx, session(store.Tenant{ID: 1 << 40}, "s")); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("without a tenant: %v", err)
		}
	}},
	{"a transaction that reads a password adds a session with all that it does, or not at all", func(w *world) {
		tenant := w.newTenant()
		w = w.in(tenant.Space)
		ann := w.insert(User("ann"))[0]
		w.do(func(tx store.Tx) error {
			before, err := tx.Password(ann.Seq)
			if before != nil {
				w.Errorf("password %q", before)
			}
			return errors.Join(err, tx.SetPassword(ann.Seq, []byte("h")))
		})
		kept := session(tenant, "kept")
		w.do(func(tx store.Tx) error {
			hash, err := tx.Password(ann.Seq)
			if string(hash) != "h" {
				w.Errorf("password %q", hash)
			}
			return errors.Join(err, tx.AddSession(kept))
		})
		w.sessionIs(kept)
		for what, fail := range map[string]func(store.Tx) error{
			"ends":    func(tx store.Tx) error { return errors.New("ends") },
			"no such": func(tx store.Tx) error { return tx.AddSession(session(store.Tenant{ID: 1 << 40}, "lost")) },
		} {
			err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				return errors.Join(tx.SetPassword(ann.Seq, nil), tx.AddSession(session(tenant, "lost")), fail(tx))
			})
			if err == nil || what == "no such" && !errors.Is(err, store.ErrNotFound) {
				w.Errorf("%s: %v", what, err)
			}
			if _, err := w.store.Session(w.ctx, tenant.ID, "lost"); !errors.Is(err, store.ErrNotFound) {
				w.Errorf("%s: a session is left: %v", what, err)
			}
			if hash, err := w.store.Password(w.ctx, w.space, ann.Seq); err != nil || string(hash) != "h" {
				w.Errorf("%s: password %q, %v", what, hash, err)
			}
		}
	}},
	{"what is current is redeemed once, and not after the end", func(w *world) {
		s := w.addSession(session(w.newTenant(), "s"))
		var won atomic.Int64
		later := epoch.Add(2 * time.Hour)
		errs := concurrently(8, func(i int) error {
			ok, err := w.store.AdvanceSession(w.ctx, s.Tenant, "s", s.Current, [32]byte{byte(i + 1)}, later)
			if ok {
				won.Store(won.Load()*100 + int64(i+1))
			}
			return err
		})
		if err := errors.Join(errs...); err != nil || won.Load() == 0 || won.Load() > 8 {
			w.Fatalf("won %d, %v", won.Load(), err)
		}
		s.Redeemed, s.Current, s.Expires = true, [32]byte{byte(won.Load())}, later
		w.sessionIs(s)
		s.Ended = epoch.Add(time.Minute)
		for _, at := range []time.Time{s.Ended, later} { // the first end counts
			if err := w.store.EndSession(w.ctx, s.Tenant, "s", at); err != nil {
				w.Error(err)
			}
		}
		w.sessionIs(s)
		if ok, err := w.store.AdvanceSession(w.ctx, s.Tenant, "s", s.Current, s.Handle, later); ok || err != nil {
			w.Errorf("redeemed after its end: %t, %v", ok, err)
		}
		if err := w.store.EndSession(w.ctx, s.Tenant, "none", later); err != nil {
			w.Error(err)
		}
	}},
	{"all sessions of a user end in a transaction, and no others", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		a, b, elsewhere := session(tenant, "a"), session(tenant, "b"), session(other, "a")
		b.UserID = a.UserID
		rest := w.addSession(session(tenant, "rest"))
		for _, s := range []store.Session{a, b, elsewhere} {
			w.addSession(s)
		}
		stop := errors.New("stop")
		for _, fails := range []error{stop, nil} {
			w.sessionIs(a)
			err := w.store.Do(w.ctx, tenant.Space, func(tx store.Tx) error {
				return errors.Join(tx.EndSessions(tenant.ID, a.UserID, epoch.Add(time.Second)), fails)
			})
			if !errors.Is(err, fails) {
				w.Error(err)
			}
		}
		a.Ended, b.Ended = epoch.Add(time.Second), epoch.Add(time.Second)
		for _, s := range []store.Session{a, b, rest, elsewhere} {
			w.sessionIs(s)
		}
	}},
	{"an access token is ended in its tenant, for ever", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		for range 2 {
			if err := w.store.EndToken(w.ctx, tenant.ID, "t", epoch); err != nil {
				w.Error(err)
			}
		}
		for _, q := range []struct {
			tenant int64
			id     string
			want   bool
		}{{tenant.ID, "t", true}, {tenant.ID, "T", false}, {other.ID, "t", false}} {
			if got, err := w.store.TokenEnded(w.ctx, q.tenant, q.id); got != q.want || err != nil {
				w.Errorf("%+v: %t, %v", q, got, err)
			}
		}
		if err := w.store.EndToken(w.ctx, 1<<40, "t", epoch); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("without a tenant: %v", err)
		}
	}},
	{"what has expired is swept, and what belongs to a deleted tenant is gone", func(w *world) {
		tenant, doomed := w.newTenant(), w.newTenant()
		for i := range 3 {
			s := session(tenant, fmt.Sprint(i))
			s.Expires = epoch.AddDate(-50, 0, i)
			w.addSession(s)
			if err := w.store.EndToken(w.ctx, tenant.ID, s.ID, s.Expires); err != nil {
				w.Fatal(err)
			}
		}
		if err := w.store.SweepSessions(w.ctx, epoch.AddDate(-50, 0, 1)); err != nil {
			w.Fatal(err)
		}
		for i, want := range []bool{false, false, true} {
			_, err := w.store.Session(w.ctx, tenant.ID, fmt.Sprint(i))
			if ended, tokenErr := w.store.TokenEnded(w.ctx, tenant.ID, fmt.Sprint(i)); ended != want || tokenErr != nil || errors.Is(err, store.ErrNotFound) == want {
				w.Errorf("%d: %v, %t, %v", i, err, ended, tokenErr)
			}
		}
		w.addSession(session(doomed, "s"))
		if err := w.store.EndToken(w.ctx, doomed.ID, "t", epoch); err != nil {
			w.Fatal(err)
		}
		if err := w.store.DeleteTenant(w.ctx, doomed.ID, epoch); err != nil {
			w.Fatal(err)
		}
		if _, err := w.store.Session(w.ctx, doomed.ID, "s"); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("error %v", err)
		}
	}},
	{"a password hash is read as it was stored", func(w *world) {
		r := w.insert(User("ada"))[0]
		for _, want := range [][]byte{nil, []byte("h1"), []byte("h2"), nil} {
			w.do(func(tx store.Tx) error { return tx.SetPassword(r.Seq, want) })
			if got, err := w.store.Password(w.ctx, w.space, r.Seq); err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
				w.Errorf("%q, %v, want %q", got, err, want)
			}
		}
	}},
}
