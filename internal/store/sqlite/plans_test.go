package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/internal/store/storetest"
)

// planned is a Conn that notes the plans of its queries.
type planned struct {
	*conn
	steps     []string
	explained int
}

func (p *planned) Query(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	if err := p.explain(ctx, query, args); err != nil {
		return nil, err
	}
	return p.conn.Query(ctx, query, args...)
}

func (p *planned) Search(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	if err := p.explain(ctx, query, args); err != nil {
		return nil, err
	}
	return p.conn.Search(ctx, query, args...)
}

func (p *planned) explain(ctx context.Context, query string, args []any) error {
	p.explained++
	rows, err := p.conn.Query(ctx, fmt.Sprintf("EXPLAIN QUERY PLAN /* %d */ %s", p.explained, query), args...) // one that is kept tells the old plan
	if err != nil {
		return err
	}
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return err
		}
		p.steps = append(p.steps, step)
	}
	return rows.Close()
}

func TestVaultFiltersUseIndexes(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Registry: storetest.Registry()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	s.Stop() // of the statistics
	all := []string{"user_r", "container_r", "account_r", "container_permission_r", "account_permission_r"}
	analyse := func() {
		t.Helper()
		if err := s.analyse(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	analyse() // and once more below: connections that are open learn of it
	plans := storetest.Plans(t, s)
	ledger, err := loadLedger(t.Context(), s.readConn)
	if err != nil {
		t.Fatal(err)
	}
	read := &planned{conn: s.readConn}
	watched, err := sqlstore.New(t.Context(), sqlstore.Engine{Dialect: dialect, Read: read, Ledger: ledger, Transact: s.writer.transact}, storetest.Registry())
	if err != nil {
		t.Fatal(err)
	}
	defer watched.Stop()
	look := func(when string, ok func(p storetest.Plan, plan string) bool) {
		t.Helper()
		for _, p := range plans {
			read.steps = nil
			page, err := watched.Query(t.Context(), p.Query)
			if err != nil || page.Total != p.Total {
				t.Errorf("%s: %+v, %v", p.Name, page, err)
				continue
			}
			if plan := strings.Join(read.steps, "\n"); !ok(p, plan) {
				t.Errorf("%s, %s, wants the index %s and no scan of %s:\n%s", p.Name, when, p.Index, p.Not, plan)
			}
		}
	}
	// Without statistics every row of a space may be looked at, once.
	linear := func(p storetest.Plan, plan string) bool { return !strings.Contains(plan, "SCAN r\n") }
	look("analysed while empty", linear)
	analyse()
	look("analysed", func(p storetest.Plan, plan string) bool {
		return strings.Contains(plan, " INDEX "+p.Index) && (p.Not == "" || linear(p, plan))
	})
}

// counting is a Conn that counts statements.
type counting struct {
	sqlstore.Conn
	n *int
}

func (c counting) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	*c.n++
	return c.Conn.Exec(ctx, query, args...)
}

func (c counting) Query(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	*c.n++
	return c.Conn.Query(ctx, query, args...)
}

func TestAContainerGoesInAFewStatements(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Registry: storetest.Registry()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ledger, err := loadLedger(t.Context(), s.readConn)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	counted, err := sqlstore.New(t.Context(), sqlstore.Engine{
		Dialect: dialect, Read: s.readConn, Ledger: ledger, Analyse: func(context.Context, []string) error { return nil },
		Transact: func(ctx context.Context, fn func(sqlstore.Conn) error) error {
			return s.writer.transact(ctx, func(c sqlstore.Conn) error { return fn(counting{c, &n}) })
		},
	}, storetest.Registry())
	if err != nil {
		t.Fatal(err)
	}
	defer counted.Stop()
	statements := func(accounts int) int {
		c := storetest.Container(fmt.Sprint("Safe", accounts)).Resource()
		grantee := storetest.User(fmt.Sprint("user", accounts)).Resource()
		fill := func(tx store.Tx) error {
			if err := errors.Join(tx.Insert(c), tx.Insert(grantee)); err != nil {
				return err
			}
			for i := range accounts {
				a := storetest.Account(fmt.Sprint("a", i), c).Resource()
				if err := tx.Insert(a); err != nil {
					return err
				}
				if err := tx.Insert(storetest.Grant(a, grantee).Resource()); err != nil {
					return err
				}
			}
			return tx.Insert(storetest.Grant(c, grantee).Resource())
		}
		if err := counted.Do(t.Context(), 7, fill); err != nil {
			t.Fatal(err)
		}
		n = 0
		err := counted.Do(t.Context(), 7, func(tx store.Tx) error {
			gone, err := storetest.Empty(tx, c)
			if gone != 2*accounts+2 {
				t.Errorf("%d resources went, want %d", gone, 2*accounts+2)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// An event for each resource is written, some forty in a statement.
	few, many := statements(5), statements(500)
	if few > 45 || many-few > 50 {
		t.Errorf("%d statements with 5 accounts, %d with 500", few, many)
	}
	t.Logf("%d statements with 5 accounts, %d with 500", few, many)
}
