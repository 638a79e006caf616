package control

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// NewApplication asks for an application.
type NewApplication struct {
	Tenant string `json:"tenant"`
	AppID  string `json:"appId"`
	// ClientID is the login name of the service user; "" makes one up.
	ClientID string `json:"clientId,omitempty"`
	// Scope are the scopes allowed, separated by blanks; "" allows all.
	Scope  string `json:"scope,omitempty"`
	Rights string `json:"rights"`
	// Lifetime of access tokens in seconds; 0 is that of the endpoint.
	Lifetime int64 `json:"lifetime,omitempty"`
}

// Application is one application. ClientSecret is present only in the answers
// that made it. Active tells that its service user is there and active.
type Application struct {
	AppID        string    `json:"appId"`
	ClientID     string    `json:"clientId"`
	ClientSecret string    `json:"clientSecret,omitempty"`
	TokenURL     string    `json:"tokenUrl"`
	Tenant       string    `json:"tenant"`
	Scope        string    `json:"scope"`
	Rights       string    `json:"rights"`
	Lifetime     int64     `json:"lifetime,omitempty"`
	UserID       string    `json:"userId"`
	Active       bool      `json:"active"`
	Created      time.Time `json:"created"`
	Rotated      time.Time `json:"rotated,omitzero"`
}

// SigningKey is what everybody may know of a key that signs access tokens.
type SigningKey = auth.SigningKey

// CreateApplication implements Service.
func (d *Direct) CreateApplication(ctx context.Context, n NewApplication) (*Application, error) {
	t, err := d.tenant(ctx, n.Tenant)
	if err != nil {
		return nil, err
	}
	a, err := d.newApplication(t, n)
	if err != nil {
		return nil, err
	}
	// The refusals of the transaction are of names only: say which.
	if _, err := d.Store.Application(ctx, t.ID, a.ID); err == nil {
		return nil, applicationTaken(t, a.ID)
	}
	secret := auth.NewToken()
	a.Secret = auth.HashSecret(secret)
	err = d.AddServiceUser(ctx, t, a.ClientID, func(tx store.Tx, user string) error {
		made := a
		made.UserID = user
		return tx.AddApplication(made)
	})
	var taken *store.TakenError
	switch {
	case errors.As(err, &taken) && taken.Attr == "id":
		return nil, applicationTaken(t, a.ID)
	case errors.As(err, &taken), scimerr.Is(err, 409):
		return nil, scimerr.Conflict("The login name %s is in use in the tenant %s; choose another for the service user.", a.ClientID, t.Name)
	case errors.Is(err, store.ErrNotFound): // it was deleted meanwhile
		return nil, scimerr.NotFound("There is no tenant %s.", t.Name)
	case err != nil:
		return nil, err
	}
	if a, err = d.Store.Application(ctx, t.ID, a.ID); err != nil {
		return nil, err
	}
	d.ApplicationChanged(t.ID, a.ID)
	return d.shownApplication(ctx, t, a, secret)
}

func applicationTaken(t store.Tenant, id string) error {
	return scimerr.Conflict("An application %s is there in the tenant %s; delete it or choose another id.", id, t.Name)
}

// newApplication checks what is asked for.
func (d *Direct) newApplication(t store.Tenant, n NewApplication) (store.Application, error) {
	a := store.Application{
		Tenant: t.ID, ID: n.AppID, ClientID: n.ClientID, Epoch: newEpoch(),
		Lifetime: time.Duration(n.Lifetime) * time.Second, Created: d.Now().UTC().Truncate(time.Microsecond),
	}
	if !auth.ValidAppID(a.ID) {
		return a, scimerr.InvalidValue("appId", "The id of an application has 1 to 64 letters, digits, hyphens, underscores and dots, and no dot first.")
	}
	if a.ClientID == "" {
		a.ClientID = strings.ToLower(a.ID) + "@" + t.Name
	}
	if !scim.PrintableName(a.ClientID) || strings.ContainsAny(a.ClientID, ": ") {
		return a, scimerr.InvalidValue("clientId", "A login name is at most %d bytes of printable text without blanks and colons.", scim.MaxName)
	}
	if n.Lifetime < 0 || n.Lifetime > int64(auth.MaxLifetime/time.Second) {
		return a, scimerr.InvalidValue("lifetime", "The lifetime of access tokens is 1 second to %d days.", int(auth.MaxLifetime/(24*time.Hour)))
	}
	var err error
	if a.Scopes, err = auth.ParseScopes(n.Scope); err != nil {
		return a, scimerr.InvalidValue("scope", "The scopes cannot be read: %v.", err)
	}
	rights, err := auth.ParseRights(n.Rights)
	if err != nil {
		return a, scimerr.InvalidValue("rights", "The rights cannot be read: %v.", err)
	}
	a.Rights = rights.String()
	return a, nil
}

