package provision

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Directory is what an identity provider wants to be on the server.
type Directory struct {
	People map[string]*Person // by ID
	Teams  map[string]*Team   // by ID
}

// Person is an account. The keys of Attributes are paths, such as userName,
// name.givenName, emails[type eq "work"].value or the enterprise URN, a colon
// and department.
type Person struct {
	ID         string
	Attributes map[string]string
	Active     bool
	Manager    string // ID of a person, or ""
}

// Team is a group; Members are IDs of people.
type Team struct {
	ID, Name string
	Members  map[string]bool
}

// The paths of attributes that jobs treat apart.
const (
	userName    = "userName"
	externalID  = "externalId"
	displayName = "displayName"
	workMail    = `emails[type eq "work"].value`
	otherMail   = `emails[type eq "other"].value`
	role        = `roles[primary eq "True"].value`
	department  = Enterprise + ":department"
	managerPath = Enterprise + ":manager"
)

// optional are the attributes that a person may lack, with a value made of a
// number: the default mapping of clients section 2.3.
var optional = []struct{ path, format string }{
	{"title", "Title %d"},
	{"preferredLanguage", "nb-%d"},
	{otherMail, "alias+%d@contoso.example"},
	{`addresses[type eq "work"].streetAddress`, "Storgata %d"},
	{`addresses[type eq "work"].locality`, "Ås %d"},
	{`addresses[type eq "work"].region`, "Region %d"},
	{`addresses[type eq "work"].postalCode`, "%04d"},
	{`addresses[type eq "work"].country`, "NO"},
	{`addresses[type eq "work"].formatted`, "Room \"%d\", 2/3"},
	{`phoneNumbers[type eq "work"].value`, "+47 400 %05d"},
	{`phoneNumbers[type eq "mobile"].value`, "55555%06d"},
	{`phoneNumbers[type eq "fax"].value`, "fax %d"},
	{role, `{"id":"06b0","value":"%d","displayName":"Role"}`},
	{Enterprise + ":employeeNumber", "%d"},
	{department, ""},
}

var (
	given    = []string{"Ingrid", "Søren", "Zoë", "José", "Anne-Marie", "Ýmir", "Łukasz", "Noor", "Ada", "Grace", "李", "Ömer"}
	surnames = []string{"Solheim", "O'Brien", "Müller", "Nguyễn", "Ångström", "van der Berg", "Kowalski", "İnan", "Smith", "Ostrava"}
)

// NewDirectory makes a directory of that many people and teams, the same for
// the same source of random numbers.
func NewDirectory(r *rand.Rand, people, teams int) *Directory {
	d := &Directory{People: map[string]*Person{}, Teams: map[string]*Team{}}
	for range people {
		d.hire(r)
	}
	for i := range teams {
		t := &Team{ID: newID(r), Name: fmt.Sprintf("Team %03d # \"%s\" / {x, y}", i, d.surname(r)), Members: map[string]bool{}}
		d.Teams[t.ID] = t
	}
	ids, groups := d.people(), d.teams()
	for _, id := range ids {
		p := d.People[id]
		p.Active = r.IntN(20) > 0
		p.Manager = otherThan(id, pick(r, ids))
		for range r.IntN(7) {
			d.Teams[pick(r, groups)].Members[id] = true
		}
	}
	return d
}

// hire adds an active person, in no team and without a manager.
func (d *Directory) hire(r *rand.Rand) *Person {
	p := &Person{ID: newID(r), Active: true, Attributes: map[string]string{}}
	p.Attributes[externalID] = p.ID
	d.People[p.ID] = p
	p.name(pick(r, given), d.surname(r), strings.ToLower(p.ID[:8]+p.ID[9:13]))
	for _, o := range optional {
		if r.IntN(5) > 0 {
			p.Attributes[o.path] = optionalValue(r, o.path, o.format)
		}
	}
	return p
}

func (d *Directory) surname(r *rand.Rand) string { return pick(r, surnames) }

// name gives a person a name and the addresses made of it.
func (p *Person) name(given, family, unique string) {
	p.Attributes["name.givenName"], p.Attributes["name.familyName"] = given, family
	p.Attributes[displayName] = given + " " + family
	p.Attributes["name.formatted"] = given + " " + family
	p.Attributes[userName] = fmt.Sprintf("%s.%s@contoso.example", strings.ReplaceAll(given, " ", ""), unique)
	p.Attributes[workMail] = fmt.Sprintf("%s+%s@mail.contoso.example", strings.ReplaceAll(strings.ToLower(family), " ", "."), unique)
}

func optionalValue(r *rand.Rand, path, format string) string {
	switch {
	case path == department:
		return fmt.Sprintf("Department %d", r.IntN(40))
	case strings.Contains(format, "%"):
		return fmt.Sprintf(format, r.IntN(10_000))
	}
	return format
}

// people are all IDs of people in an order that is always the same.
func (d *Directory) people() []string { return slices.Sorted(maps.Keys(d.People)) }

func (d *Directory) teams() []string { return slices.Sorted(maps.Keys(d.Teams)) }

// clone copies the directory, to be changed.
func (d *Directory) clone() *Directory {
	c := &Directory{People: map[string]*Person{}, Teams: map[string]*Team{}}
	for id, p := range d.People {
		q := *p
		q.Attributes = maps.Clone(p.Attributes)
		c.People[id] = &q
	}
	for id, t := range d.Teams {
		u := *t
		u.Members = maps.Clone(t.Members)
		c.Teams[id] = &u
	}
	return c
}

func newID(r *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.Uint32N(1<<16), r.Uint32N(1<<12), r.Uint32N(1<<12), r.Uint64N(1<<48))
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func otherThan(id, other string) string {
	if id == other {
		return ""
	}
	return other
}
