package journal

import (
	"container/list"
	"encoding/json"
	"time"
)

// Entry is one request with its answer. Everything in it was redacted before it was
// kept; what was left out reads Mask.
type Entry struct {
	// Number counts the requests of a tenant from 1; it is never used again.
	Number int64     `json:"number"`
	Time   time.Time `json:"time"`
	Tenant string    `json:"tenant"`
	// RequestID is that of X-Request-Id, of the log and of the audit trail.
	RequestID string `json:"requestId"`
	// Protocol is HTTP/1.1 or HTTP/2.0.
	Protocol string `json:"protocol"`
	Method   string `json:"method"`
	// Origin is scheme and host as the client asked for them; Path and Query are as
	// they came, escaped.
	Origin string `json:"origin"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	// Operation is what the request was for: one of fault.Operations, or Other.
	Operation string `json:"operation"`
	// Type and ID are those of the resource; a create has the id that was given.
	Type string `json:"resourceType,omitempty"`
	ID   string `json:"id,omitempty"`
	// Token is the name of the token, or the id of the application; Client is the
	// family of the client, by its User-Agent.
	Token  string `json:"token,omitempty"`
	Client string `json:"client"`
	// Headers are those of the request.
	Headers map[string][]string `json:"requestHeaders,omitempty"`
	// Body is what came as the body of the request, nil for nothing.
	Body *Body `json:"requestBody,omitempty"`
	// Status is 0 when the connection was cut before there was an answer.
	Status        int                 `json:"status"`
	AnswerHeaders map[string][]string `json:"answerHeaders,omitempty"`
	AnswerBody    *Body               `json:"answerBody,omitempty"`
	// Milliseconds passed from the request's arrival to the end of the answer.
	Milliseconds float64 `json:"milliseconds"`
	// Cut tells that the connection was cut in the middle.
	Cut bool `json:"cut,omitempty"`
	// Fault is the id of the rule that made the answer, "" for none.
	Fault string `json:"fault,omitempty"`
	// Why tells of each status from 400 on why.
	Why *Why `json:"why,omitempty"`

	size int
	age  *list.Element // of Journals.aged
}

// Body is a body as it is kept: as JSON, as Text (a form), or, when it can be read
// as neither, by its length and its hash alone.
type Body struct {
	JSON json.RawMessage `json:"json,omitempty"`
	Text string          `json:"text,omitempty"`
	// Media is the media type that was sent.
	Media string `json:"media,omitempty"`
	// Bytes is the length of what was sent, before anything was redacted or cut.
	Bytes int64 `json:"bytes"`
	// Hash is the HMAC-SHA-256 of a body that is not kept, in hexadecimal, with a key
	// that the process makes and forgets: equal bodies have equal hashes, and nobody
	// can find a body by trying.
	Hash string `json:"hash,omitempty"`
	// Cut tells that the end is missing.
	Cut bool `json:"cut,omitempty"`
	// Unread tells that the body was refused before it was read.
	Unread bool `json:"unread,omitempty"`
}

// Why tells why a request was refused.
type Why struct {
	// Rule is a stable name: a scimType, an error code of OAuth, or a name for the
	// status.
	Rule string `json:"rule"`
	// At is the attribute, the path or the position at fault, "" where there is none.
	At string `json:"at,omitempty"`
	// Detail is the sentence that the client got.
	Detail string `json:"detail,omitempty"`
	// Link leads to the rule in the documents.
	Link string `json:"link"`
}

// Operations are those that rules of faults name (fault.Operations), and these.
const (
	Other = "other" // what is none of them: paths and methods that are not there

	create = "create"
)

// FaultRule is the rule of a refusal that a fault made up.
const FaultRule = "fault"

// bytes of a body as it is kept.
func (b *Body) bytes() []byte {
	switch {
	case b == nil:
		return nil
	case b.JSON != nil:
		return b.JSON
	}
	return []byte(b.Text)
}

// weigh sets the size that counts for the bound of a journal: about that in memory.
func (e *Entry) weigh() {
	const fixed = 800
	e.size = fixed + len(e.Path) + len(e.Query) + len(e.Body.bytes()) + len(e.AnswerBody.bytes())
	for _, h := range []map[string][]string{e.Headers, e.AnswerHeaders} {
		for name, values := range h {
			e.size += len(name) + 48
			for _, v := range values {
				e.size += len(v) + 16
			}
		}
	}
}
