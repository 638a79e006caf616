// Package server_test shows over HTTP, on both engines and under both profiles,
// what the requirement matrix, the notes on identity providers and the notes on
// the tenant ask of the server. A row's name begins with the ids that it shows.
package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/schemas"
)

// row is one requirement: ids and a sentence, and how it shows. It runs on both
// engines, each time in a tenant of its own.
type row struct {
	holds string
	// on names the one profile that the row is about; "" is both of the tenant's
	// and the RFCs'.
	on string
	// set are switches, NAME=VALUE.
	set []string
	// show acts as a client with a token that may do everything.
	show func(*client)
}

// The profiles.
const (
	cyberark = "cyberark"
	rfc7644  = "rfc7644"
	strict   = "strict"
)

// areas are all rows, by what they are about.
var areas = []struct {
	name string
	rows []row
}{
	{"resources", resourceRows}, {"values", valueRows}, {"users", userRows}, {"groups", groupRows}, {"devices", deviceRows},
	{"addresses", addressRows}, {"unreadable", unreadableRows}, {"media", mediaRows}, {"links", linkRows}, {"browsers", browserRows}, {"errors", errorRows},
	{"create", createRows}, {"lists", listRows}, {"filters", filterRows}, {"filter syntax", filterSyntaxRows},
	{"sorting", sortRows}, {"paging", pageRows}, {"projection", projectionRows}, {"search", searchRows},
	{"replace", replaceRows}, {"patch", patchRows}, {"patch operations", operationRows}, {"delete", deleteRows},
	{"discovery", discoveryRows}, {"tokens", tokenRows}, {"OAuth", oauthRows}, {"guards of OAuth", oauthGuardRows}, {"signing in", signInRows}, {"signing in and tokens", signInTokenRows}, {"signing in meanwhile", signInRaceRows}, {"attacks on signing in", signInAttackRows}, {"issuers", issuerRows}, {"limits", limitRows}, {"tenants", tenantRows}, {"addresses of tenants", placeRows}, {"log", logRows}, {"journal", journalRows},
	{"clients", clientRows}, {"clients changing", clientWriteRows}, {"clocks", clockRows}, {"faults", faultRows}, {"tenant quirks", quirkRows}, {"large lists", largeRows},
	{"containers", containerRows}, {"container permissions", permissionRows}, {"privileged data", accountRows},
	{"privileged data permissions", accountPermissionRows}, {"vault", vaultRows}, {"large vaults", vaultLargeRows},
	{"switches", switchRows()}, {"strict", strictRows},
	{"mapping of Entra ID", rowsOf(entraMapping, entraChange)},
	{"mapping of Okta", rowsOf(oktaMapping, putting(readThenPut, put))},
	{"mapping of OneLogin", rowsOf(oneLoginMapping, putting(put))},
	{"mapping of JumpCloud", rowsOf(jumpCloudMapping, putting(put))},
	{"mapping of PingOne", rowsOf(pingOneMapping, putting(put, pathlessReplace))},
	{"template of OneLogin", oneLoginTemplateRows}, {"groups as pushed", groupPushRows}, {"needs of Entra ID", needRows()}, {"failures of the guides", failureRows()},
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	for _, e := range []struct {
		name string
		open func(*testing.T) store.Store
		// raced is the profile under which the race detector watches the rows that are
		// about none: it makes them five times as slow, and the code is the same.
		raced string
	}{{"sqlite", openSQLite, cyberark}, {"postgres", openPostgres, rfc7644}} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := e.open(t)
			t.Cleanup(func() { findsNothing(t, s) })
			for _, profile := range []string{cyberark, rfc7644, strict} {
				for _, a := range areas {
					for _, r := range a.rows {
						if r.on != profile && (r.on != "" || profile == strict || raceDetector && profile != e.raced) {
							continue
						}
						t.Run(profile+"/"+a.name+"/"+r.holds, func(t *testing.T) {
							t.Parallel()
							r.show(newClient(t, s, profile, r.set...))
						})
					}
				}
			}
		})
	}
}

