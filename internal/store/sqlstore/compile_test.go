package sqlstore

import (
	"context"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/store/storetest"
)

// memoryLedger numbers whatever it is asked for.
type memoryLedger struct {
	next map[string]int64
	attr map[attributeName]int64
	typ  map[string]int64
}

func newMemoryLedger() *memoryLedger {
	return &memoryLedger{next: map[string]int64{}, attr: map[attributeName]int64{}, typ: map[string]int64{}}
}

func (l *memoryLedger) Reserve(_ context.Context, name string, n int64) (int64, error) {
	first := l.next[name] + 1
	l.next[name] += n
	return first, nil
}

func (l *memoryLedger) TypeNumber(_ context.Context, name string, create bool) (int64, bool, error) {
	nr, ok := l.typ[name]
	if !ok && create {
		nr, ok = int64(len(l.typ)+1), true
		l.typ[name] = nr
	}
	return nr, ok, nil
}

func (l *memoryLedger) TypeName(_ context.Context, nr int64) (string, bool, error) {
	for name, n := range l.typ {
		if n == nr {
			return name, true, nil
		}
	}
	return "", false, nil
}

func (l *memoryLedger) AttributeNumber(_ context.Context, typeNr int64, path string, kind filter.KeyKind, create bool) (int64, bool, error) {
	name := attributeName{typeNr, path, kind}
	nr, ok := l.attr[name]
	if !ok && create {
		nr, ok = int64(len(l.attr)+1), true
		l.attr[name] = nr
	}
	return nr, ok, nil
}

var plainDialect = &Dialect{
	Contains: func(text, part string) string { return "contains(" + text + ", " + part + ")" },
	EndsWith: func(text, part string) string { return "ends(" + text + ", " + part + ")" },
}

// compiled compiles a filter of the suite's User type. The attributes of
// known have numbers, in order; $1 is the space.
func compiled(t *testing.T, text string, known ...string) (cond, *compiler, []any) {
	t.Helper()
	rt := storetest.Registry().Type("User")
	p, err := filter.Compile(text, rt, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := newNumbers(newMemoryLedger(), storetest.Registry())
	for _, path := range known {
		if _, _, err := n.attribute(t.Context(), attributeName{1, strings.ToLower(path), filter.TextKind}, true); err != nil {
			t.Fatal(err)
		}
	}
	st := &statement{}
	c := &compiler{ctx: t.Context(), statement: st, layout: bind(rt), dialect: plainDialect, numbers: n, space: st.arg(int64(7)), typeNr: 1}
	cnd, _, err := c.compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return cnd, c, st.args
}

func TestFiltersThatSQLDecidesAreExact(t *testing.T) {
	t.Parallel()
	const rows = "r.seq IN (SELECT v.seq FROM value_r v WHERE v.space = $1 AND v.attr = $2"
	for _, c := range []struct{ text, sql string }{
		{`userName eq "A"`, `r.user_name = $2`},
		{`userName ne "a"`, `((r.user_name = $2) IS NOT TRUE)`},
		{`not (userName eq "a")`, `((r.user_name = $2) IS NOT TRUE)`},
		{`userName sw "az"`, `(r.user_name >= $2 AND r.user_name < $3)`},
		{`userName co "a"`, `contains(r.user_name, $2)`},
		{`userName ew "a"`, `ends(r.user_name, $2)`},
		{`displayName ge "a"`, `r.display_name >= $2`},
		{`displayName pr`, `r.display_name IS NOT NULL`},
		{`active eq true and title pr`, `(r.active = $2 AND r.title IS NOT NULL)`},
		{`title eq "a" or title eq "b"`, `(r.title = $2 OR r.title = $3)`},
		{`meta.created gt "2024-01-01T00:00:00Z"`, `r.created > $2`},
		{`meta.created ge "2024-01-01T00:00:00.0000001Z"`, `r.created > $2`},
		{`meta.created lt "2024-01-01T00:00:00.0000001Z"`, `r.created <= $2`},
		{`meta.created eq "2024-01-01T00:00:00.0000001Z"`, `FALSE`},
		{`meta.resourceType eq "User"`, `TRUE`},
		{`meta.resourceType ne "User"`, `FALSE`},
		{`emails pr`, rows + `)`},
		{`emails.value eq "a"`, rows + ` AND v.v = $3)`},
		{`emails.primary eq false`, rows + ` AND COALESCE(v.prim, 0) = $3)`},
		{`emails[type eq "work" and not (value eq "a")]`, rows + ` AND (v.typ = $3 AND ((v.v = $4) IS NOT TRUE)))`},
		// R7644-3.4.2.2-16: some value differs, or there is none.
		{`emails.type ne "a"`, `(` + rows + ` AND (v.typ IS NOT NULL AND ((v.typ = $3) IS NOT TRUE))) OR ((` + rows + ` AND v.typ IS NOT NULL)) IS NOT TRUE))`},
		{`userName eq "a" or emails.value eq "b"`, `r.seq IN (SELECT r.seq FROM user_r r WHERE r.space = $1 AND r.user_name = $2 UNION ALL ` +
			`SELECT r.seq FROM user_r r WHERE r.space = $1 AND r.seq IN (SELECT v.seq FROM value_r v WHERE v.space = $1 AND v.attr = $3 AND v.v = $4))`},
		{`userName eq "a" or roles.value eq "never stored"`, `r.user_name = $2`},
		{`roles.value eq "never stored"`, `FALSE`},
		{`roles.value ne "never stored"`, `TRUE`},
	} {
		cnd, _, _ := compiled(t, c.text, "emails")
		if !cnd.exact() || cnd.maybe != c.sql {
			t.Errorf("%s:\n sure %s\nmaybe %s\n want %s", c.text, cnd.sure, cnd.maybe, c.sql)
		}
	}
}

func TestFiltersThatSQLCannotDecideAreNarrowedByWhatItCan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, sure, maybe, doubt string }{
		{`nickName eq "a"`, `FALSE`, `TRUE`, `nickName`},
		{`nickName eq "a" and title eq "b"`, `FALSE`, `r.title = $2`, `nickName`},
		{`nickName eq "a" or title eq "b"`, `r.title = $2`, `TRUE`, `nickName`},
		{`not (nickName eq "a" or title eq "b")`, `FALSE`, `((r.title = $2) IS NOT TRUE)`, `nickName`},
		{`not (nickName eq "a")`, `FALSE`, `TRUE`, `nickName`},
		{`title co "a"`, `(contains(r.title, $2) AND octet_length(r.title) < $3)`, `(contains(r.title, $2) OR octet_length(r.title) >= $3)`, `title`},
		{`title eq "` + strings.Repeat("x", minCut) + `"`, `(r.title = $2 AND octet_length(r.title) < $3)`, `(r.title = $2 OR octet_length(r.title) >= $3)`, `title`},
		{`name pr`, `(r.family_name IS NOT NULL OR r.given_name IS NOT NULL)`, `TRUE`, `name.middleName`},
	} {
		cnd, comp, _ := compiled(t, c.text)
		if cnd.sure != c.sure || cnd.maybe != c.maybe || comp.doubt != c.doubt {
			t.Errorf("%.80s:\n sure %s\nmaybe %s\ndoubt %s\nwant\n sure %s\nmaybe %s\ndoubt %s", c.text, cnd.sure, cnd.maybe, comp.doubt, c.sure, c.maybe, c.doubt)
		}
	}
}

