// Package filtertest makes random resources and filters of any resource type,
// to compare what selects resources (filter.Match and the store's engines).
package filtertest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

// Generator makes resources and filters out of the same small stock of values,
// so that filters match often and near misses are many: other letter case,
// other spellings of one number or instant, missing values. Equal seeds make
// equal sequences.
type Generator struct {
	// Include tells which attributes and sub-attributes to use; nil means all
	// that filters may name.
	Include func(*schema.Attribute) bool
	// Texts gives texts that filters compare an attribute with; without any the
	// stock is used.
	Texts func(*schema.Attribute) []string

	rng  *rand.Rand
	rt   *schema.ResourceType
	made int
}

// New makes a generator for a resource type.
func New(seed uint64, rt *schema.ResourceType) *Generator {
	return &Generator{rng: rand.New(rand.NewPCG(seed, 0)), rt: rt}
}

// Members makes a complete resource: core and common members, meta, extension
// objects. Values of unique attributes differ from all made before; at most one
// element of an attribute is primary.
func (g *Generator) Members() *resource.Members {
	g.made++
	m := &resource.Members{}
	urns := []resource.Value{resource.Text(g.rt.Schema.ID)}
	g.fill(m, g.rt.Common.Attributes)
	g.fill(m, g.rt.Schema.Attributes)
	for _, e := range g.rt.Extensions {
		object := &resource.Members{}
		attrs := e.Schema.Attributes
		if e.Schema.Open {
			attrs = append(attrs[:len(attrs):len(attrs)], openAttributes(e.Schema)...)
		}
		g.fill(object, attrs)
		if object.Len() > 0 {
			m.Set(e.Schema.ID, resource.Of(object))
			urns = append(urns, resource.Text(e.Schema.ID))
		}
	}
	m.Set("schemas", resource.List(urns...))
	return m
}

// urns are those that the schemas of a resource can list.
func (g *Generator) urns() []resource.Value {
	list := []resource.Value{resource.Text(g.rt.Schema.ID)}
	for _, e := range g.rt.Extensions {
		list = append(list, resource.Text(e.Schema.ID))
	}
	return list
}

// openAttributes are some members of an open extension.
func openAttributes(s *schema.Schema) []*schema.Attribute {
	return []*schema.Attribute{s.Attribute("extraA"), s.Attribute("extraB")}
}

func (g *Generator) fill(m *resource.Members, attrs []*schema.Attribute) {
	for _, a := range attrs {
		if !g.uses(a) || !a.Required && !isID(a) && g.chance(3) {
			continue
		}
		if !a.MultiValued {
			if v := g.value(a); !v.Unassigned() {
				m.Set(a.Name, v)
			}
			continue
		}
		var list []resource.Value
		for range 1 + g.rng.IntN(3) {
			if v := g.value(a); !v.Unassigned() {
				list = append(list, v)
			}
		}
		if len(list) > 0 {
			onePrimary(list)
			m.Set(a.Name, resource.List(list...))
		}
	}
}

// onePrimary leaves only the first element primary that is.
func onePrimary(list []resource.Value) {
	seen := false
	for _, v := range list {
		if flag, _ := v.Members().Get("primary"); flag.Bool() {
			if seen {
				v.Members().Set("primary", resource.Truth(false))
			}
			seen = true
		}
	}
}

func (g *Generator) uses(a *schema.Attribute) bool {
	return a.Returned != schema.ReturnedNever && (g.Include == nil || g.Include(a))
}

func unique(a *schema.Attribute) bool { return a.Uniqueness != schema.UniqueNone || isID(a) }

func isID(a *schema.Attribute) bool { return isCommon(a, "id") }

func isCommon(a *schema.Attribute, path string) bool { return a.Schema == nil && a.Path == path }

func (g *Generator) chance(oneIn int) bool { return g.rng.IntN(oneIn) == 0 }

func pick[T any](g *Generator, from []T) T { return from[g.rng.IntN(len(from))] }

