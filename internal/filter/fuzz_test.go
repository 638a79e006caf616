package filter_test

import (
	"testing"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/filter/filtertest"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// wide takes printed filters, which can be a little longer and deeper than
// what they were read from, and needs no leniency.
var wide = filter.Options{MaxDepth: 200, MaxLength: 1 << 24}

func stock(n int) []*resource.Members {
	g := filtertest.New(1, user)
	list := make([]*resource.Members, n)
	for i := range list {
		list[i] = g.Members()
	}
	return list
}

// survives checks that printing and reading a predicate again changes nothing.
func survives(t *testing.T, p filter.Predicate, resources []*resource.Members) {
	t.Helper()
	normal(t, p)
	text := filter.Print(p)
	q, err := filter.Compile(text, user, wide)
	if err != nil {
		t.Fatalf("%q does not read again: %v", text, err)
	}
	if !equal(p, q) {
		t.Fatalf("%q reads as %q", text, filter.Print(q))
	}
	for _, m := range resources {
		if filter.Match(p, m) == filter.Match(filter.Negate(q), m) {
			t.Fatalf("%q and its negation agree on %s", text, resource.AppendJSON(nil, resource.Of(m)))
		}
	}
}

// client checks that an error is a refusal of the client's text.
func client(t *testing.T, err error, types ...scimerr.Type) {
	t.Helper()
	for _, want := range types {
		if scimerr.From(err).Type == want {
			return
		}
	}
	t.Fatalf("not a refusal of the text: %v", err)
}

func FuzzParse(f *testing.F) {
	for _, text := range figure2 {
		f.Add(urns(text))
	}
	for _, text := range []string{
		`emails[type eq 'work'].value ne db1`, `not(not (title eq null)) or members pr`, `C:x eq -1.5e3 and active eq "True"`,
		`title eq "\ud83e\udd8a\u00e9\n"`, `((title co ""))`, workURN + `.department gt "x"`, `emails[nosuch ne "x" or value pr]`, `manager eq "x"`,
	} {
		f.Add(urns(text))
	}
	resources := stock(5)
	f.Fuzz(func(t *testing.T, text string) {
		absent := lenient
		absent.UnknownAbsent = true
		for _, o := range []filter.Options{{}, lenient, absent} {
			p, err := filter.Compile(text, user, o)
			if err != nil {
				client(t, err, scimerr.InvalidFilterType)
				continue
			}
			survives(t, p, resources)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, text := range []string{
		`title`, `name.familyName`, `emails[type eq "work" and not (primary eq true)].value`, `W:manager.value`, workURN, workURN + `.department`,
		`emails[type eq ""]`, `members[value eq 'x']`, `C:any`, `emails[value ew "]"]`,
	} {
		f.Add(urns(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, o := range []filter.Options{{}, lenient} {
			_, _, err := filter.CompileName(text, user, o)
			if err != nil {
				client(t, err, scimerr.InvalidPathType, scimerr.InvalidFilterType)
			}
			if _, err := filter.CompileSort(text, user, o); err != nil {
				client(t, err, scimerr.InvalidPathType, scimerr.InvalidFilterType)
			}
			p, err := filter.CompilePath(text, user, o)
			if err != nil {
				client(t, err, scimerr.InvalidPathType, scimerr.InvalidFilterType)
				continue
			}
			o := wide
			o.ExtensionPaths = p.Extension != nil
			q, err := filter.CompilePath(p.String(), user, o)
			if err != nil || !samePath(p, q) {
				t.Fatalf("%q reads again as %v, %v", p, q, err)
			}
		}
	})
}

func TestRandomFiltersPartitionRandomResources(t *testing.T) {
	t.Parallel()
	resources := stock(60)
	g := filtertest.New(2, user)
	for range 60 {
		g.Members()
	}
	some := 0
	for i := range 3000 {
		p, q := g.Predicate(i%4), g.Predicate(i%3)
		survives(t, p, resources[:5])
		hits := 0
		for _, m := range resources {
			a, b := filter.Match(p, m), filter.Match(q, m)
			if a {
				hits++
			}
			if filter.Match(filter.AllOf(p, q), m) != (a && b) || filter.Match(filter.AnyOf(p, q), m) != (a || b) || filter.Match(filter.Negate(p), m) == a {
				t.Fatalf("%s and %s do not combine", filter.Print(p), filter.Print(q))
			}
		}
		if hits > 0 && hits < len(resources) {
			some++
		}
	}
	// A generator whose filters select all or nothing would test nothing.
	if some < 1500 {
		t.Errorf("only %d of 3000 filters tell resources apart", some)
	}
}

func TestTheGeneratorRepeatsItself(t *testing.T) {
	t.Parallel()
	g, h := filtertest.New(7, user), filtertest.New(7, user)
	names := map[string]bool{}
	for range 200 {
		m := g.Members()
		if !resource.Of(m).Equal(resource.Of(h.Members())) || g.Text(3) != h.Text(3) {
			t.Fatal("equal seeds make different sequences")
		}
		name, _ := m.Get("userName")
		if names[name.Str()] || name.Str() == "" {
			t.Fatalf("userName %q is missing or was made before", name.Str())
		}
		names[name.Str()] = true
		primaries := 0
		emails, _ := m.Get("emails")
		for _, e := range emails.Items() {
			if flag, _ := e.Members().Get("primary"); flag.Bool() {
				primaries++
			}
		}
		if primaries > 1 {
			t.Fatal("two primary elements")
		}
	}
	if filtertest.New(8, user).Text(3) == filtertest.New(7, user).Text(3) {
		t.Error("another seed makes the same filter")
	}
}

func TestTheGeneratorKeepsToWhatIsIncluded(t *testing.T) {
	t.Parallel()
	g := filtertest.New(3, user)
	g.Include = func(a *schema.Attribute) bool {
		return a.Name == "userName" || a.Name == "emails" || a.Path == "emails.type"
	}
	for range 200 {
		for name := range g.Members().All() {
			if name != "userName" && name != "emails" && name != "schemas" {
				t.Fatalf("a resource has %s", name)
			}
		}
		attributes(g.Predicate(2), func(a *schema.Attribute) {
			if !g.Include(a) {
				t.Fatalf("a filter names %s", a.Path)
			}
		})
	}
}

// attributes visits the attributes that a predicate names.
func attributes(p filter.Predicate, visit func(*schema.Attribute)) {
	switch p := p.(type) {
	case *filter.And:
		for _, term := range p.Terms {
			attributes(term, visit)
		}
	case *filter.Or:
		for _, term := range p.Terms {
			attributes(term, visit)
		}
	case *filter.Not:
		attributes(p.Term, visit)
	case *filter.Compare:
		visit(p.Attr)
	case *filter.Present:
		visit(p.Attr)
	case *filter.ValuePath:
		visit(p.Attr)
		attributes(p.Where, visit)
	}
}

const (
	shortFilter = `userName eq "bjensen@example.com"`
	pathFilter  = `emails[type eq "work" and value co "@example.com"]`
	longFilter  = `userType eq "Employee" and (emails co "example.com" or emails.value co "example.org") and not (title pr) and ` +
		`meta.lastModified gt "2011-05-13T04:42:34Z" and name.familyName sw "O'Malley" and emails[type eq "work" and value co "@example.com"]`
)

func TestShortFiltersParseInFewAllocations(t *testing.T) {
	for text, limit := range map[string]float64{shortFilter: 1, pathFilter: 1} {
		n := testing.AllocsPerRun(100, func() {
			if _, err := filter.Parse(text, filter.Options{}); err != nil {
				t.Fatal(err)
			}
		})
		if n > limit {
			t.Errorf("%s: %.0f allocations, at most %.0f", text, n, limit)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	eachFilter(b, func(b *testing.B, text string) {
		if _, err := filter.Parse(text, filter.Options{}); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	eachFilter(b, func(b *testing.B, text string) {
		if _, err := filter.Compile(text, user, filter.Options{}); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	m := members(b, ada)
	for name, text := range map[string]string{"short": shortFilter, "path": pathFilter, "long": longFilter} {
		p := compile(b, text, filter.Options{})
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				filter.Match(p, m)
			}
		})
	}
}

func eachFilter(b *testing.B, run func(*testing.B, string)) {
	for name, text := range map[string]string{"short": shortFilter, "path": pathFilter, "long": longFilter} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run(b, text)
			}
		})
	}
}
