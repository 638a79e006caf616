package auth_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// tokenTable is a store of tokens that counts look-ups.
type tokenTable struct {
	byHash  map[[32]byte]store.Token
	err     error
	lookups atomic.Int32
	before  func()
}

func (s *tokenTable) TokenByHash(_ context.Context, hash [32]byte) (store.Token, error) {
	s.lookups.Add(1)
	t, ok := s.byHash[hash]
	if s.before != nil {
		s.before()
	}
	if s.err != nil {
		return store.Token{}, s.err
	}
	if !ok {
		return store.Token{}, store.ErrNotFound
	}
	return t, nil
}

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func table(tokens ...store.Token) *tokenTable {
	s := &tokenTable{byHash: map[[32]byte]store.Token{}}
	for _, t := range tokens {
		s.byHash[t.Hash] = t
	}
	return s
}

func token(text string) store.Token {
	return store.Token{ID: "t1", Tenant: 1, Name: "entra", Hash: auth.Hash(text), Rights: "all",
		Principal: store.Principal{Kind: "service", ID: "u1", Display: "scimd"}}
}

func header(values ...string) http.Header { return http.Header{"Authorization": values} }

// tenant is one whose clock stands at the beginning of each test.
func tenant(id int64) *scim.Tenant {
	return &scim.Tenant{ID: id, Now: func() time.Time { return start }}
}

func TestTheBearerHeaderDecides(t *testing.T) {
	t.Parallel()
	expired, revoked, foreign := token("expired"), token("revoked"), token("foreign")
	expired.Expires = start
	revoked.Revoked = start.Add(-time.Hour)
	foreign.Tenant = 2
	a := auth.New(table(token("right"), expired, revoked, foreign), nil, time.Minute, func() time.Time { return start })

	for _, tc := range []struct {
		name   string
		header http.Header
		code   string // error= of the challenge; "ok" for success
	}{
		{"a known token is accepted", header("Bearer right"), "ok"},
		{"R6750-2.1-01 the scheme has no letter case", header("bEARER   right"), "ok"},
		{"R6750-3-02 no credentials give no error code", http.Header{}, ""},
		{"another scheme counts as no credentials", header("Basic cmlnaHQ6"), ""},
		{"R6750-2-02 two headers are refused", header("Bearer right", "Bearer right"), "invalid_request"},
		{"R6750-3.1-03 a scheme without token is refused", header("Bearer"), "invalid_request"},
		{"a token with a blank is malformed", header("Bearer Bearer hunter2"), "invalid_token"},
		{"an unknown token is refused", header("Bearer hunter2"), "invalid_token"},
		{"R6750-3.1-01 an expired token is refused", header("Bearer expired"), "invalid_token"},
		{"R6750-3.1-01 a revoked token is refused", header("Bearer revoked"), "invalid_token"},
		{"another tenant's token is refused", header("Bearer foreign"), "invalid_token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			id, err := a.Authenticate(context.Background(), tc.header, tenant(1), "")
			if tc.code == "ok" {
				if err != nil {
					t.Fatal(err)
				}
				want := auth.Identity{TokenID: "t1", TokenName: "entra", Rights: auth.All, Principal: token("").Principal}
				if *id != want {
					t.Fatalf("identity %+v, want %+v", *id, want)
				}
				return
			}
			e := scimerr.From(err)
			if id != nil || e.Status != http.StatusUnauthorized {
				t.Fatalf("got %v, %v; want 401", id, err)
			}
			// R6750-3-01: the challenge has at least one parameter.
			if !strings.HasPrefix(e.Challenge, `Bearer realm="`) {
				t.Errorf("challenge %q", e.Challenge)
			}
			want := `error="` + tc.code + `"`
			if tc.code == "" && strings.Contains(e.Challenge, "error=") || tc.code != "" && !strings.Contains(e.Challenge, want) {
				t.Errorf("challenge %q, want %s", e.Challenge, want)
			}
			if strings.Contains(e.Error()+e.Challenge, "hunter2") {
				t.Errorf("the refusal repeats the token: %v", e)
			}
		})
	}
}

func TestAConfiguredTokenNeedsNoStore(t *testing.T) {
	t.Parallel()
	s := table()
	a := auth.New(s, []store.Token{token("configured")}, time.Minute, func() time.Time { return start })
	id, err := a.Authenticate(context.Background(), header("Bearer configured"), tenant(1), "")
	if err != nil || id.Rights != auth.All || s.lookups.Load() != 0 {
		t.Fatalf("%+v, %v after %d look-ups", id, err, s.lookups.Load())
	}
	if _, err := a.Authenticate(context.Background(), header("Bearer configured"), tenant(2), ""); !scimerr.Is(err, 401) {
		t.Fatalf("in another tenant: %v, want 401", err)
	}
}

