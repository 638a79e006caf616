package storetest

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// Builder makes a resource for a test, attribute by attribute.
type Builder struct {
	rt       *schema.ResourceType
	n        int64
	id       string
	hidden   bool
	created  time.Time
	modified time.Time
	body     *resource.Members
	ends     []store.Link
}

// epoch is when the first resource of the suite was created.
var epoch = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

var built atomic.Int64

func build(rt *schema.ResourceType) *Builder {
	n := built.Add(1)
	at := epoch.Add(time.Duration(n) * time.Microsecond)
	id := "0190f3c2-0000-7000-8000-" + strconv.FormatInt(0x100000000000+n, 16)
	return &Builder{rt: rt, n: n, id: id, created: at, modified: at, body: &resource.Members{}}
}

// User begins a user with that userName.
func User(name string) *Builder { return build(userType()).Set("userName", name) }

// Group begins a group with that displayName. Its members are up to
// Tx.AddLinks.
func Group(name string) *Builder { return build(groupType()).Set("displayName", name) }

// Device begins a device with that serial.
func Device(serial string) *Builder { return build(deviceType()).Set("serial", serial) }

// Container begins a container with that name, which is its id.
func Container(name string) *Builder {
	return build(containerType()).ID(name).Set("name", name).Set("displayName", name).Set("type", "safe")
}

// Owned gives the container an owner.
func (b *Builder) Owned(owner *store.Resource) *Builder {
	return b.In("owner", "value", resource.Text(owner.ID)).To(store.Owner, owner)
}

// Account begins privileged data in a container.
func Account(name string, in *store.Resource) *Builder {
	b := build(accountType()).Set("name", name).In(accountExtensionURN, "safe", resource.Text(in.ID)).To(store.Safe, in)
	return b.ID(fmt.Sprintf("%d_%d", in.Seq, b.n))
}

// Grant begins a permission of a user or a group on a container or on privileged
// data.
func Grant(target, grantee *store.Resource) *Builder {
	rt := permissionType()
	if target.Type == accountType() {
		rt = accountPermissionType()
	}
	return build(rt).ID(target.ID+":"+grantee.ID).To(store.Target, target).To(store.Grantee, grantee)
}

// To sets a link to at most one other resource.
func (b *Builder) To(rel store.Relation, r *store.Resource) *Builder {
	b.ends = append(b.ends, store.Link{Relation: rel, Seq: r.Seq, Type: r.Type, ID: r.ID})
	return b
}

// ID sets the resource's id; without it each resource has one of its own.
func (b *Builder) ID(id string) *Builder { b.id = id; return b }

// Hidden keeps the resource out of lists.
func (b *Builder) Hidden() *Builder { b.hidden = true; return b }

// At sets meta.created and meta.lastModified.
func (b *Builder) At(created, modified time.Time) *Builder {
	b.created, b.modified = created, modified
	return b
}

// Set sets a top-level attribute to a text.
func (b *Builder) Set(name, text string) *Builder { return b.Put(name, resource.Text(text)) }

// Put sets a top-level attribute.
func (b *Builder) Put(name string, v resource.Value) *Builder { b.body.Set(name, v); return b }

// Number sets a top-level attribute to a number literal.
func (b *Builder) Number(name, literal string) *Builder {
	return b.Put(name, resource.NumberLiteral(literal))
}

// Truth sets a top-level attribute to a boolean.
func (b *Builder) Truth(name string, v bool) *Builder { return b.Put(name, resource.Truth(v)) }

// In sets a sub-attribute, or a member of an extension.
func (b *Builder) In(name, sub string, v resource.Value) *Builder {
	object, ok := b.body.Get(name)
	if !ok {
		object = resource.Of(nil)
		b.body.Set(name, object)
	}
	object.Members().Set(sub, v)
	return b
}

// Add appends a value to a multi-valued attribute.
func (b *Builder) Add(name string, v resource.Value) *Builder {
	list, _ := b.body.Get(name)
	b.body.Set(name, resource.List(append(list.Items(), v)...))
	return b
}

// Email adds an address; typ may be "".
func (b *Builder) Email(typ, value string) *Builder {
	return b.Add("emails", element(value, typ, false))
}

// PrimaryEmail adds an address that is the primary one.
func (b *Builder) PrimaryEmail(typ, value string) *Builder {
	return b.Add("emails", element(value, typ, true))
}

// Manager names the user's manager. The edge is up to Tx.SetLinks.
func (b *Builder) Manager(id string) *Builder {
	return b.In(enterpriseURN, "manager", object("value", resource.Text(id)))
}

// Resource is the resource as the protocol would hand it to the store.
func (b *Builder) Resource() *store.Resource {
	r := &store.Resource{
		Type: b.rt, ID: b.id, Version: 1, Created: b.created, Modified: b.modified,
		Body: b.body.Clone(), Hidden: b.hidden, Ends: b.ends,
	}
	if _, ok := r.Body.Get("schemas"); !ok {
		schemas := []resource.Value{resource.Text(b.rt.Schema.ID)}
		for _, e := range b.rt.Extensions {
			if _, ok := r.Body.Get(e.Schema.ID); ok {
				schemas = append(schemas, resource.Text(e.Schema.ID))
			}
		}
		r.Body.Set("schemas", resource.List(schemas...))
	}
	r.Doc, r.Cut = resource.Encode(r.Body)
	return r
}

// changed is r's next version with some attributes set to texts; r stays as it
// is.
func changed(r *store.Resource, namesAndTexts ...string) *store.Resource {
	c := *r
	c.Body = r.Body.Clone()
	for i := 0; i < len(namesAndTexts); i += 2 {
		c.Body.Set(namesAndTexts[i], resource.Text(namesAndTexts[i+1]))
	}
	c.Version++
	c.Modified = c.Modified.Add(time.Microsecond)
	c.Doc, c.Cut = resource.Encode(c.Body)
	return &c
}

// element is a value of a multi-valued complex attribute.
func element(value, typ string, primary bool) resource.Value {
	v := object("value", resource.Text(value))
	if typ != "" {
		v.Members().Set("type", resource.Text(typ))
	}
	if primary {
		v.Members().Set("primary", resource.Truth(true))
	}
	return v
}

func object(name string, v resource.Value) resource.Value {
	m := &resource.Members{}
	m.Set(name, v)
	return resource.Of(m)
}
