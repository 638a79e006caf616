package journal

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HAR is a journal in the HTTP Archive format, version 1.2, which browsers and
// proxies for developers open.
type HAR struct {
	Log HARLog `json:"log" doc:"The archive."`
}

// HARLog is the one member of an archive.
type HARLog struct {
	Version string     `json:"version" doc:"Of the format in log, of the program in creator."`
	Creator HARCreator `json:"creator" doc:"What has made the archive."`
	Entries []HAREntry `json:"entries" doc:"Requests with their answers."`
}

// HARCreator is what has made an archive.
type HARCreator struct {
	Name    string `json:"name" doc:"Its name."`
	Version string `json:"version" doc:"Of the format in log, of the program in creator."`
}

// HAREntry is one request with its answer. The members whose names begin with an
// underscore are what the format has no place for.
type HAREntry struct {
	Started  string      `json:"startedDateTime" doc:"When the request came."`
	Time     float64     `json:"time" doc:"Milliseconds in all."` // ms
	Request  HARRequest  `json:"request" doc:"The request."`
	Response HARResponse `json:"response" doc:"The answer."`
	Cache    struct{}    `json:"cache" doc:"Nothing."`
	Timings  HARTimings  `json:"timings" doc:"The parts of the time."`
	Comment  string      `json:"comment,omitempty" doc:"What is not there."`
	Number   int64       `json:"_number" doc:"Number of the entry of the journal."`
	ID       string      `json:"_requestId" doc:"That of X-Request-Id."`
	Why      *Why        `json:"_why,omitempty" doc:"Why it was refused."`
	Fault    string      `json:"_fault,omitempty" doc:"Id of the fault that hit it."`
}

// HARRequest is a request. Sizes that are not known are -1.
type HARRequest struct {
	Method      string    `json:"method" doc:"Method."`
	URL         string    `json:"url" doc:"URL."`
	HTTPVersion string    `json:"httpVersion" doc:"Protocol."`
	Cookies     []HARPair `json:"cookies" doc:"None: they are left out."`
	Headers     []HARPair `json:"headers" doc:"Headers."`
	QueryString []HARPair `json:"queryString" doc:"Parameters of the query."`
	PostData    *HARPost  `json:"postData,omitempty" doc:"Body of the request."`
	HeadersSize int       `json:"headersSize" doc:"-1: not known."`
	BodySize    int64     `json:"bodySize" doc:"Bytes of the body."`
}

// HARPost is the body of a request.
type HARPost struct {
	MimeType string    `json:"mimeType" doc:"Media type."`
	Params   []HARPair `json:"params" doc:"What is kept of a form; text is empty then."`
	Text     string    `json:"text" doc:"What is kept of any other body."`
	Comment  string    `json:"comment,omitempty" doc:"What is not there."`
}

// HARResponse is an answer.
type HARResponse struct {
	Status      int        `json:"status" doc:"Status."`
	StatusText  string     `json:"statusText" doc:"Its words."`
	HTTPVersion string     `json:"httpVersion" doc:"Protocol."`
	Cookies     []HARPair  `json:"cookies" doc:"None: they are left out."`
	Headers     []HARPair  `json:"headers" doc:"Headers."`
	Content     HARContent `json:"content" doc:"Body of the answer."`
	RedirectURL string     `json:"redirectURL" doc:"Where it leads."`
	HeadersSize int        `json:"headersSize" doc:"-1: not known."`
	BodySize    int64      `json:"bodySize" doc:"Bytes of the body."`
}

// HARContent is the body of an answer.
type HARContent struct {
	Size     int64  `json:"size" doc:"Bytes of the body."`
	MimeType string `json:"mimeType" doc:"Media type."`
	Text     string `json:"text,omitempty" doc:"What is kept of the body."`
	Comment  string `json:"comment,omitempty" doc:"What is not there."`
}

