package server

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// request is one request on its way through a handler.
type request struct {
	w    http.ResponseWriter
	r    *http.Request
	call *scim.Call
	rt   *schema.ResourceType // of the endpoint; nil for discovery
	op   fault.Operation      // "" for what has no name
	// media is the content type of the answer.
	media string
}

// handlerFunc answers a request or says why not; it writes nothing when it
// returns an error.
type handlerFunc func(*request) error

// handle runs a handler that needs neither tenant nor token.
func (s *server) handle(fn handlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := &request{w: w, r: r}
		if err := fn(q); err != nil {
			s.fail(w, r, err)
		}
	}
}

// authenticated runs a handler for any valid token of the tenant.
func (s *server) authenticated(fn handlerFunc) http.HandlerFunc {
	return s.guarded(nil, "", false, fn)
}

// reading and writing run a handler on a resource type for tokens that have the
// right to do so.
func (s *server) reading(rt *schema.ResourceType, op fault.Operation, fn handlerFunc) http.HandlerFunc {
	return s.guarded(rt, op, false, fn)
}

func (s *server) writing(rt *schema.ResourceType, op fault.Operation, fn handlerFunc) http.HandlerFunc {
	return s.guarded(rt, op, true, fn)
}

// discovery runs a handler for any token, or without one where the profile
// says so (R7643-5-03). A filter is refused (RFC 7644 §4).
func (s *server) discovery(fn handlerFunc) http.HandlerFunc {
	refusing := func(q *request) error {
		if q.r.URL.Query().Has("filter") {
			return scimerr.Forbidden("Discovery endpoints take no filter.").Where("filter")
		}
		return fn(q)
	}
	guarded := s.guarded(nil, fault.Discovery, false, refusing)
	return func(w http.ResponseWriter, r *http.Request) {
		at := placeOf(r)
		if at.err == nil && at.tenant.Profile.AnonymousDiscovery && len(r.Header.Values("Authorization")) == 0 {
			s.serve(&request{w: w, r: r, op: fault.Discovery, call: &scim.Call{Tenant: at.tenant}}, refusing)
			return
		}
		guarded(w, r)
	}
}

// guarded resolves the token, checks its right to read or write resources of
// type rt, if there is one, then runs the handler: a request without a valid
// token learns nothing else (R7644-2-03).
func (s *server) guarded(rt *schema.ResourceType, op fault.Operation, write bool, fn handlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at := placeOf(r)
		if at.err != nil {
			s.fail(w, r, at.err)
			return
		}
		e := entry(r)
		e.tenant, e.operation = at.tenant.Name, op
		if rt != nil {
			e.resourceType, e.resource, e.reads = rt.Name, chi.URLParam(r, "id"), !write
		}
		id, err := s.identify(r, at)
		if err == nil {
			err = at.tenant.Admit(id.TokenID)
		}
		if err == nil && rt != nil {
			err = id.Rights.Require(rt.Family, write)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		call := &scim.Call{Tenant: at.tenant, Principal: id.Principal}
		if write { // for the change log
			call.Credential, call.Address = id.TokenName, s.address(r)
		}
		s.serve(&request{w: w, r: r, rt: rt, op: op, call: call}, fn)
	}
}

// identify tells whose token a request has. The legacy base takes Basic
// credentials as well.
func (s *server) identify(r *http.Request, at *place) (*auth.Identity, error) {
	var id *auth.Identity
	var err error
	legacy := at.legacy && at.tenant.Profile.LegacyAlias
	var sent []auth.Credentials
	if header := r.Header.Values("Authorization"); legacy && len(header) == 1 {
		sent, _ = auth.Basic(header[0])
	}
	if sent != nil {
		id, err = s.Auth.AuthenticateBasic(r.Context(), sent, at.tenant, s.issuerRoot(r), s.source(r))
	} else {
		id, err = s.Auth.Authenticate(r.Context(), r.Header, at.tenant, s.issuerRoot(r))
	}
	if err == nil {
		entry(r).came(id)
		return id, nil
	}
	entry(r).token = auth.RefusedApp(err)
	if legacy {
		err = auth.OfferBasic(err)
	}
	return nil, s.Auth.Guessed(at.tenant, s.source(r), err)
}

