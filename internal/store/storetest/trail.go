package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/store"
)

var trailCases = []testCase{
	{"an audit row keeps all its fields", func(w *world) {
		full := store.Audit{
			Space: w.space, At: epoch.Add(time.Microsecond), Category: store.AuditRefusal, Action: "GET", Type: "User", ID: "Ü '1", Status: 403, Code: "x",
			Principal: store.Principal{Kind: "service", ID: "0190", Display: "Ünï's"}, Credential: "entra", Address: "2001:db8::1", RequestID: "r", Count: 1 << 40,
		}
		bare := store.Audit{Space: w.space, At: epoch.Add(time.Second)}
		w.appendAudit(full, bare)
		got := w.audit(store.TrailQuery{Limit: 10})
		if len(got) != 2 || got[0].N <= 0 || got[1].N <= got[0].N {
			w.Fatalf("rows %+v", got)
		}
		for i, want := range []store.Audit{full, bare} {
			want.N = got[i].N
			if !got[i].At.Equal(want.At) {
				w.Errorf("time %v, want %v", got[i].At, want.At)
			}
			if got[i].At = want.At; got[i] != want {
				w.Errorf("row %+v, want %+v", got[i], want)
			}
		}
	}},
	{"rows are appended to any spaces at once, and each has its own", func(w *world) {
		other := w.in(w.newTenant().Space)
		w.appendAudit(row(w.space, 1), row(other.space, 2), row(w.space, 3))
		if here, there := ids(w.audit(store.TrailQuery{Limit: 10})), ids(other.audit(store.TrailQuery{Limit: 10})); here != "1 3" || there != "2" {
			w.Errorf("here %s, there %s", here, there)
		}
	}},
	{"both logs are read after a row, between times, first or last", func(w *world) {
		for i := range 10 {
			w.appendAudit(row(w.space, i))
			w.do(func(tx store.Tx) error {
				return tx.Event(store.Event{At: row(0, i).At, Operation: "create", Type: "User", ID: fmt.Sprint(i)})
			})
		}
		all, events := w.audit(store.TrailQuery{Limit: 100}), w.changes(store.TrailQuery{Limit: 100})
		for _, c := range []struct {
			q     store.TrailQuery
			after int
			want  string
		}{
			{store.TrailQuery{Limit: 3}, -1, "0 1 2"},
			{store.TrailQuery{Limit: 3, Last: true}, -1, "7 8 9"},
			{store.TrailQuery{Limit: 100, Last: true}, 6, "7 8 9"},
			{store.TrailQuery{Limit: 2}, 4, "5 6"},
			{store.TrailQuery{Limit: 9}, 9, ""},
			{store.TrailQuery{Limit: 9, Since: row(0, 3).At, Until: row(0, 6).At}, -1, "3 4 5"},
			{store.TrailQuery{Limit: 2, Last: true, Until: row(0, 6).At}, -1, "4 5"},
		} {
			q := c.q
			if c.after >= 0 {
				q.After = all[c.after].N
			}
			if got := ids(w.audit(q)); got != c.want {
				w.Errorf("audit %+v after %d: %s, want %s", c.q, c.after, got, c.want)
			}
			if c.after >= 0 {
				q.After = events[c.after].N
			}
			if got := ids(w.changes(q)); got != c.want {
				w.Errorf("changes %+v after %d: %s, want %s", c.q, c.after, got, c.want)
			}
		}
	}},
	{"a reader of the audit log that goes on after the last row misses none", func(w *world) {
		const writers, each = 6, 20
		done := make(chan []error, 1)
		go func() {
			done <- concurrently(writers, func(i int) error {
				for j := range each {
					if err := w.store.AppendAudit(w.ctx, []store.Audit{row(w.space, 2*(i*each+j)), row(w.space, 2*(i*each+j)+1)}); err != nil {
						return err
					}
				}
				return nil
			})
		}()
		seen := map[string]bool{}
		var last int64
		for writing := true; ; {
			list := w.audit(store.TrailQuery{After: last, Limit: 7})
			for _, a := range list {
				if a.N <= last || seen[a.ID] {
					w.Errorf("row %+v comes after %d", a, last)
				}
				last, seen[a.ID] = a.N, true
			}
			if !writing && len(list) == 0 {
				break
			}
			select {
			case errs := <-done:
				if err := errors.Join(errs...); err != nil {
					w.Fatal(err)
				}
				writing = false
			default:
			}
		}
		if len(seen) != 2*writers*each {
			w.Errorf("%d rows seen, want %d", len(seen), 2*writers*each)
		}
	}},
	{"what is older, or more, than is kept goes, in each log by itself", func(w *world) {
		other := w.in(w.newTenant().Space)
		fill := func(w *world, n int) {
			var list []store.Audit
			var events []store.Event
			for i := range n {
				list = append(list, row(w.space, i))
				events = append(events, store.Event{At: row(0, i).At, Operation: "create", Type: "User", ID: fmt.Sprint(i)})
			}
			w.appendAudit(list...)
			w.do(func(tx store.Tx) error { return tx.Events(events) })
		}
		const n = 4100 // more than two batches
		fill(w, n)
		fill(other, 3)
		for _, c := range []struct {
			limits          store.TrailLimits
			changes, others int
		}{
			{store.TrailLimits{}, n, n},
			{store.TrailLimits{Changes: n, Others: n + 1}, n, n},
			{store.TrailLimits{Changes: n - 5}, n - 5, n},
			{store.TrailLimits{Others: 50}, n - 5, 50},
			{store.TrailLimits{Before: row(0, n-20).At}, 20, 20},
			{store.TrailLimits{Before: row(0, n-10).At, Changes: 3, Others: 1}, 3, 1},
			{store.TrailLimits{Before: row(0, n).At}, 0, 0},
		} {
			if err := w.store.Trim(w.ctx, w.space, c.limits); err != nil {
				w.Fatal(err)
			}
			changes, others := w.changes(store.TrailQuery{Limit: 2 * n}), w.audit(store.TrailQuery{Limit: 2 * n})
			if len(changes) != c.changes || len(others) != c.others {
				w.Errorf("%+v leaves %d changes and %d others, want %d and %d", c.limits, len(changes), len(others), c.changes, c.others)
			}
			if last := fmt.Sprint(n - 1); c.changes > 0 && changes[len(changes)-1].ID != last || c.others > 0 && others[len(others)-1].ID != last {
				w.Errorf("%+v takes the newest", c.limits)
			}
		}
		if got := ids(other.audit(store.TrailQuery{Limit: 10})); got != "0 1 2" {
			w.Errorf("of another space %s is left", got)
		}
	}},
}