// newEpoch names the tokens that belong to one secret.
func newEpoch() string { return strings.ToLower(rand.Text()[:16]) }

// Applications implements Service.
func (d *Direct) Applications(ctx context.Context, tenant string) ([]Application, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	list, err := d.Store.Applications(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	out := make([]Application, len(list))
	for i, a := range list {
		shown, err := d.shownApplication(ctx, t, a, "")
		if err != nil {
			return nil, err
		}
		out[i] = *shown
	}
	return out, nil
}

// RotateApplication implements Service.
func (d *Direct) RotateApplication(ctx context.Context, tenant, id string) (*Application, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	secret := auth.NewToken()
	a, err := d.Store.RotateApplication(ctx, t.ID, id, auth.HashSecret(secret), newEpoch(), d.Now().UTC().Truncate(time.Microsecond))
	if errors.Is(err, store.ErrNotFound) {
		return nil, noApplication(t, id)
	}
	if err != nil {
		return nil, err
	}
	d.ApplicationChanged(t.ID, a.ID)
	return d.shownApplication(ctx, t, a, secret)
}

// DeleteApplication implements Service.
func (d *Direct) DeleteApplication(ctx context.Context, tenant, id string) error {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return err
	}
	a, err := d.Store.Application(ctx, t.ID, id)
	if err == nil {
		err = d.RemoveServiceUser(ctx, t, a.UserID, func(tx store.Tx) error { return tx.RemoveApplication(t.ID, a.ID) })
	}
	if errors.Is(err, store.ErrNotFound) {
		return noApplication(t, id)
	}
	if err != nil {
		return err
	}
	d.ApplicationChanged(t.ID, a.ID)
	return nil
}

func noApplication(t store.Tenant, id string) error {
	return scimerr.NotFound("The tenant %s has no application %s.", t.Name, id)
}

func (d *Direct) shownApplication(ctx context.Context, t store.Tenant, a store.Application, secret string) (*Application, error) {
	active, err := d.MayAct(ctx, t, a.UserID)
	if err != nil {
		return nil, err
	}
	return &Application{
		AppID: a.ID, ClientID: a.ClientID, ClientSecret: secret,
		TokenURL: strings.TrimSuffix(d.baseURLs(t)[0], scimPath) + "/oauth2/token/" + a.ID,
		Tenant:   t.Name, Scope: a.Scopes, Rights: a.Rights, Lifetime: int64(a.Lifetime / time.Second),
		UserID: a.UserID, Active: active, Created: a.Created, Rotated: a.Rotated,
	}, nil
}

// SigningKeys implements Service.
func (d *Direct) SigningKeys(ctx context.Context, tenant string) ([]SigningKey, error) {
	return d.signing(ctx, tenant, (*auth.SigningKeys).List)
}

// RotateSigningKey implements Service.
func (d *Direct) RotateSigningKey(ctx context.Context, tenant string) ([]SigningKey, error) {
	return d.signing(ctx, tenant, (*auth.SigningKeys).Rotate)
}

func (d *Direct) signing(ctx context.Context, tenant string, do func(*auth.SigningKeys, context.Context, int64) ([]SigningKey, error)) ([]SigningKey, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	keys, err := d.Signing(ctx)
	if err != nil {
		return nil, err
	}
	return do(keys, ctx, t.Space)
}
