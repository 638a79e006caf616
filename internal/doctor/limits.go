package doctor

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	// skewed is from where on clocks trouble tokens, wrong from where they break them.
	skewed = 30 * time.Second
	wrong  = 5 * time.Minute
)

// method looks whether a method arrives: of a user that is not there, the server says
// so.
func method(name string) func(*patient, context.Context) finding {
	return func(p *patient, ctx context.Context) finding {
		id := made()
		a := p.send(ctx, ask{method: name, path: "/Users/" + id, body: changeOfNobody(name, 0)})
		done := a.err == nil && a.status >= 200 && a.status < 300
		switch {
		case done && name == http.MethodPut:
			p.more = append(p.more, cmp.Or(a.id(), id))
			return bad(a.seen(), "PUT makes a user that is not there, which it must not (RFC 7644 §3.5.1).")
		case done:
			return poor(a.seen(), "%s of a user that is not there should be 404 (RFC 7644 §3.12).", name)
		case p.own(a) && a.refused(http.StatusNotFound, http.StatusForbidden, http.StatusBadRequest):
			return good("arrives")
		case p.own(a) && a.refused(http.StatusMethodNotAllowed, http.StatusNotImplemented):
			return bad(a.seen(), "%s arrives as another method, or the server does not have it: have the proxy leave methods alone.", name)
		case a.status == http.StatusMethodNotAllowed || a.status == http.StatusNotImplemented || a.status == http.StatusForbidden:
			return bad(a.seen(), "Something before the server forbids %s: allow GET, POST, PUT, PATCH and DELETE.", name)
		}
		return bad(a.seen(), "%s", a.stranger())
	}
}

// changeOfNobody is a body for a method, filled up with blanks to a size.
func changeOfNobody(method string, size int) []byte {
	var body []byte
	switch method {
	case http.MethodPut:
		body = encoded(map[string]any{"schemas": []string{userSchema}, "userName": made()})
	case http.MethodPatch:
		body = encoded(map[string]any{
			"schemas":    []string{patchSchema},
			"Operations": []any{map[string]any{"op": "replace", "path": "displayName", "value": "x"}},
		})
	}
	if missing := size - len(body); missing > 0 {
		body = append(body, bytes.Repeat([]byte(" "), missing)...)
	}
	return body
}

// query looks at the method QUERY, which no client of today needs.
func (p *patient) query(ctx context.Context) finding {
	a := p.send(ctx, ask{method: "QUERY", path: "/Users", body: encoded(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}})})
	if p.own(a) {
		return good("arrives")
	}
	return poor(a.seen(), "Something before the server does not know the method QUERY, which clients of tomorrow may send.")
}

// limit is a size that is tried. A refusal of the server itself is its own business.
type limit struct {
	bytes int
	// refused is what a refusal on the way is worth.
	refused Status
}

var bodySizes = []limit{{64 * kib, Fail}, {mib + mib/2, Fail}, {9 * mib, Warn}}

// largest tries sizes, the smallest first, when nothing else keeps the least of all.
func (p *patient) largest(limits []limit, culprit string, try func(size int) *answer) finding {
	if a := try(1); !p.own(a) {
		return poor(a.seen(), "How much passes cannot be told: the server does not answer to the least either.")
	}
	passed := 0
	for _, l := range limits {
		a := try(l.bytes)
		own := p.own(a) && (a.status == http.StatusRequestEntityTooLarge || a.status == http.StatusRequestURITooLong || a.status == http.StatusRequestHeaderFieldsTooLarge)
		if own {
			return good("%s; the server itself takes no %s", size(passed), size(l.bytes))
		}
		if !p.own(a) {
			return finding{l.refused, fmt.Sprintf("%s pass, %s do not: %s", size(passed), size(l.bytes), a.seen()), culprit}
		}
		passed = l.bytes
	}
	return good("%s pass", size(passed))
}

func (p *patient) bodySize(ctx context.Context) finding {
	return p.largest(bodySizes,
		"Something before the server limits bodies, and large groups will not pass: raise its limit to that of the server (nginx: client_max_body_size).",
		func(size int) *answer {
			return p.send(ctx, ask{method: http.MethodPatch, path: "/Users/" + made(), body: changeOfNobody(http.MethodPatch, size)})
		})
}

func (p *patient) urlLength(ctx context.Context) finding {
	return p.largest([]limit{{2 * kib, Fail}, {7 * kib, Warn}, {15 * kib, Warn}},
		"Something before the server limits the length of URLs, and long filters will not pass: raise its limit (nginx: large_client_header_buffers).",
		func(size int) *answer {
			return p.get(ctx, "/Users?count=1&filter=userName%20eq%20%22"+strings.Repeat("x", size)+"%22")
		})
}

func (p *patient) headerSize(ctx context.Context) finding {
	return p.largest([]limit{{2 * kib, Fail}, {7 * kib, Warn}, {15 * kib, Warn}},
		"Something before the server limits headers, and long tokens will not pass: raise its limit (nginx: large_client_header_buffers).",
		func(size int) *answer {
			return p.send(ctx, ask{method: http.MethodGet, path: "/Users?count=1", header: map[string]string{"X-Scimd-Doctor": strings.Repeat("x", size)}})
		})
}

func size(n int) string {
	if n >= mib {
		return fmt.Sprintf("%.3g MiB", float64(n)/mib)
	}
	return fmt.Sprintf("%d KiB", n/kib)
}

// clock holds the server's clock against the one here: by the header Date, which has
// whole seconds, and by what it says of the user that was made.
func (p *patient) clock(context.Context) finding {
	type moment struct {
		there, here time.Time
	}
	var moments []moment
	if date, err := http.ParseTime(p.listed.header.Get("Date")); err == nil {
		moments = append(moments, moment{date, p.listed.began.Add(p.listed.took / 2).Truncate(time.Second)})
	}
	if !p.created.IsZero() {
		moments = append(moments, moment{p.created, p.createdAt})
	}
	if len(moments) == 0 {
		return poor("no Date", "Answers have no Date, so that the clock cannot be told.")
	}
	var most time.Duration
	for _, m := range moments {
		if off := m.there.Sub(m.here); off.Abs() > most.Abs() {
			most = off
		}
	}
	way := "ahead"
	if most < 0 {
		way = "behind"
	}
	seen := fmt.Sprintf("%s %s", most.Abs().Round(time.Second), way)
	const culprit = "The clock of the server, or the one here, is wrong: signed tokens begin and end by it; see to its synchronisation."
	switch {
	case most.Abs() >= wrong:
		return bad(seen, culprit)
	case most.Abs() >= skewed:
		return poor(seen, culprit)
	}
	return good("%s", seen)
}
