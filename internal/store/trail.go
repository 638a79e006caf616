package store

import (
	"context"
	"time"
)

// Audit is one row of the audit log: what was done or refused that changed no
// resource. It holds names, ids and codes, never a value that a client sent.
type Audit struct {
	// N orders the rows of a space; the store assigns it.
	N     int64
	Space int64 // ServerSpace when it belongs to no tenant
	At    time.Time
	// Category is one of the constants below, Action what was done.
	Category, Action string
	Type, ID         string // of the resource, or of what was managed; may be ""
	// Status is the HTTP status that was answered, 0 for none; Code tells why
	// something was refused.
	Status int
	Code   string
	// Principal, Credential (the name of a token or of an application) and Address
	// tell who, as far as that is known.
	Principal           Principal
	Credential, Address string
	RequestID           string
	// Count is how many rows were lost.
	Count int64
}

// The categories of the audit log.
const (
	AuditSignIn     = "sign-in"    // a token was issued or refused
	AuditRefusal    = "refusal"    // 401, 403, 429
	AuditManagement = "management" // a command, or the control API
	AuditRead       = "read"
	AuditLost       = "lost" // rows that could not be kept
)

// ServerSpace is the space of what belongs to no tenant.
const ServerSpace = 0

// TrailQuery asks for rows of the change log or of the audit log of a space.
type TrailQuery struct {
	Space int64
	After int64 // N of the last row that is known
	// Since and Until bound the times: from the one on, before the other. Zero
	// times bound nothing.
	Since, Until time.Time
	// Limit is at least 1. Last asks for the last rows rather than the first.
	Limit int
	Last  bool
}

// TrailLimits say what is kept of the logs of a space. Zero values bound nothing.
type TrailLimits struct {
	Before  time.Time // what is older goes
	Changes int64     // rows of the change log that stay
	Others  int64     // rows of the audit log that stay
}

// Trail is who did what: the change log, whose rows transactions write (Tx.Event),
// and the audit log.
type Trail interface {
	// Changes reads rows of the change log, in order of N.
	Changes(ctx context.Context, q TrailQuery) ([]Event, error)
	// AppendAudit appends rows of any spaces, all or none.
	AppendAudit(ctx context.Context, list []Audit) error
	// Audit reads rows of the audit log, in order of N. What is committed later has
	// a greater N.
	Audit(ctx context.Context, q TrailQuery) ([]Audit, error)
	// Trim removes the oldest rows of a space beyond the limits, in short
	// transactions; a later call takes up where one was cut off.
	Trim(ctx context.Context, space int64, l TrailLimits) error
}