// row is a row of the audit log whose time and id follow from a number.
func row(space int64, i int) store.Audit {
	return store.Audit{Space: space, At: epoch.Add(time.Duration(i) * time.Second), Category: store.AuditSignIn, ID: fmt.Sprint(i)}
}

func ids[T store.Audit | store.Event](list []T) string {
	var out []string
	for _, v := range list {
		switch v := any(v).(type) {
		case store.Audit:
			out = append(out, v.ID)
		case store.Event:
			out = append(out, v.ID)
		}
	}
	return strings.Join(out, " ")
}

func (w *world) appendAudit(list ...store.Audit) {
	w.Helper()
	if err := w.store.AppendAudit(w.ctx, list); err != nil {
		w.Fatalf("AppendAudit: %v", err)
	}
}

func (w *world) audit(q store.TrailQuery) []store.Audit {
	w.Helper()
	q.Space = w.space
	list, err := w.store.Audit(w.ctx, q)
	if err != nil {
		w.Fatalf("Audit: %v", err)
	}
	return list
}

func (w *world) changes(q store.TrailQuery) []store.Event {
	w.Helper()
	q.Space = w.space
	list, err := w.store.Changes(w.ctx, q)
	if err != nil {
		w.Fatalf("Changes: %v", err)
	}
	return list
}
