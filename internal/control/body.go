package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scimerr"
)

// read reads the JSON body of a request as its type is described: with the members
// that are required, none that is unknown, and none twice. what says, for refusals,
// what it should be.
func read[T any](r *http.Request, what string, required []string) (v T, err error) {
	body, err := readAll(r)
	if err != nil {
		return v, err
	}
	// It refuses names that stand twice and what follows the object, which the
	// decoder passes over.
	members, err := resource.ParseObject(body, resource.Limits{})
	if err != nil {
		return v, scimerr.InvalidSyntax("", "The body is not %s: %s", what, scimerr.From(err).Detail)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, scimerr.InvalidSyntax("", "The body is not %s: %s.", what, unreadable(err))
	}
	for _, name := range required {
		if v, there := members.GetFold(name); !there || v.Kind() == resource.Null {
			return *new(T), scimerr.InvalidValue(name, "The body is not %s: it has no member %s.", what, name)
		}
	}
	return v, nil
}

// unreadable tells a person what encoding/json says.
func unreadable(err error) string {
	var (
		kind *json.UnmarshalTypeError
		when *time.ParseError
	)
	switch {
	case errors.As(err, &kind):
		field := kind.Field
		for strings.IndexFunc(field, unicode.IsUpper) == 0 { // a type that is embedded, as in fault.Spec
			_, field, _ = strings.Cut(field, ".")
		}
		return "the member " + field + " cannot be a JSON " + kind.Value
	case errors.As(err, &when):
		return "there is no time in it such as \"2030-12-31T12:00:00Z\" where there should be one, but " + when.Value
	}
	text := strings.TrimPrefix(err.Error(), "json: ")
	if strings.HasPrefix(text, "Time.UnmarshalJSON") {
		return "there is a time in it that is no JSON string"
	}
	if name, unknown := strings.CutPrefix(text, "unknown field "); unknown {
		return "there is no member " + name
	}
	return text
}

// readAll reads the body of a request, which answer has bounded.
func readAll(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, scimerr.TooLarge("The body is longer than the limit of %d bytes.", long.Limit)
	case err != nil:
		return nil, scimerr.InvalidSyntax("", "The body did not arrive whole.")
	}
	return body, nil
}
