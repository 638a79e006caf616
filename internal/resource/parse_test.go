package resource

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/scimerr"
)

// accepted are JSON texts with their canonical form.
var accepted = []struct{ in, canonical string }{
	{`null`, `null`},
	{` true `, `true`},
	{"\t\r\n false", `false`},
	{`""`, `""`},
	{`"plain"`, `"plain"`},
	{`"<a href='x'>&amp;</a>"`, `"<a href='x'>&amp;</a>"`},
	{`"\"\\\/\b\f\n\r\t"`, `"\"\\/\b\f\n\r\t"`},
	{`"\u0001\u001F\u007f"`, "\"\\u0001\\u001f\u007f\""},
	{`"\u0041\u00e9\u20AC"`, `"Aé€"`},
	{`"\ud83D\uDE00 😀"`, `"😀 😀"`},
	{`"\ud800\udc00\uDBFF\uDFFF"`, "\"\U00010000\U0010FFFF\""},
	{`"\uFFFD\uFEFF"`, "\"\uFFFD\uFEFF\""},
	{"\"\u2028\u2029\"", "\"\u2028\u2029\""},
	{`"\\u0000"`, `"\\u0000"`},
	{`0`, `0`},
	{`-0`, `-0`},
	{`-0.0e-0`, `-0.0e-0`},
	{`1.10`, `1.10`},
	{`1E400`, `1E400`},
	{`9223372036854775807`, `9223372036854775807`},
	{`-9223372036854775808`, `-9223372036854775808`},
	{`18446744073709551615`, `18446744073709551615`},
	{`[]`, `[]`},
	{`[ 1 , [ ] , { } , "x" ]`, `[1,[],{},"x"]`},
	{`{}`, `{}`},
	{`{ "b" : 1 , "a" : { "b" : null } }`, `{"b":1,"a":{"b":null}}`},
	{`{"":0,"a b":1,"a\"b":2}`, `{"":0,"a b":1,"a\"b":2}`},
	{`[{"a":1},{"a":2}]`, `[{"a":1},{"a":2}]`},
	{`{"a":{"A":1}}`, `{"a":{"A":1}}`},
}

