package sqlite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/schemas"
)

// A seed that is there already is found to be so in a number of statements that does
// not depend on how many resources it has: users with managers and passwords, groups
// with users and groups in them, safes with members.
func TestASeedThatIsThereIsFoundInAFewStatements(t *testing.T) {
	t.Parallel()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := scim.LoadProfile(schemas.FS, "cyberark")
	if err != nil {
		t.Fatal(err)
	}
	discovery, err := scim.NewDiscovery(reg, profile, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	statements := func(n int) int {
		s, err := Open(t.Context(), Options{Dir: t.TempDir(), Registry: reg, Ephemeral: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		ledger, err := loadLedger(t.Context(), s.readConn)
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		counted, err := sqlstore.New(t.Context(), sqlstore.Engine{
			Dialect: dialect, Read: counting{s.readConn, &asked}, Ledger: ledger, Analyse: func(context.Context, []string) error { return nil },
			Transact: func(ctx context.Context, fn func(sqlstore.Conn) error) error {
				return s.writer.transact(ctx, func(c sqlstore.Conn) error { return fn(counting{c, &asked}) })
			},
		}, reg)
		if err != nil {
			t.Fatal(err)
		}
		defer counted.Stop()
		row, err := s.CreateTenant(t.Context(), store.Tenant{Name: "home", Created: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		tenant := &scim.Tenant{
			ID: row.ID, Name: row.Name, Space: row.Space, Home: row.Home, Profile: profile, Registry: reg, Discovery: discovery,
			Now: time.Now, NewID: func(*schema.ResourceType) string { return uuid.NewString() },
		}
		service := scim.NewService(countedStore{s, counted})
		service.HashWith(phc.Cost{Passes: 1, Memory: 64, Threads: 1})
		what, err := seed.Read(reg, seed.List(seed.File{Name: "seed.json", Body: strings.NewReader(linked(n))}))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = what.Close() }()
		apply := func() *seed.Report {
			report, err := what.Apply(t.Context(), service, what.Tenants[0], tenant, seed.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return report
		}
		apply()
		asked = 0
		if report := apply(); report.Changed() || len(report.Types) != 4 {
			t.Errorf("applied again: %+v", report.Types)
		}
		return asked
	}
	// A hundred names are looked for in one.
	few, many := statements(5), statements(90)
	if few == 0 || many > few+2 {
		t.Errorf("%d statements with 5 of each, %d with 90", few, many)
	}
	t.Logf("%d statements", few)
}

// countedStore is a store whose resources are asked for elsewhere.
type countedStore struct {
	store.Store
	resources *sqlstore.Store
}

func (c countedStore) Do(ctx context.Context, space int64, fn func(store.Tx) error) error {
	return c.resources.Do(ctx, space, fn)
}

func (c countedStore) Get(ctx context.Context, space int64, rt *schema.ResourceType, id string, want []store.Want) (*store.Record, error) {
	return c.resources.Get(ctx, space, rt, id, want)
}

func (c countedStore) Query(ctx context.Context, q *store.Query) (*store.Page, error) {
	return c.resources.Query(ctx, q)
}

func (c countedStore) Confidential(ctx context.Context, space int64, seqs []int64) (map[int64]store.Confidential, error) {
	return c.resources.Confidential(ctx, space, seqs)
}

// linked is a seed of n resources of each kind, as JSON.
func linked(n int) string {
	var users, groups, safes, members []string
	for i := range n {
		users = append(users, fmt.Sprintf(`{"userName":"u%d","displayName":"U %d","password":"Secret-%d!","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"display":"u%d"}}}`, i, i, i, i/2))
		in := ""
		if i > 0 {
			in = fmt.Sprintf(`,"g%d"`, i-1)
		}
		groups = append(groups, fmt.Sprintf(`{"displayName":"g%d","members":["u%d"%s]}`, i, i, in))
		safes = append(safes, fmt.Sprintf(`{"name":"Safe%d"}`, i))
		members = append(members, fmt.Sprintf(`{"container":"Safe%d","user":"u%d","rights":["UseAccounts"]}`, i, i))
	}
	list := func(of []string) string { return "[" + strings.Join(of, ",") + "]" }
	return `{"version":1,"Users":` + list(users) + `,"Groups":` + list(groups) + `,"Containers":` + list(safes) + `,"ContainerPermissions":` + list(members) + `}`
}
