package journal

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// Query selects entries. What is not set selects all.
type Query struct {
	Operation, Type, ID string
	Method              string
	// Path begins the path.
	Path string
	// Status is a number, or a class such as 4xx.
	Status string
	// Token is the name of a token or the id of an application.
	Token, Client string
	// Text stands in the body of the request or of the answer.
	Text string
	// After is a number, and Mark the name of a mark, before all that match; Since is
	// the earliest time.
	After int64
	Mark  string
	Since time.Time
	// Limit is how many entries are given at most, 0 for all that there are; Newest
	// gives the last ones instead of the first.
	Limit  int
	Newest bool
}

func (q *Query) matches(e *Entry) bool {
	same := func(want, is string) bool { return want == "" || strings.EqualFold(want, is) }
	return same(q.Operation, e.Operation) && same(q.Type, e.Type) && (q.ID == "" || q.ID == e.ID) && same(q.Method, e.Method) &&
		strings.HasPrefix(e.Path, q.Path) && q.matchesStatus(e.Status) && (q.Token == "" || q.Token == e.Token) && same(q.Client, e.Client) &&
		!e.Time.Before(q.Since) &&
		(q.Text == "" || bytes.Contains(e.Body.bytes(), []byte(q.Text)) || bytes.Contains(e.AnswerBody.bytes(), []byte(q.Text)))
}

func (q *Query) matchesStatus(status int) bool {
	if class, ok := strings.CutSuffix(strings.ToLower(q.Status), "xx"); ok {
		return class == strconv.Itoa(status/100)
	}
	return q.Status == "" || q.Status == strconv.Itoa(status)
}

// parameters are the text members of a query, by their names in a URL.
func (q *Query) parameters() map[string]*string {
	return map[string]*string{
		"operation": &q.Operation, "type": &q.Type, "id": &q.ID, "method": &q.Method, "path": &q.Path, "status": &q.Status,
		"token": &q.Token, "client": &q.Client, "text": &q.Text,
	}
}

// Values are the query as parameters of a URL.
func (q Query) Values() url.Values {
	v := url.Values{}
	for name, text := range q.parameters() {
		if *text != "" {
			v.Set(name, *text)
		}
	}
	switch {
	case q.Mark != "":
		v.Set("since", q.Mark)
	case q.After != 0:
		v.Set("since", strconv.FormatInt(q.After, 10))
	case !q.Since.IsZero():
		v.Set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	v.Set("limit", strconv.Itoa(q.Limit))
	if q.Newest {
		v.Set("newest", "true")
	}
	return v
}

// ParseQuery reads what Values makes, each part of which may be left out.
func ParseQuery(v url.Values) (q Query, err error) {
	for name, place := range q.parameters() {
		*place = v.Get(name)
	}
	q.SetSince(v.Get("since"))
	if text := v.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 0 {
			return q, scimerr.InvalidValue("limit", "The limit is not a number.")
		}
	}
	if text := v.Get("newest"); text != "" {
		if q.Newest, err = strconv.ParseBool(text); err != nil {
			return q, scimerr.InvalidValue("newest", "The parameter newest is true or false.")
		}
	}
	if s := strings.TrimSuffix(strings.ToLower(q.Status), "xx"); strings.Trim(s, "0123456789") != "" || q.Status != "" && (len(q.Status) != 3 || s[0] < '1' || s[0] > '5') {
		return q, scimerr.InvalidValue("status", "The status is a number such as 404, or a class such as 4xx.")
	}
	return q, nil
}

// SetSince sets where a query begins: after the entry of a number, at a time, or at
// a mark.
func (q *Query) SetSince(text string) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		q.After = n
	} else if at, err := time.Parse(time.RFC3339, text); err == nil {
		q.Since = at
	} else {
		q.Mark = text
	}
}

// maxMark bounds the name of a mark, in bytes.
const maxMark = 128

// checkMark keeps names of marks apart from numbers and times, and fit for paths.
func checkMark(name string) error {
	var q Query
	q.SetSince(name)
	printable := strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0
	if q.Mark == "" || len(name) > maxMark || !printable || strings.Trim(name, ".") == "" {
		return scimerr.InvalidValue("name", "The name of a mark is at most %d bytes without blanks, and neither a number nor a time.", maxMark)
	}
	return nil
}
