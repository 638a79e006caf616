package control

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// NewApplication asks for an application.
type NewApplication struct {
	Tenant          string   `json:"-"` // in the path
	AppID           string   `json:"appId" doc:"Id of the application, which its token URL ends with."`
	ClientID        string   `json:"clientId,omitempty" doc:"Login name of the service user; made up when absent."`
	Scope           string   `json:"scope,omitempty" doc:"Scopes that tokens may have, with blanks between; all when absent."`
	Rights          string   `json:"rights" doc:"Most that tokens may do: read, write, all, or a list of users, groups, vault with :read or :write."`
	PersonRights    string   `json:"personRights,omitempty" doc:"Most that tokens of people who sign in may do, of rights; none when absent."`
	Lifetime        int64    `json:"lifetime,omitempty" doc:"Lifetime of access tokens in seconds; that of the endpoint when absent."`
	Public          bool     `json:"public,omitempty" doc:"The application cannot keep a secret: it gets none."`
	RedirectURIs    []string `json:"redirectUris,omitempty" doc:"Where people may be sent back to with a code."`
	Grants          []string `json:"grants,omitempty" doc:"Grant types; what fits the other members when absent."`
	RefreshLifetime int64    `json:"refreshLifetime,omitempty" doc:"How long people stay signed in, in seconds; 30 days when absent."`
	NoRefresh       bool     `json:"noRefresh,omitempty" doc:"There are no refresh tokens."`
	RotateRefresh   bool     `json:"rotateRefresh,omitempty" doc:"Each refresh token is good once, as those of a public application always are."`
}

// Application is one application. ClientSecret is present only in the answers
// that made it, AuthorizeURL where people sign in. Active tells that its service
// user is there and active. Warnings are of the answer that made it: what works
// otherwise than it was perhaps meant.
type Application struct {
	AppID           string    `json:"appId" doc:"Id of the application."`
	ClientID        string    `json:"clientId" doc:"Login name of its service user."`
	ClientSecret    string    `json:"clientSecret,omitempty" doc:"Only in the answers that made it."`
	TokenURL        string    `json:"tokenUrl" doc:"Where it gets tokens."`
	AuthorizeURL    string    `json:"authorizeUrl,omitempty" doc:"Where people sign in, if they do."`
	Tenant          string    `json:"tenant" doc:"Tenant of the application."`
	Scope           string    `json:"scope" doc:"Scopes that tokens may have; empty for all."`
	Rights          string    `json:"rights" doc:"Most that tokens may do."`
	PersonRights    string    `json:"personRights" doc:"Most that tokens of people may do."`
	Public          bool      `json:"public" doc:"It has no secret."`
	Grants          []string  `json:"grants" doc:"Its grant types."`
	RedirectURIs    []string  `json:"redirectUris,omitempty" doc:"Where people may be sent back to with a code."`
	Lifetime        int64     `json:"lifetime,omitempty" doc:"Lifetime of access tokens in seconds, if it is not that of the endpoint."`
	RefreshLifetime int64     `json:"refreshLifetime,omitempty" doc:"How long people stay signed in, in seconds."`
	RotateRefresh   bool      `json:"rotateRefresh,omitempty" doc:"Each refresh token is good once."`
	UserID          string    `json:"userId" doc:"Id of its service user."`
	Active          bool      `json:"active" doc:"Its service user is there and active."`
	Created         time.Time `json:"created" doc:"When it was made."`
	Rotated         time.Time `json:"rotated,omitzero" doc:"When it last got another secret."`
	Warnings        []string  `json:"warnings,omitempty" doc:"What works otherwise than it was perhaps meant."`
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
	secret, hash := newSecret(a)
	return d.createApplication(ctx, t, a, secret, hash)
}

