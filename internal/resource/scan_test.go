package resource

import (
	"bytes"
	"strings"
	"testing"
)

// tree rebuilds the value of canonical JSON with nothing but the scanner.
func tree(t *testing.T, raw []byte) Value {
	t.Helper()
	s := Scan(raw)
	switch raw[0] {
	case '{':
		m := &Members{}
		for s.Next() {
			m.list = append(m.list, Member{string(s.Name()), tree(t, s.Value())})
		}
		return Of(m)
	case '[':
		var list []Value
		for s.Next() {
			if len(s.Name()) != 0 {
				t.Errorf("an element is called %q", s.Name())
			}
			list = append(list, tree(t, s.Value()))
		}
		return List(list...)
	case '"':
		text, ok := Unquote(raw)
		if !ok {
			t.Errorf("%s is no string", raw)
		}
		return Text(text)
	}
	if s.Next() {
		t.Errorf("%s holds %s", raw, s.Value())
	}
	v, err := Parse(raw, Limits{})
	if err != nil {
		t.Errorf("scalar %q: %v", raw, err)
	}
	return v
}

func TestTheScannerSeesWhatTheParserSees(t *testing.T) {
	t.Parallel()
	texts := []string{userDocument}
	for _, c := range accepted {
		texts = append(texts, c.canonical)
	}
	for _, text := range texts {
		want, err := Parse([]byte(text), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := tree(t, []byte(text)); !got.Equal(want) {
			t.Errorf("%s was scanned as %s", text, AppendJSON(nil, got))
		}
	}
}

func TestGetFindsAValueByItsPath(t *testing.T) {
	t.Parallel()
	const doc = `{"a":1,"b":{"a":"x","c":{"d":[{"e":1}]}},"q\"":true,"":null,"back\\slash":2}`
	for _, c := range []struct {
		path []string
		want string // "" when there is none
	}{
		{nil, doc},
		{[]string{"a"}, `1`},
		{[]string{"b", "a"}, `"x"`},
		{[]string{"b", "c", "d"}, `[{"e":1}]`},
		{[]string{`q"`}, `true`},
		{[]string{""}, `null`},
		{[]string{`back\slash`}, `2`},
		{[]string{`back\\slash`}, ""},
		{[]string{`q\"`}, ""},
		{[]string{"A"}, ""},
		{[]string{"d"}, ""},
		{[]string{"a", "a"}, ""},
		{[]string{"b", "c", "d", "e"}, ""},
		{[]string{"b", "c", "d", ""}, ""},
	} {
		raw, ok := Get([]byte(doc), c.path...)
		if string(raw) != c.want || ok != (c.want != "") {
			t.Errorf("%q: %s, %t; want %s", c.path, raw, ok, c.want)
		}
	}
}

func TestScanningBrokenBytesEndsEarly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, seen string }{
		{``, ``}, {`{`, ``}, {`[`, ``}, {`x`, ``}, {`"{"`, ``}, {`{"`, ``}, {`{"a`, ``}, {`{"a"`, ``}, {`{"a":`, ``}, {`{"a":"`, ``}, {`{"a\`, ``},
		{`{"a":{`, ``}, {`{"a":{"\`, ``}, {`{,`, ``}, {`[,`, ``}, {`[]]`, ``}, {`{a:1}`, ``}, {`{"a" :1}`, ``},
		{`[1`, `1 `}, {`{"a":[}`, `[} `}, {`[1,`, `1 `}, {`[1,]`, `1 `}, {`[1,,2]`, `1 `}, {`[1 2]`, `1 2 `}, {`{"a":1,b}`, `1 `}, {`[1]2,3]`, `1 `}, {`{"a":1,"b":"`, `1 `},
	} {
		var seen strings.Builder
		for s := Scan([]byte(c.in)); s.Next(); {
			seen.Write(s.Value())
			seen.WriteByte(' ')
		}
		if seen.String() != c.seen {
			t.Errorf("%q: saw %q, want %q", c.in, seen.String(), c.seen)
		}
	}
}

func TestUnquoteReadsStringsOnly(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{`"a\"\u00e9"`: `a"é`, `""`: ``} {
		if got, ok := Unquote([]byte(in)); !ok || got != want {
			t.Errorf("%s: %q, %t", in, got, ok)
		}
	}
	for _, in := range []string{``, `a`, `1`, `null`, `"`, `"a`, `"a"b`, `"\x"`, `{}`} {
		if got, ok := Unquote([]byte(in)); ok {
			t.Errorf("%q was read as %q", in, got)
		}
	}
}

// FuzzScan: on any bytes the scanner ends and stays within them; of canonical
// JSON it sees what the parser sees.
func FuzzScan(f *testing.F) {
	for _, c := range accepted {
		f.Add([]byte(c.canonical))
	}
	for _, c := range malformed {
		f.Add([]byte(c.in))
	}
	f.Add([]byte(userDocument))
	f.Add([]byte(`{"a":{"b":[1,2,{"c":"\\\""}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		steps, names := 0, []string{}
		for s := Scan(data); s.Next(); steps++ {
			if len(s.Value()) == 0 || steps > len(data) || !bytes.Contains(data, s.member()) {
				t.Fatalf("step %d of %q: %q", steps, data, s.Value())
			}
			names = append(names, string(s.Name()))
		}
		Get(data, names...)
		for _, name := range names {
			if raw, ok := Get(data, name); data[0] == '{' && (!ok || len(raw) == 0) {
				t.Fatalf("%q is not found in %q", name, data)
			}
			InsertInto(nil, data, []string{name}, []byte(`"x":1`))
		}

		v, err := Parse(data, Limits{})
		if err != nil {
			return
		}
		canonical := AppendJSON(nil, v)
		if got := tree(t, canonical); !got.Equal(v) {
			t.Fatalf("%s was scanned as %s", canonical, AppendJSON(nil, got))
		}
		for name, want := range v.Members().All() {
			raw, ok := Get(canonical, name)
			if !ok || !bytes.Equal(raw, AppendJSON(nil, want)) {
				t.Fatalf("%q of %s: %s", name, canonical, raw)
			}
			inserted, err := Parse(InsertInto(nil, canonical, []string{name}, []byte(`"\"new\"":1`)), Limits{Depth: 65, Members: 1001})
			if err != nil {
				if _, there := want.Members().GetFold(`"new"`); there {
					continue
				}
				t.Fatalf("inserting into %q of %s: %v", name, canonical, err)
			}
			at, _ := inserted.Members().Get(name)
			if _, there := at.Members().Get(`"new"`); there != (want.Kind() == Object) {
				t.Fatalf("inserting into %q of %s: %s", name, canonical, AppendJSON(nil, at))
			}
		}
	})
}
