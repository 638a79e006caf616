// Package bench measures scimd beside bare references in the same run: a chi
// handler with one pgx or database/sql select. Only ratios of one run mean
// anything; `make bench` prints both sides.
package bench

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/schemas"
)

const (
	token = "bench-token"
	users = 2000
)

// bench is scimd and a bare handler on the same database.
type bench struct {
	scimd, bare *httptest.Server
	ids         []string
	reg         *schema.Registry
	store       store.Store
	tenant      *scim.Tenant
	config      server.Config
}

// engines runs fn on each engine, with users that were made through the server.
func engines(b *testing.B, fn func(b *testing.B, x *bench)) {
	empty(b, "rfc7644", func(b *testing.B, x *bench) {
		for i := range users {
			x.ids = append(x.ids, x.create(b, i))
		}
		fn(b, x)
	})
}

// empty is engines without users, under a profile.
func empty(b *testing.B, profile string, fn func(b *testing.B, x *bench)) {
	reg, err := schemas.Registry()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sqlite", func(b *testing.B) {
		dir := b.TempDir()
		st, err := sqlite.Open(b.Context(), sqlite.Options{Dir: dir, Registry: reg})
		if err != nil {
			b.Fatal(err)
		}
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "scimd.db")+"?mode=ro")
		if err != nil {
			b.Fatal(err)
		}
		db.SetMaxIdleConns(8)
		b.Cleanup(func() { _ = db.Close() })
		fn(b, start(b, reg, st, profile, func(ctx context.Context, id string) (doc string, err error) {
			err = db.QueryRowContext(ctx, "SELECT doc FROM user_r WHERE space = $1 AND id_key = $2", 1, id).Scan(&doc)
			return doc, err
		}))
	})
	b.Run("postgres", func(b *testing.B) {
		url := pgtest.URL(b)
		st, err := postgres.Open(b.Context(), postgres.Options{URL: url, Registry: reg})
		if err != nil {
			b.Fatal(err)
		}
		pool, err := pgxpool.New(b.Context(), url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(pool.Close)
		fn(b, start(b, reg, st, profile, func(ctx context.Context, id string) (doc string, err error) {
			err = pool.QueryRow(ctx, "SELECT doc FROM user_r WHERE space = $1 AND id_key = $2", 1, id).Scan(&doc)
			return doc, err
		}))
	})
}

