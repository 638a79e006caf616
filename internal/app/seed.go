package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
)

// seedTenant is a tenant that can take secrets: commands open the keyring for it.
func (e *engine) seedTenant(ctx context.Context, t store.Tenant) (*scim.Tenant, error) {
	tenant, _, err := e.tenant(t) // what cannot be used of it is in the log
	if err != nil {
		return nil, err
	}
	if !e.keysOpen() && e.cfg.Key == "" {
		if err := os.MkdirAll(e.dir, 0o700); err != nil { // where the key will lie
			return nil, err
		}
	}
	ring, err := e.keys(ctx)
	if err != nil {
		return nil, err
	}
	tenant.Sealer = ring
	tenant.Usage = e.targets.of(t.ID).usage
	return tenant, nil
}

// applySeed brings the tenants to what the option seed says, before the server is
// ready. The texts of tokens and secrets that it makes up go to out.
func (s *Server) applySeed(ctx context.Context, m control.Service, out io.Writer) error {
	if s.cfg.Seed == "" {
		return nil
	}
	files, err := seed.Open(s.cfg.Seed, nil)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	report, err := m.ApplySeed(ctx, control.SeedQuery{Key: s.cfg.SeedKey}, files)
	if err != nil {
		var mistakes *seed.Mistakes
		if errors.As(err, &mistakes) {
			return mistakes
		}
		return fmt.Errorf("seed: %s", Explain(err))
	}
	for _, t := range report.Tenants {
		for _, k := range t.Tokens {
			_, err = fmt.Fprintf(out, "token %s of the tenant %s: %s  (shown this once)\n", k.Name, t.Name, k.Text)
		}
		for _, a := range t.Applications {
			_, err = fmt.Fprintf(out, "application %s of the tenant %s: client id %s, secret %s  (shown this once)\n", a.AppID, t.Name, a.ClientID, a.ClientSecret)
		}
	}
	return err
}

// CheckSeed reads a seed against the schemas, the profile of the options, and what
// the seed itself says of profiles. It needs no database, so that what the seed
// names has to be in it.
func CheckSeed(cfg Config, files seed.Files, key string) error {
	e, err := newEngine(&cfg)
	if err != nil {
		return err
	}
	return e.checkSeed(files, key)
}

func (e *engine) checkSeed(files seed.Files, text string) error {
	s, err := seed.Read(e.registry, files)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	var key *seed.SealingKey
	if text != "" {
		if key, err = seed.NewSealingKey(text); err != nil {
			return err
		}
	}
	if err := s.CheckKey(key); err != nil {
		return err
	}
	d := e.manage(control.Info{}, nil, nil, nil)
	for _, t := range s.Tenants {
		tenant, wrong := d.SeedProfile(s, t, key)
		ready, _, bad := e.tenant(tenant)
		if bad == nil {
			bad = s.Check(t, ready, key, true)
		}
		err = seed.Also(err, seed.Also(wrong, bad))
	}
	return err
}
