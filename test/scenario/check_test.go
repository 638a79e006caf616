package scenario

import (
	"strings"
	"testing"
)

const sample = `{
	"id": "u1", "n": 3, "f": 1.5, "active": true, "none": null, "empty": [],
	"emails": [{"type": "home", "value": "b@x"}, {"type": "work", "value": "A@x", "primary": true}],
	"urn:a:2.0:User": {"department": "Dev"}, "name.givenName": "dotted"
}`

func decoded(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := strictly([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPathsFindWhatTheyName(t *testing.T) {
	t.Parallel()
	root := decoded(t, sample)
	for path, want := range map[string]string{
		"$.id":                               `u1`,
		"$.emails[0].value":                  `b@x`,
		"$.emails[-1].value":                 `A@x`,
		"$.emails[*].value":                  `["b@x","A@x"]`,
		"$.emails[*].primary":                `[true]`,
		"$.emails[?(@.type=='work')]":        `{"primary":true,"type":"work","value":"A@x"}`,
		"$.emails[?(@.primary==true)].value": `A@x`,
		"$['urn:a:2.0:User'].department":     `Dev`,
		"$['name.givenName']":                `dotted`,
		"$.none":                             `null`,
		"$.empty[*].value":                   `[]`,
	} {
		got, ok, err := lookUp(root, path)
		if err != nil || !ok || plain(got) != want {
			t.Errorf("%s finds %s (%v, %v), want %s", path, plain(got), ok, err, want)
		}
	}
	for _, path := range []string{"$.no", "$.id.deeper", "$.emails[2]", "$.emails[-3]", "$.emails[?(@.type=='x')]", "$.no[*]"} {
		if got, ok, err := lookUp(root, path); ok || err != nil {
			t.Errorf("%s finds %v (%v)", path, got, err)
		}
	}
	for _, path := range []string{"", "id", "$.", "$[x]", "$.emails[?(@.type=work)]", "$.a[?(@.b==tru)]"} {
		if _, _, err := lookUp(root, path); err == nil {
			t.Errorf("%q is taken for a path", path)
		}
	}
}

func TestChecksTellRightFromWrong(t *testing.T) {
	t.Parallel()
	root := decoded(t, sample)
	for _, c := range []struct{ holds, fails string }{
		{`{"path":"$.id","equals":"u1"}`, `{"path":"$.id","equals":"U1"}`},
		{`{"path":"$.n","equals":3.0}`, `{"path":"$.n","equals":"3"}`},
		{`{"path":"$.id","notEquals":"x"}`, `{"path":"$.id","notEquals":"u1"}`},
		{`{"path":"$.no","notEquals":"x"}`, `{"path":"$.no","equals":null}`},
		{`{"path":"$.id","equalsCI":"U1"}`, `{"path":"$.id","equalsCI":"U2"}`},
		{`{"path":"$.id","oneOf":["a","u1"]}`, `{"path":"$.id","oneOf":["a"]}`},
		{`{"path":"$.none","exists":true}`, `{"path":"$.no","exists":true}`},
		{`{"path":"$.no","exists":false}`, `{"path":"$.id","exists":false}`},
		{`{"path":"$.no","emptyOrAbsent":true}`, `{"path":"$.id","emptyOrAbsent":true}`},
		{`{"path":"$.empty","emptyOrAbsent":true}`, `{"path":"$.empty","emptyOrAbsent":false}`},
		{`{"path":"$.none","emptyOrAbsent":true}`, `{"path":"$.n","emptyOrAbsent":true}`},
		{`{"path":"$.n","type":"integer"}`, `{"path":"$.f","type":"integer"}`},
		{`{"path":"$.n","type":"number"}`, `{"path":"$.id","type":"number"}`},
		{`{"path":"$.no","type":"missing"}`, `{"path":"$.none","type":"missing"}`},
		{`{"path":"$.emails[*].value","contains":"A@x"}`, `{"path":"$.emails[*].value","contains":"a@x"}`},
		{`{"path":"$.emails","contains":{"type":"work"}}`, `{"path":"$.emails","contains":{"type":"work","value":"b@x"}}`},
		{`{"path":"$.id","contains":"u"}`, `{"path":"$.id","contains":"v"}`},
		{`{"path":"$.no","notContains":"v"}`, `{"path":"$.id","notContains":"u"}`},
		{`{"path":"$.emails[*].type","containsAll":["work","home"]}`, `{"path":"$.emails[*].type","containsAll":["work","other"]}`},
		{`{"path":"$.id","matches":"^u\\d$"}`, `{"path":"$.id","matches":"^\\d$"}`},
		{`{"path":"$.emails","length":2}`, `{"path":"$.emails","length":1}`},
		{`{"path":"$.emails","minLength":2}`, `{"path":"$.emails","minLength":3}`},
		{`{"path":"$.emails","maxLength":2}`, `{"path":"$.no","maxLength":2}`},
		{`{"path":"$.n","gte":3}`, `{"path":"$.n","gte":4}`},
		{`{"path":"$.n","lte":3}`, `{"path":"$.n","lte":2}`},
		{`{"path":"$.emails[*].value","sorted":"descending"}`, `{"path":"$.emails[*].value","sorted":"ascending"}`},
		{`{"path":"$.emails[*].value","unique":true}`, `{"path":"$.emails[*].value","unique":false}`},
	} {
		for text, holds := range map[string]bool{c.holds: true, c.fails: false} {
			var check Check
			if err := check.UnmarshalJSON([]byte(text)); err != nil {
				t.Fatal(err)
			}
			problems := check.problems(&variables{}, root)
			if holds != (len(problems) == 0) {
				t.Errorf("%s: %v", text, problems)
			}
		}
	}
}

func TestAnUnknownCheckIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"path":"$.id","equal":1}`, `{"path":"$.id"}`, `[]`} {
		if err := new(Check).UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s is taken for a check", text)
		}
	}
}

func TestVariablesExpandEverywhere(t *testing.T) {
	t.Parallel()
	v, err := newVariables(Target{Base: "http://h/scim/", Token: "tok"}, map[string]any{
		"un": "A b&c.${tail}", "tail": "x", "ids": []any{"1", "2"}, "yes": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		`"${un}"`:                  `"A b\u0026c.x"`,
		`"${un|upper}"`:            `"A B\u0026C.X"`,
		`"${un|lower}"`:            `"a b\u0026c.x"`,
		`"${un|query}"`:            `"A%20b%26c.x"`,
		`"${un|form}"`:             `"A+b%26c.x"`,
		`"${un|path}"`:             `"A%20b\u0026c.x"`,
		`"${tail|pad3}"`:           `"00x"`,
		`"${base}/Users"`:          `"http://h/scim/Users"`,
		`"${yes}"`:                 `true`,
		`"is ${yes}"`:              `"is true"`,
		`{"${tail}": ["${tail}"]}`: `{"x":["x"]}`,
		`{"$each": "ids", "value": {"value": "${item}"}}`: `[{"value":"1"},{"value":"2"}]`,
	} {
		got, err := v.expand(decoded(t, in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if want := plain(decoded(t, want)); plain(got) != want {
			t.Errorf("%s becomes %s, want %s", in, plain(got), want)
		}
	}
	for in, part := range map[string]string{"${no}": "no earlier step", "${un|big}": "unknown filter"} {
		if _, err := v.text(in); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", in, err)
		}
	}
	if a, b := plain(first(v.expand("${uuid}"))), plain(first(v.expand("${uuid}"))); a == b {
		t.Error("uuid is not new each time")
	}
}

func first(v any, _ error) any { return v }

func FuzzPathIsReadOrRefused(f *testing.F) {
	for _, seed := range []string{"$.a.b", "$['u:r:n'][0][*]", "$.a[?(@.b=='c')].d", "$.a[?(@.b==true)]", "$.a[-1]"} {
		f.Add(seed)
	}
	root := map[string]any{"a": []any{map[string]any{"b": "c"}}}
	f.Fuzz(func(t *testing.T, path string) {
		if _, ok, err := lookUp(root, path); ok && err != nil {
			t.Errorf("%q is both found and refused", path)
		}
	})
}
