package scim

import (
	"context"
	"sync"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// maxPassword bounds a password in bytes: hashing reads all of it.
const maxPassword = 1024

// maxHashing bounds concurrent hashes of passwords: each takes memory.
const maxHashing = 4

// passwords makes and compares hashes of passwords, few at a time.
type passwords struct {
	slots chan struct{}
	cost  phc.Cost
	// nobody is the hash that passwords without one are compared with, so that an
	// answer takes as long whether or not there is one.
	nobody func() string
}

func newPasswords(cost phc.Cost) *passwords {
	return &passwords{
		slots: make(chan struct{}, maxHashing), cost: cost,
		nobody: sync.OnceValue(func() string { return phc.Hash("", cost) }),
	}
}

// HashWith sets the cost of new hashes of passwords. It is called before the
// first request.
func (s *Service) HashWith(cost phc.Cost) { s.passwords = newPasswords(cost) }

// enter waits for a turn; leave ends it.
func (p *passwords) enter(ctx context.Context) (leave func(), err error) {
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, scimerr.Unavailable(ctx.Err())
	}
}

// hash makes the form in which a password is kept; nil where the profile keeps
// none. It runs outside transactions.
func (s *Service) hash(ctx context.Context, p *Profile, password string) ([]byte, error) {
	if len(password) > maxPassword {
		return nil, scimerr.InvalidValue("password", "password must have at most %d bytes.", maxPassword)
	}
	if p.Passwords != "hash" {
		return nil, nil
	}
	leave, err := s.passwords.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return []byte(phc.Hash(password, s.passwords.cost)), nil
}

// SignIn tells which user of a tenant a userName and a password are of: one that
// is active and has a password. ok is false for all others, after the same time.
func (s *Service) SignIn(ctx context.Context, t *Tenant, userName, password string) (user store.Principal, ok bool, err error) {
	rt := t.Registry.Type(ServiceUserType)
	var hash []byte
	var tree *resource.Members
	rec, err := s.named(ctx, &Call{Tenant: t}, rt, userName)
	if err != nil {
		return user, false, err
	}
	if rec != nil {
		if hash, err = s.store.Password(ctx, t.Space, rec.Seq); err != nil {
			return user, false, err
		}
		if tree, err = resource.Decode(rec.Doc); err != nil {
			return user, false, err
		}
		user = store.Principal{Kind: personKind, ID: rec.ID, Display: getAttribute(tree, rt.Core("userName")).Str()}
	}
	good, err := s.passwordMatches(ctx, hash, password)
	if err != nil || !good || inactive(rt, tree) {
		return store.Principal{}, false, err
	}
	return user, true, nil
}

// passwordMatches compares a password with a hash, nil for none.
func (s *Service) passwordMatches(ctx context.Context, hash []byte, password string) (bool, error) {
	if len(password) > maxPassword || password == "" {
		password, hash = "-", nil
	}
	leave, err := s.passwords.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if hash == nil {
		_, err := phc.Matches(s.passwords.nobody(), password)
		return false, err
	}
	return phc.Matches(string(hash), password)
}
