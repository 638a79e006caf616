package resource

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/scimerr"
)

// FuzzParse holds Parse against encoding/json: what Parse takes, encoding/json
// reads as the same tree; what only Parse refuses breaks a rule of its own.
func FuzzParse(f *testing.F) {
	for _, c := range accepted {
		f.Add([]byte(c.in))
	}
	for _, c := range malformed {
		f.Add([]byte(c.in))
	}
	for _, c := range stricter {
		f.Add([]byte(c.in))
	}
	f.Add(wideObject(20))
	f.Add([]byte(userDocument))
	f.Fuzz(func(t *testing.T, data []byte) {
		lim := Limits{Depth: 8, Members: 30}
		v, err := Parse(data, lim)
		own := ownRule(data, lim)
		if taken := json.Valid(data) && own == ""; taken != (err == nil) {
			t.Fatalf("Parse(%q) = %v; encoding/json valid %t; own rule %q", data, err, json.Valid(data), own)
		}
		if err != nil {
			if e := scimerr.From(err); e.Status != http.StatusBadRequest || !utf8.ValidString(e.Detail) || len(e.Detail) > 600 {
				t.Fatalf("error: %v", err)
			}
			return
		}
		if !sameAsStandard(v, decodeStandard(t, data)) {
			t.Fatalf("%q was read as %s", data, AppendJSON(nil, v))
		}
		canonical := AppendJSON(nil, v)
		again, err := Parse(canonical, lim)
		if err != nil || !again.Equal(v) {
			t.Fatalf("canonical form %q: %v", canonical, err)
		}
		if twice := AppendJSON(nil, again); !bytes.Equal(twice, canonical) {
			t.Fatalf("%q is not stable: %q", canonical, twice)
		}
	})
}

// ownRule names the rule beyond the grammar that a valid JSON text breaks, by
// means of encoding/json alone.
func ownRule(data []byte, lim Limits) string {
	if !utf8.Valid(data) {
		return "UTF-8"
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var objects [][]string // names of the open containers' members; nil for arrays
	var atName []bool
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		} else if err != nil {
			return "syntax"
		}
		isName := len(atName) > 0 && atName[len(atName)-1]
		switch x := tok.(type) {
		case json.Delim:
			if x == '}' || x == ']' {
				objects, atName = objects[:len(objects)-1], atName[:len(atName)-1]
				break
			}
			objects, atName = append(objects, nil), append(atName, x == '{')
			if len(objects) > lim.Depth {
				return "depth"
			}
			continue
		case string:
			if strings.Contains(x, "\x00") {
				return "U+0000"
			}
			if !isName {
				break
			}
			names := &objects[len(objects)-1]
			for _, n := range *names {
				if strings.EqualFold(n, x) {
					return "duplicate"
				}
			}
			if *names = append(*names, x); len(*names) > lim.Members {
				return "members"
			}
			atName[len(atName)-1] = false
			continue
		}
		// A value has ended; in an object a name follows.
		if n := len(objects); n > 0 && len(objects[n-1]) > 0 {
			atName[n-1] = true
		}
	}
	if unpairedSurrogate(data) {
		return "surrogate"
	}
	return ""
}

// unpairedSurrogate looks for \u escapes that encoding/json replaces: it blanks
// what means U+FFFD itself and looks for what else is read as U+FFFD.
func unpairedSurrogate(data []byte) bool {
	s := strings.ReplaceAll(string(data), `\\`, "__")
	s = strings.ReplaceAll(s, "\ufffd", "_")
	for i := 0; i+6 <= len(s); i++ {
		if s[i] == '\\' && s[i+1] == 'u' && strings.EqualFold(s[i+2:i+6], "fffd") {
			s = s[:i] + "______" + s[i+6:]
		}
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	for {
		tok, err := d.Token()
		if err != nil {
			return false
		}
		if text, ok := tok.(string); ok && strings.Contains(text, "\ufffd") {
			return true
		}
	}
}

func decodeStandard(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func sameAsStandard(v Value, std any) bool {
	switch x := std.(type) {
	case nil:
		return v.IsNull()
	case bool:
		return v.Kind() == Bool && v.Bool() == x
	case json.Number:
		return v.Kind() == Number && v.Literal() == x.String()
	case string:
		return v.Kind() == String && v.Str() == x
	case []any:
		if v.Kind() != Array || len(v.Items()) != len(x) {
			return false
		}
		for i := range x {
			if !sameAsStandard(v.Items()[i], x[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		if v.Kind() != Object || v.Members().Len() != len(x) {
			return false
		}
		for name, y := range v.Members().All() {
			if z, ok := x[name]; !ok || !sameAsStandard(y, z) {
				return false
			}
		}
		return true
	}
	return false
}
