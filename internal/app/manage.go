package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scimerr"
)

// Manage gives the control service that cfg means: of the server that runs
// there, else on the store itself. The caller closes it.
func Manage(ctx context.Context, cfg Config) (s control.Service, closeIt func() error, err error) {
	return manage(ctx, cfg, true)
}

// Look is Manage for what only reads: without a server, it neither migrates the
// database nor makes its first tenant.
func Look(ctx context.Context, cfg Config) (s control.Service, closeIt func() error, err error) {
	cfg.Migrate = MigrateCheck
	return manage(ctx, cfg, false)
}

func manage(ctx context.Context, cfg Config, write bool) (s control.Service, closeIt func() error, err error) {
	nothing := func() error { return nil }
	c, err := dial(ctx, &cfg)
	switch {
	case err == nil:
		return c, nothing, nil
	case !errors.Is(err, control.ErrNoServer):
		return nil, nil, err
	case cfg.ControlSocket != "":
		return nil, nil, fmt.Errorf("no server listens on the control socket %s", cfg.ControlSocket)
	case cfg.Ephemeral:
		return nil, nil, fmt.Errorf("no server runs on the data directory %s, and what is ephemeral has no other place", cfg.DataDir)
	}
	if err := cfg.missing(); err != nil {
		return nil, nil, err
	}
	e, err := newEngine(&cfg)
	if err != nil {
		return nil, nil, err
	}
	if err := e.open(ctx, cfg.DataDir, slog.New(slog.DiscardHandler)); err != nil {
		// A server may have started in between.
		if c, again := dial(ctx, &cfg); again == nil {
			return c, nothing, nil
		}
		return nil, nil, err
	}
	if write {
		if _, err := e.defaultTenant(ctx); err != nil {
			return nil, nil, errors.Join(err, e.store.Close())
		}
	}
	about := control.Info{Version: Version(), Engine: e.store.Capabilities().Engine, Database: cfg.Database(), Profile: e.profile.Name}
	alone := func(context.Context) error { return nil }
	d := e.manage(about, func([32]byte) {}, alone, e.sweep)
	d.Signing = func(ctx context.Context) (*auth.SigningKeys, error) {
		ring, err := e.keys(ctx)
		if err != nil {
			return nil, err
		}
		return auth.NewSigningKeys(e.store, ring, time.Now), nil
	}
	trail := audit.NewRecorder(e.store, slog.New(slog.DiscardHandler), time.Now)
	return &control.Audited{Direct: d, Keep: trail.Keep, Record: trail.Add}, func() error {
		err := trail.Flush(context.WithoutCancel(ctx))
		if err != nil {
			err = fmt.Errorf("what was done is not in the audit trail: %w", err)
		}
		return errors.Join(err, e.store.Close())
	}, nil
}

// dial finds the running server that cfg means; control.ErrNoServer if none.
func dial(ctx context.Context, cfg *Config) (*control.Client, error) {
	if cfg.ControlURL != nil {
		roots, err := RootsWith(cfg.ControlCA)
		return control.AtURL(cfg.ControlURL, cfg.ControlToken, roots), err
	}
	if cfg.ControlSocket != "" {
		return control.DialSocket(ctx, cfg.ControlSocket)
	}
	c, err := control.Dial(ctx, cfg.DataDir)
	if errors.Is(err, control.ErrNoServer) && cfg.ControlAddr != "" && !cfg.ControlMoves {
		c, err = cfg.dialControlAddr(ctx)
	}
	if err != nil {
		return nil, err
	}
	if cfg.DatabaseURL == "" {
		return c, nil
	}
	// The server there may serve another database than the one that is meant.
	info, err := c.Info(ctx)
	if err != nil {
		return nil, err
	}
	if info.Database != cfg.Database() {
		return nil, control.ErrNoServer
	}
	return c, nil
}

// Ping asks the server at the configured address whether it is ready. With
// port 0 the control socket tells the address.
func Ping(ctx context.Context, cfg Config) (url string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	scheme, addr, err := pingAddr(ctx, &cfg)
	if err != nil {
		return "", err
	}
	url = scheme + "://" + addr + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return url, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: cfg.pingTLS()}}).Do(req)
	if err != nil {
		return url, fmt.Errorf("no server answers at %s: %w", addr, cause(err))
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return url, fmt.Errorf("the server at %s is not ready: %s", addr, resp.Status)
	}
	return url, nil
}

func pingAddr(ctx context.Context, cfg *Config) (way, addr string, err error) {
	_, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return "", "", err
	}
	if port != "0" {
		return scheme(cfg.tls()), reachable(cfg.Addr, cfg.Addr), nil
	}
	c, err := dial(ctx, cfg)
	if err != nil {
		return "", "", fmt.Errorf("find the server of port 0: %w", err)
	}
	info, err := c.Info(ctx)
	if err != nil {
		return "", "", err
	}
	return scheme(info.TLS), reachable(cfg.Addr, info.Address), nil
}

// Explain is the one line that tells a person what went wrong.
func Explain(err error) string {
	var refused *scimerr.Error
	if errors.As(err, &refused) && refused.Status < http.StatusInternalServerError {
		return refused.Detail
	}
	return err.Error()
}