// findsNothing checks what all requests have left in a store, but for principals:
// tokens stand for nobody here.
func findsNothing(t *testing.T, s store.Store) {
	n := 0
	_, err := s.Check(context.Background(), store.CheckOptions{Settled: time.Now(), Unreadable: auth.Unreadable}, func(f store.Finding) {
		if f.Rule == "principal" {
			return
		}
		if n++; n <= 20 {
			t.Errorf("found %+v", f)
		}
	})
	if err != nil {
		t.Errorf("Check: %v", err)
	}
}

// testRegistry has the made-up types beside the real ones. It is one for
// all tests, as stores keep it.
var testRegistry = sync.OnceValues(func() (*schema.Registry, error) {
	reg, err := schemas.Registry()
	if err != nil {
		return nil, err
	}
	for _, text := range []string{deviceSchema, assetSchema, crateSchema} {
		s, err := schema.ParseSchema([]byte(text), false)
		if err != nil {
			return nil, err
		}
		if err := reg.AddSchema(s); err != nil {
			return nil, err
		}
	}
	return reg, reg.AddTypes([]byte(deviceTypes))
})

func registry(t testing.TB) *schema.Registry {
	t.Helper()
	reg, err := testRegistry()
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func openSQLite(t *testing.T) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Registry: registry(t), Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return withPlainKey(t, s)
}

func openPostgres(t *testing.T) store.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.URL(t), Registry: registry(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return withPlainKey(t, s)
}

// cheap is a cost of hashes that takes no time.
var cheap = phc.Cost{Passes: 1, Memory: 64, Threads: 1}

// site is a server for one tenant.
type site struct {
	store  store.Store
	tenant *scim.Tenant
	config server.Config
	log    *lockedBuffer
	url    string
}

var tenants atomic.Int64

// newClient makes a tenant, a server for it and a client with every right.
func newClient(t testing.TB, s store.Store, profile string, set ...string) *client {
	t.Helper()
	stored, _, err := s.EnsureTenant(t.Context(), store.Tenant{
		Name: fmt.Sprintf("tenant-%d", tenants.Add(1)), Profile: profile, Created: time.Now().UTC(),
	})
	if err != nil {
		t.Fatal(err)
	}
	tenant := &scim.Tenant{
		ID: stored.ID, Name: stored.Name, Space: stored.Space, Home: stored.Home, Registry: registry(t),
		Now: time.Now, NewID: func(*schema.ResourceType) string { return uuid.NewString() },
		Sealer: plainSealer{},
	}
	tenant.Profile, tenant.Discovery = behaviour(t, profile, set)
	fixed := []store.Token{{
		ID: "t1", Name: "all-rights", Tenant: tenant.ID, Hash: auth.Hash(allRights), Rights: "all",
		Principal: store.Principal{Kind: "service", ID: "nobody", Display: "nobody"},
	}}
	log := &lockedBuffer{}
	service := newService(s)
	authenticator, issuer := signIn(s, service, fixed, time.Now)
	return (&client{TB: t, site: &site{store: s, tenant: tenant, log: log, config: server.Config{
		Service: service, Registry: tenant.Registry,
		Tenants: homes{"": tenant},
		Auth:    authenticator,
		Issuer:  issuer,
		Logger:  slog.New(slog.NewJSONHandler(log, nil)),
		Limits:  server.Limits{Body: 1 << 20, URL: 1 << 13, Write: time.Minute},
		Ready:   func(context.Context) error { return nil },
	}}}).serve(func(*server.Config) {})
}

// newService is scim.NewService with hashes that take no time.
func newService(s store.Store) *scim.Service {
	service := scim.NewService(s)
	service.HashWith(cheap)
	return service
}

// signIn makes what tells who a request is from.
func signIn(s store.Store, service *scim.Service, fixed []store.Token, now func() time.Time) (*auth.Authenticator, *auth.Issuer) {
	a := auth.New(s, fixed, 0, now)
	keys := auth.NewSigningKeys(s, plainSealer{}, now)
	keys.Make = func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 1024) } // made in no time
	i := auth.NewIssuer(s, service, keys, time.Minute, now)
	i.SecretsCost(cheap)
	service.Watch(func(tenant int64, _, id string) { a.UserChanged(tenant, id) })
	a.Accept(i)
	a.Heed(service)
	a.Welcome(auth.NewExternals(time.Minute, now))
	return a, i
}

