package scim

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// List is the answer to a query, ready to be written.
type List struct {
	page       *store.Page
	renderer   *renderer
	startIndex int
	// omits tells that the member Resources is left out when there are none.
	omits bool
}

// Query answers GET on a resource type's endpoint and POST on its /.search
// (RFC 7644 §3.4.2, §3.4.3).
func (s *Service) Query(ctx context.Context, c *Call, rt *schema.ResourceType, p *Params) (*List, error) {
	proj, err := projection(c.Tenant, rt, p, nil)
	if err != nil {
		return nil, err
	}
	q := &store.Query{
		Space: c.Tenant.Space, Parts: []store.Part{{Type: rt}}, Want: c.wants(rt, proj),
		IncludeHidden: c.Tenant.Profile.ListServiceUsers, Transitive: c.Tenant.transitive(), Alias: c.aliased(rt),
	}
	full := newRenderer(c, nil)
	pred := c.Tenant.current(rt, c.Tenant.now())
	if p.HasFilter {
		asked, err := filter.Compile(p.Filter, rt, c.Tenant.options())
		if err != nil {
			return nil, err
		}
		if err := c.Tenant.checkFilter(rt, asked); err != nil {
			return nil, err
		}
		if asked, err = s.byName(ctx, c, rt, asked); err != nil {
			return nil, err
		}
		if pred == nil {
			pred = asked
		} else {
			pred = filter.AllOf(pred, asked)
		}
	}
	if pred != nil {
		q.Parts[0].Filter = pred
		q.Match = func(rt *schema.ResourceType, rec *store.Record) bool {
			return filter.Match(pred, full.tree(rt, rec))
		}
	}
	if err := order(c.Tenant, rt, p, q, full); err != nil {
		return nil, err
	}
	var by *schema.Attribute
	if q.Order != nil {
		by = q.Order.Attr
	}
	q.Judge = judged(c.Tenant, rt, q.Parts[0].Filter, by)
	start := max(p.StartIndex, 1)
	q.Offset, q.Limit = start-1, c.Tenant.unpaged(rt)
	if p.Count != nil {
		q.Limit = min(max(*p.Count, 0), c.Tenant.Profile.MaxResults)
	}
	page, err := s.store.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	return &List{page: page, renderer: newRenderer(c, proj), startIndex: start, omits: omitsEmpty(c.Tenant.Profile, rt)}, nil
}

// omitsEmpty tells whether an empty list of the type has no Resources: RFC 7644
// §3.4.2 wants the member only when there are results.
func omitsEmpty(p *Profile, rt *schema.ResourceType) bool {
	return p.EmptyResources == "omit" || p.EmptyResources == "omitVault" && rt.Family == vaultFamily
}

// unpaged is the size of a page when the request has no count; -1 is everything.
func (t *Tenant) unpaged(rt *schema.ResourceType) int {
	switch {
	case rt.Family != vaultFamily:
		return t.Profile.DefaultCount
	case t.Profile.UnpagedLimit == 0:
		return -1
	}
	return t.Profile.UnpagedLimit
}

// vaultFamily is the family of the types that clients read whole.
const vaultFamily = "vault"

// order reads sortBy and sortOrder into the query (RFC 7644 §3.4.2.3).
func order(t *Tenant, rt *schema.ResourceType, p *Params, q *store.Query, full *renderer) error {
	descending, err := descends(t.Profile, p.SortOrder)
	if err != nil {
		return err
	}
	if p.SortBy == "" {
		return nil
	}
	attr, err := filter.CompileSort(p.SortBy, rt, t.options())
	if err != nil {
		if t.Profile.UnknownSortBy == "ignore" {
			return nil
		}
		return err
	}
	q.Order = &store.Order{Attr: attr, Descending: descending}
	q.SortKey = func(rt *schema.ResourceType, rec *store.Record) (string, bool) {
		return filter.SortKey(attr, full.tree(rt, rec))
	}
	return nil
}

// descends reads sortOrder, which is ascending when it is not given.
func descends(p *Profile, order string) (bool, error) {
	if p.SortOrderForms {
		order = strings.ToLower(order)
		if order == "asc" || order == "desc" {
			order += "ending"
		}
	}
	switch order {
	case "", "ascending":
		return false, nil
	case "descending":
		return true, nil
	}
	return false, scimerr.InvalidValue("sortOrder", "sortOrder must be ascending or descending.")
}

// chunk is about how many bytes of a list are written at a time.
const chunk = 48 << 10