// createApplication makes an application with a secret, "" when only its hash is
// known.
func (d *Direct) createApplication(ctx context.Context, t store.Tenant, a store.Application, secret, hash string) (*Application, error) {
	// The refusals of the transaction are of names only: say which.
	if _, err := d.Store.Application(ctx, t.ID, a.ID); err == nil {
		return nil, applicationTaken(t, a.ID)
	}
	a.Secret = hash
	t, err := d.staying(ctx, t, func(t store.Tenant) error {
		return d.AddServiceUser(ctx, t, a.ClientID, func(tx store.Tx, user string) error {
			made := a
			made.UserID = user
			return tx.AddApplication(made)
		})
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
	made, err := d.Store.Application(ctx, t.ID, a.ID)
	if err != nil {
		return nil, err
	}
	d.ApplicationChanged(t.ID, made.ID)
	shown, err := d.shownApplication(ctx, t, made, secret)
	if err != nil {
		return nil, err
	}
	shown.Warnings = d.warnings(t, &made)
	return shown, nil
}

// staying does what holds in the space of a tenant alone, again when the tenant was
// restored meanwhile. It gives the tenant as it was then.
func (d *Direct) staying(ctx context.Context, t store.Tenant, do func(store.Tenant) error) (store.Tenant, error) {
	for {
		err := do(t)
		if !errors.Is(err, store.ErrMoved) {
			return t, err
		}
		now, err := d.tenant(ctx, t.Name)
		if err != nil {
			return t, err
		}
		t = now
	}
}

// warnings are those about a new application. It is made by now: a profile that cannot
// be read, which others tell of, must not cost its secret.
func (d *Direct) warnings(t store.Tenant, a *store.Application) []string {
	p, err := d.profile(t)
	if err != nil || p.KeepsPasswords() || !auth.SignsIn(a) {
		return nil
	}
	return []string{fmt.Sprintf("Nobody can sign in: the profile of the tenant %s keeps no passwords; set its switch passwords to hash, then set the passwords anew.", t.Name)}
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
	if err := signIns(&a, n); err != nil {
		return a, err
	}
	return a, personRights(&a, rights, n.PersonRights)
}

// signIns checks what is asked for about people who sign in.
func signIns(a *store.Application, n NewApplication) (err error) {
	a.Public, a.Rotates, a.RefreshLifetime = n.Public, n.Public || n.RotateRefresh, time.Duration(n.RefreshLifetime)*time.Second
	if n.RefreshLifetime < 0 || n.RefreshLifetime > int64(auth.MaxRefreshLifetime/time.Second) {
		return scimerr.InvalidValue("refreshLifetime", "The lifetime of refresh tokens is 1 second to %d days.", int(auth.MaxRefreshLifetime/(24*time.Hour)))
	}
	if a.Redirects, err = auth.ParseRedirects(n.RedirectURIs); err != nil {
		return scimerr.InvalidValue("redirectUris", "The redirect URIs cannot be used: %v.", err)
	}
	if a.Grants, err = auth.ParseGrants(n.Grants, n.Public, len(n.RedirectURIs) > 0, n.NoRefresh); err != nil {
		return scimerr.InvalidValue("grants", "The grant types cannot be used: %v.", err)
	}
	return nil
}

// personRights checks what people are to be allowed, of the rights of an application.
func personRights(a *store.Application, rights auth.Rights, asked string) error {
	people, err := auth.ParsePersonRights(asked)
	switch {
	case err != nil:
		return scimerr.InvalidValue("personRights", "The rights of people cannot be read: %v.", err)
	case people == 0:
		return nil
	case people&^rights != 0:
		return scimerr.InvalidValue("personRights", "People cannot have the rights %s, which the application has not.", people&^rights)
	case !auth.SignsIn(a):
		return scimerr.InvalidValue("personRights", "Nobody signs in to the application: rights of people need the grant type %s or %s.", auth.AuthorizationCode, auth.PasswordGrant)
	}
	a.PersonRights = people.String()
	return nil
}

// shownRights is how rights of people read.
func shownRights(stored string) string {
	if stored == "" {
		return auth.Rights(0).String()
	}
	return stored
}

// newSecret makes the secret of an application, and its hash; a public one has
// none.
func newSecret(a store.Application) (secret, hash string) {
	if a.Public {
		return "", ""
	}
	secret = auth.NewToken()
	return secret, auth.HashSecret(secret)
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
	before, err := d.Store.Application(ctx, t.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, noApplication(t, id)
	}
	if err != nil {
		return nil, err
	}
	secret, hash := newSecret(before)
	a, err := d.Store.RotateApplication(ctx, t.ID, id, hash, newEpoch(), d.Now().UTC().Truncate(time.Microsecond))
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
		t, err = d.staying(ctx, t, func(t store.Tenant) error {
			return d.RemoveServiceUser(ctx, t, a.UserID, func(tx store.Tx) error { return tx.RemoveApplication(t.ID, a.ID) })
		})
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
	root := strings.TrimSuffix(d.baseURLs(t)[0], scim.BasePath)
	out := &Application{
		AppID: a.ID, ClientID: a.ClientID, ClientSecret: secret, TokenURL: root + "/oauth2/token/" + a.ID,
		Tenant: t.Name, Scope: a.Scopes, Rights: a.Rights, PersonRights: shownRights(a.PersonRights), Lifetime: int64(a.Lifetime / time.Second),
		Public: a.Public, Grants: strings.Fields(a.Grants), RedirectURIs: strings.Fields(a.Redirects),
		RefreshLifetime: int64(a.RefreshLifetime / time.Second), RotateRefresh: a.Rotates,
		UserID: a.UserID, Active: active, Created: a.Created, Rotated: a.Rotated,
	}
	if auth.Allows(&a, auth.AuthorizationCode) {
		out.AuthorizeURL = root + "/oauth2/authorize/" + a.ID
	}
	return out, nil
}

// SigningKeys implements Service.
func (d *Direct) SigningKeys(ctx context.Context, tenant string) ([]SigningKey, error) {
	return d.signing(ctx, tenant, (*auth.SigningKeys).List)
}

// RotateSigningKey implements Service.
func (d *Direct) RotateSigningKey(ctx context.Context, tenant string, dropOld bool) ([]SigningKey, error) {
	return d.signing(ctx, tenant, func(k *auth.SigningKeys, ctx context.Context, space int64) ([]SigningKey, error) {
		return k.Rotate(ctx, space, dropOld)
	})
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
	return do(keys, ctx, t.Home)
}
