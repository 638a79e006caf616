package scim

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// maxPassword bounds a password in bytes: hashing reads all of it.
const maxPassword = 1024

// How many hashes are made, and how many compared, at once, and how many may wait for
// that. Anybody can have passwords compared; who makes them has a token, and so waits
// in a queue of its own.
const (
	makingAtOnce, makingRoom       = 4, 4096
	comparingAtOnce, comparingRoom = 2, 64
)

// passwords makes and compares hashes of passwords.
type passwords struct {
	making, comparing *phc.Queue
	cost              phc.Cost
	// nobody is the hash that passwords without one are compared with, so that an
	// answer takes as long whether or not there is one.
	nobody func() string
}

func newPasswords(cost phc.Cost) *passwords {
	return &passwords{
		making: phc.NewQueue(makingAtOnce, makingRoom), comparing: phc.NewQueue(comparingAtOnce, comparingRoom), cost: cost,
		nobody: sync.OnceValue(func() string { return phc.Hash("", cost) }),
	}
}

// HashWith sets the cost of new hashes of passwords. It is called before the
// first request.
func (s *Service) HashWith(cost phc.Cost) { s.passwords = newPasswords(cost) }

// KeepsPasswords tells that hashes of passwords are stored, by which people sign in.
func (p *Profile) KeepsPasswords() bool { return p.Passwords == "hash" }

// hash makes the form in which a password is kept; nil where the profile keeps
// none. It runs outside transactions.
func (s *Service) hash(ctx context.Context, p *Profile, password string) ([]byte, error) {
	if len(password) > maxPassword {
		return nil, scimerr.InvalidValue("password", "password must have at most %d bytes.", maxPassword)
	}
	if !p.KeepsPasswords() {
		return nil, nil
	}
	leave, err := s.passwords.making.Enter(ctx)
	if err != nil {
		return nil, scimerr.Unavailable(err)
	}
	defer leave()
	return []byte(phc.Hash(password, s.passwords.cost)), nil
}

// SignedIn is a user as it was when its password was right.
type SignedIn struct {
	store.Principal
	hash []byte
}

// SignIn tells which person of a tenant a userName and a password are of: a user
// that is active and has a password, and no service user. It is nil for all
// others, after the same time.
func (s *Service) SignIn(ctx context.Context, t *Tenant, userName, password string) (*SignedIn, error) {
	rt := t.Registry.Type(ServiceUserType)
	user := &SignedIn{}
	var tree *resource.Members
	rec, err := s.named(ctx, &Call{Tenant: t}, rt, userName)
	if err != nil {
		return nil, err
	}
	if rec != nil && !rec.Hidden {
		if user.hash, err = s.store.Password(ctx, t.Space, rec.Seq); err != nil {
			return nil, err
		}
		if tree, err = resource.Decode(rec.Doc); err != nil {
			return nil, err
		}
		user.Principal = store.Principal{Kind: personKind, ID: rec.ID, Display: getAttribute(tree, rt.Core("userName")).Str()}
	}
	good, err := s.passwordMatches(ctx, user.hash, password)
	if err != nil || !good || inactive(rt, tree) {
		return nil, err
	}
	return user, nil
}

// KeepSignedIn runs then in a transaction in which the user still has the password
// that was right, and is active; ok is false when that is over. A change of either
// waits for the end of it, and so ends what then has kept.
func (s *Service) KeepSignedIn(ctx context.Context, t *Tenant, user *SignedIn, then func(store.Tx) error) (ok bool, err error) {
	rt := t.Registry.Type(ServiceUserType)
	err = s.store.Do(ctx, t.Space, func(tx store.Tx) error {
		ok = false
		rec, err := tx.Get(rt, user.ID)
		if err != nil {
			return err
		}
		hash, err := tx.Password(rec.Seq)
		if err != nil || !bytes.Equal(hash, user.hash) {
			return err
		}
		tree, err := resource.Decode(rec.Doc)
		if err != nil || inactive(rt, tree) {
			return err
		}
		ok = true
		return then(tx)
	})
	if errors.Is(err, store.ErrNotFound) { // the user, or the tenant, is gone
		return false, nil
	}
	return ok && err == nil, err
}

// passwordMatches compares a password with a hash, nil for none.
func (s *Service) passwordMatches(ctx context.Context, hash []byte, password string) (bool, error) {
	if len(password) > maxPassword || password == "" {
		password, hash = "-", nil
	}
	leave, err := s.passwords.comparing.Enter(ctx)
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
