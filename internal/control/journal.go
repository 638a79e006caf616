package control

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/scimerr"
)

// Journal is what can be asked about the requests that a tenant has received, as far
// as the process that is asked has them in memory. 404 when there is no such tenant,
// 409 when it keeps no journal, or when no server runs.
type Journal interface {
	// Journal gives the entries that match, the oldest first.
	Journal(ctx context.Context, tenant string, q journal.Query) (*journal.Page, error)
	// JournalEntry gives one entry; 404.
	JournalEntry(ctx context.Context, tenant string, number int64) (*journal.Entry, error)
	// AwaitJournal gives the entries that match as soon as there are count, or, not
	// Complete, those that there are when the time is over.
	AwaitJournal(ctx context.Context, tenant string, q journal.Query, count int, limit time.Duration) (*journal.Page, error)
	// MarkJournal sets a mark of that name at the end of the journal, or moves it there.
	MarkJournal(ctx context.Context, tenant, name string) (*journal.Mark, error)
	// JournalMarks lists the marks.
	JournalMarks(ctx context.Context, tenant string) ([]journal.Mark, error)
	// ClearJournal removes the entries of a token or an application, or, with "",
	// everything.
	ClearJournal(ctx context.Context, tenant, token string) (*Cleared, error)
	// ArchiveJournal gives the entries that match as an HTTP Archive.
	ArchiveJournal(ctx context.Context, tenant string, q journal.Query) (*journal.HAR, error)
}

// Cleared tells how many entries went.
type Cleared struct {
	Cleared int `json:"cleared" doc:"How many were removed."`
}

// Counted is how many entries match.
type Counted struct {
	Count int `json:"count" doc:"How many there are."`
}

const (
	// awaitTime is how long to wait for entries where nothing else is said.
	awaitTime = 10 * time.Second
	// pageSize is how many entries are given where nothing else is said.
	pageSize = 100
)

func (d *Direct) journal(ctx context.Context, tenant string) (*journal.Journal, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	switch {
	case d.Journals != nil:
		return d.Journals.Of(t.ID), nil
	case d.About.Address == "":
		return nil, scimerr.Conflict("The journal is in the memory of a running server, and none runs here.")
	}
	return nil, scimerr.Conflict("The server keeps no journal: start it with --journal-entries 1000, for example.")
}

// Journal implements Service.
func (d *Direct) Journal(ctx context.Context, tenant string, q journal.Query) (*journal.Page, error) {
	j, err := d.journal(ctx, tenant)
	if err == nil {
		err = checkOperation(q.Operation)
	}
	if err != nil {
		return nil, err
	}
	return j.Find(ctx, q)
}

// JournalEntry implements Service.
func (d *Direct) JournalEntry(ctx context.Context, tenant string, number int64) (*journal.Entry, error) {
	j, err := d.journal(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return j.Entry(ctx, number)
}

// AwaitJournal implements Service.
func (d *Direct) AwaitJournal(ctx context.Context, tenant string, q journal.Query, count int, limit time.Duration) (*journal.Page, error) {
	j, err := d.journal(ctx, tenant)
	if err == nil {
		err = checkOperation(q.Operation)
	}
	switch {
	case err != nil:
		return nil, err
	case count < 1:
		return nil, scimerr.InvalidValue("count", "The count is at least 1.")
	}
	return j.Wait(ctx, q, count, limit)
}

// checkOperation refuses an operation that no entry has: a test that asserts that
// there are no such entries would hold for ever. It is the same with types, which the
// journal knows.
func checkOperation(name string) error {
	known := []string{journal.Other}
	for _, op := range fault.Operations {
		known = append(known, string(op))
	}
	if name != "" && !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
		return scimerr.InvalidValue("operation", "There is no operation %.64q; there are %s.", name, strings.Join(known, ", "))
	}
	return nil
}

