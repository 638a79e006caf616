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
	case isTokenRoute(route) && status < http.StatusInternalServerError && status != http.StatusMethodNotAllowed:
		row.Category, row.Action = store.AuditSignIn, "token"
	case isSignIn(r, route) && (refused(status) || status == http.StatusSeeOther):
		row.Category, row.Action = store.AuditSignIn, "sign-in"
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

// isTokenRoute tells that a route issues tokens.
func isTokenRoute(route string) bool {
	return route == platformTokenPath || route == tokenPath || strings.HasPrefix(route, tokenPath+"/")
}

func refused(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests
}

// isSignIn tells that a request sent the page on which people sign in.
func isSignIn(r *http.Request, route string) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(route, oauthBase+"/authorize")
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