func TestAttributesOfTheOtherSideAreReadThroughEdges(t *testing.T) {
	t.Parallel()
	cnd, _, args := compiled(t, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName eq "Boss"`)
	const want = "r.seq IN (SELECT e.src FROM edge e WHERE e.space = $1 AND e.relation = 2 AND " +
		"e.dst IN (SELECT o.seq FROM user_r o WHERE o.space = $1 AND o.display_name = $2))"
	if cnd.maybe != want || !cnd.exact() {
		t.Errorf("got  %s\nwant %s", cnd.maybe, want)
	}
	if args[1] != "boss" {
		t.Errorf("values %v", args)
	}
}

func TestTextReachesSQLOnlyAsAValue(t *testing.T) {
	t.Parallel()
	const evil = `'; DROP TABLE user_r; --`
	for _, op := range []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"} {
		for _, attr := range []string{"userName", "displayName", "emails.value", "emails.type", "id", "meta.resourceType"} {
			cnd, _, _ := compiled(t, attr+" "+op+" \""+evil+"\"", "emails")
			if strings.Contains(cnd.sure+cnd.maybe, "DROP") {
				t.Errorf("%s %s: %s", attr, op, cnd.maybe)
			}
		}
	}
}

func TestSuccessorIsTheLeastTextAfterAllWithThePrefix(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{
		"a": "b", "az": "a{", "é": "ê", "a\uD7FF": "a\uE000", "a\U0010FFFF": "b", "": "", "\U0010FFFF": "",
	} {
		next, ok := successor(prefix)
		if next != want || ok != (want != "") {
			t.Errorf("successor(%q) = %q, %t; want %q", prefix, next, ok, want)
		}
	}
}

func FuzzSuccessor(f *testing.F) {
	for _, s := range []string{"a", "\U0010FFFF", "a\uD7FF", "é"} {
		f.Add(s, "tail")
	}
	f.Fuzz(func(t *testing.T, prefix, tail string) {
		prefix, tail = strings.ToValidUTF8(prefix, "?"), strings.ToValidUTF8(tail, "?")
		if next, ok := successor(prefix); ok && (prefix+tail >= next || next <= prefix) {
			t.Errorf("successor(%q) = %q is not after %q", prefix, next, prefix+tail)
		}
	})
}

func TestFinishNumbersThePlaceholdersThatRemain(t *testing.T) {
	t.Parallel()
	st := &statement{}
	a, b, c := st.arg("a"), st.arg("b"), st.arg("c")
	sql, args := st.finish("x = " + c + " AND y = " + a + " AND z = " + c)
	if sql != "x = $1 AND y = $2 AND z = $1" || len(args) != 2 || args[0] != "c" || args[1] != "a" {
		t.Errorf("%s with %v, dropped %s", sql, args, b)
	}
}
