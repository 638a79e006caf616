package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/schemas"
)

// logs is a database whose audit log can be made to fail.
type logs struct {
	store.Store
	mu      sync.Mutex
	failing bool
	writes  int
}

func (l *logs) AppendAudit(ctx context.Context, list []store.Audit) error {
	l.mu.Lock()
	failing := l.failing
	l.writes++
	l.mu.Unlock()
	if failing {
		return errors.New("away")
	}
	return l.Store.AppendAudit(ctx, list)
}

func (l *logs) fail(failing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failing = failing
}

func openLogs(t *testing.T) *logs {
	t.Helper()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Ephemeral: true, Registry: reg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &logs{Store: s}
}

func (l *logs) rows(t *testing.T, space int64) []store.Audit {
	t.Helper()
	list, err := l.Audit(t.Context(), store.TrailQuery{Space: space, Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func newRecorder(l *logs) *Recorder {
	return NewRecorder(l, slog.New(slog.DiscardHandler), func() time.Time { return moment })
}

func TestWhatIsLostUnderOverloadIsCountedPerSpaceAndSaid(t *testing.T) {
	t.Parallel()
	l := openLogs(t)
	r := newRecorder(l)
	for i := range maxOfSpace {
		r.Add(store.Audit{Space: 1, Category: []string{store.AuditRefusal, store.AuditSignIn}[i%2], Status: 401, ID: fmt.Sprint(i)})
	}
	for i := range maxOfSpace {
		r.Add(store.Audit{Space: 1, Category: store.AuditSignIn, ID: fmt.Sprint(i)})
	}
	r.Add(store.Audit{Space: 2, Category: store.AuditRefusal})
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	lost := int64(0)
	for _, a := range l.rows(t, 1) {
		if a.Status == 401 {
			a.Category = store.AuditRefusal
		}
		count[a.Category]++
		lost += a.Count
		if !a.At.Equal(moment) {
			t.Fatalf("row %+v", a)
		}
	}
	if count[store.AuditRefusal] != maxOfSpace/2 || count[store.AuditSignIn] != maxOfSpace/2 || lost != maxOfSpace || count[store.AuditLost] != 1 {
		t.Errorf("kept %v, lost %d", count, lost)
	}
	if other := l.rows(t, 2); len(other) != 1 || other[0].Category != store.AuditRefusal {
		t.Errorf("the flood of one space costs another: %+v", other)
	}
	r.Add(store.Audit{Space: 1, Category: store.AuditSignIn})
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(l.rows(t, 1)); n != maxOfSpace+2 {
		t.Errorf("%d rows; there is no room again", n)
	}
}

func TestRowsWaitForADatabaseThatIsAwayAndAreWrittenAtTheEnd(t *testing.T) {
	t.Parallel()
	l := openLogs(t)
	l.fail(true)
	r := newRecorder(l)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { r.Run(ctx); close(ended) }()
	for i := range 3 {
		r.Add(store.Audit{Space: 1, Category: store.AuditSignIn, ID: fmt.Sprint(i)})
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		tried := l.writes > 0
		l.mu.Unlock()
		if tried {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is written")
		}
	}
	l.fail(false)
	cancel()
	<-ended
	var ids []string
	for _, a := range l.rows(t, 1) {
		ids = append(ids, a.ID)
	}
	if strings.Join(ids, " ") != "0 1 2" {
		t.Errorf("rows %q", ids)
	}
}

func TestPagesShowBothLogsByTimeEachRecordOnce(t *testing.T) {
	t.Parallel()
	l := openLogs(t)
	tenant, err := l.CreateTenant(t.Context(), store.Tenant{Name: "blue", Created: moment})
	if err != nil {
		t.Fatal(err)
	}
	const n = 30
	var rows []store.Audit
	err = l.Do(t.Context(), tenant.Space, func(tx store.Tx) error {
		rows = nil
		for i := range n {
			at := moment.Add(time.Duration(i) * time.Second)
			if i%3 == 0 {
				rows = append(rows, store.Audit{Space: tenant.Space, At: at, Category: store.AuditSignIn, ID: fmt.Sprint(i)})
			} else if err := tx.Event(store.Event{At: at, Operation: "create", Type: "User", ID: fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = l.AppendAudit(t.Context(), rows)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 2, 7, 29, 30, 31, 0} {
		q, seen := Query{Limit: limit}, 0
		for {
			p, err := Read(t.Context(), l, tenant.Space, "blue", q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Records {
				if r.Resource.ID != fmt.Sprint(seen) || r.Tenant != "blue" {
					t.Fatalf("with limit %d, record %d is %+v", limit, seen, r)
				}
				seen++
			}
			if len(p.Records) == 0 {
				break
			}
			q.Cursor = p.Next
		}
		if seen != n {
			t.Errorf("with limit %d, %d records", limit, seen)
		}
	}
	for _, limit := range []int{1, 4, 30, 100} {
		p, err := Read(t.Context(), l, tenant.Space, "blue", Query{Limit: limit, Last: true})
		if err != nil || len(p.Records) != min(limit, n) || p.Records[len(p.Records)-1].Resource.ID != "29" {
			t.Fatalf("the last %d: %+v, %v", limit, p, err)
		}
		if p, err = Read(t.Context(), l, tenant.Space, "blue", Query{Cursor: p.Next}); err != nil || len(p.Records) != 0 {
			t.Errorf("after the last: %+v, %v", p, err)
		}
	}
	p, err := Read(t.Context(), l, tenant.Space, "blue", Query{Since: moment.Add(4 * time.Second), Until: moment.Add(7 * time.Second)})
	if err != nil || len(p.Records) != 3 || p.Records[0].Resource.ID != "4" {
		t.Errorf("between times: %+v, %v", p, err)
	}
	for _, q := range []Query{{Cursor: "1"}, {Cursor: "1.2.3"}, {Cursor: "a.b"}, {Cursor: "-1.-2x"}, {Limit: -1}, {Limit: MaxPage + 1}} {
		if _, err := Read(t.Context(), l, tenant.Space, "blue", q); err == nil {
			t.Errorf("%+v is taken", q)
		}
	}
}

func TestARowThatIsKeptIsThereAtOnceOrWaits(t *testing.T) {
	t.Parallel()
	db := openLogs(t)
	r := NewRecorder(db, slog.New(slog.DiscardHandler), time.Now) // whose queue nobody writes
	ended, cancel := context.WithCancel(t.Context())
	cancel() // the client has gone: what was done was done
	r.Keep(ended, store.Audit{Space: 7, Category: store.AuditManagement, Action: "token.create"})
	if got := db.rows(t, 7); len(got) != 1 || got[0].At.IsZero() {
		t.Errorf("rows %+v", got)
	}
	db.fail(true)
	r.Keep(t.Context(), store.Audit{Space: 7, Category: store.AuditManagement, Action: "token.revoke"})
	db.fail(false)
	if got := db.rows(t, 7); len(got) != 1 {
		t.Errorf("rows %+v", got)
	}
	if err := r.Flush(t.Context()); err != nil || len(db.rows(t, 7)) != 2 {
		t.Errorf("rows %+v, %v", db.rows(t, 7), err)
	}
}
