package sqlstore

import "strings"

// cond is what SQL knows of a predicate: where sure holds the predicate holds,
// and where the predicate holds maybe holds. Both are boolean SQL expressions;
// when they are the same text, SQL decides alone.
type cond struct{ sure, maybe string }

const (
	sqlTrue  = "TRUE"
	sqlFalse = "FALSE"
)

var (
	always    = cond{sqlTrue, sqlTrue}
	never     = cond{sqlFalse, sqlFalse}
	undecided = cond{sqlFalse, sqlTrue}
)

func exactly(sql string) cond { return cond{sql, sql} }

func (c cond) exact() bool { return c.sure == c.maybe }

func allOf(list ...cond) cond {
	return join(list, " AND ", sqlTrue, sqlFalse)
}

func anyOf(list ...cond) cond {
	return join(list, " OR ", sqlFalse, sqlTrue)
}

// not is the two-valued complement: what SQL leaves unknown counts as false.
func not(c cond) cond { return cond{sure: complement(c.maybe), maybe: complement(c.sure)} }

func complement(sql string) string {
	switch sql {
	case sqlTrue:
		return sqlFalse
	case sqlFalse:
		return sqlTrue
	}
	return "((" + sql + ") IS NOT TRUE)"
}

// join joins conditions with an operator; neutral terms drop out and a
// dominant one decides.
func join(list []cond, operator, neutral, dominant string) cond {
	part := func(pick func(cond) string) string {
		var terms []string
		for _, c := range list {
			switch sql := pick(c); sql {
			case dominant:
				return dominant
			case neutral:
			default:
				terms = append(terms, sql)
			}
		}
		switch len(terms) {
		case 0:
			return neutral
		case 1:
			return terms[0]
		}
		return chain(terms, operator)
	}
	return cond{
		sure:  part(func(c cond) string { return c.sure }),
		maybe: part(func(c cond) string { return c.maybe }),
	}
}

// flat is the most terms that stand beside each other without parentheses.
const flat = 4

// chain joins terms as a balanced tree, since databases bound the depth of an
// expression: a thousand terms are ten deep.
func chain(terms []string, operator string) string {
	if len(terms) == 1 {
		return terms[0]
	}
	if len(terms) > flat {
		half := len(terms) / 2
		terms = []string{chain(terms[:half], operator), chain(terms[half:], operator)}
	}
	return "(" + strings.Join(terms, operator) + ")"
}