// The stock of values. The long texts differ only behind schema.MaxKey bytes.
var (
	texts = []string{
		"Ada", "ada", "Ada Lovelace", "lovelace", "École", "école", "e\u0301cole", "Straße", "STRASSE", "Ωmega", "ωMEGA",
		"Иван", "иван", "İstanbul", "ＡＢＣ", "abc", "100%", "100", "a_b", "axb", "[a-z]*", `say "hi"`, `back\slash`, "' OR 1=1 --",
		"${x}", "true", "2024-01-01T00:00:00Z", "a and (b) or not [c]", " lead and trail ", "tab\tnew\nline", "🦊", "z", "10", "9",
		strings.Repeat("long ", 130) + "A", strings.Repeat("long ", 130) + "b",
	}
	words    = []string{"ada", "bob", "Éva", "иван", "zoë", "x_y", "100%"}
	integers = []string{"0", "-0", "9", "10", "-5", "-50", "100", "9007199254740993", "1e1"}
	decimals = []string{"1.10", "1.1", "11e-1", "0.001", "1E3", "1000", "-1.5", "-1.25", "123456789012345678901234567890.5"}
	dates    = []string{
		"2024-01-01T00:00:00Z", "2024-01-01T05:30:00+05:30", "2024-01-01T00:00:00.000Z", "2023-12-31T19:00:00-05:00",
		"2024-01-01T00:00:00.000001Z", "1999-12-31T23:59:59.5Z", "2030-06-01T12:00:00",
	}
	base64s = []string{"AA==", "aa==", "c2NpbWQ=", "/+8="}
)

// value makes one value, or one element of a multi-valued attribute.
func (g *Generator) value(a *schema.Attribute) resource.Value {
	if a.Type == schema.Complex {
		m := &resource.Members{}
		g.fill(m, a.Sub)
		return resource.Of(m)
	}
	if unique(a) && a.Type == schema.String {
		return resource.Text(fmt.Sprintf("%s-%d", pick(g, words), g.made))
	}
	return g.literal(a)
}

// literal makes a value of the stock that has the attribute's type.
func (g *Generator) literal(a *schema.Attribute) resource.Value {
	switch {
	case isCommon(a, "schemas"):
		return pick(g, g.urns())
	case isCommon(a, "meta.resourceType"):
		return resource.Text(g.rt.Name)
	}
	switch a.Type {
	case schema.Boolean:
		return resource.Truth(g.chance(2))
	case schema.Integer:
		return resource.NumberLiteral(pick(g, integers))
	case schema.Decimal:
		return resource.NumberLiteral(pick(g, decimals))
	case schema.DateTime:
		return resource.Text(pick(g, dates))
	case schema.Binary:
		return resource.Text(pick(g, base64s))
	case schema.Any:
		switch g.rng.IntN(4) {
		case 0:
			return resource.Truth(g.chance(2))
		case 1:
			return resource.NumberLiteral(pick(g, decimals))
		}
	}
	if len(a.CanonicalValues) > 0 && !g.chance(4) {
		return resource.Text(pick(g, a.CanonicalValues))
	}
	return resource.Text(pick(g, texts))
}

// Predicate makes a bound filter whose groups nest at most depth deep.
func (g *Generator) Predicate(depth int) filter.Predicate {
	text := g.Text(depth)
	p, err := filter.Compile(text, g.rt, filter.Options{MaxLength: 1 << 20})
	if err != nil {
		panic(fmt.Sprintf("filtertest made a filter that does not compile: %s: %v", text, err))
	}
	return p
}

// Text makes the text of a filter that needs no leniency.
func (g *Generator) Text(depth int) string {
	var b strings.Builder
	g.expression(&b, depth, nil)
	return b.String()
}

// expression writes a filter; within is the attribute in whose brackets it
// stands.
func (g *Generator) expression(b *strings.Builder, depth int, within *schema.Attribute) {
	if depth <= 0 {
		g.test(b, within)
		return
	}
	switch g.rng.IntN(5) {
	case 0:
		b.WriteString(pick(g, []string{"not (", "not(", "NOT ("}))
		g.expression(b, depth-1, within)
		b.WriteByte(')')
	case 1, 2:
		keyword := pick(g, []string{" and ", " or ", "  AND ", " Or  "})
		for i := range 2 + g.rng.IntN(2) {
			if i > 0 {
				b.WriteString(keyword)
			}
			b.WriteByte('(')
			g.expression(b, depth-1, within)
			b.WriteByte(')')
		}
	case 3:
		g.test(b, within)
		b.WriteString(pick(g, []string{" and ", " or "}))
		g.test(b, within)
		b.WriteString(pick(g, []string{" and ", " or "}))
		g.test(b, within)
	default:
		complexes := g.attributes(func(a *schema.Attribute) bool { return a.Type == schema.Complex && len(g.leaves(a)) > 0 })
		if within != nil || len(complexes) == 0 {
			g.test(b, within)
			return
		}
		a := pick(g, complexes)
		b.WriteString(g.anyCase(a.Path))
		b.WriteByte('[')
		g.expression(b, depth-1, a)
		b.WriteByte(']')
	}
}

