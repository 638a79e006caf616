package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/schemas"
)

// stored is how many users the tenant has that is copied as a whole.
const stored = 100_000

// BenchmarkSnapshot saves and restores a tenant beside the bare copy of its rows,
// INSERT … SELECT in one transaction.
func BenchmarkSnapshot(b *testing.B) {
	onEngines(b, "?_pragma=busy_timeout(60000)&_pragma=synchronous(FULL)", copied)
}

// onEngines measures a store of each engine beside a bare connection to its database;
// options are those of the one to SQLite's file.
func onEngines(b *testing.B, options string, measure func(*testing.B, *schema.Registry, store.Store, *sql.DB)) {
	reg, err := schemas.Registry()
	if err != nil {
		b.Fatal(err)
	}
	beside := func(b *testing.B, st store.Store, err error, driver, url string) {
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = st.Close() })
		db, err := sql.Open(driver, url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = db.Close() })
		measure(b, reg, st, db)
	}
	b.Run("sqlite", func(b *testing.B) {
		dir := b.TempDir()
		st, err := sqlite.Open(b.Context(), sqlite.Options{Dir: dir, Registry: reg})
		beside(b, st, err, "sqlite", "file:"+filepath.Join(dir, "scimd.db")+options)
	})
	b.Run("postgres", func(b *testing.B) {
		url := pgtest.URL(b)
		st, err := postgres.Open(b.Context(), postgres.Options{URL: url, Registry: reg})
		beside(b, st, err, "pgx", url)
	})
}

func copied(b *testing.B, reg *schema.Registry, st store.Store, db *sql.DB) {
	tenant, err := st.CreateTenant(b.Context(), store.Tenant{Name: "large", Created: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, reg, st, tenant.Space)
	var bare, save, restore time.Duration
	timed := func(sum *time.Duration, do func() error) {
		began := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		*sum += time.Since(began)
	}
	n := 0
	for b.Loop() {
		to := int64(1)<<40 + int64(n)
		timed(&bare, func() error { return bareCopy(b.Context(), db, tenant.Space, to) })
		timed(&save, func() error {
			_, err := st.SaveSnapshot(b.Context(), tenant.ID, "s", true, time.Now())
			return err
		})
		timed(&restore, func() error {
			r, err := st.RestoreSnapshot(b.Context(), tenant.ID, "s", store.Event{At: time.Now(), Operation: "restore"})
			tenant = r.Tenant
			return err
		})
		n++
	}
	b.ReportMetric(save.Seconds()/bare.Seconds(), "save/bare")
	b.ReportMetric(restore.Seconds()/bare.Seconds(), "restore/bare")
	b.ReportMetric(bare.Seconds()/float64(n), "bare-s")
}

// fill stores users as an IdP sends them.
func fill(b *testing.B, reg *schema.Registry, st store.Store, space int64) {
	const batch = 1000
	rt := reg.Type("User")
	for from := 0; from < stored; from += batch {
		err := st.Do(b.Context(), space, func(tx store.Tx) error {
			for i := from; i < from+batch; i++ {
				body, err := resource.ParseObject(user(i), resource.Limits{})
				if err != nil {
					return err
				}
				r := &store.Resource{Type: rt, ID: uuid.NewString(), Version: 1, Created: time.Now(), Modified: time.Now(), Body: body}
				r.Doc, r.Cut = resource.Encode(r.Body)
				if err := tx.Insert(r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// bareCopy copies the rows of users into another space.
func bareCopy(ctx context.Context, db *sql.DB, from, to int64) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, t := range sqlstore.SpaceTables {
		if t.Table != "user_r" && t.Table != "value_r" {
			continue
		}
		columns := strings.Join(slices.Concat(t.Key, t.Columns), ", ")
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (space, %s) SELECT %d, %[2]s FROM %[1]s WHERE space = %[4]d", t.Table, columns, to, from)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// BenchmarkReset resets a tenant of 50 users in a running server, beside the
// creation of one user.
func BenchmarkReset(b *testing.B) {
	for engine, configure := range map[string]func(*app.Config){
		"sqlite": func(*app.Config) {}, "postgres": func(c *app.Config) { c.DatabaseURL = pgtest.URL(b) },
	} {
		b.Run(engine, func(b *testing.B) {
			cfg := app.Defaults()
			cfg.Addr, cfg.DataDir, cfg.Token = "127.0.0.1:0", filepath.Join(b.TempDir(), "data"), token
			configure(&cfg)
			s, err := app.Start(context.Background(), cfg, app.Streams{Out: io.Discard, Err: io.Discard})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Shutdown(context.Background()) })
			for i := range 50 {
				do(b, http.MethodPost, s.BaseURL()+"/Users", user(i), http.StatusCreated)
			}
			m := s.Control()
			if _, err := m.SaveSnapshot(b.Context(), "", control.NewSnapshot{Name: control.SeedSnapshot}); err != nil {
				b.Fatal(err)
			}
			var reset, insert time.Duration
			n := 0
			for b.Loop() {
				began := time.Now()
				do(b, http.MethodPost, s.BaseURL()+"/Users", user(50), http.StatusCreated)
				insert += time.Since(began)
				began = time.Now()
				if _, err := m.Reset(b.Context(), ""); err != nil {
					b.Fatal(err)
				}
				reset += time.Since(began)
				n++
			}
			var list struct{ TotalResults int }
			if err := json.Unmarshal(do(b, http.MethodGet, s.BaseURL()+"/Users", nil, http.StatusOK), &list); err != nil || list.TotalResults != 50 {
				b.Errorf("%d users, %v", list.TotalResults, err)
			}
			b.ReportMetric(float64(reset.Microseconds())/1000/float64(n), "ms/reset")
			b.ReportMetric(reset.Seconds()/insert.Seconds(), "reset/insert")
		})
	}
}
