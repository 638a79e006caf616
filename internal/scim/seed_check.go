package scim

import (
	"fmt"

	"github.com/scimd/scimd/internal/scimerr"
)

// SeedNames are the names and ids in a seed: with them it can be told without a
// tenant whether what the seed names is there.
type SeedNames struct {
	own   string
	all   *described
	names map[nameKey]int
}

// NewSeedNames is for a seed that calls its tenant by name.
func NewSeedNames(t *Tenant, name string) *SeedNames {
	if name == "" {
		name = t.Name
	}
	return &SeedNames{own: serviceUserName(name), all: newDescribed(), names: map[nameKey]int{}}
}

// Serve takes up the service user of an application, by its login name.
func (n *SeedNames) Serve(t *Tenant, userName string) {
	if k, ok := nameOf(t.Registry.Type(ServiceUserType), userName); ok {
		n.names[k]++
	}
}

// Add takes up a resource, and refuses one that is there already.
func (n *SeedNames) Add(e *Seeded) (faults []SeedFault) {
	if path, twice := n.all.add(e); twice != nil {
		faults = append(faults, SeedFault{path, twice})
	}
	if k, ok := nameOf(e.Type, e.callName()); ok {
		n.names[k]++
	}
	return faults
}

// Missing tells what of the resources that one names is not in the seed, or is there
// more than once.
func (n *SeedNames) Missing(e *Seeded) (faults []SeedFault) {
	for i := range e.refs {
		ref := &e.refs[i]
		named, known := 0, false
		for _, rt := range ref.types {
			if k, ok := nameOf(rt, ref.name); ok && ref.name != "" {
				named += n.names[k]
			}
			known = known || ref.id != "" && n.all.ids[keyOf(rt, ref.id)]
		}
		switch {
		case named == 1 || ref.name == n.own:
		case named > 1:
			faults = append(faults, SeedFault{ref.path, ambiguous(ref)})
		case !known && !(ref.ref != nil && ref.name == "" && !ref.ref.end):
			faults = append(faults, SeedFault{ref.path, scimerr.InvalidValue(ref.path, "%s names %q, and the seed has no such resource.", ref.path, ref.said())})
		}
	}
	return faults
}

func ambiguous(ref *seedRef) *scimerr.Error {
	return scimerr.Conflict("%s names %q, which more than one resource is called; name the one by its value, its id.", ref.path, ref.name)
}

// Placed is a Tag that finds the place of a part of its resource: what is kept of it
// for later.
type Placed interface{ At(path string) any }

// placeOf is the Tag of a part of a resource.
func placeOf(e *Seeded, path string) any {
	if p, ok := e.Tag.(Placed); ok {
		return p.At(path)
	}
	return fmt.Sprint(e.Tag)
}
