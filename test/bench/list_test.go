package bench

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/store"
)

const (
	safes   = 200
	holders = 100
	listed  = safes * holders
)

// BenchmarkVaultList reads 20,000 permissions in one answer, as clients of a vault
// do, beside as many users that are as large on the wire.
func BenchmarkVaultList(b *testing.B) {
	empty(b, "cyberark", func(b *testing.B, x *bench) {
		if err := x.tenant.Profile.Set("maxResults", fmt.Sprint(listed)); err != nil {
			b.Fatal(err)
		}
		x.fillVault(b)
		get := func(path string) (bytes int, took time.Duration) {
			began := time.Now()
			body := do(b, http.MethodGet, fmt.Sprintf("%s/scim/v2/%s?count=%d", x.scimd.URL, path, listed), nil, http.StatusOK)
			return len(body), time.Since(began)
		}
		for _, path := range []string{"Users", "ContainerPermissions"} { // once for the caches
			get(path)
		}
		b.Run("permissions beside users", func(b *testing.B) {
			var spent [2]time.Duration
			var bytes [2]int
			for b.Loop() {
				for i, path := range []string{"Users", "ContainerPermissions"} {
					n, took := get(path)
					bytes[i], spent[i] = n, spent[i]+took
				}
			}
			b.ReportMetric(float64(spent[1])/float64(spent[0]), "time/users")
			b.ReportMetric(float64(bytes[1])/float64(bytes[0]), "bytes/users")
			b.ReportMetric(float64(spent[0].Milliseconds())/float64(b.N), "ms-users")
		})
	})
}

// fillVault stores users, safes, and the permissions of some of the users on each
// safe, past the protocol.
func (x *bench) fillVault(b *testing.B) {
	b.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	insert := func(tx store.Tx, typ, id, doc string, ends ...store.Link) (*store.Resource, error) {
		body, err := resource.Decode([]byte(doc))
		if err != nil {
			return nil, err
		}
		r := &store.Resource{Type: x.reg.Type(typ), ID: id, Version: 1, Created: now, Modified: now, Body: body, Ends: ends}
		r.Doc, r.Cut = resource.Encode(body)
		return r, tx.Insert(r)
	}
	err := x.store.Do(b.Context(), x.tenant.Space, func(tx store.Tx) error {
		var users []*store.Resource
		for i := range listed {
			u, err := insert(tx, "User", x.tenant.NewID(x.reg.Type("User")), fmt.Sprintf(
				`{"userName":"holder%06d@corp.example","displayName":"Holder %[1]d","title":"%s","active":true,"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}`,
				i, strings.Repeat("x", 480)))
			if err != nil {
				return err
			}
			users = append(users, u)
		}
		for i := range safes {
			name := fmt.Sprintf("Safe-%03d", i)
			c, err := insert(tx, "Container", name, `{"name":"`+name+`","schemas":["urn:ietf:params:scim:schemas:pam:1.0:Container"]}`)
			if err != nil {
				return err
			}
			for j := range holders {
				u := users[(i*37+j)%len(users)]
				_, err = insert(tx, "ContainerPermission", name+":"+u.ID,
					`{"rights":["UseAccounts","RetrieveAccounts","ListAccounts"],"schemas":["urn:ietf:params:scim:schemas:pam:1.0:ContainerPermission"]}`,
					store.Link{Relation: store.Target, Seq: c.Seq}, store.Link{Relation: store.Grantee, Seq: u.Seq})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
