package sqlstore

import "fmt"

// Dialect is what differs in the SQL of two engines. The functions take SQL
// expressions and give one.
type Dialect struct {
	// Contains and EndsWith compare bytes of text.
	Contains func(text, part string) string
	EndsWith func(text, part string) string
	// InNumbers tests a number against a list made by Numbers, InTexts a text
	// against one made by Texts.
	InNumbers func(expr, list string) string
	InTexts   func(expr, list string) string
	Numbers   func([]int64) any
	Texts     func([]string) any
	// ForUpdate and ForShare end a SELECT that locks its rows.
	ForUpdate string
	ForShare  string
	// OneState begins a transaction whose statements all see one state of the
	// database; "" where all do.
	OneState string
	// CommitOrder tells that keys handed out later are committed later, as with
	// a single writer.
	CommitOrder bool
	// ValuesAtOnce is how many values a statement that inserts rows has at most, for
	// speed.
	ValuesAtOnce int
}

// statement is SQL under construction: fragments refer to values by the
// placeholder that arg gave for them.
type statement struct{ args []any }

func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d", len(s.args))
}

// bound is a placeholder for a LIMIT or OFFSET. SQLite looks at a bare one when it
// plans, and then plans anew for each execution.
func (s *statement) bound(n int) string { return "CAST(" + s.arg(int64(n)) + " AS bigint)" }

// finish numbers the placeholders that sql really holds, in the order in which
// they occur, as fragments may have been dropped from it.
func (s *statement) finish(sql string) (string, []any) {
	var (
		out   = make([]byte, 0, len(sql))
		args  []any
		given = make([]int, len(s.args)+1)
	)
	for i := 0; i < len(sql); i++ {
		out = append(out, sql[i])
		if sql[i] != '$' {
			continue
		}
		n := 0
		for i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9' {
			i++
			n = n*10 + int(sql[i]-'0')
		}
		if given[n] == 0 {
			args = append(args, s.args[n-1])
			given[n] = len(args)
		}
		out = fmt.Appendf(out, "%d", given[n])
	}
	return string(out), args
}