// test writes a comparison or a test for presence.
func (g *Generator) test(b *strings.Builder, within *schema.Attribute) {
	a := pick(g, g.leaves(within))
	name := a.Path
	switch {
	case within != nil:
		name = a.Name
	case a.Parent != nil && a.Parent.MultiValued && strings.EqualFold(a.Name, "value") && g.chance(3):
		name = a.Parent.Path
	}
	b.WriteString(g.anyCase(name))
	b.WriteByte(' ')
	if g.chance(6) {
		b.WriteString(pick(g, []string{"pr", "PR", "eq null", "ne null"}))
		return
	}
	v := g.literal(a)
	if own := g.texts(a); len(own) > 0 && !g.chance(4) {
		v = resource.Text(pick(g, own))
	} else if unique(a) && a.Type == schema.String && g.made > 0 {
		v = resource.Text(fmt.Sprintf("%s-%d", pick(g, words), 1+g.rng.IntN(g.made)))
	}
	ops := []string{"eq", "ne", "gt", "ge", "lt", "le", "co", "sw", "ew"}
	switch {
	case v.Kind() == resource.Bool:
		ops = ops[:2]
	case a.Type == schema.Binary:
		ops = []string{"eq", "ne", "co", "sw", "ew"}
	case v.Kind() == resource.Number || a.Type == schema.DateTime:
		ops = ops[:6]
	}
	op := pick(g, ops)
	if v.Kind() == resource.String && a.Type != schema.DateTime {
		v = resource.Text(g.needle(op, v.Str()))
	}
	b.WriteString(g.anyCase(op))
	b.WriteByte(' ')
	b.Write(resource.AppendJSON(nil, v))
}

func (g *Generator) texts(a *schema.Attribute) []string {
	if g.Texts == nil {
		return nil
	}
	return g.Texts(a)
}

// needle is text or a part of it that suits the operator, in any letter case.
func (g *Generator) needle(op, text string) string {
	runes := []rune(text)
	i := g.rng.IntN(len(runes))
	j := i + g.rng.IntN(len(runes)-i+1)
	switch op {
	case "co":
		runes = runes[i:j]
	case "sw":
		runes = runes[:j]
	case "ew":
		runes = runes[i:]
	}
	if g.chance(20) {
		return ""
	}
	return g.anyCase(string(runes))
}

func (g *Generator) anyCase(s string) string {
	switch g.rng.IntN(6) {
	case 0:
		return strings.ToUpper(s)
	case 1:
		return strings.ToLower(s)
	}
	return s
}

// attributes are the top-level attributes that fit, of all schemas.
func (g *Generator) attributes(fit func(*schema.Attribute) bool) []*schema.Attribute {
	all := append([]*schema.Attribute{}, g.rt.Common.Attributes...)
	all = append(all, g.rt.Schema.Attributes...)
	for _, e := range g.rt.Extensions {
		all = append(all, e.Schema.Attributes...)
		if e.Schema.Open {
			all = append(all, openAttributes(e.Schema)...)
		}
	}
	var list []*schema.Attribute
	for _, a := range all {
		if g.uses(a) && fit(a) {
			list = append(list, a)
		}
	}
	return list
}

// leaves are the sub-attributes of within, or all leaf attributes.
func (g *Generator) leaves(within *schema.Attribute) []*schema.Attribute {
	tops := []*schema.Attribute{within}
	if within == nil {
		tops = g.attributes(func(*schema.Attribute) bool { return true })
	}
	var list []*schema.Attribute
	for _, a := range tops {
		if a.Type != schema.Complex {
			list = append(list, a)
		}
		for _, sub := range a.Sub {
			if g.uses(sub) {
				list = append(list, sub)
			}
		}
	}
	return list
}
