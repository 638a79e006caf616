package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/secret"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/schemas"
)

// engine is an open store with the protocol on it: what a server serves, and
// what commands use when no server runs.
type engine struct {
	cfg        *Config
	registry   *schema.Registry
	profile    *scim.Profile // of the options
	behaviours behaviours
	trust      []*scim.TrustedIssuer // of the options
	store      store.Store
	service    *scim.Service
	// targets are what this process keeps of tenants.
	targets *targets
	// dir holds the database of SQLite, and the master key unless it is given.
	dir string
	// keyring is nil until openKeys, which keys calls under opening.
	keyring *secret.Keyring
	opening sync.Mutex
	// idle tells what may be swept, see store.Admin; nil in commands.
	idle func(space int64) bool
	// sealer is the keyring of a server, and nil in commands, which write secrets
	// with seeds only.
	sealer scim.Sealer
}

// newEngine reads everything but the database: what can be wrong without one
// is found before anything is touched.
func newEngine(cfg *Config) (*engine, error) {
	e := &engine{cfg: cfg, behaviours: behaviours{byText: map[string]behaviour{}, uses: map[string]*textUse{}}}
	var err error
	if e.registry, err = schemas.Registry(); err != nil {
		return nil, err
	}
	e.targets = newTargets(e.registry)
	if e.profile, err = scim.LoadProfile(schemas.FS, cfg.Profile); err != nil {
		return nil, err
	}
	for _, s := range cfg.Switches {
		name, value, _ := strings.Cut(s, "=")
		if err := e.profile.Set(name, value); err != nil {
			return nil, fmt.Errorf("set: %w", err)
		}
	}
	if e.trust, err = readIssuers(cfg.TrustedIssuers); err != nil {
		return nil, err
	}
	_, err = e.behaviour("")
	return e, err
}

// open opens the store; dir is where SQLite keeps its files.
func (e *engine) open(ctx context.Context, dir string, log *slog.Logger) (err error) {
	e.dir = dir
	if e.store, err = openStore(ctx, e.cfg, dir, e.registry, log); err != nil {
		return err
	}
	e.service = scim.NewService(e.store)
	return nil
}

func openStore(ctx context.Context, cfg *Config, dir string, reg *schema.Registry, log *slog.Logger) (store.Store, error) {
	if cfg.DatabaseURL != "" {
		return postgres.Open(ctx, postgres.Options{
			URL: cfg.DatabaseURL, MigrationURL: cfg.MigrationURL, Registry: reg,
			Migrate: cfg.mode(), MaxConns: cfg.MaxDBConnections, Logger: log,
		})
	}
	return sqlite.Open(ctx, sqlite.Options{Dir: dir, Registry: reg, Ephemeral: cfg.Ephemeral, Migrate: cfg.mode(), Logger: log})
}

// Database tells, without secrets, which database the configuration names.
func (c *Config) Database() string {
	switch {
	case c.Ephemeral:
		return "sqlite, ephemeral"
	case c.DatabaseURL == "":
		return "sqlite in " + c.DataDir
	}
	u, err := url.Parse(c.DatabaseURL)
	if err != nil {
		return "postgres"
	}
	name := "postgres " + u.Host + u.Path
	if schemas := u.Query().Get("search_path"); schemas != "" {
		name += ", schema " + schemas
	}
	return name
}

// defaultTenant is the tenant that every server has, made if need be.
func (e *engine) defaultTenant(ctx context.Context) (store.Tenant, error) {
	t, _, err := e.store.EnsureTenant(ctx, store.Tenant{
		Name: control.DefaultTenant, Profile: e.profile.Name, Created: time.Now().UTC().Truncate(time.Microsecond),
	})
	return t, err
}

// serviceUser is the principal of tokens that stand for nobody else.
func (e *engine) serviceUser(ctx context.Context, t store.Tenant) (store.Principal, error) {
	tenant, _, err := e.tenant(t) // what cannot be used of it is in the log
	if err != nil {
		return store.Principal{}, err
	}
	return e.service.EnsureServiceUser(ctx, tenant)
}

// manage is the control service on the open store. What the server keeps in
// memory is told through the functions, see control.Direct.
func (e *engine) manage(about control.Info, revoked func([32]byte), changed, sweep func(context.Context) error) *control.Direct {
	return &control.Direct{
		Store: e.store, ServiceUser: e.serviceUser, Profiles: schemas.FS, Profile: e.profile,
		Revoked: revoked, Changed: changed, Sweep: sweep, About: about, Now: time.Now,
		Registry: e.registry, Resources: e.service, SeedTenant: e.seedTenant,
		Keyring: e.keys, HeldKeys: e.heldKeys, SharedDatabase: e.shared(), KeepMaster: e.keepMaster,
		AddServiceUser: func(ctx context.Context, t store.Tenant, name string, then func(store.Tx, string) error) error {
			tenant, _, err := e.tenant(t)
			if err != nil {
				return err
			}
			return e.service.AddServiceUser(ctx, tenant, name, then)
		},
		RemoveServiceUser: func(ctx context.Context, t store.Tenant, id string, then func(store.Tx) error) error {
			tenant, _, err := e.tenant(t)
			if err != nil {
				return err
			}
			return e.service.RemoveServiceUser(ctx, tenant, id, then)
		},
		SetActive: func(ctx context.Context, t store.Tenant, id string, active bool) error {
			tenant, _, err := e.tenant(t)
			if err != nil {
				return err
			}
			return e.service.SetActive(ctx, tenant, id, active)
		},
		MayAct: func(ctx context.Context, t store.Tenant, id string) (bool, error) {
			tenant, _, err := e.tenant(t)
			if err != nil {
				return false, err
			}
			return e.service.MayAct(ctx, tenant, id)
		},
		ApplicationChanged: func(int64, string) {}, Restored: func(int64) {},
	}
}

// shared tells that other processes may work on the database.
func (e *engine) shared() bool { return e.store != nil && e.store.Capabilities().SharedDatabase }

// issuer issues the access tokens of applications.
func (e *engine) issuer() *auth.Issuer {
	return auth.NewIssuer(e.store, e.service, auth.NewSigningKeys(e.store, e.keyring, time.Now), e.cfg.TokenSkew, time.Now)
}
