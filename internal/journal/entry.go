package journal

import (
	"container/list"
	"encoding/json"
	"time"
)

// Entry is one request with its answer. Everything in it was redacted before it was
// kept; what was left out reads Mask.
type Entry struct {
	Number        int64               `json:"number" doc:"Counts the requests of a tenant from 1; never used again."`
	Time          time.Time           `json:"time" doc:"When it came, by the clock of the machine."`
	Tenant        string              `json:"tenant" doc:"Name of the tenant."`
	RequestID     string              `json:"requestId" doc:"That of X-Request-Id, of the log and of the audit trail."`
	Protocol      string              `json:"protocol" doc:"HTTP/1.1 or HTTP/2.0."`
	Method        string              `json:"method" doc:"Method of the request."`
	Origin        string              `json:"origin" doc:"Scheme and host as the client asked for them."`
	Path          string              `json:"path" doc:"Path as it came, escaped."`
	Query         string              `json:"query,omitempty" doc:"Query as it came, escaped."`
	Operation     string              `json:"operation" doc:"What it was for, as rules of faults name it, or other."`
	Type          string              `json:"resourceType,omitempty" doc:"Resource type."`
	ID            string              `json:"id,omitempty" doc:"Id of the resource; of a create that which it was given."`
	Token         string              `json:"token,omitempty" doc:"Name of the token, or id of the application."`
	Client        string              `json:"client" doc:"Family of the client."`
	Headers       map[string][]string `json:"requestHeaders,omitempty" doc:"Headers of the request."`
	Body          *Body               `json:"requestBody,omitempty" doc:"What came as the body of the request."`
	Status        int                 `json:"status" doc:"Status of the answer; 0 when the connection was cut before there was one."`
	AnswerHeaders map[string][]string `json:"answerHeaders,omitempty" doc:"Headers of the answer."`
	AnswerBody    *Body               `json:"answerBody,omitempty" doc:"Body of the answer."`
	Milliseconds  float64             `json:"milliseconds" doc:"From the arrival of the request to the end of the answer."`
	Cut           bool                `json:"cut,omitempty" doc:"That the connection was cut in the middle."`
	Fault         string              `json:"fault,omitempty" doc:"Id of the fault that hit it."`
	Why           *Why                `json:"why,omitempty" doc:"Why it was refused; for each status from 400 on."`

	size int
	age  *list.Element // of Journals.aged
}

// Body is a body as it is kept: as JSON, as Text (a form), or, when it can be read
// as neither, by its length and its hash alone.
type Body struct {
	JSON  json.RawMessage `json:"json,omitempty" doc:"A body that can be read as JSON."`
	Text  string          `json:"text,omitempty" doc:"A body that is a form."`
	Media string          `json:"media,omitempty" doc:"Media type that was sent."`
	Bytes int64           `json:"bytes" doc:"Length of what was sent, before anything was left out."`
	// Hash is the HMAC-SHA-256 of a body that is not kept, in hexadecimal, with a key
	// that the process makes and forgets: equal bodies have equal hashes, and nobody
	// can find a body by trying.
	Hash   string `json:"hash,omitempty" doc:"Keyed hash of a body that is not kept: equal bodies have equal ones."`
	Cut    bool   `json:"cut,omitempty" doc:"That the end is missing."`
	Unread bool   `json:"unread,omitempty" doc:"That the body was refused before it was read."`
}

// Why tells why a request was refused.
type Why struct {
	Rule   string `json:"rule" doc:"Stable name of the rule: a scimType, an error of OAuth, or a name for the status."`
	At     string `json:"at,omitempty" doc:"Attribute, path or position at fault."`
	Detail string `json:"detail,omitempty" doc:"The sentence that the client got."`
	Link   string `json:"link" doc:"Where the documents explain the rule."`
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
