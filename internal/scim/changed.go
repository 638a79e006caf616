package scim

import (
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/schema"
)

// changedNames are the paths of the attributes that an edit changes, in order,
// separated by commas: for the change log, which has no values. An attribute that
// no schema has goes without: its name is the client's.
func changedNames(rt *schema.ResourceType, ed *edit, e *edges) string {
	var names []string
	for a := range rt.Attributes() {
		before, after := getAttribute(ed.before, a), getAttribute(ed.after, a)
		if a.Type != schema.Any && !before.Equal(after) && !(before.Unassigned() && after.Unassigned()) {
			names = append(names, a.Path)
		}
	}
	for _, col := range linkAttrs[rt.Name] {
		for k := range e.changed {
			if k.relation == col.relation && !col.reverse {
				names = append(names, col.name)
			}
		}
	}
	if s := ed.secrets; s.any() {
		if s.password != nil {
			names = append(names, "password")
		}
		if len(s.secrets) > 0 {
			names = append(names, "secrets")
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}
