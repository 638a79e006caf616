package resource

import (
	"encoding/json"
	"strings"
	"testing"
)

// keep selects exactly the paths (names separated by blanks), drop all else.
func keep(paths ...string) *Projection { return projection(false, paths) }

// drop selects all but the paths.
func drop(paths ...string) *Projection { return projection(true, paths) }

func projection(others bool, paths []string) *Projection {
	p := &Projection{KeepOthers: others, Rules: map[string]*Rule{}}
	for _, path := range paths {
		at := p
		names := strings.Fields(path)
		for i, name := range names {
			last := i == len(names)-1
			if last {
				at.Rules[name] = &Rule{Keep: !others}
				break
			}
			if at.Rules[name] == nil {
				at.Rules[name] = &Rule{Keep: true, Sub: &Projection{KeepOthers: others, Rules: map[string]*Rule{}}}
			}
			at = at.Rules[name].Sub
		}
	}
	return p
}

var (
	keepTwo     = keep("userName", "emails value", "schemas", "id")
	dropOne     = drop("addresses")
	managerOnly = keep(enterpriseURN+" manager value", "id")
)

// R7644-3.9-01, R7644-3.9-02, R7644-3.9-04, R7644-3.9-06, R7644-3.9-12
func TestProjectionSelectsMembersOfTheBytes(t *testing.T) {
	t.Parallel()
	const user = `{"userName":"x","name":{"givenName":"g","familyName":"f"},"emails":[{"value":"a","type":"work"},{"type":"home"},{"value":"b"}],"active":true,"tags":["s",1],"none":{},"nothing":[],"schemas":["u"],"id":"7","urn:e":{"department":"d","manager":{"value":"m","$ref":"r"}}}`
	for _, c := range []struct {
		name string
		p    *Projection
		want string
	}{
		{"nil keeps all", nil, user},
		{"zero keeps nothing", &Projection{}, `{}`},
		{"excluding nothing keeps all", drop(), user},
		{"a name", keep("userName"), `{"userName":"x"}`},
		{"the order is that of the resource", keep("id", "active", "userName"), `{"userName":"x","active":true,"id":"7"}`},
		{"an unknown name", keep("bogus", "id"), `{"id":"7"}`},
		{"a whole complex attribute", keep("name"), `{"name":{"givenName":"g","familyName":"f"}}`},
		{"a sub-attribute", keep("name familyName"), `{"name":{"familyName":"f"}}`},
		{"a sub-attribute that is not there", keep("name middleName", "id"), `{"id":"7"}`},
		{"a sub-attribute of each element", keep("emails value"), `{"emails":[{"value":"a"},{"value":"b"}]}`},
		{"a sub-attribute that no element has", keep("emails display"), `{}`},
		{"a sub-attribute of plain values", keep("tags value", "userName value"), `{}`},
		{"a whole extension", keep("urn:e"), `{"urn:e":{"department":"d","manager":{"value":"m","$ref":"r"}}}`},
		{"an extension attribute", keep("urn:e department"), `{"urn:e":{"department":"d"}}`},
		{"an extension sub-attribute", keep("urn:e manager value"), `{"urn:e":{"manager":{"value":"m"}}}`},
		{"excluding names", drop("name", "emails", "tags", "none", "nothing", "urn:e"), `{"userName":"x","active":true,"schemas":["u"],"id":"7"}`},
		{"excluding a sub-attribute keeps siblings", drop("name givenName", "emails", "tags", "none", "nothing", "urn:e", "active"), `{"userName":"x","name":{"familyName":"f"},"schemas":["u"],"id":"7"}`},
		{"excluding every sub-attribute", drop("name givenName", "name familyName", "emails", "tags", "none", "nothing", "urn:e department", "urn:e manager value", "urn:e manager $ref"), `{"userName":"x","active":true,"schemas":["u"],"id":"7"}`},
		{"excluding a sub-attribute drops emptied elements", keepAnd(drop("type"), "emails"), `{"emails":[{"value":"a"},{"value":"b"}]}`},
		{"excluding a sub-attribute keeps plain values", keepAnd(drop("type"), "tags", "userName"), `{"userName":"x","tags":["s",1]}`},
		{"a rule to drop wins over its sub-projection", &Projection{KeepOthers: false, Rules: map[string]*Rule{"name": {Sub: drop()}}}, `{}`},
		{"a nil rule is none", &Projection{KeepOthers: false, Rules: map[string]*Rule{"name": nil, "id": {Keep: true}}}, `{"id":"7"}`},
	} {
		if got := string(c.p.Append([]byte("> "), []byte(user))); got != "> "+c.want {
			t.Errorf("%s:\n got %s\nwant > %s", c.name, got, c.want)
		}
	}
}