// Write writes the ListResponse. A list that comes in one batch has the order of
// members that the tenant shows; a longer one is written as its batches come,
// with itemsPerPage last, when it is known.
func (l *List) Write(ctx context.Context, w io.Writer) error {
	batch, err := l.page.Next(ctx)
	if err != nil {
		return err
	}
	room := 256
	for i := range batch {
		room += len(batch[i].Doc) + 512
	}
	buf := make([]byte, 0, min(room, chunk+chunk/4))
	buf = append(buf, `{"schemas":["`+urnListResponse+`"],"totalResults":`...)
	buf = strconv.AppendInt(buf, int64(l.page.Total), 10)
	whole := len(batch) >= l.page.Expected
	if whole {
		buf = append(buf, `,"itemsPerPage":`...)
		buf = strconv.AppendInt(buf, int64(len(batch)), 10)
	}
	buf = append(buf, `,"startIndex":`...)
	buf = strconv.AppendInt(buf, int64(l.startIndex), 10)
	if l.omits && len(batch) == 0 {
		_, err = w.Write(append(buf, '}'))
		return err
	}
	buf = append(buf, `,"Resources":[`...)
	items := 0
	for len(batch) > 0 {
		for i := range batch {
			if items++; items > 1 {
				buf = append(buf, ',')
			}
			if batch[i].Streams != nil {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
				if err := l.renderer.stream(ctx, w, batch[i].Type, batch[i].Record); err != nil {
					return err
				}
				continue
			}
			buf = l.renderer.append(buf, batch[i].Type, batch[i].Record)
			if len(buf) >= chunk {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
		}
		if whole {
			break
		}
		if batch, err = l.page.Next(ctx); err != nil {
			return err
		}
	}
	buf = append(buf, ']')
	if !whole {
		buf = append(buf, `,"itemsPerPage":`...)
		buf = strconv.AppendInt(buf, int64(items), 10)
	}
	buf = append(buf, '}')
	_, err = w.Write(buf)
	return err
}

// ParseSearch reads a SearchRequest (RFC 7644 §3.4.3) into Params.
func ParseSearch(p *Profile, body []byte) (*Params, error) {
	in, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	if err := checkMessage(p, in, urnSearchRequest); err != nil {
		return nil, err
	}
	r := searchReader{in: in}
	out := &Params{StartIndex: 1}
	out.Filter, out.HasFilter = r.text("filter")
	out.SortBy, _ = r.text("sortBy")
	out.SortOrder, _ = r.text("sortOrder")
	if n, ok := r.number("startIndex"); ok {
		out.StartIndex = n
	}
	if n, ok := r.number("count"); ok {
		out.Count = &n
	}
	out.Attributes = r.names("attributes")
	out.ExcludedAttributes = r.names("excludedAttributes")
	return out, r.err
}

// searchReader reads typed members and keeps the first error.
type searchReader struct {
	in  *resource.Members
	err error
}

func (r *searchReader) get(name string) (resource.Value, bool) {
	v, ok := r.in.GetFold(name)
	return v, ok && !v.IsNull() && r.err == nil
}

func (r *searchReader) wrong(name, want string, v resource.Value) {
	r.err = scimerr.InvalidSyntax(name, "%s must be %s, not %s.", name, want, kindName(v))
}

func (r *searchReader) text(name string) (string, bool) {
	v, ok := r.get(name)
	if ok && v.Kind() != resource.String {
		r.wrong(name, "a text", v)
		return "", false
	}
	return v.Str(), ok
}

func (r *searchReader) number(name string) (int, bool) {
	v, ok := r.get(name)
	if !ok {
		return 0, false
	}
	if v.Kind() != resource.Number {
		r.wrong(name, "a whole number", v)
		return 0, false
	}
	n, err := ParseCount(name, v.Literal())
	if err != nil {
		r.err = err
	}
	return n, err == nil
}

// names reads a list of attribute names, or one comma-separated text.
func (r *searchReader) names(name string) []string {
	v, ok := r.get(name)
	if !ok {
		return nil
	}
	if v.Kind() == resource.String {
		return SplitNames(v.Str())
	}
	if v.Kind() != resource.Array {
		r.wrong(name, "a list of attribute names", v)
		return nil
	}
	var out []string
	for _, item := range v.Items() {
		if item.Kind() != resource.String {
			r.wrong(name, "a list of attribute names", item)
			return nil
		}
		out = append(out, item.Str())
	}
	return out
}

// SplitNames splits the comma-separated value of attributes or
// excludedAttributes; empty names are dropped.
func SplitNames(text string) []string {
	var out []string
	for _, name := range strings.Split(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// ParseCount reads startIndex or count; what is no number of 32 bits is refused
// (R7644-3.4.2.4-08).
func ParseCount(name, text string) (int, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return 0, scimerr.InvalidValue(name, "%s must be a whole number of at most 2147483647.", name)
	}
	return int(n), nil
}
