package app

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/store"
)

// BenchmarkTenants has ten thousand tenants in one process: what one takes, and what
// it costs to find one and to notice that one has changed.
func BenchmarkTenants(b *testing.B) {
	const many = 10_000
	cfg := Defaults()
	cfg.Ephemeral = true
	e, err := newEngine(&cfg)
	if err != nil {
		b.Fatal(err)
	}
	if err := e.open(b.Context(), b.TempDir(), slog.New(slog.DiscardHandler)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.store.Close() })
	if _, err := e.defaultTenant(b.Context()); err != nil {
		b.Fatal(err)
	}
	d, err := openDirectory(b.Context(), e, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	m := e.manage(control.Info{}, func([32]byte) {}, d.refresh, func(context.Context) error { return nil })
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before, began := heap(), time.Now()
	var made *control.MadeTenant
	for i := range many {
		if made, err = m.CreateTenant(b.Context(), control.NewTenant{Name: fmt.Sprintf("t-%d", i)}); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(began)
	grown := float64(heap()-before) / many
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.CreateTenant(b.Context(), control.NewTenant{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(grown, "B/tenant")
		b.ReportMetric(float64(took.Microseconds())/many, "µs/create-on-average")
	})
	b.Run("find", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.Named(b.Context(), "t-5000"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("notice a change", func(b *testing.B) {
		id := func(t *scim.Tenant, err error) int64 {
			if err != nil {
				b.Fatal(err)
			}
			return t.ID
		}(d.Named(b.Context(), made.Name))
		var spent time.Duration
		for b.Loop() {
			if _, err := e.store.UpdateTenant(b.Context(), id, func(t *store.Tenant) error { t.Limits = `{"maxBody":500}`; return nil }); err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			if err := d.refresh(b.Context()); err != nil {
				b.Fatal(err)
			}
			spent += time.Since(began)
		}
		b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "µs/refresh")
	})
}
