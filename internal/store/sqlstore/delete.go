package sqlstore

import (
	"fmt"
	"slices"

	"github.com/scimd/scimd/internal/schema"
)

// delete removes resources of one type, by sets: the number of statements does
// not depend on how many they are. It tells how many were there.
func (t *tx) delete(rt *schema.ResourceType, seqs []int64) (gone int, err error) {
	if len(seqs) == 0 {
		return 0, nil
	}
	l := t.layout(rt)
	numbers := func(seqs []int64) any { return t.engine.Dialect.Numbers(seqs) }
	where, args := "space = $1 AND "+t.engine.Dialect.InNumbers("seq", "$2"), []any{t.space, numbers(seqs)}
	if l.typed {
		nr, err := t.numbers.typeNumber(t.ctx, rt.Name)
		if err != nil {
			return 0, err
		}
		where, args = where+" AND type = $3", append(args, nr)
	}
	// The own rows first: whoever is about to refer to one holds it or waits, so
	// that no link can appear after the links are gone.
	found, err := t.seqs("SELECT seq FROM "+l.table+" WHERE "+where+" ORDER BY seq"+t.engine.Dialect.ForUpdate, args...)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	for _, seq := range found {
		delete(t.types, seq)
	}
	args[1] = numbers(found)
	for _, table := range []string{"value_r", "resource_unique", "password", "secret_r"} {
		if _, err := t.conn.Exec(t.ctx, "DELETE FROM "+table+" WHERE space = $1 AND "+t.engine.Dialect.InNumbers("seq", "$2"), args[:2]...); err != nil {
			return 0, err
		}
	}
	if err := t.unlink(l, args[:2]); err != nil {
		return 0, err
	}
	_, err = t.conn.Exec(t.ctx, "DELETE FROM "+l.table+" WHERE "+where, args...)
	return len(found), err
}

// unlink removes the links from and to resources of one type; args are the space
// and their numbers. A link in a column of their own goes with its row.
func (t *tx) unlink(l *layout, args []any) error {
	in := func(column string) string { return t.engine.Dialect.InNumbers(column, "$2") }
	var edges []int64
	for _, rel := range allRelations {
		for _, rows := range links[end{rel, true}] {
			switch {
			case rows.column == "":
				edges = append(edges, int64(rel))
			case !slices.Contains(rows.from, l.tableMap):
			case rows.required:
				var held int64
				some, err := one(t.ctx, t.conn, "SELECT e.seq FROM "+rows.table+" e WHERE "+rows.where("$1")+" AND "+in(rows.near)+" LIMIT 1", args, &held)
				if err != nil {
					return err
				}
				if some {
					return fmt.Errorf("store: %s %d cannot be without the %s that is to be deleted", rows.table, held, l.rt.Name)
				}
			default:
				if _, err := t.conn.Exec(t.ctx, "UPDATE "+rows.table+" SET "+rows.column+" = NULL WHERE space = $1 AND "+in(rows.column), args...); err != nil {
					return err
				}
			}
		}
	}
	for _, side := range []string{"src", "dst"} {
		_, err := t.conn.Exec(t.ctx, "DELETE FROM edge WHERE space = $1 AND "+t.engine.Dialect.InNumbers("relation", "$3")+" AND "+in(side),
			append(args[:2:2], t.engine.Dialect.Numbers(edges))...)
		if err != nil {
			return err
		}
	}
	return nil
}
