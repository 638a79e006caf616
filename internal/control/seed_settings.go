package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
)

// This file brings what a tenant has beside its resources in line with a seed.

func newApplicationOf(a seed.Application) NewApplication {
	return NewApplication{
		AppID: a.AppID, ClientID: a.ClientID, Scope: a.Scope, Rights: rightsOr(a.Rights), PersonRights: a.PersonRights, Lifetime: a.Lifetime,
		Public: a.Public, RedirectURIs: a.RedirectURIs, Grants: a.Grants, RefreshLifetime: a.RefreshLifetime, NoRefresh: a.NoRefresh, RotateRefresh: a.RotateRefresh,
	}
}

// application makes an application, or changes what the seed says otherwise.
func (p *seeding) application(ctx context.Context, t store.Tenant, in seed.Application, want store.Application) error {
	d := p.d
	want.Tenant = t.ID
	have, err := d.Store.Application(ctx, t.ID, want.ID)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	hash := ""
	switch {
	case in.Sealed != "":
		hash = p.hashes["application "+strings.ToLower(in.AppID)]
	case in.ClientSecret != "" && !missing:
		if same, err := phc.Matches(have.Secret, in.ClientSecret); err == nil && same {
			hash = have.Secret
			break
		}
		fallthrough
	case in.ClientSecret != "":
		hash = auth.HashSecret(in.ClientSecret)
	}
	if missing {
		p.did("application %s", want.ID)
		if p.q.DryRun {
			p.serving = append(p.serving, want.ClientID)
			return nil
		}
		secret := ""
		if hash == "" && !want.Public {
			secret, hash = newSecret(want)
		}
		made, err := d.createApplication(ctx, t, want, secret, hash)
		if err != nil {
			return err
		}
		p.made = append(p.made, want.ID)
		if secret != "" {
			p.report.Applications = append(p.report.Applications, *made)
		}
		return p.active(ctx, t, in, made.UserID)
	}
	if !strings.EqualFold(have.ClientID, want.ClientID) && in.ClientID != "" {
		return p.s.MistakeAt(p.t, "applications", fmt.Sprintf("The application %s has the login name %s already; delete it first.", have.ID, have.ClientID))
	}
	after := have
	after.Scopes, after.Rights, after.PersonRights, after.Lifetime, after.Public = want.Scopes, want.Rights, want.PersonRights, want.Lifetime, want.Public
	after.Grants, after.Redirects, after.RefreshLifetime, after.Rotates = want.Grants, want.Redirects, want.RefreshLifetime, want.Rotates
	if after != have {
		p.did("application %s", have.ID)
		if !p.q.DryRun {
			if err := d.Store.UpdateApplication(ctx, after); err != nil {
				return err
			}
			d.ApplicationChanged(t.ID, have.ID)
		}
	}
	if hash != "" && hash != have.Secret {
		p.did("secret of the application %s", have.ID)
		if !p.q.DryRun {
			if _, err := d.Store.RotateApplication(ctx, t.ID, have.ID, hash, newEpoch(), d.Now().UTC().Truncate(time.Microsecond)); err != nil {
				return err
			}
			d.ApplicationChanged(t.ID, have.ID)
		}
	}
	return p.active(ctx, t, in, have.UserID)
}

// active makes the service user of an application active or not, where the seed
// says so.
func (p *seeding) active(ctx context.Context, t store.Tenant, in seed.Application, user string) error {
	if in.Active == nil {
		return nil
	}
	now, err := p.d.MayAct(ctx, t, user)
	if err != nil || now == *in.Active {
		return err
	}
	p.did("service user of the application %s", in.AppID)
	if p.q.DryRun {
		return nil
	}
	return p.d.SetActive(ctx, t, user, *in.Active)
}

