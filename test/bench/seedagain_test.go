package bench

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
)

// applied is how many users have a manager and are in a group of a hundred.
const applied = 20_000

// BenchmarkSeedAgain applies a seed that has gone in already, beside the first time:
// again what it takes to find that all is there, ahead what it takes to look up before
// the first batch what the tenant would refuse.
func BenchmarkSeedAgain(b *testing.B) { onEngines(b, "?mode=ro", seedingAgain) }

func seedingAgain(b *testing.B, reg *schema.Registry, st store.Store, _ *sql.DB) {
	t := tenantOf(b, reg, st)
	s, err := seed.Read(reg, seed.List(seed.File{Name: "staff.json", Body: strings.NewReader(staff(applied))}))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	apply := func() (*seed.Report, time.Duration) {
		began := time.Now()
		report, err := s.Apply(b.Context(), scim.NewService(st), s.Tenants[0], t, seed.Options{})
		if err != nil {
			b.Fatal(err)
		}
		return report, time.Since(began)
	}
	_, first := apply()
	began := time.Now()
	if err := s.Check(s.Tenants[0], t, nil, false); err != nil {
		b.Fatal(err)
	}
	if err := s.Ahead(b.Context(), scim.NewService(st), s.Tenants[0], t, seed.Options{}); err != nil {
		b.Fatal(err)
	}
	ahead := time.Since(began)
	var again time.Duration
	n := 0
	for b.Loop() {
		report, took := apply()
		if n, again = n+1, again+took; report.Changed() {
			b.Fatalf("applied again it has changed %+v", report.Types)
		}
	}
	b.ReportMetric(float64(again)/float64(n)/float64(first), "again/first")
	b.ReportMetric(float64(ahead)/float64(first), "ahead/first")
	b.ReportMetric(float64(again.Milliseconds())/float64(n), "ms/again")
}

// staff is a seed of users in teams, as JSON.
func staff(n int) string {
	const team = 100
	var users, groups strings.Builder
	for i := range n {
		comma, lead := ",", i-i%team
		if i == 0 {
			comma = ""
		}
		fmt.Fprintf(&users, `%s{"userName":"user%06d@corp.example","displayName":"User Number %d","active":true,"title":"Engineer","name":{"familyName":"Number%d","givenName":"User"},
"emails":[{"type":"work","primary":true,"value":"user%06d@corp.example"}],"phoneNumbers":[{"type":"work","value":"+47 22 %06d"}],
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","department":"Treasury","manager":{"display":"user%06d@corp.example"}}}`, comma, i, i, i, i, i, i, lead)
		if i%team == 0 {
			if i > 0 {
				groups.WriteString(`]},`)
			}
			fmt.Fprintf(&groups, `{"displayName":"Team %d","members":["user%06d@corp.example"`, i/team, i)
		} else {
			fmt.Fprintf(&groups, `,"user%06d@corp.example"`, i)
		}
	}
	return `{"version":1,"Users":[` + users.String() + `],"Groups":[` + groups.String() + `]}]}`
}