// homes are tenants by their hosts; all other hosts lead to the one of "".
type homes map[string]*scim.Tenant

func (h homes) At(host string) (t *scim.Tenant, own bool, err error) {
	if t, own = h[host]; own {
		return t, true, nil
	}
	if t = h[""]; t == nil {
		err = errors.New("no such tenant")
	}
	return t, false, err
}

func (h homes) Named(_ context.Context, name string) (*scim.Tenant, error) {
	for _, t := range h {
		if t.Name == name {
			return t, nil
		}
	}
	return nil, scimerr.NotFound("There is no tenant %s.", name)
}

// withPlainKey makes the data key that plainSealer names.
func withPlainKey(t *testing.T, s store.Store) store.Store {
	t.Helper()
	master, err := s.SetSetting(t.Context(), store.MasterSetting, "plain")
	if err == nil {
		_, err = s.AddDataKey(t.Context(), store.DataKey{ID: "plain", Nr: 1, Master: master, Wrapped: []byte{}, Created: time.Now()})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plainSealer seals nothing, so that tests can look at what is stored.
type plainSealer struct{}

func (plainSealer) Seal(plain, context []byte) (store.Sealed, error) {
	return store.Sealed{Key: "plain", Data: append(append(slices.Clone(context), ' '), plain...)}, nil
}

func (plainSealer) Open(_ context.Context, sealed store.Sealed, place []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed.Data, append(slices.Clone(place), ' '))
	if !ok {
		return nil, errors.New("sealed for another place")
	}
	return plain, nil
}

// allRights is the token of new clients.
const allRights = "all-rights-token"

// behaviour is a profile with some switches set and what discovery shows of it, for
// tests to read only: it is made once, which takes longer than most requests.
func behaviour(t testing.TB, profile string, set []string) (*scim.Profile, *scim.Discovery) {
	t.Helper()
	once, _ := behaviours.LoadOrStore(profile+"\n"+strings.Join(set, "\n"), sync.OnceValues(func() (*scim.Tenant, error) {
		p, err := scim.LoadProfile(schemas.FS, profile)
		if err != nil {
			return nil, err
		}
		for _, s := range set {
			name, value, _ := strings.Cut(s, "=")
			if err := p.Set(name, value); err != nil {
				return nil, err
			}
		}
		d, err := scim.NewDiscovery(registry(t), p, time.Now())
		return &scim.Tenant{Profile: p, Discovery: d}, err
	}))
	made, err := once.(func() (*scim.Tenant, error))()
	if err != nil {
		t.Fatal(err)
	}
	return made.Profile, made.Discovery
}

var behaviours sync.Map

// serve starts a server on the client's tenant with a changed configuration.
func (c *client) serve(change func(*server.Config)) *client {
	s := *c.site
	change(&s.config)
	srv := httptest.NewServer(server.New(s.config))
	c.Cleanup(srv.Close)
	s.url = srv.URL
	return &client{TB: c.TB, site: &s, http: srv.Client(), base: srv.URL + "/scim/v2", token: allRights}
}

// neighbour is a client of another tenant in the same store.
func (c *client) neighbour() *client {
	c.Helper()
	return newClient(c.TB, c.site.store, c.site.tenant.Profile.Name)
}

// withToken stores a token and gives a client that uses it.
func (c *client) withToken(t store.Token) *client {
	c.Helper()
	text := auth.NewToken()
	t.ID, t.Tenant, t.Hash, t.Created = uuid.NewString(), c.site.tenant.ID, auth.Hash(text), time.Now().UTC()
	if t.Name == "" {
		t.Name = t.ID
	}
	if err := c.site.store.CreateToken(c.Context(), t); err != nil {
		c.Fatal(err)
	}
	other := *c
	other.token = text
	return &other
}

// withRights gives a client whose token has the rights.
func (c *client) withRights(rights string) *client {
	c.Helper()
	return c.withToken(store.Token{Rights: rights, Principal: store.Principal{Kind: "service", ID: "nobody"}})
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
