package server

import (
	"net/http"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// Recorder takes rows of the audit log. It does not wait: no request is held up by
// what is told of it.
type Recorder interface{ Add(store.Audit) }

// audit tells of a request that was answered: of sign-ins and refusals, and of
// reads where that is asked for. Changes are told by the transactions that make
// them.
func (s *server) audit(r *http.Request, status int, route string, e *logEntry) {
	if s.Audit == nil || e.madeUp && e.worked == 0 { // a fault's refusal was none
		return
	}
	row := store.Audit{
		Action: methodName(r.Method), Type: e.resourceType, Status: status, Code: e.code,
		Principal: e.principal, Credential: e.token, RequestID: e.id,
	}
	switch {
	case signInAction(route, e) != "":
		if status >= http.StatusInternalServerError || status == http.StatusMethodNotAllowed || status == http.StatusOK && isAuthorize(route) {
			return // the page was shown
		}
		row.Category, row.Action = store.AuditSignIn, signInAction(route, e)
	case refused(status):
		row.Category = store.AuditRefusal
	case s.AuditReads && e.reads && status == http.StatusOK:
		row.Category = store.AuditRead
	default:
		return
	}
	row.Address = s.address(r)
	if e.principal.ID != "" && opaque(e.resource) {
		row.ID = e.resource
	}
	if e.tenanted != nil {
		row.Space = e.tenanted.Home
	}
	s.Audit.Add(row)
}

// signInAction is what the trail calls a request to a route that issues tokens and
// codes, or ends them; "" for all other routes.
func signInAction(route string, e *logEntry) string {
	switch {
	case route == platformTokenPath || of(route, tokenPath), e.hop:
		return "token"
	case isAuthorize(route):
		return "sign-in"
	case of(route, revokePath):
		return "revoke"
	}
	return ""
}

// isAuthorize tells the route of the page on which people sign in.
func isAuthorize(route string) bool { return of(route, authorizePath) }

// of tells a route that is a path, with or without an application.
func of(route, path string) bool { return route == path || strings.HasPrefix(route, path+"/") }

func refused(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests
}

// address is where a client is, as text, "" when that is not known.
func (s *server) address(r *http.Request) string {
	addr := s.clientAddr(r)
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// opaque tells that an id is not made of names: it consists of hexadecimal digits.
func opaque(id string) bool {
	const least = 32
	return strings.Trim(id, "0123456789abcdefABCDEF-_:") == "" && len(id) >= least
}
