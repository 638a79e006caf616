package schema

import (
	"cmp"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestFoldMakesSpellingsOfOneNameEqual(t *testing.T) {
	t.Parallel()
	// R7644-5-01, R7644-3.4.2.2-10: letter case, width and composition.
	for _, pair := range [][2]string{
		{"BJensen@EXAMPLE.com", "bjensen@example.com"},
		{"É", "é"},
		{"e\u0301", "é"},
		{"ЖЕНЯ", "женя"},
		{"ＡＢＣ", "abc"},
		{"a b", "A B"},
	} {
		if Fold(pair[0]) != Fold(pair[1]) {
			t.Errorf("%q and %q fold to %q and %q", pair[0], pair[1], Fold(pair[0]), Fold(pair[1]))
		}
	}
	if Fold("a") == Fold("b") || TextKey("A", true) == TextKey("a", true) {
		t.Error("different names have one key")
	}
}

func TestNumberKeysSortAsNumbersDo(t *testing.T) {
	t.Parallel()
	// R7644-3.4.2.2-35, R7644-3.4.2.2-36
	list := []string{
		"-1e400", "-10", "-9.5", "-9", "-1.10", "-0.55", "-0.5", "-1e-400", "0", "-0", "0.0e5",
		"1e-400", "0.5", "0.55", "1.1", "1.10", "11e-1", "9", "10", "100", "1e2", "9007199254740993", "1E+400",
	}
	for _, a := range list {
		for _, b := range list {
			if got, want := cmp.Compare(key(t, a), key(t, b)), rat(t, a).Cmp(rat(t, b)); got != want {
				t.Errorf("%s and %s compare as %d, want %d", a, b, got, want)
			}
		}
	}
	for _, bad := range []string{"", "-", "x", "1e", "1e999999", "1e-999999", "--1", "1e99999999999999999999"} {
		if k, err := NumberKey(bad); err == nil {
			t.Errorf("%q has the key %q", bad, k)
		}
	}
}

func key(t *testing.T, lit string) string {
	t.Helper()
	k, err := NumberKey(lit)
	if err != nil {
		t.Fatalf("%s: %v", lit, err)
	}
	return k
}

func rat(t *testing.T, lit string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(lit)
	if !ok {
		t.Fatalf("%s is no number", lit)
	}
	return r
}

func TestTimeKeysSortAsInstantsDo(t *testing.T) {
	t.Parallel()
	// R7644-3.4.2.2-09, R7643-2.3.5-02
	at := func(s string) string {
		x, err := ParseTime(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return TimeKey(x)
	}
	if a, b := at("2026-01-02T03:04:05Z"), at("2026-01-02T08:34:05.000+05:30"); a != b {
		t.Errorf("one instant has the keys %s and %s", a, b)
	}
	if at("2026-01-02T03:04:05.1Z") >= at("2026-01-02T03:04:05.11Z") || at("0999-01-01T00:00:00Z") >= at("2026-01-01T00:00:00Z") {
		t.Error("keys are out of order")
	}
	for _, bad := range []string{"", "2024-01-01", "2024-02-30T00:00:00Z", "2026-01-02T03:04:05,5Z", "now", "2026-01-02 03:04:05Z"} {
		if x, err := ParseTime(bad); err == nil {
			t.Errorf("%q is read as %s", bad, x.Format(time.RFC3339))
		}
	}
}

func TestLongKeysAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("é", MaxKey)
	cut, long := CutKey(text)
	if !long || len(cut) > MaxKey || !strings.HasPrefix(text, cut) || strings.ToValidUTF8(cut, "?") != cut {
		t.Errorf("cut to %d bytes, long %v", len(cut), long)
	}
	if cut, long := CutKey(strings.Repeat("a", MaxKey)); long || len(cut) != MaxKey {
		t.Errorf("a key of %d bytes is cut to %d", MaxKey, len(cut))
	}
}

func TestSchemasThatTheRFCDoesNotAllowAreRefused(t *testing.T) {
	t.Parallel()
	for name, attrs := range map[string]string{
		"R7643-2.1-03 a name that begins with a digit":    `{"name":"9x"}`,
		"R7643-2.3.8-02 a complex attribute in another":   `{"name":"a","type":"complex","subAttributes":[{"name":"b","type":"complex"}]}`,
		"two names that differ in letter case alone":      `{"name":"a"},{"name":"A"}`,
		"sub-attributes of an attribute that is a string": `{"name":"a","subAttributes":[{"name":"b"}]}`,
		"a type that there is not":                        `{"name":"a","type":"text"}`,
	} {
		if _, err := ParseSchema([]byte(`{"id":"urn:x","attributes":[`+attrs+`]}`), false); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	s, err := ParseSchema([]byte(`{"id":"urn:x","attributes":[{"name":"a"}]}`), false)
	if err != nil {
		t.Fatal(err)
	}
	// R7643-2.2-01
	if a := s.Attribute("A"); a == nil || a.Type != String || a.Required || a.CaseExact || a.MultiValued ||
		a.Mutability != ReadWrite || a.Returned != ReturnedDefault || a.Uniqueness != UniqueNone {
		t.Errorf("undeclared characteristics are %+v", a)
	}
}
