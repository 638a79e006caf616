package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/storetest"
)

// recorder is a Conn that keeps the statements, and answers queries with the
// rows it was given.
type recorder struct {
	statements []string
	rows       [][]any
}

func (r *recorder) Exec(_ context.Context, sql string, _ ...any) (int64, error) {
	r.statements = append(r.statements, sql)
	return 1, nil
}

func (r *recorder) Query(_ context.Context, sql string, _ ...any) (Rows, error) {
	r.statements = append(r.statements, sql)
	return &recorded{rows: r.rows}, nil
}

func (r *recorder) Search(ctx context.Context, sql string, args ...any) (Rows, error) {
	return r.Query(ctx, sql, args...)
}

// recorded are rows of integers and texts.
type recorded struct{ rows [][]any }

func (r *recorded) Next() bool {
	return len(r.rows) > 0
}

func (r *recorded) Scan(dest ...any) error {
	row := r.rows[0]
	r.rows = r.rows[1:]
	for i, d := range dest {
		switch d := d.(type) {
		case *int64:
			*d = row[i].(int64)
		case **int64:
			*d = nil
		case **string:
			text := row[i].(string)
			*d = &text
		default:
			return fmt.Errorf("a column of %T", d)
		}
	}
	return nil
}

func (*recorded) Err() error   { return nil }
func (*recorded) Close() error { return nil }

func recordingStore(c Conn) *Store {
	d := *plainDialect
	d.InNumbers = func(expr, list string) string { return expr + " IN " + list }
	d.Numbers = func(list []int64) any { return list }
	d.ValuesAtOnce = 4000
	l := newMemoryLedger()
	return &Store{engine: Engine{Dialect: &d, Read: c, Ledger: l}, numbers: newNumbers(l, storetest.Registry())}
}

