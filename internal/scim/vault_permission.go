package scim

import (
	"errors"
	"strconv"
	"time"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

const safeMemberURN = "urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember"

func expiration(rt *schema.ResourceType) *schema.Attribute {
	return rt.Lookup(safeMemberURN, "membershipExpirationDate", "")
}

// expirationRules: the date is Unix seconds; 0 stands for none, as clients send
// it whose languages have no absent numbers.
func expirationRules(_ *Profile, rt *schema.ResourceType, _, after *resource.Members) error {
	a := expiration(rt)
	v := getAttribute(after, a)
	if v.IsNull() {
		return nil
	}
	at, err := strconv.ParseInt(v.Literal(), 10, 64)
	if err != nil || at < 0 {
		return scimerr.InvalidValue(a.Path, "membershipExpirationDate must be a time in seconds since 1970.")
	}
	if at == 0 {
		setAttribute(after, a, resource.Value{})
	}
	return nil
}

// memberType tells whether the holder of a permission is a user or a group.
func memberType(r *store.Resource) {
	setAttribute(r.Body, r.Type.Lookup(safeMemberURN, "memberType", ""), resource.Text(endOf(r, store.Grantee).Type.Name))
}

// lapsing are the attributes with the time at which resources of a type lapse.
var lapsing = map[string]func(*schema.ResourceType) *schema.Attribute{"ContainerPermission": expiration}

// current selects what has not lapsed at a time; it is nil when nothing of the
// type does, or the profile shows what has.
func (t *Tenant) current(rt *schema.ResourceType, at time.Time) filter.Predicate {
	lapses := lapsing[rt.Name]
	if lapses == nil || t.Profile.ExpiredMembers != "hide" {
		return nil
	}
	a := lapses(rt)
	now := strconv.FormatInt(at.Unix(), 10)
	key, err := schema.NumberKey(now)
	if err != nil {
		return nil // a number of digits alone has a key
	}
	return filter.AnyOf(filter.Negate(&filter.Present{Attr: a}),
		&filter.Compare{Attr: a, Op: filter.Gt, Kind: filter.NumberKind, Key: key, Literal: resource.NumberLiteral(now)})
}

// lapsed tells that a record has lapsed and that the profile hides it.
func (c *Call) lapsed(rt *schema.ResourceType, rec *store.Record) bool {
	current := c.Tenant.current(rt, c.Tenant.now())
	if current == nil {
		return false
	}
	tree, err := resource.Decode(rec.Doc)
	return err == nil && !filter.Match(current, tree)
}

// clearLapsed makes room for a new resource where one that has lapsed, and is
// hidden, has its id. One that is only called so keeps what it has.
func (c *Call) clearLapsed(tx store.Tx, r *store.Resource) error {
	if c.Tenant.current(r.Type, r.Modified) == nil {
		return nil
	}
	rec, err := tx.Get(r.Type, r.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (schema.Fold(rec.ID) != schema.Fold(r.ID) || !c.lapsed(r.Type, rec)) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.deleteAll(tx, []store.Held{{Type: r.Type, Seq: rec.Seq, ID: rec.ID, Version: rec.Version, Modified: rec.Modified}})
}
