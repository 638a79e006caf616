package control

import (
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// BasePath is what all paths of the control API are below.
const BasePath = "/_scimd"

const prefix = BasePath + "/"

// route is one thing that can be asked of the control API: the handler and the
// OpenAPI document are made of routes.
type route struct {
	method, path string // the path is below prefix, with {names}
	// id is the operationId, summary one sentence.
	id, summary string
	query       []param
	headers     []header
	// body and answer are the types of the JSON in the request and in the answer; nil
	// when there is none. what says, for refusals, what the body should be.
	body, answer reflect.Type
	what         string
	// reads and writes are media types of bodies that are not of those types: do reads
	// the request's body, or gives an answer of type Text.
	reads, writes []string
	// limit bounds the body, in bytes.
	limit  int64
	status int
	// long tells that an answer may take longer than other requests, waits that it does
	// nothing meanwhile, so that the end of the server need not wait for it.
	long, waits bool
	do          func(Service, *http.Request) (any, error)
}

// param is a parameter of a query. kind is a type of JSON Schema, or date-time.
type param struct{ name, kind, about string }

// header is one that a route heeds, beside those of every request.
type header struct{ name, about string }

// takesBody tells that a body belongs to a request.
func (r route) takesBody() bool { return r.body != nil || len(r.reads) > 0 }

// none is the answer where there is nothing to say: 204.
type none struct{}

// Text is a body that is no JSON of this package, such as a file.
type Text struct {
	ContentType string
	Write       func(io.Writer) error
}

// asking is a route without a body.
func asking[A any](method, path, id, summary string, do func(Service, *http.Request) (A, error)) route {
	r := route{method: method, path: path, id: id, summary: summary, answer: reflect.TypeFor[A](), limit: maxBody, status: http.StatusOK}
	if r.answer == reflect.TypeFor[none]() {
		r.answer, r.status = nil, http.StatusNoContent
	}
	r.do = func(s Service, req *http.Request) (any, error) { return do(s, req) }
	return r
}

// sending is a route with a body, which what names with its article.
func sending[B, A any](method, path, id, summary, what string, do func(Service, *http.Request, B) (A, error)) route {
	r := asking[A](method, path, id, summary, nil)
	r.body, r.what = reflect.TypeFor[B](), what
	required := requiredMembers(r.body)
	r.do = func(s Service, req *http.Request) (any, error) {
		body, err := read[B](req, r.what, required)
		if err != nil {
			return nil, err
		}
		return do(s, req, body)
	}
	return r
}

// doing is for routes whose method of Service gives only an error.
func doing(do func(Service, *http.Request) error) func(Service, *http.Request) (none, error) {
	return func(s Service, r *http.Request) (none, error) { return none{}, do(s, r) }
}

// making has a route answer 201.
func (r route) making() route { r.status = http.StatusCreated; return r }

// slowly lets a route take its time.
func (r route) slowly() route { r.long = true; return r }

// waiting is slowly for what only waits.
func (r route) waiting() route { r.long, r.waits = true, true; return r }

// with gives a route parameters.
func (r route) with(params ...param) route { r.query = slices.Concat(r.query, params); return r }

// heeding has a route heed a header.
func (r route) heeding(h header) route { r.headers = append(r.headers, h); return r }

// atMost gives a route another bound of its body, in bytes.
func (r route) atMost(bytes int64) route { r.limit = bytes; return r }

// reading has a route read a body of one of these media types itself.
func (r route) reading(media ...string) route { r.reads = media; return r }

// writing has a route, whose function gives Text, write one of these media types.
func (r route) writing(media ...string) route { r.writes, r.answer = media, nil; return r }

// pattern is the route as http.ServeMux knows it.
func (r route) pattern() string { return r.method + " " + prefix + r.path }

// tag groups routes in the document: the first word after a tenant, or of the path.
func (r route) tag() string {
	tag, rest, _ := strings.Cut(r.path, "/")
	if below := strings.SplitN(rest, "/", 3); tag == "tenants" && len(below) > 1 {
		return below[1]
	}
	return tag
}

// pathParams are the names in the path.
func (r route) pathParams() []string {
	var out []string
	for segment := range strings.SplitSeq(r.path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			out = append(out, strings.TrimSuffix(name, "}"))
		}
	}
	return out
}
