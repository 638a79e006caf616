package journal

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// HAR is a journal in the HTTP Archive format, version 1.2, which browsers and
// proxies for developers open.
type HAR struct {
	Log HARLog `json:"log"`
}

// HARLog is the one member of an archive.
type HARLog struct {
	Version string     `json:"version"`
	Creator HARCreator `json:"creator"`
	Entries []HAREntry `json:"entries"`
}

// HARCreator is what has made an archive.
type HARCreator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// HAREntry is one request with its answer. The members whose names begin with an
// underscore are what the format has no place for.
type HAREntry struct {
	Started  string      `json:"startedDateTime"`
	Time     float64     `json:"time"` // ms
	Request  HARRequest  `json:"request"`
	Response HARResponse `json:"response"`
	Cache    struct{}    `json:"cache"`
	Timings  HARTimings  `json:"timings"`
	Comment  string      `json:"comment,omitempty"`
	Number   int64       `json:"_number"`
	ID       string      `json:"_requestId"`
	Why      *Why        `json:"_why,omitempty"`
	Fault    string      `json:"_fault,omitempty"`
}

// HARRequest is a request. Sizes that are not known are -1.
type HARRequest struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []HARPair `json:"cookies"`
	Headers     []HARPair `json:"headers"`
	QueryString []HARPair `json:"queryString"`
	PostData    *HARPost  `json:"postData,omitempty"`
	HeadersSize int       `json:"headersSize"`
	BodySize    int64     `json:"bodySize"`
}

// HARPost is the body of a request.
type HARPost struct {
	MimeType string    `json:"mimeType"`
	Params   []HARPair `json:"params"`
	Text     string    `json:"text"`
	Comment  string    `json:"comment,omitempty"`
}

// HARResponse is an answer.
type HARResponse struct {
	Status      int        `json:"status"`
	StatusText  string     `json:"statusText"`
	HTTPVersion string     `json:"httpVersion"`
	Cookies     []HARPair  `json:"cookies"`
	Headers     []HARPair  `json:"headers"`
	Content     HARContent `json:"content"`
	RedirectURL string     `json:"redirectURL"`
	HeadersSize int        `json:"headersSize"`
	BodySize    int64      `json:"bodySize"`
}

// HARContent is the body of an answer.
type HARContent struct {
	Size     int64  `json:"size"`
	MimeType string `json:"mimeType"`
	Text     string `json:"text,omitempty"`
	Comment  string `json:"comment,omitempty"`
}

// HARPair is a header or a parameter.
type HARPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// HARTimings are the parts of the time of an entry, in ms.
type HARTimings struct {
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
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
	target := e.Origin + e.Path
	if e.Query != "" {
		target += "?" + e.Query
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
		h.Request.PostData = &HARPost{MimeType: b.Media, Params: []HARPair{}, Text: string(b.bytes()), Comment: b.comment()}
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