// serve completes the call and runs the handler.
func (s *server) serve(q *request, fn handlerFunc) {
	t := q.call.Tenant
	entry(q.r).tenant, entry(q.r).operation = t.Name, q.op
	q.call.RequestID = entry(q.r).id
	q.call.Base, q.call.Legacy = s.linkBase(q.r, t.Profile), placeOf(q.r).legacy
	leave, err := t.Enter()
	if err != nil {
		s.fail(q.w, q.r, err)
		return
	}
	defer leave()
	err = spelled(q.r, t.Profile)
	if err == nil {
		q.media, err = negotiate(q.r.Header)
	}
	if err == nil && !s.faultless(q.r) {
		s.faulty(q.w, q.r, t, q.op, func(w http.ResponseWriter, t *scim.Tenant) {
			q.w, q.call.Tenant = w, t
			if err := fn(q); err != nil {
				s.fail(w, q.r, err)
			}
		})
		return
	}
	if err == nil {
		err = fn(q)
	}
	if err != nil {
		s.fail(q.w, q.r, err)
	}
}

// id is the resource id of the path, decoded.
func (q *request) id() string {
	text, err := url.PathUnescape(chi.URLParam(q.r, "id"))
	if err != nil {
		return ""
	}
	return text
}

// body reads a JSON body within the limit (R7644-3.8-06 to -11).
func (q *request) body(limit int64) ([]byte, error) {
	if err := checkContent(q.r.Header); err != nil {
		return nil, err
	}
	if q.r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	data, err := io.ReadAll(http.MaxBytesReader(q.w, q.r.Body, limit))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge(limit)
	case err != nil:
		return nil, scimerr.BadRequest("The body ended before it was complete.").WithCause(err)
	}
	return data, nil
}

func tooLarge(limit int64) error {
	return scimerr.TooLarge("The body is larger than the limit of %d bytes.", limit)
}

// checkContent accepts SCIM and plain JSON in UTF-8; a missing type is taken as
// JSON.
func checkContent(h http.Header) error {
	if enc := h.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return scimerr.UnsupportedMediaType("The body must not be compressed.").Where("Content-Encoding")
	}
	text := h.Get("Content-Type")
	if text == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(text)
	if err != nil && media == "" || media != mediaSCIM && media != mediaJSON {
		return scimerr.UnsupportedMediaType("The body must be application/scim+json or application/json.").Where("Content-Type")
	}
	if cs := params["charset"]; cs != "" && !strings.EqualFold(cs, "utf-8") && !strings.EqualFold(cs, "utf8") {
		return scimerr.UnsupportedMediaType("The body must be in UTF-8.").Where("Content-Type")
	}
	return nil
}

// params reads the query parameters of RFC 7644 §3.4.2 and §3.9. Unknown ones
// are ignored, a repeated one is refused.
func (q *request) params() (*scim.Params, error) {
	values, err := url.ParseQuery(q.r.URL.RawQuery)
	if err != nil {
		return nil, scimerr.InvalidSyntax("query", "The query of the URL cannot be read: check its percent signs and semicolons.")
	}
	p := &scim.Params{StartIndex: 1}
	for name, list := range values {
		if !knownParam[name] {
			continue
		}
		if len(list) > 1 {
			return nil, scimerr.InvalidValue(name, "The parameter %s is given more than once.", name)
		}
		if err := setParam(p, name, list[0]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

var knownParam = map[string]bool{
	"filter": true, "sortBy": true, "sortOrder": true, "startIndex": true, "count": true,
	"attributes": true, "excludedAttributes": true,
}

func setParam(p *scim.Params, name, value string) error {
	switch name {
	case "filter":
		p.Filter, p.HasFilter = value, true
	case "sortBy":
		p.SortBy = value
	case "sortOrder":
		p.SortOrder = value
	case "attributes":
		p.Attributes = scim.SplitNames(value)
	case "excludedAttributes":
		p.ExcludedAttributes = scim.SplitNames(value)
	default:
		n, err := scim.ParseCount(name, value)
		if err != nil {
			return err
		}
		if name == "count" {
			p.Count = &n
		} else {
			p.StartIndex = n
		}
	}
	return nil
}