func TestAStoreThatDoesNotAnswerIs503AndIsNotRemembered(t *testing.T) {
	t.Parallel()
	s := table(token("right"))
	s.err = errors.New("connection refused")
	a := auth.New(s, nil, time.Minute, func() time.Time { return start })
	if _, err := a.Authenticate(context.Background(), header("Bearer right"), tenant(1), ""); !scimerr.Is(err, 503) {
		t.Fatalf("%v, want 503", err)
	}
	s.err = nil
	if _, err := a.Authenticate(context.Background(), header("Bearer right"), tenant(1), ""); err != nil {
		t.Fatal(err)
	}
}

func TestALookUpIsRememberedForItsTime(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"right", "wrong"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			s, now := table(token("right")), start
			a := auth.New(s, nil, 30*time.Second, func() time.Time { return now })
			ask := func() { _, _ = a.Authenticate(context.Background(), header("Bearer "+text), tenant(1), "") }
			ask()
			now = start.Add(29 * time.Second)
			ask()
			if n := s.lookups.Load(); n != 1 {
				t.Fatalf("%d look-ups within the time, want 1", n)
			}
			now = start.Add(30 * time.Second)
			ask()
			if n := s.lookups.Load(); n != 2 {
				t.Fatalf("%d look-ups after the time, want 2", n)
			}
		})
	}
}

func TestOneOfManyRequestsLooksAgain(t *testing.T) {
	t.Parallel()
	s, now := table(token("right")), start
	a := auth.New(s, nil, 30*time.Second, func() time.Time { return now })
	ask := func() error {
		_, err := a.Authenticate(context.Background(), header("Bearer right"), tenant(1), "")
		return err
	}
	_ = ask()
	now = start.Add(30 * time.Second)
	s.before = func() { // meanwhile
		s.before = nil
		if err := ask(); err != nil || s.lookups.Load() != 2 {
			t.Errorf("%v after %d look-ups", err, s.lookups.Load())
		}
		s.err = errors.New("connection refused")
	}
	if err := ask(); !scimerr.Is(err, 503) {
		t.Errorf("%v, want 503", err)
	}
	now = start.Add(44 * time.Second)
	if err := ask(); err != nil {
		t.Errorf("still remembered: %v", err)
	}
	now = start.Add(45 * time.Second)
	if err := ask(); !scimerr.Is(err, 503) {
		t.Errorf("remembered for too long: %v", err)
	}
}

func TestAForgottenTokenIsLookedUpAgain(t *testing.T) {
	t.Parallel()
	s := table(token("right"))
	a := auth.New(s, nil, time.Hour, func() time.Time { return start })
	ask := func() error {
		_, err := a.Authenticate(context.Background(), header("Bearer right"), tenant(1), "")
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	revoked := token("right")
	revoked.Revoked = start
	s.byHash[revoked.Hash] = revoked
	if err := ask(); err != nil {
		t.Fatalf("still remembered: %v", err)
	}
	a.Forget(revoked.Hash)
	if err := ask(); !scimerr.Is(err, 401) {
		t.Fatalf("%v, want 401", err)
	}
}

func TestALookUpUnderWayDuringARevocationIsNotRemembered(t *testing.T) {
	t.Parallel()
	s := table(token("right"))
	a := auth.New(s, nil, time.Hour, func() time.Time { return start })
	s.before = func() { // the row has been read; now it is revoked
		revoked := token("right")
		revoked.Revoked = start
		s.byHash[revoked.Hash] = revoked
		a.Forget(revoked.Hash)
	}
	if _, err := a.Authenticate(context.Background(), header("Bearer right"), tenant(1), ""); err != nil {
		t.Fatal(err)
	}
	s.before = nil
	if _, err := a.Authenticate(context.Background(), header("Bearer right"), tenant(1), ""); !scimerr.Is(err, 401) {
		t.Fatalf("%v, want 401", err)
	}
}

func TestAFloodOfWrongTokensLeavesTheRightOnesRemembered(t *testing.T) {
	t.Parallel()
	s := table(token("right"))
	a := auth.New(s, nil, time.Hour, func() time.Time { return start })
	ask := func(text string) {
		_, _ = a.Authenticate(context.Background(), header("Bearer "+text), tenant(1), "")
	}
	ask("right")
	for range 5000 {
		ask(auth.NewToken())
	}
	n := s.lookups.Load()
	ask("right")
	if got := s.lookups.Load(); got != n {
		t.Fatal("the right token was looked up again")
	}
}

func TestTokensAreLongDistinctAndSendable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		text := auth.NewToken()
		if len(text) != len(auth.Prefix)+43 || !auth.ValidToken(text) || seen[text] {
			t.Fatalf("bad token %q", text)
		}
		seen[text] = true
	}
	for text, want := range map[string]bool{"a": true, "a-._~+/9==": true, "": false, "==": false, "a=b": false, "a b": false, "ä": false, "a\"": false} {
		if auth.ValidToken(text) != want {
			t.Errorf("ValidToken(%q) = %v", text, !want)
		}
	}
}