// malformed are texts that are not JSON, with the offset that the error names.
var malformed = []struct {
	in string
	at int
}{
	{``, 0}, {` `, 1}, {`{`, 1}, {`[`, 1}, {`}`, 0}, {`]`, 0}, {`,`, 0}, {`:`, 0},
	{`{} {}`, 3}, {`{},`, 2}, {`1 2`, 2}, {`nulll`, 4}, {"{}\x00", 2},
	{`nul`, 0}, {`True`, 0}, {`NaN`, 0}, {`Infinity`, 0}, {`undefined`, 0}, {`'a'`, 0}, {`/**/1`, 0},
	{`[1,]`, 3}, {`[,1]`, 1}, {`[1 2]`, 3}, {`[1`, 2}, {`[1}`, 2}, {`["a"`, 4},
	{`{"a"}`, 4}, {`{"a":}`, 5}, {`{"a":1,}`, 7}, {`{"a":1 "b":2}`, 7}, {`{a:1}`, 1}, {`{1:1}`, 1}, {`{"a":1]`, 6}, {`{'a':1}`, 1}, {`{"a",1}`, 4}, {`{null:1}`, 1},
	{`"`, 1}, {`"a`, 2}, {`"\`, 1}, {`"\"`, 3}, {`"\x41"`, 1}, {`"\a"`, 1}, {`"\'"`, 1}, {`"\U0041"`, 1},
	{`"\u"`, 1}, {`"\u12"`, 1}, {`"\u12G4"`, 1}, {`"\u+123"`, 1}, {`"a\u00`, 2},
	{"\"\n\"", 1}, {"\"\t\"", 1}, {"\"\x00\"", 1}, {"\"a\x1f\"", 2}, {"{\"a\n\":1}", 3},
	{`+1`, 0}, {`01`, 1}, {`-`, 1}, {`-01`, 2}, {`1.`, 2}, {`.5`, 0}, {`1.e1`, 2}, {`1e`, 2}, {`1e+`, 3}, {`1e1.5`, 3}, {`0x10`, 1}, {`1_000`, 1}, {`--1`, 1}, {`-a`, 1},
	{"\u00a01", 0}, {"\f1", 0}, {"[1,\v2]", 3},
}

// stricter are texts that encoding/json takes and Parse refuses.
var stricter = []struct {
	in  string
	at  int
	typ scimerr.Type
}{
	{"\"\xff\"", 1, scimerr.InvalidSyntaxType},
	{"\"a\xed\xa0\x80\"", 2, scimerr.InvalidSyntaxType},                // raw surrogate
	{"\"\xc0\xaf\"", 1, scimerr.InvalidSyntaxType},                     // overlong
	{"\"\xf4\x90\x80\x80\"", 1, scimerr.InvalidSyntaxType},             // beyond U+10FFFF
	{"\"\uFFFD\xe2\x82\"", 4, scimerr.InvalidSyntaxType},               // cut short
	{"{\"a\":1,\"b\xff\":2}", 9, scimerr.InvalidSyntaxType},            // in a name
	{`"\ud800"`, 1, scimerr.InvalidSyntaxType},                         // high alone
	{`"ab\udc00"`, 3, scimerr.InvalidSyntaxType},                       // low alone
	{`"\udc00\ud800"`, 1, scimerr.InvalidSyntaxType},                   // swapped
	{`"\ud800\ud800\udc00"`, 1, scimerr.InvalidSyntaxType},             // high before a pair
	{`"\ud800\u0041"`, 1, scimerr.InvalidSyntaxType},                   // high before a letter
	{`"\ud800\\udc00"`, 1, scimerr.InvalidSyntaxType},                  // high before text
	{`"\ud83d` + "\U0001F600\"", 1, scimerr.InvalidSyntaxType},         // high before raw text
	{`"a\u0000"`, 2, scimerr.InvalidValueType},                         // U+0000 in a string
	{`{"a\u0000b":1}`, 3, scimerr.InvalidValueType},                    // U+0000 in a name
	{`{"a":1,"a":1}`, 7, scimerr.InvalidSyntaxType},                    // same name
	{`{"userName":1,"USERNAME":2}`, 14, scimerr.InvalidSyntaxType},     // other case
	{`{"x":[{"b":1,"c":2,"B":3}]}`, 19, scimerr.InvalidSyntaxType},     // nested
	{`{"a":1,"\u0041":2}`, 7, scimerr.InvalidSyntaxType},               // escaped
	{"{\"k\":1,\"\u212a\":2}", 7, scimerr.InvalidSyntaxType},           // the Kelvin sign
	{"{\"urn:x:A\":{},\"URN:X:a\":{}}", 14, scimerr.InvalidSyntaxType}, // extensions
}

func TestParseTakesJSONAndWritesItCanonically(t *testing.T) {
	t.Parallel()
	for _, c := range accepted {
		v, err := Parse([]byte(c.in), Limits{})
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := string(AppendJSON(nil, v)); got != c.canonical {
			t.Errorf("%s became %s, want %s", c.in, got, c.canonical)
		}
		if !json.Valid([]byte(c.in)) {
			t.Errorf("encoding/json refuses %s", c.in)
		}
	}
}

// R7644-3.8-08
func TestParseRefusesMalformedTextAtItsOffset(t *testing.T) {
	t.Parallel()
	for _, c := range malformed {
		refused(t, c.in, Limits{}, scimerr.InvalidSyntaxType, c.at)
		if json.Valid([]byte(c.in)) {
			t.Errorf("encoding/json takes %q", c.in)
		}
	}
	refused(t, "\ufeff{}", Limits{}, scimerr.InvalidSyntaxType, 0)
}

// R7644-3.8-08, R7643-2.1-02
func TestParseIsStricterThanTheGrammarWhereDataWouldBeLostOrMixedUp(t *testing.T) {
	t.Parallel()
	for _, c := range stricter {
		refused(t, c.in, Limits{}, c.typ, c.at)
		if !json.Valid([]byte(c.in)) {
			t.Errorf("encoding/json refuses %q too: it belongs to the malformed", c.in)
		}
	}
}

func refused(t *testing.T, in string, lim Limits, typ scimerr.Type, at int) {
	t.Helper()
	v, err := Parse([]byte(in), lim)
	if err == nil {
		t.Errorf("%q was taken as %s", in, AppendJSON(nil, v))
		return
	}
	e := scimerr.From(err)
	if e.Status != http.StatusBadRequest || e.Type != typ || e.At != fmt.Sprintf("byte %d", at) {
		t.Errorf("%q: %d %s at %s, want 400 %s at byte %d (%s)", in, e.Status, e.Type, e.At, typ, at, e.Detail)
	}
	if !strings.Contains(e.Detail, fmt.Sprintf("byte %d", at)) || !utf8.ValidString(e.Detail) {
		t.Errorf("%q: the detail %q does not tell the offset", in, e.Detail)
	}
}

func TestErrorsNameTheMemberAndTellNoValue(t *testing.T) {
	t.Parallel()
	_, err := Parse([]byte(`{"password":"hunter2","PassWord":"hunter3"}`), Limits{})
	if d := scimerr.From(err).Detail; !strings.Contains(d, `"PassWord"`) || strings.Contains(d, "hunter") {
		t.Errorf("detail: %s", d)
	}
	_, err = Parse([]byte(`{"password":"hunter2\u0000"}`), Limits{})
	if d := scimerr.From(err).Detail; !strings.Contains(d, "U+0000") || strings.Contains(d, "hunter") {
		t.Errorf("detail: %s", d)
	}
	long := strings.Repeat("é", 1000)
	_, err = Parse([]byte(`{"a`+long+`":1,"a`+long+`":1}`), Limits{})
	if d := scimerr.From(err).Detail; len(d) > 300 || !utf8.ValidString(d) {
		t.Errorf("the name is not shortened: %s", d)
	}
}

// R7644-3.8-11
func TestDepthAndMembersAreLimited(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	if _, err := Parse([]byte(nested(64)), Limits{}); err != nil {
		t.Error(err)
	}
	refused(t, nested(65), Limits{}, scimerr.InvalidSyntaxType, 64)
	refused(t, nested(3), Limits{Depth: 2}, scimerr.InvalidSyntaxType, 2)
	refused(t, strings.Repeat(`{"a":[`, 5_000_000), Limits{}, scimerr.InvalidSyntaxType, 6*32)
	if _, err := Parse([]byte("["+strings.Repeat("[],{},", 100)+"1]"), Limits{Depth: 2}); err != nil {
		t.Errorf("siblings count as depth: %v", err)
	}

	if _, err := Parse(wideObject(1000), Limits{}); err != nil {
		t.Error(err)
	}
	refused(t, string(wideObject(1001)), Limits{}, scimerr.InvalidSyntaxType, 0)
	refused(t, `{"a":{"b":1,"c":2,"d":3}}`, Limits{Members: 2}, scimerr.InvalidSyntaxType, 5)
}

func wideObject(n int) []byte {
	b := []byte("{")
	for i := range n {
		b = fmt.Appendf(b, `"member%d":%d,`, i, i)
	}
	b[len(b)-1] = '}'
	return b
}

// R7643-2.1-02: beyond a few members a map finds what the walk would find.
func TestDuplicatesAreFoundInLargeObjects(t *testing.T) {
	t.Parallel()
	lim := Limits{Members: 1_000_000}
	for _, n := range []int{1, 15, 16, 17, 300} {
		whole := string(wideObject(n))
		for _, name := range []string{"member0", "MEMBER0", "Member" + fmt.Sprint(n-1), "m\u00e9mber"} {
			in := whole[:len(whole)-1] + `,"` + name + `":0}`
			if name == "m\u00e9mber" {
				if _, err := Parse([]byte(in), lim); err != nil {
					t.Error(err)
				}
				continue
			}
			refused(t, in, lim, scimerr.InvalidSyntaxType, len(whole))
		}
	}
	kelvin := `{"k":1,` + string(wideObject(30))[1:]
	refused(t, kelvin[:len(kelvin)-1]+",\"\u212a\":1}", lim, scimerr.InvalidSyntaxType, len(kelvin))

}

// R7644-3.8-09
func TestParseObjectRefusesOtherValues(t *testing.T) {
	t.Parallel()
	m, err := ParseObject([]byte(` {"a":1} `), Limits{})
	if err != nil || m.Len() != 1 {
		t.Errorf("%v, %v", m, err)
	}
	for _, in := range []string{`[]`, `"x"`, `null`, `1`, `true`, `[{}]`} {
		if _, err := ParseObject([]byte(in), Limits{}); scimerr.From(err).Type != scimerr.InvalidSyntaxType {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// R7643-2.3.1-01
func TestStringsComeBackUnchanged(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "Zoë 😀", "e\u0301 is not \u00e9", "\u05e9\u05dc\u05d5\u05dd", `"quoted" \back`, "line\nline\r\n\ttab",
		"\x01\x1f\x7f", "\u2028\u2029\ufeff\ufffd", "a</script>&b",
	} {
		quoted := AppendString(nil, s)
		if got, ok := Unquote(quoted); !ok || got != s {
			t.Errorf("%q became %q (%s)", s, got, quoted)
		}
		var std string
		if err := json.Unmarshal(quoted, &std); err != nil || std != s {
			t.Errorf("encoding/json reads %s as %q, %v", quoted, std, err)
		}
	}
	for c := range 0x20 {
		in, _ := json.Marshal(fmt.Sprintf("a%cb", c))
		v, err := Parse(in, Limits{})
		if c == 0 {
			if scimerr.From(err).Type != scimerr.InvalidValueType {
				t.Errorf("U+0000: %v", err)
			}
			continue
		}
		if err != nil || v.Str() != fmt.Sprintf("a%cb", c) {
			t.Errorf("%s became %q, %v", in, v.Str(), err)
		}
	}
}