// MarkJournal implements Service.
func (d *Direct) MarkJournal(ctx context.Context, tenant, name string) (*journal.Mark, error) {
	j, err := d.journal(ctx, tenant)
	if err != nil {
		return nil, err
	}
	m, err := j.SetMark(ctx, name)
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// JournalMarks implements Service.
func (d *Direct) JournalMarks(ctx context.Context, tenant string) ([]journal.Mark, error) {
	j, err := d.journal(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return j.Marks(), nil
}

// ClearJournal implements Service.
func (d *Direct) ClearJournal(ctx context.Context, tenant, token string) (*Cleared, error) {
	j, err := d.journal(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return &Cleared{j.Clear(ctx, token)}, nil
}

// ArchiveJournal implements Service.
func (d *Direct) ArchiveJournal(ctx context.Context, tenant string, q journal.Query) (*journal.HAR, error) {
	page, err := d.Journal(ctx, tenant, q)
	if err != nil {
		return nil, err
	}
	return page.Archive(d.About.Version, http.StatusText), nil
}

// ClearJournal implements Service.
func (a *Audited) ClearJournal(ctx context.Context, tenant, token string) (*Cleared, error) {
	c, err := a.Direct.ClearJournal(ctx, tenant, token)
	a.tell(ctx, "journal.clear", orDefault(tenant), "Journal", "", err)
	return c, err
}

// Journal implements Service.
func (c *Client) Journal(ctx context.Context, tenant string, q journal.Query) (*journal.Page, error) {
	return call[*journal.Page](ctx, c, http.MethodGet, journalPath(tenant, "", q.Values()), nil)
}

// JournalEntry implements Service.
func (c *Client) JournalEntry(ctx context.Context, tenant string, number int64) (*journal.Entry, error) {
	return call[*journal.Entry](ctx, c, http.MethodGet, journalPath(tenant, "/"+strconv.FormatInt(number, 10), nil), nil)
}

// AwaitJournal implements Service.
func (c *Client) AwaitJournal(ctx context.Context, tenant string, q journal.Query, count int, limit time.Duration) (*journal.Page, error) {
	v := q.Values()
	v.Set("count", strconv.Itoa(count))
	v.Set("timeout", limit.String())
	return call[*journal.Page](ctx, c.patient(), http.MethodGet, journalPath(tenant, "/wait", v), nil)
}

// MarkJournal implements Service.
func (c *Client) MarkJournal(ctx context.Context, tenant, name string) (*journal.Mark, error) {
	return call[*journal.Mark](ctx, c, http.MethodPut, journalPath(tenant, "/marks/"+escaped(name), nil), nil)
}

// JournalMarks implements Service.
func (c *Client) JournalMarks(ctx context.Context, tenant string) ([]journal.Mark, error) {
	return call[[]journal.Mark](ctx, c, http.MethodGet, journalPath(tenant, "/marks", nil), nil)
}

// ClearJournal implements Service.
func (c *Client) ClearJournal(ctx context.Context, tenant, token string) (*Cleared, error) {
	v := url.Values{}
	if token != "" {
		v.Set("token", token)
	}
	return call[*Cleared](ctx, c, http.MethodDelete, journalPath(tenant, "", v), nil)
}

// ArchiveJournal implements Service.
func (c *Client) ArchiveJournal(ctx context.Context, tenant string, q journal.Query) (*journal.HAR, error) {
	return call[*journal.HAR](ctx, c.patient(), http.MethodGet, journalPath(tenant, "/har", q.Values()), nil)
}

func journalPath(tenant, below string, query url.Values) string {
	path := tenantPath(tenant) + "/journal" + below
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// journalParams select entries.
var journalParams = []param{
	{"operation", "string", "What requests are for: create, read, list, search, replace, patch, delete, discovery, token, oauth or other."},
	{"type", "string", "Name of the resource type."},
	{"id", "string", "Id of the resource."},
	{"method", "string", "Method of the request."},
	{"path", "string", "Beginning of the path."},
	{"status", "string", "Status of the answer, such as 404, or its class, such as 4xx."},
	{"token", "string", "Name of the token, or id of the application."},
	{"client", "string", "Family of the client."},
	{"text", "string", "Text in the body of the request or of the answer, as it is kept."},
	{"since", "string", "Number of an entry, name of a mark, or a time, after which entries are given."},
	{"limit", "integer", "How many entries are given at most: 100 unless it says otherwise, 0 for all."},
	{"newest", "boolean", "Gives the last entries that match, instead of the first."},
}

// journalQuery reads which entries a request asks for.
func journalQuery(r *http.Request) (journal.Query, error) {
	v := r.URL.Query()
	q, err := journal.ParseQuery(v)
	if !v.Has("limit") {
		q.Limit = pageSize
	}
	return q, err
}

func journalRoutes() []route {
	const all = "tenants/{tenant}/journal"
	return []route{
		asking("GET", all, "findRequests", "Gives the requests that a tenant has received and their answers, the oldest first.",
			func(s Service, r *http.Request) (*journal.Page, error) {
				q, err := journalQuery(r)
				if err != nil {
					return nil, err
				}
				return s.Journal(r.Context(), aTenant(r), q)
			}).with(journalParams...),
		asking("GET", all+"/count", "countRequests", "Counts requests.",
			func(s Service, r *http.Request) (*Counted, error) {
				q, err := journalQuery(r)
				if err != nil {
					return nil, err
				}
				page, err := s.Journal(r.Context(), aTenant(r), q)
				if err != nil {
					return nil, err
				}
				return &Counted{page.Matched}, nil
			}).with(journalParams...),
		asking("GET", all+"/wait", "awaitRequests", "Waits until as many requests match, and gives them; or, not complete, those that there are when the time is over.",
			func(s Service, r *http.Request) (*journal.Page, error) {
				q, err := journalQuery(r)
				if err != nil {
					return nil, err
				}
				count, err := queryInt(r.URL.Query(), "count")
				if err != nil {
					return nil, err
				}
				limit := awaitTime
				if text := r.URL.Query().Get("timeout"); text != "" {
					if limit, err = time.ParseDuration(text); err != nil || limit < 0 || limit > journal.MaxWait {
						return nil, scimerr.InvalidValue("timeout", "The timeout is a duration such as 5s, up to %s.", journal.MaxWait)
					}
				}
				if !r.URL.Query().Has("count") {
					count = 1
				}
				return s.AwaitJournal(r.Context(), aTenant(r), q, count, limit)
			}).waiting().with(journalParams...).with(
			param{"count", "integer", "How many have to match: 1 unless it says otherwise."},
			param{"timeout", "string", "How long to wait: 10s unless it says otherwise, up to 10m."}),
		asking("GET", all+"/har", "archiveRequests", "Gives requests as an HTTP Archive 1.2, all that match unless limit says otherwise.",
			func(s Service, r *http.Request) (*journal.HAR, error) {
				q, err := journal.ParseQuery(r.URL.Query())
				if err != nil {
					return nil, err
				}
				return s.ArchiveJournal(r.Context(), aTenant(r), q)
			}).slowly().with(journalParams...),
		asking("GET", all+"/marks", "listMarks", "Lists the marks of the journal.",
			func(s Service, r *http.Request) ([]journal.Mark, error) {
				return s.JournalMarks(r.Context(), aTenant(r))
			}),
		asking("PUT", all+"/marks/{mark}", "setMark", "Sets a mark at the end of the journal, or moves it there.",
			func(s Service, r *http.Request) (*journal.Mark, error) {
				return s.MarkJournal(r.Context(), aTenant(r), r.PathValue("mark"))
			}),
		asking("GET", all+"/{number}", "getRequest", "Gives one request with its answer.",
			func(s Service, r *http.Request) (*journal.Entry, error) {
				n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
				if err != nil {
					return nil, scimerr.NotFound("The journal has entries by number.")
				}
				return s.JournalEntry(r.Context(), aTenant(r), n)
			}),
		asking("DELETE", all, "clearRequests", "Removes the requests of one token or application, or all, and the marks.",
			func(s Service, r *http.Request) (*Cleared, error) {
				return s.ClearJournal(r.Context(), aTenant(r), r.URL.Query().Get("token"))
			}).with(param{"token", "string", "Removes those of this token or application alone."}),
	}
}
