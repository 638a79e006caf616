// Package doctor looks at a SCIM server from outside, as its clients reach it: it
// plays what identity providers ask first, and finds what proxies, certificates and
// clocks in between do to requests and answers. It knows nothing but the wire.
package doctor

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Status tells how a check ended.
type Status string

// OK is as it should be, Warn will trouble some clients, Fail will stop some.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Options tell what to look at. URL is the base URL as clients have it, such as
// https://scim.example.com/scim/v2.
type Options struct {
	URL   *url.URL
	Token string
	// ReadOnly leaves out what writes.
	ReadOnly bool
	// Roots are the authorities trusted, nil for those of the system.
	Roots *x509.CertPool
	// Timeout bounds each request; 0 means 15 seconds.
	Timeout time.Duration
	// Now is the clock that the server's is held against; nil means time.Now.
	Now func() time.Time
}

// Check is what one check has found. Culprit is one sentence that names what is to be
// changed; "" when all is well.
type Check struct {
	Name    string `json:"name"`
	Status  Status `json:"status"`
	Seen    string `json:"seen"`
	Culprit string `json:"culprit,omitempty"`
}

// Report is what a look has found. LeftOut are checks that were not made, since they
// write, or since a failure before them would be all that they see.
type Report struct {
	URL     string   `json:"url"`
	Status  Status   `json:"status"`
	Checks  []Check  `json:"checks"`
	LeftOut []string `json:"leftOut,omitempty"`
}

// check is one check, made by do. A gate ends the look when it fails. One that writes
// sends what could change something; user tells that it is about the user made.
type check struct {
	name               string
	gate, writes, user bool
	do                 func(*patient, context.Context) finding
}

// finding is what a check gives: Check without its name.
type finding struct {
	status        Status
	seen, culprit string
}

func good(seen string, args ...any) finding {
	return finding{status: OK, seen: fmt.Sprintf(seen, args...)}
}

func poor(seen, culprit string, args ...any) finding {
	return finding{Warn, seen, fmt.Sprintf(culprit, args...)}
}

func bad(seen, culprit string, args ...any) finding {
	return finding{Fail, seen, fmt.Sprintf(culprit, args...)}
}

// checks are all checks in their order.
var checks = []check{
	{name: "reach", gate: true, do: (*patient).reach},
	{name: "certificate", gate: true, do: (*patient).certificate},
	{name: "without a token", do: (*patient).anonymous},
	{name: "with the token", gate: true, do: (*patient).authorized},
	{name: "media type", do: (*patient).mediaType},
	{name: "request id", do: (*patient).requestID},
	{name: "error answers", do: (*patient).errorAnswers},
	{name: "links", do: (*patient).links},

	{name: "Entra ID: connection test", do: (*patient).entra},
	{name: "Okta: create", writes: true, do: (*patient).create},
	{name: "Okta: look up", writes: true, user: true, do: (*patient).lookUp},
	{name: "Okta: create again", writes: true, user: true, do: (*patient).createAgain},
	{name: "Okta: deactivate", writes: true, user: true, do: (*patient).deactivate},
	{name: "Okta: read back", writes: true, user: true, do: (*patient).readBack},
	{name: "Okta: delete", writes: true, user: true, do: (*patient).remove},

	{name: "path %2F", do: inPath("%2F", "/")},
	{name: "path %2F%2F", do: inPath("%2F%2F", "//")},
	{name: "path %20", do: inPath("%20", " ")},
	{name: "path +", do: inPath("+", "+")},
	{name: "path %2B", do: inPath("%2B", "+")},
	{name: "path %3F", do: inPath("%3F", "?")},
	{name: "path %25", do: inPath("%252F", "%2F")},
	{name: "path //", do: (*patient).doubledSlash},
	{name: "query + and %20", do: (*patient).blanks},
	{name: "query %2B", do: (*patient).plus},
	{name: "query %26, %23, %25", do: (*patient).delimiters},

	{name: "method PUT", writes: true, do: method(http.MethodPut)},
	{name: "method PATCH", writes: true, do: method(http.MethodPatch)},
	{name: "method DELETE", writes: true, do: method(http.MethodDelete)},
	{name: "method QUERY", do: (*patient).query},

	{name: "body size", writes: true, do: (*patient).bodySize},
	{name: "URL length", do: (*patient).urlLength},
	{name: "header size", do: (*patient).headerSize},
	{name: "clock", do: (*patient).clock},
}

// patience is how many requests that bring no answer in time a look bears.
const patience = 12

// Run looks at a server. It removes what it has made, also when ctx ends.
func Run(ctx context.Context, o Options) *Report {
	p := newPatient(o)
	defer p.close()
	out := &Report{URL: p.base, Status: OK, Checks: []Check{}}
	look, cancel := context.WithTimeout(ctx, patience*p.Timeout)
	defer cancel()
	closed := false
	for _, c := range checks {
		if closed || c.writes && o.ReadOnly || c.user && p.user == "" {
			out.LeftOut = append(out.LeftOut, c.name)
			continue
		}
		p.last = nil
		f := c.do(p, look)
		if f.status != OK && p.last != nil && p.last.impatient() {
			f.culprit = p.last.stranger() // whatever was asked
		}
		if ctx.Err() == nil && look.Err() != nil {
			f = bad(f.seen, "The server takes so long that the look ends here: see what keeps it, or give it more time with --timeout.")
		}
		out.add(c.name, p.hidden(f))
		closed = look.Err() != nil || c.gate && f.status == Fail
	}
	if f, needed := p.cleanUp(context.WithoutCancel(ctx)); needed {
		out.add("clean up", p.hidden(f))
	}
	return out
}

func (r *Report) add(name string, f finding) {
	r.Checks = append(r.Checks, Check{Name: name, Status: f.status, Seen: f.seen, Culprit: f.culprit})
	if f.status == Fail || r.Status == OK {
		r.Status = f.status
	}
}

// hidden takes the token out of what a server has said.
func (p *patient) hidden(f finding) finding {
	if p.Token != "" {
		f.seen, f.culprit = strings.ReplaceAll(f.seen, p.Token, "***"), strings.ReplaceAll(f.culprit, p.Token, "***")
	}
	return f
}

// patient is the server that is looked at, with what was learnt of it.
type patient struct {
	Options
	base   string
	client *http.Client
	// first is the answer to the first request, sent without a token.
	first *answer
	// last is the last answer to a check, nil before there is one.
	last *answer
	// listed is the answer to a request for users.
	listed *answer
	// user is the id of the user that was made and is still there, userName its name.
	user, userName string
	// patched tells that a change of that user was taken.
	patched bool
	// more are ids of others that a server has made, as it should not; lost tells that
	// one was perhaps made whose id did not come back.
	more []string
	lost bool
	// created is when the server says that it made it, at which time here.
	created, createdAt time.Time
	// echo is nil until it is needed.
	echo *echo
}

func newPatient(o Options) *patient {
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &patient{Options: o, base: strings.TrimRight(o.URL.String(), "/")}
	p.client = newClient(o.Timeout, o.Roots)
	return p
}

func (p *patient) close() { p.client.CloseIdleConnections() }

// made is a name that nobody has: small letters and digits.
func made() string { return "scimd-doctor-" + strings.ToLower(rand.Text()[:16]) }
