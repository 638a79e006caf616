package server

import (
	"context"
	"testing"

	"github.com/scimd/scimd/internal/journal"
)

// What a journal costs, all in all: what is put down beside requests is waited for.
// The ratio counts, and allocations: without a journal there are none more.
func BenchmarkJournal(b *testing.B) {
	for name, entries := range map[string]int{"off": 0, "on": 1000} {
		b.Run(name, func(b *testing.B) {
			s := testServer(b)
			if entries > 0 {
				s.Journal = journal.New(journal.Options{Entries: entries, Bytes: 16 << 20}, s.Registry)
				ctx, stop := context.WithCancel(context.Background())
				defer stop()
				go s.Journal.Run(ctx)
			}
			h := New(s.Config)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if s.Journal != nil && n%100 == 99 {
					if _, err := s.Journal.Of(s.Tenants.(lone).tenant.ID).Find(b.Context(), journal.Query{Method: "none"}); err != nil {
						b.Fatal(err)
					}
				}
				if w := sendAs(h, coverageToken, "GET", "/scim/v2/Users?filter=userName+eq+%22ada%22", ""); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
