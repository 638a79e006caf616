package postgres

import (
	"context"
	"strconv"
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
	// measures has the queries run, and the blocks counted that they look at.
	measures bool
	blocks   int64
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
	explain := "EXPLAIN "
	if p.measures {
		explain = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) "
	}
	rows, err := p.Conn.Search(ctx, explain+query, args...)
	if err != nil {
		return err
	}
	measured := false
	for rows.Next() {
		var step string
		if err := rows.Scan(&step); err != nil {
			return err
		}
		p.steps = append(p.steps, step)
		if counts, ok := strings.CutPrefix(strings.TrimSpace(step), "Buffers: "); ok && !measured {
			measured = true // of the first step, which all others are part of
			p.blocks += blocks(counts)
		}
	}
	return rows.Close()
}

// blocks adds up the blocks that a step looked at: "shared hit=7 read=2".
func blocks(counts string) (n int64) {
	for _, word := range strings.Fields(counts) {
		what, number, _ := strings.Cut(word, "=")
		if what == "hit" || what == "read" {
			n0, _ := strconv.ParseInt(strings.Trim(number, ","), 10, 64)
			n += n0
		}
	}
	return n
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
	s.Stop() // of the statistics
	plans := storetest.Plans(t, s)
	if _, err := s.pool.Exec(t.Context(), "ANALYZE user_r, group_r, container_r, account_r, container_permission_r, account_permission_r, value_r, edge"); err != nil {
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

	// In a space that is younger than the statistics, what is done for each row costs
	// about the same.
	read.measures = true
	blocks := func(p storetest.Plan) int64 {
		read.blocks, read.steps = 0, nil
		page, err := watched.Query(t.Context(), p.Query)
		if err != nil || page.Total != p.Total {
			t.Errorf("%s: %+v, %v", p.Name, page, err)
		}
		return read.blocks
	}
	for i, p := range storetest.Plans(t, s) {
		if p.Index != "" {
			continue
		}
		known := blocks(plans[i])
		if fresh := blocks(p); fresh > 2*known {
			t.Errorf("%s looks at %d blocks, and without statistics at %d:\n%s", p.Name, known, fresh, strings.Join(read.steps, "\n"))
		} else {
			t.Logf("%s: %d blocks, %d without statistics", p.Name, known, fresh)
		}
	}
}
