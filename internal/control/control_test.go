package control_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// admin is a store of one tenant's tokens in memory.
type admin struct {
	control.Admin // what is not asked for here
	mu            sync.Mutex
	tokens        []store.Token
	down          error
}

func (a *admin) Ping(context.Context) error { return a.down }

func (a *admin) Tenants(context.Context) ([]store.Tenant, error) {
	return []store.Tenant{{ID: 7, Name: "default", Profile: "cyberark", Created: now}}, a.down
}

func (a *admin) TenantNamed(ctx context.Context, name string) (store.Tenant, error) {
	list, err := a.Tenants(ctx)
	if err == nil && name != list[0].Name {
		return store.Tenant{}, store.ErrNotFound
	}
	return list[0], err
}

func (a *admin) CreateToken(_ context.Context, t store.Token) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range a.tokens {
		if x.Name == t.Name && x.Revoked.IsZero() {
			return &store.TakenError{Attr: "name"}
		}
	}
	a.tokens = append(a.tokens, t)
	return nil
}

func (a *admin) Tokens(_ context.Context, tenant int64) ([]store.Token, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if tenant != 7 {
		return nil, errors.New("another tenant was asked for")
	}
	return append([]store.Token(nil), a.tokens...), nil
}

func (a *admin) RevokeToken(_ context.Context, tenant int64, idOrName string, at time.Time) (store.Token, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.tokens {
		if t := &a.tokens[i]; tenant == t.Tenant && t.Revoked.IsZero() && (t.ID == idOrName || t.Name == idOrName) {
			t.Revoked = at
			return *t, nil
		}
	}
	return store.Token{}, store.ErrNotFound
}

var (
	ctx = context.Background()
	now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func direct(a *admin) (*control.Direct, *[][32]byte) {
	var revoked [][32]byte
	return &control.Direct{
		Store: a, Now: func() time.Time { return now }, About: control.Info{Version: "1.2.3", PID: 42},
		ServiceUser: func(_ context.Context, t store.Tenant) (store.Principal, error) {
			return store.Principal{Kind: "service", ID: "u-" + t.Name, Display: "scimd"}, nil
		},
		Revoked: func(h [32]byte) { revoked = append(revoked, h) }, Profile: &scim.Profile{Name: "cyberark"},
	}, &revoked
}

// overSocket serves s on a socket and gives the client's view of it.
func overSocket(t *testing.T, s control.Service) control.Service {
	t.Helper()
	dir := t.TempDir()
	path, err := control.SocketPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: control.Handler(s, "", slog.New(slog.DiscardHandler)), ReadHeaderTimeout: time.Second}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	c, err := control.Dial(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTheServiceIsTheSameDirectAndOverTheSocket runs one life of tokens on
// both implementations.
func TestTheServiceIsTheSameDirectAndOverTheSocket(t *testing.T) {
	t.Parallel()
	for name, view := range map[string]func(*testing.T, control.Service) control.Service{
		"direct":          func(_ *testing.T, s control.Service) control.Service { return s },
		"over the socket": overSocket,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &admin{}
			d, revoked := direct(a)
			s := view(t, d)

			info, err := s.Info(ctx)
			if err != nil || info.Version != "1.2.3" || info.PID != 42 {
				t.Fatalf("info %+v, %v", info, err)
			}
			tenants, err := s.Tenants(ctx)
			if err != nil || len(tenants) != 1 || tenants[0].Name != "default" || !tenants[0].FollowsOptions || !tenants[0].Created.Equal(now) {
				t.Fatalf("tenants %+v, %v", tenants, err)
			}
			if list, err := s.Tokens(ctx, ""); err != nil || list == nil || len(list) != 0 {
				t.Fatalf("tokens at first: %+v, %v", list, err)
			}

			expires := now.Add(time.Hour)
			made, err := s.CreateToken(ctx, control.NewToken{Name: "sail/point", Rights: "users:read,READ", Expires: expires})
			if err != nil {
				t.Fatal(err)
			}
			if auth.Hash(made.Text) != a.tokens[0].Hash {
				t.Error("the stored hash is not the token's")
			}
			want := control.Token{
				ID: made.ID, Name: "sail/point", Tenant: "default", Rights: "read", Created: now, Expires: expires,
				Principal: control.Principal{Kind: "service", ID: "u-default", Display: "scimd"},
			}
			if list, err := s.Tokens(ctx, "default"); err != nil || len(list) != 1 || list[0] != want {
				t.Fatalf("tokens %+v, %v; want %+v", list, err, want)
			}
			unnamed, err := s.CreateToken(ctx, control.NewToken{Rights: "all"})
			if err != nil || unnamed.Name != "token-"+unnamed.ID || !unnamed.Expires.IsZero() {
				t.Fatalf("a token without a name: %+v, %v", unnamed, err)
			}

			want.Revoked = now
			if gone, err := s.RevokeToken(ctx, "", "sail/point"); err != nil || *gone != want {
				t.Fatalf("revoked %+v, %v", gone, err)
			}
			if len(*revoked) != 1 || (*revoked)[0] != auth.Hash(made.Text) {
				t.Error("the revocation was not passed on")
			}
			if err := s.Health(ctx); err != nil {
				t.Errorf("health: %v", err)
			}
			a.down = errors.New("connection refused to db:5432")
			if err := s.Health(ctx); !scimerr.Is(err, http.StatusServiceUnavailable) {
				t.Errorf("health of a dead database: %v", err)
			}
			if _, err := s.Tenants(ctx); err == nil || name != "direct" && strings.Contains(err.Error(), "5432") {
				t.Errorf("a cause reached the client: %v", err)
			}
		})
	}
}