func start(b *testing.B, reg *schema.Registry, st store.Store, profileName string, bare func(context.Context, string) (string, error)) *bench {
	b.Helper()
	b.Cleanup(func() { _ = st.Close() })
	profile, err := scim.LoadProfile(schemas.FS, profileName)
	if err != nil {
		b.Fatal(err)
	}
	row, _, err := st.EnsureTenant(b.Context(), store.Tenant{Name: "default"})
	if err != nil {
		b.Fatal(err)
	}
	discovery, err := scim.NewDiscovery(reg, profile, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	tenant := &scim.Tenant{
		ID: row.ID, Name: row.Name, Space: row.Space, Home: row.Home, Profile: profile, Registry: reg, Discovery: discovery,
		Now: time.Now, NewID: func(*schema.ResourceType) string { return uuid.Must(uuid.NewV7()).String() },
	}
	fixed := []store.Token{{Tenant: tenant.ID, Hash: auth.Hash(token), Rights: auth.All.String()}}
	x := &bench{reg: reg, store: st, tenant: tenant, config: server.Config{
		Service: scim.NewService(st), Registry: reg,
		Tenants: lone{tenant},
		Auth:    auth.New(st, fixed, time.Minute, time.Now), Logger: slog.New(slog.DiscardHandler),
		Limits: server.Limits{Body: 1 << 20, URL: 1 << 14, Write: time.Minute},
		Ready:  func(context.Context) error { return nil },
	}}
	x.scimd = httptest.NewServer(server.New(x.config))
	b.Cleanup(x.scimd.Close)
	r := chi.NewRouter()
	r.Get("/{id}", func(w http.ResponseWriter, r *http.Request) {
		doc, err := bare(r.Context(), chi.URLParam(r, "id"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/scim+json")
		_, _ = io.WriteString(w, doc)
	})
	x.bare = httptest.NewServer(r)
	b.Cleanup(x.bare.Close)
	return x
}

// lone is the tenant of every host.
type lone struct{ tenant *scim.Tenant }

func (l lone) At(string) (*scim.Tenant, bool, error) { return l.tenant, false, nil }

func (l lone) Named(context.Context, string) (*scim.Tenant, error) { return l.tenant, nil }

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// do sends a request and gives the body of an answer with the wanted status.
func do(b *testing.B, method, url string, body []byte, want int) []byte {
	req, err := http.NewRequestWithContext(b.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		b.Error(err)
		return nil
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		b.Errorf("%s %s: %d %v %s", method, url, res.StatusCode, err, data)
	}
	return data
}

// user is a user of about 1.8 KB, as an IdP sends it.
func user(n int) []byte {
	return fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
"userName":"user%06d@corp.example","externalId":"%s","displayName":"User Number %d","active":true,"title":"Engineer","userType":"Employee",
"name":{"formatted":"User Number %d","familyName":"Number%d","givenName":"User"},"preferredLanguage":"en","locale":"en-US","timezone":"Europe/Oslo",
"emails":[{"type":"work","primary":true,"value":"user%06d@corp.example"},{"type":"home","value":"u%06d@home.example"}],
"phoneNumbers":[{"type":"work","value":"+47 22 %06d"},{"type":"mobile","value":"+47 90 %06d"}],
"addresses":[{"type":"work","streetAddress":"Storgata %d","locality":"Oslo","region":"Oslo","postalCode":"0155","country":"NO","formatted":"%s"}],
"nickName":"%s","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","department":"Treasury","costCenter":"4130","organization":"Corp"}}`,
		n, uuid.NewString(), n, n, n, n, n, n, n, n, strings.Repeat("x", 300), strings.Repeat("y", 300), n)
}

func (x *bench) create(b *testing.B, n int) string {
	var out struct{ ID string }
	if err := json.Unmarshal(do(b, http.MethodPost, x.scimd.URL+"/scim/v2/Users", user(n), http.StatusCreated), &out); err != nil {
		b.Fatal(err)
	}
	return out.ID
}

// beside runs a bare reference and scimd in turn and reports the ratio of their
// throughputs over the whole run.
func beside(b *testing.B, name string, bare, scimd func(b *testing.B, i int)) {
	b.Run(name, func(b *testing.B) {
		var spent [2]time.Duration
		n := 0
		for b.Loop() {
			for side, fn := range []func(*testing.B, int){bare, scimd} {
				began := time.Now()
				parallel(b, n, fn)
				spent[side] += time.Since(began)
			}
			n++
		}
		b.ReportMetric(float64(spent[0])/float64(spent[1]), "throughput/bare")
		b.ReportMetric(float64(spent[1].Microseconds())/float64(n*width*deep), "µs/request")
	})
}

const (
	width = 8
	deep  = 50
)

// parallel runs fn from width goroutines, deep times each.
func parallel(b *testing.B, round int, fn func(*testing.B, int)) {
	done := make(chan struct{})
	for w := range width {
		go func() {
			for i := range deep {
				fn(b, (round*width+w)*deep+i)
			}
			done <- struct{}{}
		}()
	}
	for range width {
		<-done
	}
}

func BenchmarkRead(b *testing.B) {
	engines(b, func(b *testing.B, x *bench) {
		bare := func(b *testing.B, i int) {
			do(b, http.MethodGet, x.bare.URL+"/"+x.ids[i%len(x.ids)], nil, http.StatusOK)
		}
		get := func(query string) func(*testing.B, int) {
			return func(b *testing.B, i int) {
				do(b, http.MethodGet, x.scimd.URL+"/scim/v2/Users"+fmt.Sprintf(query, i%users), nil, http.StatusOK)
			}
		}
		beside(b, "get by id", bare, func(b *testing.B, i int) {
			do(b, http.MethodGet, x.scimd.URL+"/scim/v2/Users/"+x.ids[i%len(x.ids)], nil, http.StatusOK)
		})
		beside(b, "userName eq", bare, get("?filter=userName%%20eq%%20%%22user%06d@corp.example%%22"))
		beside(b, "emails.value eq", bare, get("?filter=emails.value%%20eq%%20%%22user%06d@corp.example%%22"))
		beside(b, "value path", bare, get("?filter=emails%%5Btype%%20eq%%20%%22work%%22%%20and%%20value%%20sw%%20%%22user%06d%%22%%5D"))
		beside(b, "page of 100", bare, get("?count=100&startIndex=%d"))
	})
}

func BenchmarkCreate(b *testing.B) {
	engines(b, func(b *testing.B, x *bench) {
		var n atomic.Int64
		n.Store(users)
		b.Run("8 clients", func(b *testing.B) {
			for b.Loop() {
				parallel(b, 0, func(b *testing.B, _ int) { x.create(b, int(n.Add(1))) })
			}
			b.ReportMetric(float64(b.N*width*deep)/b.Elapsed().Seconds(), "creates/s")
		})
		b.Run("1 client", func(b *testing.B) {
			for b.Loop() {
				x.create(b, int(n.Add(1)))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
		})
	})
}
