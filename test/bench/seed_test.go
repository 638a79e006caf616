package bench

import (
	"database/sql"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/schemas"
)

const (
	// seeded is how many users a seed has, alone how many are made one by one.
	seeded = 100_000
	alone  = 1000
)

// BenchmarkSeed applies a seed beside making users one by one, and writes its export
// beside a bare select of the same rows.
func BenchmarkSeed(b *testing.B) { onEngines(b, "?mode=ro", seeding) }

func seeding(b *testing.B, reg *schema.Registry, st store.Store, db *sql.DB) {
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	t := tenantOf(b, reg, st)
	service := scim.NewService(st)
	by, err := service.EnsureServiceUser(b.Context(), t)
	must(err)

	began := time.Now()
	for i := range alone {
		_, err := service.Create(b.Context(), &scim.Call{Tenant: t, Principal: by}, reg.Type("User"), user(i), &scim.Params{})
		must(err)
	}
	one := alone / time.Since(began).Seconds()
	began = time.Now()
	s, err := seed.Read(reg, seed.List(seed.File{Name: "users.json", Body: crowd(seeded)}))
	must(err)
	defer func() { _ = s.Close() }()
	_, err = s.Apply(b.Context(), service, s.Tenants[0], t, seed.Options{})
	must(err)
	many := seeded / time.Since(began).Seconds()

	var bare, export time.Duration
	n := 0
	for b.Loop() {
		n++
		began := time.Now()
		rows, err := db.QueryContext(b.Context(), "SELECT seq, id, version, created, modified, doc FROM user_r WHERE space = $1 ORDER BY seq", t.Space)
		must(err)
		for rows.Next() {
			var seq, version, created, modified int64
			var id string
			var doc []byte
			must(rows.Scan(&seq, &id, &version, &created, &modified, &doc))
		}
		must(rows.Err())
		bare += time.Since(began)
		began = time.Now()
		w := seed.NewWriter(io.Discard, seed.JSON)
		must(w.Tenant(&resource.Members{}, &resource.Members{}))
		must(seed.Export(b.Context(), service, t, w, nil, nil))
		must(w.Close())
		export += time.Since(began)
	}
	b.ReportMetric(float64(export)/float64(bare), "export/select")
	b.ReportMetric(float64(export.Milliseconds())/float64(n), "ms/export")
	b.ReportMetric(many, "seeded/s")
	b.ReportMetric(many/one, "seeded/one-by-one")
}

// tenantOf makes a tenant with the default profile.
func tenantOf(b *testing.B, reg *schema.Registry, st store.Store) *scim.Tenant {
	b.Helper()
	row, err := st.CreateTenant(b.Context(), store.Tenant{Name: "large", Created: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	profile, err := scim.LoadProfile(schemas.FS, "cyberark")
	if err != nil {
		b.Fatal(err)
	}
	discovery, err := scim.NewDiscovery(reg, profile, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	return &scim.Tenant{
		ID: row.ID, Name: row.Name, Space: row.Space, Home: row.Home, Profile: profile, Registry: reg, Discovery: discovery,
		Now: time.Now, NewID: func(*schema.ResourceType) string { return uuid.Must(uuid.NewV7()).String() },
	}
}

// crowd is a seed of users as JSON.
func crowd(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, `{"version":1,"Users":[`)
		for i := range n {
			mark := `{`
			if i > 0 {
				mark = `,{`
			}
			if err == nil {
				_, err = io.WriteString(w, strings.Replace(string(user(i+1_000_000)), "{", fmt.Sprintf(`%s"id":"seeded-%d",`, mark, i), 1))
			}
		}
		if err == nil {
			_, err = io.WriteString(w, `]}`)
		}
		w.CloseWithError(err)
	}()
	return r
}