// HARPair is a header or a parameter.
type HARPair struct {
	Name  string `json:"name" doc:"Its name."`
	Value string `json:"value" doc:"Value."`
}

// HARTimings are the parts of the time of an entry, in ms.
type HARTimings struct {
	Send    float64 `json:"send" doc:"0: not known."`
	Wait    float64 `json:"wait" doc:"Milliseconds."`
	Receive float64 `json:"receive" doc:"0: not known."`
}

// Archive is a page as an archive; version is that of the program.
func (p *Page) Archive(version string, statusText func(int) string) *HAR {
	out := &HAR{HARLog{Version: "1.2", Creator: HARCreator{"scimd", version}, Entries: make([]HAREntry, 0, len(p.Entries))}}
	for _, e := range p.Entries {
		out.Log.Entries = append(out.Log.Entries, e.archived(statusText))
	}
	return out
}

func (e *Entry) archived(statusText func(int) string) HAREntry {
	const unknown = -1
	target := e.Origin + escaped(e.Path)
	if e.Query != "" {
		target += "?" + escaped(e.Query)
	}
	h := HAREntry{
		Started: e.Time.UTC().Format(time.RFC3339Nano), Time: e.Milliseconds, Timings: HARTimings{Wait: e.Milliseconds},
		Number: e.Number, ID: e.RequestID, Why: e.Why, Fault: e.Fault,
		Request: HARRequest{
			Method: e.Method, URL: target, HTTPVersion: e.Protocol, Cookies: []HARPair{}, Headers: pairs(e.Headers), QueryString: queryPairs(e.Query),
			HeadersSize: unknown,
		},
		Response: HARResponse{
			Status: e.Status, StatusText: statusText(e.Status), HTTPVersion: e.Protocol, Cookies: []HARPair{}, Headers: pairs(e.AnswerHeaders),
			RedirectURL: strings.Join(e.AnswerHeaders["Location"], ""), HeadersSize: unknown,
		},
	}
	if e.Status < 300 || e.Status >= 400 {
		h.Response.RedirectURL = ""
	}
	if b := e.Body; b != nil {
		h.Request.BodySize = b.Bytes
		h.Request.PostData = &HARPost{MimeType: b.Media, Params: queryPairs(b.Text), Text: string(b.JSON), Comment: b.comment()}
	}
	if b := e.AnswerBody; b != nil {
		h.Response.BodySize = b.Bytes
		h.Response.Content = HARContent{Size: b.Bytes, MimeType: b.Media, Text: string(b.bytes()), Comment: b.comment()}
	}
	if e.Cut {
		h.Comment = "The connection was cut."
	}
	return h
}

// escaped is a path or a query as it came, but for characters that it cannot have (RFC
// 3986 §3.3, §3.4) and some clients send as they are.
func escaped(target string) string {
	var b strings.Builder
	for i := range len(target) {
		switch c := target[i]; {
		case c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}[]#", c) >= 0, c == '%' && !hexadecimal(target[i+1:]):
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// hexadecimal tells that a text begins with two hexadecimal digits.
func hexadecimal(s string) bool {
	_, err := strconv.ParseUint(s[:min(len(s), 2)], 16, 8)
	return err == nil && len(s) >= 2
}

// comment tells what of a body is not there.
func (b *Body) comment() string {
	switch {
	case b.Unread:
		return "The body was refused before it was read."
	case b.Hash != "":
		return "The body is not kept; keyed hash " + b.Hash
	case b.Cut:
		return "The end of the body is missing."
	}
	return ""
}

func pairs(h map[string][]string) []HARPair {
	out := []HARPair{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			out = append(out, HARPair{name, v})
		}
	}
	return out
}

func queryPairs(query string) []HARPair {
	out := []HARPair{}
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		for _, text := range []*string{&name, &value} {
			if plain, err := url.QueryUnescape(*text); err == nil {
				*text = plain
			}
		}
		out = append(out, HARPair{name, value})
	}
	return out
}
