package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/storetest"
)

func TestZZ(t *testing.T) {
	for _, u := range []string{"", "&options=-c%20jit%3Doff"} {
		url := pgtest.URL(t) + u
		s := open(t, url, storetest.Registry())
		tn, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		t0 := time.Now()
		for i := 0; i < 3000; i += 100 {
			err := s.Do(t.Context(), tn.Space, func(tx store.Tx) error {
				for j := range 100 {
					r := storetest.User(fmt.Sprintf("u%d", i+j)).Set("displayName", fmt.Sprintf("Disp %d", i+j)).Email("work", fmt.Sprintf("u%d@x", i+j)).Resource()
					if err := tx.Insert(r); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		t.Log(u, "insert each", time.Since(t0)/3000)
		rt := storetest.Registry().Type("User")
		for _, f := range []string{`userName eq "u77"`, `displayName sw "disp 1"`, `emails[type eq "work" and value co "77"]`, `not (emails.value eq "u7@x") and (emails.type eq "work" or emails.primary eq true)`, ``} {
			var p filter.Predicate
			if f != "" {
				p, err = filter.Compile(f, rt, filter.Options{})
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, lim := range []int{100, -1, 0} {
				t0 := time.Now()
				var tot int
				for range 200 {
					pg, err := s.Query(t.Context(), &store.Query{Space: tn.Space, Parts: []store.Part{{Type: rt, Filter: p}}, Limit: lim})
					if err != nil {
						t.Fatal(err)
					}
					tot = pg.Total
				}
				t.Log(f, lim, tot, time.Since(t0)/200)
			}
		}
	}
}
