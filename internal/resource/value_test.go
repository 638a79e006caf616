package resource

import (
	"slices"
	"testing"
)

func parsed(t *testing.T, text string) Value {
	t.Helper()
	v, err := Parse([]byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// R7643-2.5-01
func TestNullAndEmptyValuesAreUnassigned(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`null`: true, `""`: true, `[]`: true, `{}`: true,
		`false`: false, `0`: false, `" "`: false, `[null]`: false, `{"a":null}`: false,
	} {
		if got := parsed(t, text).Unassigned(); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// R7643-2.3.8-01
func TestEqualIgnoresTheOrderOfMembersOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[true,{"c":"x"}]}`, `{"b":[true,{"c":"x"}],"a":1}`, true},
		{`[1,2]`, `[2,1]`, false},
		{`[1]`, `[1,1]`, false},
		{`1`, `"1"`, false},
		{`1`, `1.0`, false},
		{`true`, `false`, false},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":1}`, `{"b":1}`, false},
		{`{"a":1}`, `{"a":1,"b":1}`, false},
		{`[]`, `{}`, false},
	} {
		a, b := parsed(t, c.a), parsed(t, c.b)
		if a.Equal(b) != c.want || b.Equal(a) != c.want {
			t.Errorf("%s and %s: want equal %t", c.a, c.b, c.want)
		}
	}
}

func TestChangesOfACloneDoNotReachTheOriginal(t *testing.T) {
	t.Parallel()
	const text = `{"a":{"b":1},"c":[{"d":2}]}`
	v := parsed(t, text)
	clone := v.Clone()
	a, _ := clone.Members().Get("a")
	a.Members().Set("b", Text("changed"))
	c, _ := clone.Members().Get("c")
	c.Items()[0].Members().Delete("d")
	clone.Members().Set("e", Truth(true))
	if got := string(AppendJSON(nil, v)); got != text {
		t.Errorf("the original became %s", got)
	}
	if got := string(AppendJSON(nil, clone)); got != `{"a":{"b":"changed"},"c":[{}],"e":true}` {
		t.Errorf("the clone became %s", got)
	}
}

// R7643-2.1-01
func TestMembersAreFoundByNameInAnyLetterCaseAndKeepTheirOrder(t *testing.T) {
	t.Parallel()
	m := members(t, `{"userName":"x","active":true,"title":"t"}`)
	if _, ok := m.Get("USERNAME"); ok {
		t.Error("Get ignores letter case")
	}
	if v, ok := m.GetFold("USERNAME"); !ok || v.Str() != "x" {
		t.Errorf("GetFold: %q, %t", v.Str(), ok)
	}
	m.Set("userName", Text("y"))
	m.Set("nickName", Text("z"))
	if !m.Delete("active") || m.Delete("active") {
		t.Error("Delete does not tell whether there was a member")
	}
	var names []string
	for name := range m.All() {
		names = append(names, name)
	}
	if want := []string{"userName", "title", "nickName"}; !slices.Equal(names, want) || m.Len() != 3 {
		t.Errorf("names are %q, want %q", names, want)
	}
}

func TestANilObjectIsEmpty(t *testing.T) {
	t.Parallel()
	var m *Members
	for range m.All() {
		t.Error("it has a member")
	}
	_, exact := m.Get("a")
	_, fold := m.GetFold("a")
	if m.Len() != 0 || exact || fold || m.Delete("a") || m.Clone().Len() != 0 || Of(m).Members() == nil {
		t.Error("it is not empty")
	}
}
