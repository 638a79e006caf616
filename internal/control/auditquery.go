package control

import (
	"net/url"
	"strconv"
	"time"

	"github.com/scimd/scimd/internal/audit"
)

// auditParams are the parameters that auditValues makes.
var auditParams = []param{
	{"tenant", "string", "The tenant; without it the trail of the server."},
	{"since", "date-time", "Leaves out what is older."},
	{"until", "date-time", "Leaves out this time and what is newer."},
	{"cursor", "string", "Goes on where an answer said next."},
	{"limit", "integer", "The most records in an answer."},
	{"last", "boolean", "Gives the newest records rather than the oldest."},
}

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
	var errs [4]error
	q.Cursor = v.Get("cursor")
	q.Limit, errs[0] = queryInt(v, "limit")
	q.Last, errs[1] = queryBool(v, "last")
	q.Since, errs[2] = queryTime(v, "since")
	q.Until, errs[3] = queryTime(v, "until")
	for _, err := range errs {
		if err != nil {
			return q, err
		}
	}
	return q, nil
}