func TestAPageOfEverythingIsNotCollectedFirst(t *testing.T) {
	t.Parallel()
	rt := storetest.Registry().Type("User")
	for _, limit := range []int{10, inlineLimit, inlineLimit + 1, 1000} {
		for _, order := range []*store.Order{nil, {Attr: rt.Core("displayName")}} {
			c := &recorder{}
			q := &store.Query{Parts: []store.Part{{Type: rt}}, Limit: limit, Order: order}
			if _, err := recordingStore(c).Query(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			if len(c.statements) != 1 || strings.Contains(c.statements[0], "FROM m") {
				t.Errorf("limit %d, sorted %t: %q", limit, order != nil, c.statements)
			}
		}
	}
}

func TestAnUpdateDeletesValueRowsInOneStatement(t *testing.T) {
	t.Parallel()
	rows := func(n int, attr int64) (have [][]any, k *keys) {
		k = &keys{}
		for ord := range int64(n) {
			have = append(have, []any{attr, ord, "work", nil, int64(0), fmt.Sprint("old", ord)})
			k.rows = append(k.rows, valueRow{path: "emails", kind: filter.TextKind, ord: ord, typ: "work", v: fmt.Sprint("old", ord)})
		}
		return have, k
	}
	for _, c := range []struct {
		name   string
		change func(k *keys)
		want   int // statements besides the one that reads
	}{
		{"nothing changes", func(*keys) {}, 0},
		{"all change", func(k *keys) {
			for i := range k.rows {
				k.rows[i].v = "new"
			}
		}, 1 + 3}, // 64, 16 and 10 rows of the 90 go in
		{"all go", func(k *keys) { k.rows = nil }, 1},
		{"another attribute comes", func(k *keys) { k.rows = append(k.rows, valueRow{path: "roles", v: "x"}) }, 1},
	} {
		conn := &recorder{}
		s := recordingStore(conn)
		nr, _, err := s.numbers.attribute(t.Context(), attributeName{1, "emails", filter.TextKind}, true)
		if err != nil {
			t.Fatal(err)
		}
		have, k := rows(90, nr)
		conn.rows = have
		c.change(k)
		if err := (&tx{Store: s, ctx: t.Context(), conn: conn, space: 7}).updateValues(1, 5, k); err != nil {
			t.Fatal(err)
		}
		if n := len(conn.statements) - 1; n != c.want {
			t.Errorf("%s: %d statements, want %d: %.300q", c.name, n, c.want, conn.statements)
		}
	}
}

func TestManyTermsMakeAShallowTree(t *testing.T) {
	t.Parallel()
	terms := make([]cond, 2000)
	for i := range terms {
		terms[i] = exactly(fmt.Sprintf("x = %d", i))
	}
	for _, sql := range []string{anyOf(terms...).maybe, allOf(terms...).sure} {
		depth, deepest := 0, 0
		for _, r := range sql {
			switch r {
			case '(':
				depth++
			case ')':
				depth--
			}
			deepest = max(deepest, depth)
		}
		if n := strings.Count(sql, "x = "); n != len(terms) || depth != 0 || deepest > 12 {
			t.Errorf("%d terms, %d deep", n, deepest)
		}
	}
}

func TestASearchInsideTextsReadsOneWindowWhenNoTextIsLong(t *testing.T) {
	t.Parallel()
	rt := storetest.Registry().Type("User")
	for _, text := range []string{`title co "x"`, `not (displayName ew "x")`, `title co "x" or name.familyName co "x"`} {
		p, err := filter.Compile(text, rt, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := &recorder{} // whose answer is that there are no long keys
		if _, err := recordingStore(c).Query(t.Context(), &store.Query{Parts: []store.Part{{Type: rt, Filter: p}}, Limit: 10}); err != nil {
			t.Fatal(err)
		}
		if len(c.statements) != 2 || !strings.Contains(c.statements[0], "EXISTS") || !strings.Contains(c.statements[1], "LIMIT") {
			t.Errorf("%s: %q", text, c.statements)
		}
	}
}

func TestALimitIsNoBarePlaceholder(t *testing.T) {
	t.Parallel()
	rt := storetest.Registry().Type("User")
	for _, text := range []string{"", `userName eq "x"`, `title eq "x"`} {
		for _, limit := range []int{-1, 10, 1000} {
			q := &store.Query{Parts: []store.Part{{Type: rt}}, Limit: limit, Offset: 5}
			if text != "" {
				p, err := filter.Compile(text, rt, filter.Options{})
				if err != nil {
					t.Fatal(err)
				}
				q.Parts[0].Filter, q.Offset = p, 0
			}
			c := &recorder{}
			if _, err := recordingStore(c).Query(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			for _, sql := range c.statements {
				if strings.Contains(sql, "LIMIT $") || strings.Contains(sql, "OFFSET $") {
					t.Errorf("%q, limit %d: %s", text, limit, sql)
				}
			}
		}
	}
}

func TestTheValueOfAnElementIsLookedForBeforeAnythingIsCounted(t *testing.T) {
	t.Parallel()
	rt := storetest.Registry().Type("User")
	for text, first := range map[string]bool{
		`emails.value eq "x"`: true, `emails[type eq "work" and value eq "x"]`: true, `emails.value eq "x" and active eq true`: true,
		`emails.value sw "x"`: false, `emails.type eq "work"`: false, `not (emails.value eq "x")`: false, `preferredLanguage eq "en"`: false,
	} {
		p, err := filter.Compile(text, rt, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := &recorder{}
		s := recordingStore(c)
		nr, err := s.numbers.typeNumber(t.Context(), "User")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"emails", "preferredlanguage"} {
			if _, _, err := s.numbers.attribute(t.Context(), attributeName{nr, path, filter.TextKind}, true); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Query(t.Context(), &store.Query{Parts: []store.Part{{Type: rt, Filter: p}}, Limit: 10}); err != nil {
			t.Fatal(err)
		}
		point := false
		for _, sql := range c.statements {
			point = point || !strings.Contains(sql, "count(*)") && strings.Contains(sql, "r.doc")
		}
		if point != first {
			t.Errorf("%s: %q", text, c.statements)
		}
	}
}
