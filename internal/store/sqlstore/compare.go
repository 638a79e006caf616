package sqlstore

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
)

// minCut is the least length of a key that may have been cut.
const minCut = schema.MaxKey - utf8.UTFMax + 1

var sqlOps = map[filter.Op]string{filter.Gt: ">", filter.Ge: ">=", filter.Lt: "<", filter.Le: "<="}

// compareText compares a text column with a needle; a null column gives
// unknown. op is not Ne: callers complement Eq, as they know what to complement
// it over.
func (c *compiler) compareText(column string, op filter.Op, needle string, whole bool) cond {
	sql := c.textSQL(column, op, needle)
	whole = whole || column == "o.id" || column == "o.id_key" // ids that are longer are refused
	if whole || sql == sqlFalse || needle == "" || op != filter.Co && op != filter.Ew && len(needle) < minCut {
		return exactly(sql)
	}
	// A cut key says nothing about the rest of the value; a shorter needle is
	// decided within what is left, unless it may stand anywhere.
	length := "octet_length(" + column + ")"
	limit := c.arg(int64(minCut))
	return cond{
		sure:  "(" + sql + " AND " + length + " < " + limit + ")",
		maybe: "(" + sql + " OR " + length + " >= " + limit + ")",
	}
}

func (c *compiler) textSQL(column string, op filter.Op, needle string) string {
	// Stored text holds no U+0000 (it is refused on input), and some databases
	// do not take it as a value either.
	if before, _, ok := strings.Cut(needle, "\x00"); ok {
		switch op {
		case filter.Gt, filter.Ge:
			return column + " > " + c.arg(before)
		case filter.Lt, filter.Le:
			return column + " <= " + c.arg(before)
		}
		return sqlFalse
	}
	switch op {
	case filter.Co, filter.Sw, filter.Ew:
		if needle == "" {
			return column + " IS NOT NULL"
		}
	}
	switch op {
	case filter.Eq:
		return column + " = " + c.arg(needle)
	case filter.Co:
		return c.dialect.Contains(column, c.arg(needle))
	case filter.Ew:
		return c.dialect.EndsWith(column, c.arg(needle))
	case filter.Sw:
		from := column + " >= " + c.arg(needle)
		if next, ok := successor(needle); ok {
			return "(" + from + " AND " + column + " < " + c.arg(next) + ")"
		}
		return from
	}
	return column + " " + sqlOps[op] + " " + c.arg(needle)
}

// successor is the least text that is greater than every text that begins with
// prefix; ok is false when there is none.
func successor(prefix string) (next string, ok bool) {
	for prefix != "" {
		r, n := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-n]
		switch {
		case r == utf8.MaxRune:
			continue
		case r == 0xD7FF:
			r = 0xE000 // over the surrogates, which are no characters
		default:
			r++
		}
		return prefix + string(r), true
	}
	return "", false
}

// compareFlag compares a 0/1 column with a boolean.
func (c *compiler) compareFlag(column string, op filter.Op, key string) (cond, bool) {
	if op != filter.Eq {
		return cond{}, false
	}
	return exactly(column + " = " + c.arg(flag(key == "true"))), true
}

// compareTime compares a column of whole microseconds with a needle of
// nanoseconds.
func (c *compiler) compareTime(column string, op filter.Op, key string) (cond, bool) {
	t, err := schema.ParseTime(key)
	if err != nil {
		return cond{}, false
	}
	whole := t.Nanosecond()%1000 == 0
	at := c.arg(t.Truncate(time.Microsecond).UnixMicro())
	switch op {
	case filter.Eq:
		if !whole {
			return never, true
		}
		return exactly(column + " = " + at), true
	case filter.Ge:
		if !whole {
			op = filter.Gt
		}
	case filter.Lt:
		if !whole {
			op = filter.Le
		}
	}
	sql, ok := sqlOps[op]
	return exactly(column + " " + sql + " " + at), ok
}

// constantHolds compares a key that all resources share.
func constantHolds(key string, op filter.Op, needle string) bool {
	switch op {
	case filter.Eq:
		return key == needle
	case filter.Co:
		return strings.Contains(key, needle)
	case filter.Sw:
		return strings.HasPrefix(key, needle)
	case filter.Ew:
		return strings.HasSuffix(key, needle)
	case filter.Gt:
		return key > needle
	case filter.Ge:
		return key >= needle
	case filter.Lt:
		return key < needle
	case filter.Le:
		return key <= needle
	}
	return key != needle
}
