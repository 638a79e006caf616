package sqlite

import (
	"context"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/internal/store/storetest"
)

// planned is a Conn that notes the plans of its queries.
type planned struct {
	*conn
	steps []string
}

func (p *planned) Search(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	rows, err := p.conn.Query(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return nil, err
		}
		p.steps = append(p.steps, step)
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	return p.conn.Search(ctx, query, args...)
}

func TestVaultFiltersUseIndexes(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Registry: storetest.Registry()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	plans := storetest.Plans(t, s)
	if err := s.analyse(t.Context(), []string{"user_r", "container_r", "account_r", "container_permission_r", "account_permission_r"}); err != nil {
		t.Fatal(err)
	}
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
	for _, p := range plans {
		read.steps = nil
		page, err := watched.Query(t.Context(), p.Query)
		if err != nil || page.Total != p.Total {
			t.Errorf("%s: %+v, %v", p.Name, page, err)
			continue
		}
		plan := strings.Join(read.steps, "\n")
		if !strings.Contains(plan, " INDEX "+p.Index) || p.Not != "" && strings.Contains(plan, "SCAN r\n") {
			t.Errorf("%s wants the index %s and no scan of %s:\n%s", p.Name, p.Index, p.Not, plan)
		}
	}
}
