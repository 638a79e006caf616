// Package fault is what a tenant does wrong on purpose: rules that match requests,
// and what is done to those that they hit. It decides; internal/server does it.
package fault

import (
	"time"

	"github.com/scimd/scimd/internal/clock"
)

// Operation is what a request asks for.
type Operation string

// The operations that rules can name. Other requests have none. OAuth is what is
// asked of its endpoints but tokens: signing in, keys, metadata, what a token is.
const (
	Create    Operation = "create"
	Read      Operation = "read"
	List      Operation = "list"
	Search    Operation = "search"
	Replace   Operation = "replace"
	Patch     Operation = "patch"
	Delete    Operation = "delete"
	Discovery Operation = "discovery"
	Token     Operation = "token"
	OAuth     Operation = "oauth"
)

// Operations are all of them.
var Operations = []Operation{Create, Read, List, Search, Replace, Patch, Delete, Discovery, Token, OAuth}

// Rule is one fault: which requests it is for, how often it comes, and what happens.
// The first rule of a tenant's list that hits a request is the only one that does.
type Rule struct {
	ID    string `json:"id,omitempty" doc:"What the rule is called: letters, digits, . _ and -; made up when it is left out."`
	Match Match  `json:"match,omitzero" doc:"Which requests it is for; what is left out is not asked for."`
	Act   Act    `json:"act,omitzero" doc:"What happens to a request that is hit."`
	// Of the requests that match, counted from 1, the first Skip pass, then each
	// Every-th is meant; of these Probability are hit, and Times at most. Where 0 could
	// be taken for never as well as for left out, it is refused.
	Skip        int       `json:"skip,omitempty" doc:"How many requests that match pass first."`
	Every       *int      `json:"every,omitempty" doc:"Of the others, each that-many-th is meant; 1 when it is left out."`
	Times       *int      `json:"times,omitempty" doc:"How many requests are hit at most; without bound when it is left out."`
	Probability *float64  `json:"probability,omitempty" doc:"How likely one that is meant is hit, above 0 and up to 1; always when it is left out."`
	Seed        uint64    `json:"seed,omitempty" doc:"What chance follows from: with one seed the n-th request fares alike each time."`
	Until       time.Time `json:"until,omitzero" doc:"When the rule ends, by the clock of the tenant."`
}

// Match tells which requests a rule is for. Names of types, clients and headers are
// compared without regard to letter case, all else exactly.
type Match struct {
	Operations     []Operation       `json:"operations,omitempty" doc:"create, read, list, search, replace, patch, delete, discovery, token or oauth: one of them."`
	Types          []string          `json:"types,omitempty" doc:"Resource types: one of them."`
	ID             string            `json:"id,omitempty" doc:"The id in the path of one resource."`
	Filter         string            `json:"filter,omitempty" doc:"The filter of a list or a search, whole."`
	FilterContains string            `json:"filterContains,omitempty" doc:"A part of that filter."`
	Token          string            `json:"token,omitempty" doc:"The name of the token, or the id of the application."`
	Client         string            `json:"client,omitempty" doc:"The family of the client, as the log has it: entra, okta, sailpoint, curl and so on."`
	Headers        map[string]string `json:"headers,omitempty" doc:"Headers with their values, all of them; an empty value means any."`
}

// Act tells what happens to a request. Parts go together: a delay, then the work of
// the request or what is answered instead, then a delay, then how the answer breaks.
type Act struct {
	Delay *Delay `json:"delay,omitempty" doc:"Waits before the work."`
	// Status, Refuse and Cut replace the answer, one of them.
	Status      int               `json:"status,omitempty" doc:"Answers with this status, from 200 to 599."`
	ScimType    string            `json:"scimType,omitempty" doc:"The scimType of the error that is answered with status."`
	Detail      string            `json:"detail,omitempty" doc:"The detail of the error that is answered with status."`
	ContentType string            `json:"contentType,omitempty" doc:"The media type of body; text/html when it is left out."`
	Body        string            `json:"body,omitempty" doc:"What is answered with status instead of an error of SCIM, such as the page of a gateway."`
	Headers     map[string]string `json:"headers,omitempty" doc:"Headers of the answer with status or refuse."`
	RetryAfter  *int              `json:"retryAfter,omitempty" doc:"The header Retry-After of the answer with status or refuse, in seconds."`
	RetryDate   bool              `json:"retryDate,omitempty" doc:"Sends retryAfter as a date, by the clock of the machine, instead of seconds."`
	Refuse      Refusal           `json:"refuse,omitempty" enum:"expiredToken,throttled" doc:"Refuses as the tenant itself does, an access token that has expired (401) or too many requests (429)."`
	AfterWork   bool              `json:"afterWork,omitempty" doc:"Does the work of the request first, whose changes stay, before it answers with status or refuse."`
	Stale       string            `json:"stale,omitempty" doc:"Answers a read, list or search from the tenant's snapshot of this name, as a replica would that is behind."`
	Cut         Cut               `json:"cut,omitempty" enum:"before,after,body" doc:"Cuts the connection: before the work, after it and before the answer, or in the middle of the body."`
	Reset       bool              `json:"reset,omitempty" doc:"Cuts with a reset, rather than an end, where the protocol is HTTP/1."`
	DelayAfter  *Delay            `json:"delayAfter,omitempty" doc:"Waits after the work, before the answer."`
	Malformed   bool              `json:"malformed,omitempty" doc:"Spoils the first byte of the body, so that it is no JSON."`
	Truncate    *int              `json:"truncate,omitempty" doc:"Ends the body after that many bytes."`
	KeepLength  bool              `json:"keepLength,omitempty" doc:"Leaves the length of a truncated body as it was announced, and cuts the connection."`
	Drip        int               `json:"drip,omitempty" doc:"Writes the body slowly, that many bytes in a second."`
}

// Refusal is a refusal of the tenant's own.
type Refusal string

// The refusals.
const (
	ExpiredToken Refusal = "expiredToken"
	Throttled    Refusal = "throttled"
)

// Cut is where a connection is cut.
type Cut string

// The places.
const (
	Before Cut = "before"
	After  Cut = "after"
	Body   Cut = "body"
)

// Delay is a time to wait, in one of four ways.
type Delay struct {
	Fixed       clock.Duration            `json:"fixed,omitzero" doc:"Always the same."`
	Min         clock.Duration            `json:"min,omitzero" doc:"The shortest of those between min and max, which are equally likely."`
	Max         clock.Duration            `json:"max,omitzero" doc:"The longest of them; with mean, the longest at all."`
	Mean        clock.Duration            `json:"mean,omitzero" doc:"The mean of an exponential distribution."`
	Percentiles map[string]clock.Duration `json:"percentiles,omitempty" doc:"The times below which so many percent are, evenly in between, such as {\"50\":\"20ms\",\"99\":\"2s\"}."`
}

// Replaces tells that the answer is another one than that of the work.
func (a *Act) Replaces() bool { return a.Status != 0 || a.Refuse != "" }

// Works tells that the work of the request is done.
func (a *Act) Works() bool { return a.Cut != Before && (!a.Replaces() || a.AfterWork) }
