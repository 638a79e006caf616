package sqlstore

import (
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/store/storetest"
	"github.com/scimd/scimd/schemas"
)

// A path that names nothing is no error at run time: its column stays empty.
func TestTableMapsNameAttributesOfTheRealTypesAndOfTheSuites(t *testing.T) {
	t.Parallel()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	suite := storetest.Registry()
	for name, m := range maps {
		rt := reg.Type(name)
		if rt == nil || suite.Type(name) == nil {
			t.Errorf("%s is no resource type", name)
			continue
		}
		real, made := attributesOf(rt), attributesOf(suite.Type(name))
		paths := append([]string{}, m.rows...)
		for _, c := range m.columns {
			paths = append(paths, c.path)
		}
		for _, r := range m.relations {
			paths = append(paths, r.path)
			for _, sub := range append([]string{r.value, r.kind}, r.displays...) {
				if sub != "" {
					paths = append(paths, r.path+"."+sub)
				}
			}
		}
		for _, n := range m.names {
			paths = append(paths, n.paths...)
		}
		for _, path := range paths {
			a, b := real[strings.ToLower(path)], made[strings.ToLower(path)]
			switch {
			case a == nil || b == nil:
				t.Errorf("%s has no attribute %s", name, path)
			case a.Type != b.Type || a.MultiValued != b.MultiValued || a.CaseExact != b.CaseExact || a.Uniqueness != b.Uniqueness:
				t.Errorf("%s: %s differs in the suite: %+v, %+v", name, path, a, b)
			}
		}
		if rt.IDCaseExact != suite.Type(name).IDCaseExact {
			t.Errorf("%s: ids compare differently in the suite", name)
		}
	}
}
