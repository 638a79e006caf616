package storetest

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// maxGrowth is how much memory a list may hold at a time, whatever its length.
const maxGrowth = 16 << 20

// Large shows that a list of 20,000 permissions with their links and aliases is
// handed out in batches, with flat memory, and tells how long it takes beside a
// list of as many users. Nothing else may run meanwhile.
func Large(t *testing.T, s store.Store) {
	const many, containers = 20_000 / shrink, 100
	w := newWorld(t, s)
	var users, safes []*store.Resource
	builders := func(n int, b func(int) *Builder) []*store.Resource {
		var list []*Builder
		for i := range n {
			list = append(list, b(i))
		}
		return w.insert(list...)
	}
	users = builders(many, func(i int) *Builder { return User(fmt.Sprintf("user%05d", i)) })
	safes = builders(containers, func(i int) *Builder { return Container(fmt.Sprintf("Safe%03d", i)) })
	builders(many, func(i int) *Builder { return Grant(safes[i%containers], users[i]) })

	list := func(rt *schema.ResourceType, alias bool, want ...store.Want) (took time.Duration, growth uint64) {
		q := &store.Query{Space: w.space, Parts: []store.Part{{Type: rt}}, Limit: -1, Want: want, Alias: alias}
		before := heap()
		began := time.Now()
		page, err := s.Query(w.ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for batches := 0; ; batches++ {
			batch, err := page.Next(w.ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(batch) == 0 {
				break
			}
			n += len(batch)
			for _, rec := range batch {
				if alias && (len(rec.Links) != 2 || rec.Alias == "") {
					t.Fatalf("%s has the links %+v and the alias %q", rec.ID, rec.Links, rec.Alias)
				}
			}
			if batches%25 == 0 {
				stopped := time.Now()
				if now := heap(); now > before {
					growth = max(growth, now-before)
				}
				began = began.Add(time.Since(stopped))
			}
		}
		if n != many {
			t.Fatalf("%d of %s came", n, rt.Name)
		}
		return time.Since(began), growth
	}
	plain, _ := list(userType(), false)
	grouped, growth := list(userType(), false, store.Want{Relation: store.Member, Reverse: true})
	t.Logf("%d users: %v, with groups %v, growth %d KB", many, plain.Round(time.Millisecond), grouped.Round(time.Millisecond), growth>>10)
	ends := []store.Want{{Relation: store.Target}, {Relation: store.Grantee}}
	for range 2 {
		took, growth := list(permissionType(), true, ends...)
		t.Logf("%d permissions with ends and aliases: %v, %.1f of users with groups, growth %d KB", many, took.Round(time.Millisecond), float64(took)/float64(grouped), growth>>10)
		if growth > maxGrowth {
			t.Errorf("a list of %d permissions holds %d KB", many, growth>>10)
		}
	}
}

// heap is what is reachable, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
