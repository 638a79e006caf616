package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/scimd/scimd/internal/scimerr"
)

// Unmarshal reads a JSON object into a value of Go by the names in its json tags, as
// strictly as ParseObject, and refuses members that it has no place for: what
// encoding/json would pass over. It gives the members too. All refusals are 400
// invalidSyntax, at the member that is wrong where one is, and begin with not, such as
// "The body is not a token".
func Unmarshal(data []byte, to any, not string) (*Members, error) {
	members, err := ParseObject(data, Limits{})
	if err != nil {
		e := scimerr.From(err)
		return nil, scimerr.InvalidSyntax(e.At, "%s: %s", not, e.Detail)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		at, why := unreadable(err)
		return nil, scimerr.InvalidSyntax(at, "%s: %.300s.", not, why)
	}
	return members, nil
}

// unreadable tells a person what encoding/json says, and of which member.
func unreadable(err error) (at, why string) {
	var (
		kind *json.UnmarshalTypeError
		when *time.ParseError
	)
	switch {
	case errors.As(err, &kind):
		at = kind.Field
		for strings.IndexFunc(at, unicode.IsUpper) == 0 { // a type that is embedded
			_, at, _ = strings.Cut(at, ".")
		}
		return at, "the member " + at + " cannot be a JSON " + kind.Value
	case errors.As(err, &when):
		return "", "there is no time in it such as \"2030-12-31T12:00:00Z\" where there should be one, but " + when.Value
	}
	text := strings.TrimPrefix(err.Error(), "json: ")
	if strings.HasPrefix(text, "Time.UnmarshalJSON") {
		return "", "there is a time in it that is no JSON string"
	}
	if name, unknown := strings.CutPrefix(text, "unknown field "); unknown {
		return "", "there is no member " + name
	}
	return "", text
}
