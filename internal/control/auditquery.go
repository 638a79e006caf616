package control

import (
	"net/url"
	"strconv"
	"time"

	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/scimerr"
)

// auditValues are a query of a trail as parameters of a URL.
func auditValues(tenant string, q audit.Query) url.Values {
	v := url.Values{"tenant": {tenant}, "cursor": {q.Cursor}, "limit": {strconv.Itoa(q.Limit)}, "last": {strconv.FormatBool(q.Last)}}
	for name, t := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !t.IsZero() {
			v.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	return v
}

// readAuditQuery reads what auditValues makes, each part of which may be left out.
func readAuditQuery(v url.Values) (q audit.Query, err error) {
	q.Cursor = v.Get("cursor")
	if text := v.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil {
			return q, scimerr.InvalidValue("limit", "The limit is not a number.")
		}
	}
	if text := v.Get("last"); text != "" {
		if q.Last, err = strconv.ParseBool(text); err != nil {
			return q, scimerr.InvalidValue("last", "The parameter last is true or false.")
		}
	}
	for name, t := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		if text := v.Get(name); text != "" {
			if *t, err = time.Parse(time.RFC3339, text); err != nil {
				return q, scimerr.InvalidValue(name, "The parameter %s is not a time such as 2030-12-31T12:00:00Z.", name)
			}
		}
	}
	return q, nil
}
