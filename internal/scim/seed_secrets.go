package scim

import (
	"context"
	"fmt"
	"sync"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// This file compares the passwords and secrets of a seed with those that are kept,
// and reads the latter for exports.

// hashes makes the hashes of passwords that are not those that there are, and leaves
// out secrets that are as they were. It runs outside the transaction.
func (x *Seeding) hashes(ctx context.Context, batch []*Seeded) error {
	var with []*Seeded
	byID := map[idKey]*Seeded{}
	ids := map[*schema.ResourceType][]string{}
	for _, e := range batch {
		if e.password == "" && !e.secrets.any() {
			continue
		}
		with = append(with, e)
		if id := e.knownID(); id != "" {
			byID[keyOf(e.Type, id)] = e
			ids[e.Type] = append(ids[e.Type], id)
		}
	}
	for rt, list := range ids {
		if err := x.compareSecrets(ctx, rt, list, byID); err != nil {
			return err
		}
	}
	return each(with, func(e *Seeded) error {
		if e.password == "" {
			return nil
		}
		hash, err := x.s.hash(ctx, x.c.Tenant.Profile, e.password)
		e.secrets.password = hash
		return err
	})
}

// each runs fn on all elements, some of them at once.
func each(list []*Seeded, fn func(*Seeded) error) error {
	var wait sync.WaitGroup
	errs := make([]error, len(list))
	slots := make(chan struct{}, makingAtOnce)
	for i, e := range list {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			errs[i] = fn(e)
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Seeded) knownID() string {
	if e.found != nil {
		return e.found.id
	}
	return e.id
}

// Opener opens what a Sealer has sealed.
type Opener interface {
	Open(ctx context.Context, sealed store.Sealed, context []byte) ([]byte, error)
}

// compareSecrets takes out of resources what their stored forms have already.
func (x *Seeding) compareSecrets(ctx context.Context, rt *schema.ResourceType, ids []string, byID map[idKey]*Seeded) error {
	bySeq := map[int64]*Seeded{}
	var seqs []int64
	there, err := x.find(ctx, rt, ids)
	if err != nil {
		return err
	}
	for _, l := range there {
		if e := byID[keyOf(rt, l.ID)]; e != nil {
			bySeq[l.Seq], seqs = e, append(seqs, l.Seq)
		}
	}
	kept, err := x.s.confidential(ctx, x.c.Tenant, seqs)
	if err != nil {
		return err
	}
	for seq, e := range bySeq {
		have := kept[seq]
		if have == nil {
			continue
		}
		if string(have.Password) == string(e.secrets.password) {
			e.secrets.password = nil
		}
		if e.password != "" && have.Password != nil {
			if same, err := phc.Matches(string(have.Password), e.password); err == nil && same {
				e.password = ""
			}
		}
		for name, plain := range e.secrets.secrets {
			if old, ok := have.Sealed[name]; ok && string(old) == string(plain) {
				delete(e.secrets.secrets, name)
			}
		}
	}
	return nil
}

// confidential reads what resources hold and no answer shows, by seq.
func (s *Service) confidential(ctx context.Context, t *Tenant, seqs []int64) (map[int64]*SeedSecrets, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	kept, err := s.reads.Confidential(ctx, t.Space, seqs)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*SeedSecrets, len(kept))
	opener, _ := t.Sealer.(Opener)
	for seq, k := range kept {
		x := &SeedSecrets{Password: k.Password, Sealed: map[string][]byte{}}
		for name, sealed := range k.Secrets {
			if opener == nil {
				return nil, fmt.Errorf("the secrets of a resource cannot be opened here")
			}
			if x.Sealed[name], err = opener.Open(ctx, sealed, store.SecretContext(seq, name)); err != nil {
				return nil, err
			}
		}
		out[seq] = x
	}
	return out, nil
}