// tokens makes the tokens of the seed, and anew those that are otherwise.
func (p *seeding) tokens(ctx context.Context, t store.Tenant) error {
	list, err := p.d.Store.Tokens(ctx, t.ID)
	if err != nil {
		return err
	}
	tokens := p.t.Tokens
	if tokens == nil && len(list) == 0 && t.Name != DefaultTenant { // a tenant without a token is of no use
		tokens = []seed.Token{{Name: FirstToken}}
	}
	for _, k := range tokens {
		rights, err := auth.ParseRights(rightsOr(k.Rights))
		if err != nil {
			return err
		}
		text := k.Token
		var hash [32]byte
		switch {
		case k.Sealed != "":
			copy(hash[:], p.hashes["token "+k.Name])
		case text != "":
			hash = auth.Hash(text)
		}
		i := slices.IndexFunc(list, func(have store.Token) bool { return have.Name == k.Name && have.Revoked.IsZero() })
		if i >= 0 {
			have := list[i]
			if (hash == [32]byte{} || hash == have.Hash) && have.Rights == rights.String() && have.Expires.Equal(k.Expires.UTC().Truncate(time.Microsecond)) {
				continue
			}
			if !p.q.DryRun && have.Hash != hash {
				if _, err := p.d.RevokeToken(ctx, t.Name, have.ID); err != nil {
					return err
				}
			}
		}
		p.did("token %s", k.Name)
		if p.q.DryRun {
			continue
		}
		// A text that the tenant's tokens have or had stays that of the one token.
		renewed, err := p.d.Store.RenewToken(ctx, store.Token{Tenant: t.ID, Name: k.Name, Hash: hash, Rights: rights.String(), Expires: k.Expires.UTC().Truncate(time.Microsecond)})
		if err != nil {
			return err
		}
		if renewed {
			p.d.Revoked(hash) // so that nobody goes on with what it was
			continue
		}
		made := ""
		if hash == [32]byte{} {
			made = auth.NewToken()
			hash = auth.Hash(made)
		}
		out, err := p.d.createToken(ctx, t, NewToken{Name: k.Name, Expires: k.Expires}, rights, made, hash)
		if err != nil {
			return err
		}
		if made != "" {
			p.report.Tokens = append(p.report.Tokens, *out)
		}
	}
	return nil
}

// issuers makes the tenant trust the issuers of the seed.
func (p *seeding) issuers(ctx context.Context, t store.Tenant) error {
	have, _ := scim.StoredTrust(t.Trust)
	for _, i := range p.t.Issuers {
		same := slices.IndexFunc(have, func(x *Issuer) bool { return x.Name == i.Name })
		if same >= 0 && scim.TrustText([]*Issuer{have[same]}) == scim.TrustText([]*Issuer{i}) {
			continue
		}
		p.did("issuer %s", i.Name)
		if p.q.DryRun {
			continue
		}
		if same >= 0 {
			if err := p.d.RemoveIssuer(ctx, t.Name, i.Name); err != nil {
				return err
			}
		}
		if _, err := p.d.AddIssuer(ctx, t.Name, *i); err != nil {
			return err
		}
	}
	return nil
}

// prune takes away the applications, tokens and issuers that the seed does not name,
// where it names any.
func (p *seeding) prune(ctx context.Context, t store.Tenant) error {
	d := p.d
	if p.t.Applications != nil {
		list, err := d.Store.Applications(ctx, t.ID)
		if err != nil {
			return err
		}
		for _, a := range list {
			if slices.ContainsFunc(p.apps, func(x store.Application) bool { return strings.EqualFold(x.ID, a.ID) }) {
				continue
			}
			p.did("application %s, removed", a.ID)
			if !p.q.DryRun {
				if err := d.DeleteApplication(ctx, t.Name, a.ID); err != nil {
					return err
				}
			}
		}
	}
	if p.t.Tokens != nil {
		list, err := d.Store.Tokens(ctx, t.ID)
		if err != nil {
			return err
		}
		for _, k := range list {
			if !k.Revoked.IsZero() || slices.ContainsFunc(p.t.Tokens, func(x seed.Token) bool { return x.Name == k.Name }) {
				continue
			}
			p.did("token %s, revoked", k.Name)
			if !p.q.DryRun {
				if _, err := d.RevokeToken(ctx, t.Name, k.ID); err != nil {
					return err
				}
			}
		}
	}
	if p.t.Issuers == nil {
		return nil
	}
	have, _ := scim.StoredTrust(t.Trust)
	for _, i := range have {
		if slices.ContainsFunc(p.t.Issuers, func(x *Issuer) bool { return x.Name == i.Name }) {
			continue
		}
		p.did("issuer %s, removed", i.Name)
		if !p.q.DryRun {
			if err := d.RemoveIssuer(ctx, t.Name, i.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
