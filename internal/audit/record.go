// Package audit is the trail of who did what: it gathers what requests and
// commands tell, writes it beside them, and shows it together with the change log.
package audit

import (
	"net/http"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// CategoryChange is the category of what the change log holds; the others are
// those of the audit log (store.AuditSignIn and so on).
const CategoryChange = "change"

// The outcomes of what was done.
const (
	Success = "success"
	Refused = "refused"
	Failed  = "failed"
)

// Record is one line of the trail. It holds names, ids and codes, never a secret or
// the value of an attribute.
type Record struct {
	Time time.Time `json:"time"`
	// Tenant is "" for what belongs to none.
	Tenant   string `json:"tenant,omitempty"`
	Category string `json:"category"`
	Action   string `json:"action"`
	Outcome  string `json:"outcome"`
	// Status is the HTTP status, Code tells why something was refused.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	Actor  Actor  `json:"actor,omitzero"`
	// Credential is the name of the token or application that was used, Address
	// where the request came from.
	Credential string   `json:"credential,omitempty"`
	Address    string   `json:"address,omitempty"`
	Resource   Resource `json:"resource,omitzero"`
	// Attributes are the names of those that changed.
	Attributes []string `json:"attributes,omitempty"`
	RequestID  string   `json:"requestId,omitempty"`
	// Count is how many records were lost, in a record that tells so.
	Count int64 `json:"count,omitempty"`
}

// Actor is who did something.
type Actor struct {
	Kind    string `json:"kind"`
	ID      string `json:"id,omitempty"`
	Display string `json:"display,omitempty"`
}

// actor is a principal, with what it is called only if it is nobody's name: of a
// person the id is enough.
func actor(p store.Principal) Actor {
	if p.Kind != "service" {
		p.Display = ""
	}
	return Actor(p)
}

// Resource is what something was done to.
type Resource struct {
	Type    string `json:"type"`
	ID      string `json:"id,omitempty"`
	Version int64  `json:"version,omitempty"`
}

func ofChange(tenant string, e *store.Event) Record {
	r := Record{
		Time: e.At, Tenant: tenant, Category: CategoryChange, Action: e.Operation, Outcome: Success,
		Actor: actor(e.Principal), Credential: e.Credential, Address: e.Address,
		Resource: Resource{Type: e.Type, ID: e.ID, Version: e.Version}, RequestID: e.RequestID,
	}
	if e.Attributes != "" {
		r.Attributes = strings.Split(e.Attributes, ",")
	}
	return r
}

func ofAudit(tenant string, a *store.Audit) Record {
	r := Record{
		Time: a.At, Tenant: tenant, Category: a.Category, Action: a.Action, Outcome: Success, Status: a.Status, Code: a.Code,
		Actor: actor(a.Principal), Credential: a.Credential, Address: a.Address,
		Resource: Resource{Type: a.Type, ID: a.ID}, RequestID: a.RequestID, Count: a.Count,
	}
	switch {
	case a.Category == store.AuditLost, a.Status >= http.StatusInternalServerError:
		r.Outcome = Failed
	case a.Status >= http.StatusBadRequest, a.Code != "": // a browser is sent on with the code
		r.Outcome = Refused
	}
	return r
}