func TestRefusalsAreTheSameDirectAndOverTheSocket(t *testing.T) {
	t.Parallel()
	d, _ := direct(&admin{})
	if _, err := d.CreateToken(ctx, control.NewToken{Name: "taken", Rights: "all"}); err != nil {
		t.Fatal(err)
	}
	socket := overSocket(t, d)
	for name, tc := range map[string]struct {
		status int
		detail string
		do     func(control.Service) error
	}{
		"a name in use": {409, "taken", create(control.NewToken{Name: "taken", Rights: "all"})},
		"unknown right": {400, `"admin" is not a right`, create(control.NewToken{Rights: "admin"})},
		"no right":      {400, "no right is named", create(control.NewToken{})},
		"past expiry":   {400, "expired already", create(control.NewToken{Rights: "all", Expires: now})},
		"control chars": {400, "printable", create(control.NewToken{Rights: "all", Name: "a\nb"})},
		"long name":     {400, "128", create(control.NewToken{Rights: "all", Name: strings.Repeat("x", 129)})},
		"other tenant":  {404, "no tenant blue", create(control.NewToken{Rights: "all", Tenant: "blue"})},
		"list of other tenant": {404, "no tenant blue", func(s control.Service) error {
			_, err := s.Tokens(ctx, "blue")
			return err
		}},
		"unknown token": {404, "nobody", func(s control.Service) error {
			_, err := s.RevokeToken(ctx, "", "nobody")
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for where, s := range map[string]control.Service{"direct": d, "over the socket": socket} {
				e := scimerr.From(tc.do(s))
				if e.Status != tc.status || !strings.Contains(e.Detail, tc.detail) {
					t.Errorf("%s: %v, want %d with %q", where, e, tc.status, tc.detail)
				}
			}
		})
	}
}

func create(n control.NewToken) func(control.Service) error {
	return func(s control.Service) error {
		_, err := s.CreateToken(ctx, n)
		return err
	}
}

func TestOnTCPTheControlTokenIsNeeded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token, made, err := control.EnsureToken(dir)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	if again, made, err := control.EnsureToken(dir); err != nil || made || again != token {
		t.Fatalf("the second start has %v another token", err)
	}
	d, _ := direct(&admin{})
	srv := httptest.NewServer(control.Handler(d, token, slog.New(slog.DiscardHandler)))
	t.Cleanup(srv.Close)
	at, err := url.Parse(srv.URL + "/_scimd/")
	if err != nil {
		t.Fatal(err)
	}
	for given, status := range map[string]int{token: 200, token + "x": 401, "": 401} {
		_, err = control.AtURL(at, given, nil).Info(ctx)
		if (err == nil) != (status == 200) || err != nil && !scimerr.Is(err, status) {
			t.Errorf("with a token of %d characters: %v, want %d", len(given), err, status)
		}
	}
	if _, err := control.ReadToken(filepath.Join(dir, "missing")); err == nil {
		t.Error("a missing control token is read")
	}
}
