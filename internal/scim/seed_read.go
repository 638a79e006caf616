package scim

import (
	"fmt"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// SeedResource is a resource as a seed has it.
type SeedResource struct {
	Type *schema.ResourceType
	// Members are those of its SCIM JSON, with id and meta or without.
	Members *resource.Members
	// Exact resources are stored as they are: without the defaults and habits of a
	// profile, and with attributes that no schema has.
	Exact bool
	// Secrets are those of an export; nil stands for none, or those in Members.
	Secrets *SeedSecrets
}

// SeedSecrets are what a resource holds and no answer shows: the hash of its
// password, and secrets in clear by name.
type SeedSecrets struct {
	Password []byte
	Sealed   map[string][]byte
}

// SeedFault is one mistake in a resource of a seed. Path leads to it from the
// resource: "members[3]", "name.givenName".
type SeedFault struct {
	Path string
	Err  *scimerr.Error
}

// Seeded is a resource that was read and can be stored.
type Seeded struct {
	Type *schema.ResourceType
	// Tag is the caller's.
	Tag any

	id                string
	version           int64
	created, modified time.Time
	exact             bool
	tree              *resource.Members
	refs              []seedRef
	password          string // in clear
	secrets           *confidential

	found *seedFound // there already, outside the transaction
	state seedState
}

// callName is what a resource is called.
func (e *Seeded) callName() string {
	if a := e.Type.Core(called[e.Type.Name]); called[e.Type.Name] != "" && a != nil {
		return getAttribute(e.tree, a).Str()
	}
	return ""
}

// ReadSeed reads a resource of a seed against the schema and the tenant's profile,
// and gives all its mistakes. It writes and looks up nothing.
func (t *Tenant) ReadSeed(in SeedResource) (*Seeded, []SeedFault) {
	r := seedReader{t: t, rt: in.Type, out: &Seeded{Type: in.Type, exact: in.Exact}, profile: *t.Profile}
	r.leniencies(in.Exact)
	raw := in.Members.Clone()
	r.common(raw)
	r.links(raw)
	r.references(raw)
	tree := r.shape(raw)
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	r.out.password, r.out.secrets = "", &confidential{}
	password, secrets := removeSecrets(in.Type, tree)
	r.out.password = password
	if len(password) > maxPassword {
		r.fault("password", scimerr.InvalidValue("password", "password must have at most %d bytes.", maxPassword))
	}
	r.out.secrets.secrets = t.keepable(secrets, nil)
	if x := in.Secrets; x != nil {
		r.out.secrets.password = x.Password
		if t.Sealer != nil {
			r.out.secrets.secrets = x.Sealed
		}
	}
	if err := r.complete(tree); err != nil {
		r.refuse(err)
	}
	r.out.tree = tree
	return r.out, r.faults
}

type seedReader struct {
	t       *Tenant
	rt      *schema.ResourceType
	profile Profile
	out     *Seeded
	faults  []SeedFault
}

func (r *seedReader) fault(path string, err *scimerr.Error) {
	r.faults = append(r.faults, SeedFault{path, err})
}

// refuse tells of an error of a rule, at the attribute that it names.
func (r *seedReader) refuse(err error) {
	e := scimerr.From(err)
	r.fault(e.At, e)
}

// leniencies makes the profile one for seeds. The form of a seed is the same under
// all profiles; what a client may send in vain is a mistake in one, and what a tenant
// takes under any profile it takes from one that was exported.
func (r *seedReader) leniencies(exact bool) {
	p := &r.profile
	p.RequireSchemas, p.FaithfulErrorCodes, p.TenantErrorTexts, p.UnadvertisedAttributes = false, false, false, "store"
	p.BareExtensionNames, p.DottedKeys, p.URNKeys, p.TextBooleans = false, false, false, false
	p.TextAsValue, p.ObjectAsList, p.ListAsObject = "none", false, false
	if p.UnknownAttributes == "ignore" {
		p.UnknownAttributes = "reject"
	}
	if exact {
		p.UnknownAttributes, p.Certificates, p.SeveralPrimaries, p.PhoneTypeAliases = "keep", "base64", "keepFirst", false
	}
}

// common reads id and meta, and takes them and schemas out.
func (r *seedReader) common(raw *resource.Members) {
	if v, ok := takeFold(raw, "schemas"); ok {
		in := &resource.Members{}
		in.Set("schemas", v)
		own := *r.t
		own.Profile = &r.profile
		if err := checkSchemas(&own, r.rt, in); err != nil {
			r.refuse(err)
		}
	}
	if v, ok := takeFold(raw, "id"); ok && !v.Unassigned() {
		switch {
		case v.Kind() != resource.String:
			r.fault("id", scimerr.InvalidValue("id", "id must be a text, not %s; write it in quotes.", kindName(v)))
		case !plausibleID(v.Str()):
			r.fault("id", scimerr.InvalidValue("id", "id must be fit for one: at most %d bytes.", schema.MaxKey))
		case !derivedID(r.rt):
			r.out.id = v.Str()
		}
	}
	v, ok := takeFold(raw, "meta")
	if !ok || v.IsNull() {
		return
	}
	if v.Kind() != resource.Object {
		r.fault("meta", scimerr.InvalidValue("meta", "meta must be an object, not %s.", kindName(v)))
		return
	}
	for name, x := range v.Members().All() {
		r.meta(name, x)
	}
	if !r.out.created.IsZero() && r.out.modified.Before(r.out.created) {
		r.out.modified = r.out.created
	}
}

// Changes count on from the version and the time that a seed gives: both leave room
// for them.
const (
	maxSeedVersion = 1 << 53
	firstSeedYear  = 1000
	lastSeedYear   = 8999
)

func (r *seedReader) meta(name string, v resource.Value) {
	path := "meta." + name
	when := func(to *time.Time) {
		at, err := schema.ParseTime(v.Str())
		if v.Kind() != resource.String || err != nil {
			r.fault(path, scimerr.InvalidValue(path, "%s must be a dateTime such as 2026-01-02T15:04:05Z.", path))
			return
		}
		if at = at.UTC(); at.Year() < firstSeedYear || at.Year() > lastSeedYear {
			r.fault(path, scimerr.InvalidValue(path, "%s must lie in the years %d to %d.", path, firstSeedYear, lastSeedYear))
			return
		}
		*to = at.Truncate(time.Microsecond)
	}
	switch strings.ToLower(name) {
	case "created":
		when(&r.out.created)
	case "lastmodified":
		when(&r.out.modified)
	case "version":
		n, ok := wholeNumber(v)
		if !ok || n < 1 || n > maxSeedVersion {
			r.fault(path, scimerr.InvalidValue(path, "meta.version must be a whole number from 1 to %d.", int64(maxSeedVersion)))
		}
		r.out.version = n
	case "resourcetype", "location":
	default:
		r.fault(path, scimerr.InvalidValue(path, "%s is not known in a seed; there are created, lastModified and version.", path))
	}
}

func wholeNumber(v resource.Value) (int64, bool) {
	var n int64
	_, err := fmt.Sscanf(v.Literal(), "%d", &n)
	return n, err == nil && fmt.Sprint(n) == v.Literal()
}

// takeFold removes a member whose name may be spelled in any letter case.
func takeFold(m *resource.Members, name string) (resource.Value, bool) {
	v, ok := m.GetFold(name)
	if ok {
		m.Delete(spelling(m, name))
	}
	return v, ok
}

// shape brings the rest into canonical form. When something is wrong, part by part,
// so that everything wrong is told, each where it stands.
func (r *seedReader) shape(raw *resource.Members) *resource.Members {
	tree, err := r.shaper().body(raw)
	if err == nil {
		return tree
	}
	before := len(r.faults)
	for name, v := range raw.All() {
		r.narrow(name, v, func(part resource.Value) *resource.Members {
			m := &resource.Members{}
			m.Set(name, part)
			return m
		})
	}
	if len(r.faults) == before {
		r.refuse(err)
	}
	return nil
}

// narrow tells what is wrong with the value at a path, in its smallest parts that
// are wrong by themselves. body makes a body of a part.
func (r *seedReader) narrow(path string, v resource.Value, body func(resource.Value) *resource.Members) {
	_, err := r.shaper().body(body(v))
	if err == nil {
		return
	}
	before := len(r.faults)
	switch v.Kind() {
	case resource.Object:
		for name, x := range v.Members().All() {
			r.narrow(path+"."+name, x, func(part resource.Value) *resource.Members {
				m := &resource.Members{}
				m.Set(name, part)
				return body(resource.Of(m))
			})
		}
	case resource.Array:
		for i, x := range v.Items() {
			r.narrow(fmt.Sprintf("%s[%d]", path, i), x, func(part resource.Value) *resource.Members { return body(resource.List(part)) })
		}
	}
	if len(r.faults) == before {
		r.fault(path, scimerr.From(err))
	}
}

func (r *seedReader) shaper() *shaper {
	own := *r.t
	own.Profile = &r.profile
	s := newShaper(&own, r.rt)
	s.seed = true
	return s
}

// complete does what is done to every resource before it is stored.
func (r *seedReader) complete(tree *resource.Members) error {
	if !r.out.exact {
		own := *r.t
		own.Profile = &r.profile
		if err := finish(&own, r.rt, nil, tree); err != nil {
			return err
		}
	} else if err := checkRequired(r.rt, tree); err != nil {
		return err
	} else if err := checkSize(tree); err != nil {
		return err
	}
	withSchemas(r.rt, tree)
	if how := identities[r.rt.Name]; how.attribute != "" {
		a := r.rt.Core(how.attribute)
		r.out.id = getAttribute(tree, a).Str()
		if !plausible(r.out.id, maxNameBytes) || strings.ContainsAny(r.out.id, ":/") {
			return scimerr.InvalidValue(a.Path, "%s must be fit for an id.", a.Path)
		}
	}
	if called[r.rt.Name] == "" && r.out.id == "" && identities[r.rt.Name].pair == nil {
		return scimerr.InvalidValue("id", "A %s needs an id in a seed: nothing else tells it from others.", r.rt.Name)
	}
	return nil
}

// derivedID tells that the ids of a type follow from what its resources are made
// of, whatever a seed says.
func derivedID(rt *schema.ResourceType) bool {
	how := identities[rt.Name]
	return how.attribute != "" || how.pair != nil
}