// keepAnd selects the members whole but for what sub leaves out of them.
func keepAnd(sub *Projection, names ...string) *Projection {
	p := &Projection{Rules: map[string]*Rule{}}
	for _, name := range names {
		p.Rules[name] = &Rule{Keep: true, Sub: sub}
	}
	return p
}

func TestProjectionComparesNamesUnescaped(t *testing.T) {
	t.Parallel()
	const wire = `{"a\"b":1,"a\\\"b":2}`
	for name, want := range map[string]string{`a"b`: `{"a\"b":1}`, `a\"b`: `{"a\\\"b":2}`, `a\\\"b`: `{}`} {
		if got := string(keepAnd(nil, name).Append(nil, []byte(wire))); got != want {
			t.Errorf("%s selects %s, want %s", name, got, want)
		}
	}
}

func TestProjectionOfBrokenBytesLeaksNothing(t *testing.T) {
	t.Parallel()
	for _, wire := range []string{``, `x`, `[]`, `{`, `{"secret"`, `{"secret":"`, `{"secret":"x"`, `"secret"`, `{secret:1}`, `{"a":{"secret":1}`} {
		got := drop("secret", "a secret").Append(nil, []byte(wire))
		if !json.Valid(got) || strings.Contains(string(got), "secret") {
			t.Errorf("%q became %q", wire, got)
		}
	}
}

// projected is what a projection means, said on the tree.
func projected(v Value, p *Projection) (Value, bool) {
	switch v.Kind() {
	case Object:
		out := &Members{}
		for name, x := range v.Members().All() {
			rule, kept := p.Rules[name], p.KeepOthers
			if rule != nil {
				kept = rule.Keep
			}
			if kept && rule != nil && rule.Sub != nil {
				if x.Kind() == Array {
					x, kept = projectedList(x, rule.Sub)
				} else {
					x, kept = projected(x, rule.Sub)
				}
			}
			if kept {
				out.Set(name, x)
			}
		}
		return Of(out), out.Len() > 0
	default:
		return v, p.KeepOthers
	}
}

func projectedList(v Value, p *Projection) (Value, bool) {
	var list []Value
	for _, x := range v.Items() {
		if y, kept := projected(x, p); kept {
			list = append(list, y)
		}
	}
	return List(list...), len(list) > 0
}

// fromTree makes a projection of any shape: "*" says whether others are kept,
// a boolean is a rule, an object a rule that descends.
func fromTree(m *Members) *Projection {
	p := &Projection{Rules: map[string]*Rule{}}
	for name, v := range m.All() {
		switch {
		case name == "*":
			p.KeepOthers = v.Bool()
		case v.Kind() == Object:
			p.Rules[name] = &Rule{Keep: true, Sub: fromTree(v.Members())}
		default:
			p.Rules[name] = &Rule{Keep: v.Bool()}
		}
	}
	return p
}

// FuzzProjection: the projection of the bytes is that of the tree, and never
// panics on any bytes.
func FuzzProjection(f *testing.F) {
	for _, p := range []string{
		`{}`, `{"*":true}`, `{"userName":true,"emails":{"value":true}}`, `{"*":true,"name":{"*":true,"givenName":false}}`,
		`{"urn:example:custom:2.0:User":{"badge":true}}`, `{"addresses":{"formatted":true},"active":{"x":true},"roles":{"*":true,"value":false,"primary":false}}`,
	} {
		f.Add([]byte(userDocument), []byte(p))
	}
	f.Add([]byte(`{"a":[[1,{"b":1}],{"b":[],"c":{}},[]],"b":{"b":{}}}`), []byte(`{"a":{"*":true,"b":{}},"b":{"b":{"*":true}}}`))
	f.Add([]byte(`{"a\"":{"\u0001":1,"b":2}}`), []byte(`{"a\"":{"\u0001":true}}`))
	f.Add([]byte(`{"a":[1,2`), []byte(`{"a":{"*":true}}`))
	f.Fuzz(func(t *testing.T, data, rules []byte) {
		m, err := ParseObject(rules, Limits{})
		if err != nil {
			return
		}
		p := fromTree(m)
		p.Append(nil, data)
		v, err := Parse(data, Limits{})
		if err != nil {
			return
		}
		wire := AppendJSON(nil, v)
		got := p.Append(nil, wire)
		if !json.Valid(got) {
			t.Fatalf("%s of %s: %s", rules, wire, got)
		}
		want := Of(nil)
		if v.Kind() == Object {
			want, _ = projected(v, p)
		}
		if string(got) != string(AppendJSON(nil, want)) {
			t.Fatalf("%s of %s:\n got %s\nwant %s", rules, wire, got, AppendJSON(nil, want))
		}
	})
}
