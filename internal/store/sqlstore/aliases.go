package sqlstore

import (
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// An alias is an id made of names: the name of a user or group, and of a
// permission the id of its target and the name of its grantee, with a colon
// between them. It is made when it is asked for, in SQL and in this file only, so
// that a rename writes nothing. Of several resources that could have an alias,
// the first has it, and none has one that is the stored id of another.
//
// It is made for each row by itself, through unique indexes. The space is that of
// the row, whose value no planner knows beforehand: one that has not heard of the
// space yet would take it to be empty, and any index for as good as another.

// aliasing tells what the aliases of a type are made of.
type aliasing uint8

const (
	noAlias aliasing = iota
	ownName
	pairName
)

// holder is the end at which a grantee is called by the name that aliases have.
var holder = end{relation: store.Grantee}

// alias is the alias of the resource r as an SQL expression, null without one;
// "" when the type has none.
func (l *layout) alias() string {
	switch l.aliases {
	case ownName:
		n := l.called(holder)
		return "CASE WHEN NOT EXISTS (" + l.other(l.idOf("r."+n.text, "r."+n.key)) + ") THEN r." + n.text + " END"
	case pairName:
		return l.pairAlias()
	}
	return ""
}

// other selects a resource of the type that is not r and has an id with a key.
func (l *layout) other(key string) string {
	return "SELECT 1 FROM " + l.table + " y WHERE y.space = r.space AND y.id_key = " + key + " AND y.seq <> r.seq"
}

// idOf picks what compares as ids of the type do: a text, or its key.
func (l *layout) idOf(text, key string) string {
	if l.rt.IDCaseExact {
		return text
	}
	return key
}

func (l *layout) pairAlias() string {
	target, _ := l.endColumn(store.Target)
	grantee, _ := l.endColumn(store.Grantee)
	t := mapOf(target.targets[0])
	var each []string
	for _, typ := range grantee.targets {
		g := mapOf(typ)
		n := g.called(holder)
		sql := "(SELECT t.id || ':' || g." + n.text + " FROM " + g.table + " g CROSS JOIN " + t.table + " t WHERE g.space = r.space AND g.seq = r." + grantee.name +
			" AND t.space = r.space AND t.seq = r." + target.name
		// Grantees of one type have different names. The other of the name is looked for
		// by itself, as there hardly ever is one.
		for _, typ := range grantee.targets {
			if x := mapOf(typ); x != g {
				sql += " AND (SELECT y.seq FROM " + l.table + " y WHERE y.space = r.space AND y." + target.name + " = r." + target.name + " AND y." + grantee.name +
					" = (SELECT x.seq FROM " + x.table + " x WHERE x.space = r.space AND x." + x.called(holder).key + " = g." + n.key + " LIMIT 1) AND y.seq < r.seq LIMIT 1) IS NULL"
			}
		}
		key := l.idOf("t.id || ':' || g."+n.text, "t.id_key || ':' || g."+n.key)
		each = append(each, sql+" AND NOT EXISTS ("+l.other(key)+"))")
	}
	return "COALESCE(" + strings.Join(each, ", ") + ")"
}

// shown is the id of the resource r as clients are shown it where they are shown
// aliases.
func (l *layout) shown() string { return "COALESCE(" + l.alias() + ", r.id)" }

// named selects the seq of the resources that an alias may mean, in any order.
func (l *layout) named(st *statement, space, alias string) string {
	switch l.aliases {
	case ownName:
		return "SELECT y.seq FROM " + l.table + " y WHERE y.space = " + space + " AND y." + l.called(holder).key + " = " + st.arg(schema.Fold(alias))
	case pairName:
		target, _ := l.endColumn(store.Target)
		grantee, _ := l.endColumn(store.Grantee)
		// Ids of targets hold no colon, names may.
		id, name, _ := strings.Cut(alias, ":")
		of := "SELECT y.seq FROM " + l.table + " y WHERE y.space = " + space + " AND y." + target.name + " IN (SELECT t.seq FROM " + mapOf(target.targets[0]).table +
			" t WHERE t.space = " + space + " AND t.id_key IN (" + st.arg(schema.Fold(id)) + ", " + st.arg(id) + ")) AND y." + grantee.name + " IN ("
		var selects []string
		for _, typ := range grantee.targets {
			g := mapOf(typ)
			selects = append(selects, of+"SELECT g.seq FROM "+g.table+" g WHERE g.space = "+space+" AND g."+g.called(holder).key+" = "+st.arg(schema.Fold(name))+")")
		}
		return strings.Join(selects, " UNION ALL ")
	}
	return ""
}

// showsAlias tells that the attribute is the id, and that the query is about
// what clients are shown as such.
func (c *compiler) showsAlias(a *schema.Attribute) bool {
	return c.showAliases && c.aliases != noAlias && a.Schema == nil && strings.EqualFold(a.Path, "id")
}

// compareShown compares the id that clients are shown.
func (c *compiler) compareShown(p *filter.Compare) cond {
	if !p.Attr.CaseExact {
		return c.undecidable(p.Attr)
	}
	op := p.Op
	if op == filter.Ne {
		op = filter.Eq
	}
	cnd := c.compareText("k.id", op, p.Key, true)
	if cnd.maybe != sqlFalse {
		// The limit keeps engines from making the alias anew for each mention.
		cnd = exactly("EXISTS (SELECT 1 FROM (SELECT " + c.shown() + " AS id LIMIT 1) k WHERE " + cnd.maybe + ")")
		if op == filter.Eq {
			// An index finds the few that may be meant.
			cnd = allOf(exactly("r.seq IN (SELECT y.seq FROM "+c.table+" y WHERE y.space = "+c.space+" AND y.id_key = "+c.arg(idKey(c.rt, p.Key))+
				" UNION ALL "+c.named(c.statement, c.space, p.Key)+")"), cnd)
		}
	}
	if p.Op == filter.Ne {
		return not(cnd)
	}
	return cnd
}

// resolves tells that an id that is not there may be an alias: always of a
// permission, and of others where aliases are asked for.
func (l *layout) resolves(want []store.Want) bool {
	return l.aliases == pairName || l.aliases == ownName && slices.ContainsFunc(want, func(w store.Want) bool { return w.Alias })
}

// aliasText is the alias of the resource r as a column, "" without one.
func (l *layout) aliasText() string {
	if l == nil || l.aliases == noAlias {
		return "''"
	}
	return "COALESCE(" + l.alias() + ", '')"
}

// withAliases is the query with records that carry their aliases.
func withAliases(q *store.Query) *store.Query {
	c := *q
	alias := store.Want{Alias: true}
	c.Want, c.Judge = append(slices.Clone(q.Want), alias), append(slices.Clone(q.Judge), alias)
	return &c
}
