package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/internal/store/storetest"
)

// planned is a Conn that notes the plans of its queries.
type planned struct {
	sqlstore.Conn
	steps []string
}

func (p *planned) Query(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	if err := p.explain(ctx, query, args); err != nil {
		return nil, err
	}
	return p.Conn.Query(ctx, query, args...)
}

func (p *planned) Search(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	if err := p.explain(ctx, query, args); err != nil {
		return nil, err
	}
	return p.Conn.Search(ctx, query, args...)
}

func (p *planned) explain(ctx context.Context, query string, args []any) error {
	rows, err := p.Conn.Search(ctx, "EXPLAIN "+query, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		var step string
		if err := rows.Scan(&step); err != nil {
			return err
		}
		p.steps = append(p.steps, step)
	}
	return rows.Close()
}

func TestVaultFiltersUseIndexes(t *testing.T) {
	t.Parallel()
	// With JIT, any plan would be compiled.
	s, err := Open(t.Context(), Options{URL: pgtest.URL(t) + "&jit_above_cost=0", Registry: storetest.Registry()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if jit, _, err := value[string](t.Context(), s.connOf(s.pool), "SHOW jit"); err != nil || jit != "off" {
		t.Errorf("jit is %q on a connection of the pool: %v", jit, err)
	}
	plans := storetest.Plans(t, s)
	if _, err := s.pool.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	read := &planned{Conn: s.connOf(s.pool)}
	watched, err := sqlstore.New(t.Context(), sqlstore.Engine{
		Dialect: dialect, Read: read, Ledger: &ledger{s.connOf(s.numbers)}, Transact: s.transact,
	}, storetest.Registry())
	if err != nil {
		t.Fatal(err)
	}
	defer watched.Stop()
	for _, p := range plans {
		read.steps = nil
		page, err := watched.Query(t.Context(), p.Query)
		if err != nil || page.Total != p.Total {
			t.Errorf("%s: %+v, %v", p.Name, page, err)
			continue
		}
		plan := strings.Join(read.steps, "\n")
		if !strings.Contains(plan, " on "+p.Index) && !strings.Contains(plan, " using "+p.Index) || p.Not != "" && strings.Contains(plan, "Seq Scan on "+p.Not) {
			t.Errorf("%s wants the index %s and no scan of %s:\n%s", p.Name, p.Index, p.Not, plan)
		}
		if strings.Contains(plan, "JIT:") {
			t.Errorf("%s is compiled:\n%s", p.Name, plan)
		}
	}
}
