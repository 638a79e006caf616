package control

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// documentPath is where the description of the API stands.
const documentPath = prefix + "openapi.json"

// Document is the description of the control API, in the form of OpenAPI 3.1, made
// of the routes.
var Document = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(describe(routes())); err != nil {
		panic(err) // of values made here
	}
	return b.Bytes()
})

// object is a part of the document.
type object = map[string]any

// openAPI is the document; its order is for people who read it.
type openAPI struct {
	OpenAPI    string            `json:"openapi"`
	Info       object            `json:"info"`
	Servers    []object          `json:"servers"`
	Security   []object          `json:"security"`
	Paths      map[string]object `json:"paths"`
	Components object            `json:"components"`
}

// pathAbouts tells of the names in paths.
var pathAbouts = map[string]string{
	"fault":    "Id of a fault.",
	"tenant":   "Name of a tenant.",
	"token":    "Id or name of a token.",
	"app":      "Id of an application.",
	"user":     "Id or userName of a service user, or the id of its application.",
	"issuer":   "Name of a trusted issuer.",
	"snapshot": "Name of a snapshot.",
	"number":   "Number of an entry of the journal.",
	"mark":     "Name of a mark.",
}

func describe(routes []route) openAPI {
	types := newTypes()
	paths := map[string]object{}
	for _, r := range append(routes, route{
		method: http.MethodGet, path: strings.TrimPrefix(documentPath, prefix), id: "getDescription", summary: "Gives this document; needs no token.",
		writes: []string{"application/json"}, status: http.StatusOK,
	}) {
		path := prefix + r.path
		if paths[path] == nil {
			paths[path] = object{}
		}
		paths[path][strings.ToLower(r.method)] = operation(r, types)
	}
	return openAPI{
		OpenAPI: "3.1.0",
		Info: object{
			"title": "scimd control API", "version": "1",
			"description": "What can be managed of a scimd server: tenants, tokens, and what tests need. Commands of scimd use it, on a socket in the data directory or here. A body is refused where none is described, but for GET; so are parameters and members that are not described.",
			"license":     object{"name": "Apache 2.0", "identifier": "Apache-2.0"},
		},
		Servers:  []object{{"url": "http://127.0.0.1:8081", "description": "the default of --control-addr"}},
		Security: []object{{"controlToken": []string{}}},
		Paths:    paths,
		Components: object{
			"securitySchemes": object{"controlToken": object{
				"type": "http", "scheme": "bearer",
				"description": "The token given by --control-token, or the one in the file control-token of the data directory.",
			}},
			"responses": object{"refusal": object{
				"description": "A refusal, or a failure that a line of the log with the same X-Request-Id explains.",
				"content":     content(types.of(refusalType), "application/json"),
			}},
			"schemas": types.named,
		},
	}
}

func operation(r route, types *types) object {
	done := object{"description": http.StatusText(r.status)}
	if r.answer != nil {
		done["content"] = content(types.of(r.answer), "application/json")
	} else if len(r.writes) > 0 {
		done["content"] = content(object{}, r.writes...)
	}
	op := object{
		"operationId": r.id, "summary": r.summary, "tags": []string{r.tag()},
		"responses": object{strconv.Itoa(r.status): done, "default": ref("responses", "refusal")},
	}
	if r.long {
		op["description"] = "May take longer than other requests."
	}
	if r.do == nil { // the document
		op["security"] = []object{}
	}
	if params := parameters(r); len(params) > 0 {
		op["parameters"] = params
	}
	if r.body != nil {
		op["requestBody"] = object{"required": true, "content": content(types.of(r.body), "application/json")}
	} else if len(r.reads) > 0 {
		op["requestBody"] = object{"required": true, "content": content(object{}, r.reads...)}
	}
	return op
}

func parameters(r route) (out []object) {
	for _, name := range r.pathParams() {
		p := object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}}
		if about := pathAbouts[name]; about != "" {
			p["description"] = about
		}
		out = append(out, p)
	}
	for _, q := range r.query {
		schema := object{"type": q.kind}
		if q.kind == dateTime {
			schema = object{"type": "string", "format": dateTime}
		}
		out = append(out, object{"name": q.name, "in": "query", "description": q.about, "schema": schema})
	}
	for _, h := range r.headers {
		out = append(out, object{"name": h.name, "in": "header", "description": h.about, "schema": object{"type": "string"}})
	}
	return out
}

func content(schema any, media ...string) object {
	out := object{}
	for _, m := range media {
		out[m] = object{"schema": schema}
	}
	return out
}

func ref(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }
