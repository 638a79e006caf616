package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/schemas"
)

// The journal is the same direct and over the socket.
func TestTheJournalIsAskedForDirectAndOverTheSocket(t *testing.T) {
	t.Parallel()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	for where, view := range views {
		js := journal.New(journal.Options{Entries: 100, Bytes: 1 << 20}, reg)
		go js.Run(t.Context())
		h := newHouse(t, view)
		h.direct.Journals = js
		tenant, err := h.store.TenantNamed(ctx, "default")
		if err != nil {
			t.Fatal(err)
		}
		record := func(e journal.Entry) {
			r := js.Begin()
			r.For(tenant.ID)
			r.End(&journal.Exchange{Entry: e})
		}
		record(journal.Entry{Method: "GET", Path: "/scim/v2/Users", Operation: "list", Status: 200, Token: "a"})
		if m, err := h.MarkJournal(ctx, "", "here/there"); err != nil || *m != (journal.Mark{Name: "here/there", Number: 1}) {
			t.Errorf("%s: mark %+v, %v", where, m, err)
		}
		record(journal.Entry{Method: "POST", Path: "/scim/v2/Users", Operation: "create", Status: 409, Token: "b"})
		page, err := h.Journal(ctx, "default", journal.Query{Mark: "here/there"})
		if err != nil || len(page.Entries) != 1 || page.Entries[0].Number != 2 || page.Entries[0].Why.Rule != "conflict" {
			t.Errorf("%s: %+v, %v", where, page, err)
		}
		if page, err := h.Journal(ctx, "default", journal.Query{Status: "2xx", Limit: 1}); err != nil || page.Matched != 1 || page.Last != 2 {
			t.Errorf("%s: %+v, %v", where, page, err)
		}
		if e, err := h.JournalEntry(ctx, "default", 1); err != nil || e.Operation != "list" {
			t.Errorf("%s: %+v, %v", where, e, err)
		}
		if _, err := h.JournalEntry(ctx, "default", 3); !scimerr.Is(err, 404) {
			t.Errorf("%s: entry 3: %v", where, err)
		}
		if page, err := h.AwaitJournal(ctx, "default", journal.Query{}, 2, time.Minute); err != nil || !page.Complete || page.Matched != 2 {
			t.Errorf("%s: %+v, %v", where, page, err)
		}
		if page, err := h.AwaitJournal(ctx, "default", journal.Query{}, 3, time.Millisecond); err != nil || page.Complete || page.Matched != 2 {
			t.Errorf("%s: %+v, %v", where, page, err)
		}
		for _, q := range []journal.Query{{Operation: "creat"}, {Type: "Usr"}} { // would match nothing for ever
			if _, err := h.Journal(ctx, "default", q); !scimerr.Is(err, 400) {
				t.Errorf("%s: %+v: %v", where, q, err)
			}
			if _, err := h.AwaitJournal(ctx, "default", q, 1, time.Minute); !scimerr.Is(err, 400) {
				t.Errorf("%s: %+v: %v", where, q, err)
			}
		}
		if page, err := h.Journal(ctx, "default", journal.Query{Operation: "Other", Type: "user"}); err != nil || page.Matched != 0 {
			t.Errorf("%s: %+v, %v", where, page, err)
		}
		if _, err := h.AwaitJournal(ctx, "default", journal.Query{}, 0, time.Minute); !scimerr.Is(err, 400) {
			t.Errorf("%s: waiting for none: %v", where, err)
		}
		if har, err := h.ArchiveJournal(ctx, "default", journal.Query{}); err != nil || len(har.Log.Entries) != 2 || har.Log.Version != "1.2" {
			t.Errorf("%s: %+v, %v", where, har, err)
		}
		if list, err := h.JournalMarks(ctx, "default"); err != nil || len(list) != 1 {
			t.Errorf("%s: marks %v, %v", where, list, err)
		}
		if c, err := h.ClearJournal(ctx, "default", "a"); err != nil || c.Cleared != 1 {
			t.Errorf("%s: %+v, %v", where, c, err)
		}
		if c, err := h.ClearJournal(ctx, "default", ""); err != nil || c.Cleared != 1 {
			t.Errorf("%s: %+v, %v", where, c, err)
		}
		if _, err := h.Journal(ctx, "nobody", journal.Query{}); !scimerr.Is(err, 404) {
			t.Errorf("%s: no tenant: %v", where, err)
		}
		if _, err := h.Journal(ctx, "default", journal.Query{Mark: "nowhere"}); !scimerr.Is(err, 400) {
			t.Errorf("%s: no mark: %v", where, err)
		}
		h.direct.Journals = nil
		for address, want := range map[string]string{"": "none runs here", "127.0.0.1:1": "--journal-entries"} {
			h.direct.About = control.Info{Address: address}
			if _, err := h.Journal(ctx, "default", journal.Query{}); !scimerr.Is(err, 409) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q: %v", where, address, err)
			}
		}
	}
}
