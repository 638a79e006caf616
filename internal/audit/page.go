package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// MaxPage bounds the records of a page.
const MaxPage = 1000

// Query asks for a page of a tenant's trail. Records are at or after Since and
// before Until; zero times bound nothing.
type Query struct {
	// Cursor is Next of the page before; "" begins.
	Cursor       string
	Since, Until time.Time
	// Limit bounds the records; 0 means MaxPage.
	Limit int
	// Last asks for the newest records rather than the oldest.
	Last bool
}

// Page is a part of a trail, the oldest record first. After the last record Next
// leads to those that come later.
type Page struct {
	Records []Record `json:"records"`
	Next    string   `json:"next"`
}

// cursor holds the numbers of the last change and of the last audit row that were
// shown.
type cursor struct{ change, audit int64 }

func (c cursor) String() string { return fmt.Sprintf("%d.%d", c.change, c.audit) }

func parseCursor(text string) (c cursor, err error) {
	if text == "" {
		return c, nil
	}
	var rest string
	if n, _ := fmt.Sscanf(text, "%d.%d%s", &c.change, &c.audit, &rest); n != 2 || c.String() != text {
		return c, scimerr.InvalidValue("cursor", "The cursor is not one of an earlier page.")
	}
	return c, nil
}

// Read reads a page of the trail of a space, the tenant of which has that name. Both
// logs are read in the order of their commits, and merged by time.
func Read(ctx context.Context, s store.Trail, space int64, tenant string, q Query) (*Page, error) {
	at, err := parseCursor(q.Cursor)
	if err != nil {
		return nil, err
	}
	if q.Limit == 0 {
		q.Limit = MaxPage
	}
	if q.Limit < 0 || q.Limit > MaxPage {
		return nil, scimerr.InvalidValue("limit", "A page has 1 to %d records.", MaxPage)
	}
	ask := store.TrailQuery{Space: space, After: at.change, Since: q.Since, Until: q.Until, Limit: q.Limit, Last: q.Last}
	changes, err := s.Changes(ctx, ask)
	if err != nil {
		return nil, err
	}
	ask.After = at.audit
	others, err := s.Audit(ctx, ask)
	if err != nil {
		return nil, err
	}
	page := &Page{Records: []Record{}}
	skip := 0
	if q.Last {
		skip = max(0, len(changes)+len(others)-q.Limit)
	}
	for i, j := 0, 0; (i < len(changes) || j < len(others)) && len(page.Records) < q.Limit; {
		var r Record
		if j == len(others) || i < len(changes) && !others[j].At.Before(changes[i].At) {
			r, at.change = ofChange(tenant, &changes[i]), changes[i].N
			i++
		} else {
			r, at.audit = ofAudit(tenant, &others[j]), others[j].N
			j++
		}
		if skip > 0 {
			skip--
			continue
		}
		page.Records = append(page.Records, r)
	}
	page.Next = at.String()
	return page, nil
}
