package scim

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// idRule tells what the ids of a resource type are made of (cyberark-scim
// section 16): one of attribute, within, pair and number is set.
type idRule struct {
	// attribute is the core attribute whose value is the id.
	attribute string
	// within is the relation to a resource whose number and the own one make the
	// id: {n}_{m}.
	within store.Relation
	// pair are the relations to the two resources whose ids make the id: {a}:{b}.
	pair []store.Relation
	// number says whether the id is the own number.
	number func(*Profile) bool
	// named resources go by their names at the legacy base.
	named bool
}

// identities by resource type name. A type that is not there, or whose number is
// not wanted, has the ids that the tenant makes.
var identities = map[string]idRule{
	"User":                     {number: vaultNumbers, named: true},
	"Group":                    {number: vaultNumbers, named: true},
	"Container":                {attribute: "name"},
	"ContainerPermission":      {pair: []store.Relation{store.Target, store.Grantee}},
	"PrivilegedData":           {within: store.Safe},
	"PrivilegedDataPermission": {pair: []store.Relation{store.Target, store.Grantee}},
}

func vaultNumbers(p *Profile) bool { return p.VaultMode == "selfHosted" }

// identify gives a new resource its id, and its number where that is made of it.
func (c *Call) identify(tx store.Tx, r *store.Resource) (err error) {
	if c.Tenant.Seeded != nil && r.ID == "" {
		// What a request makes that began before a restore is gone already: it takes no
		// id of those after it.
		if seeded := c.Tenant.Seeded(); seeded != nil && identities[r.Type.Name].counts() && !c.Tenant.Visits.Closed() {
			r.ID, err = c.seededID(tx, r, seeded)
			return err
		}
	}
	how := identities[r.Type.Name]
	switch {
	case r.ID != "":
	case how.attribute != "":
		r.ID = getAttribute(r.Body, r.Type.Core(how.attribute)).Str()
	case how.within != 0:
		return numbered(tx, r, strconv.FormatInt(endOf(r, how.within).Seq, 10)+"_")
	case how.pair != nil:
		r.ID = endOf(r, how.pair[0]).ID + ":" + endOf(r, how.pair[1]).ID
	case how.number != nil && how.number(c.Tenant.Profile):
		return numbered(tx, r, "")
	default:
		r.ID = c.Tenant.NewID(r.Type)
	}
	return nil
}

// numbered gives a resource an id of its number. A seed may have given that id to
// another one: then the next number is its.
func numbered(tx store.Tx, r *store.Resource, prefix string) (err error) {
	for {
		if r.Seq == 0 {
			if r.Seq, err = tx.NewSeq(); err != nil {
				return err
			}
		}
		r.ID = prefix + strconv.FormatInt(r.Seq, 10)
		taken, err := tx.Find([]*schema.ResourceType{r.Type}, []string{r.ID})
		if err != nil || len(taken) == 0 {
			return err
		}
		r.Seq = 0
	}
}

// counts tells that an id is the tenant's to make, not made of what clients choose.
func (how idRule) counts() bool { return how.attribute == "" && how.pair == nil }

// seededID is an id of a seed that is not in use: the next one, as a rule. Resources
// may be there from when the tenant had the seed before. Their numbers lie close, so
// what is free is sought after them, in few steps however many they are.
func (c *Call) seededID(tx store.Tx, r *store.Resource, seeded SeededIDs) (string, error) {
	id := func(n uint64) string {
		switch how := identities[r.Type.Name]; {
		case how.within != 0:
			end := endOf(r, how.within)
			return strconv.FormatInt(seeded.NumberOf(end.Type, end.ID), 10) + "_" + strconv.FormatInt(seeded.Number(n), 10)
		case how.number != nil && how.number(c.Tenant.Profile):
			return strconv.FormatInt(seeded.Number(n), 10)
		}
		return seeded.ID(r.Type, n)
	}
	taken := func(n uint64) (bool, error) {
		there, err := tx.Find([]*schema.ResourceType{r.Type}, []string{id(n)})
		return len(there) > 0, err
	}
	for {
		next := seeded.Next(r.Type)
		free, err := firstFree(next, taken)
		if err != nil {
			return "", err
		}
		if free == next || seeded.Skip(r.Type, free) {
			return id(free), nil
		}
	}
}

// firstFree is n, or a later number that is free while the one before it is taken.
func firstFree(n uint64, taken func(uint64) (bool, error)) (uint64, error) {
	last, free := n-1, n
	for step := uint64(1); ; step *= 2 {
		used, err := taken(free)
		if err != nil {
			return 0, err
		}
		if !used {
			break
		}
		last, free = free, free+step
	}
	for free-last > 1 {
		middle := last + (free-last)/2
		used, err := taken(middle)
		if err != nil {
			return 0, err
		}
		if used {
			last = middle
		} else {
			free = middle
		}
	}
	return free, nil
}

// madeOf is the attribute to blame for an id that is taken already, "" for ids
// that clients do not choose.
func madeOf(rt *schema.ResourceType) string {
	switch how := identities[rt.Name]; {
	case how.attribute != "":
		return how.attribute
	case how.pair != nil:
		return alternatives(rt)[0][0].name
	}
	return ""
}

func endOf(r *store.Resource, rel store.Relation) store.Link {
	if i := slices.IndexFunc(r.Ends, func(l store.Link) bool { return l.Relation == rel }); i >= 0 {
		return r.Ends[i]
	}
	return store.Link{}
}

// aliased tells that the client is shown ids made of names: those of permissions,
// where the profile says so, and at the legacy base those of users and groups.
func (c *Call) aliased(rt *schema.ResourceType) bool {
	how := identities[rt.Name]
	return how.pair != nil && c.Tenant.Profile.PermissionIDs == "names" || c.Legacy && (how.named || how.pair != nil)
}

// farID is the id of the other side of a link as clients see it.
func (c *Call) farID(l *store.Link) string {
	if c.Legacy && identities[l.Type.Name].named && l.Display != "" {
		return l.Display
	}
	return l.ID
}

// shownID is the id of a record as clients see it.
func (c *Call) shownID(rt *schema.ResourceType, rec *store.Record) string {
	if rec.Alias != "" && c.aliased(rt) {
		return rec.Alias
	}
	return rec.ID
}

// readAlias gives a record that was just written the id made of names that it has
// since the transaction; one that is gone already shows its own.
func (s *Service) readAlias(ctx context.Context, c *Call, rt *schema.ResourceType, rec *store.Record) error {
	if !c.aliased(rt) {
		return nil
	}
	now, err := s.store.Get(ctx, c.Tenant.Space, rt, rec.ID, []store.Want{{Alias: true}})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		rec.Alias = now.Alias
	}
	return err
}

// storedID is the id by which a transaction finds what was read by a name.
func (c *Call) storedID(rec *store.Record, id string) string {
	if c.Legacy {
		return rec.ID
	}
	return id
}
