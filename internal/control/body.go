package control

import (
	"errors"
	"io"
	"net/http"

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
	not := "The body is not " + what
	members, err := resource.Unmarshal(body, &v, not)
	if err != nil {
		return *new(T), err
	}
	for _, name := range required {
		if v, there := members.GetFold(name); !there || v.Kind() == resource.Null {
			return *new(T), scimerr.InvalidValue(name, "%s: it has no member %s.", not, name)
		}
	}
	return v, nil
}

// checkNoBody refuses a body that no part of a route reads: who sends one takes it to
// say something. In a GET it means nothing to HTTP (RFC 9110 §9.3.1), and is passed
// over.
func checkNoBody(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.ContentLength == 0 {
		return nil
	}
	if r.ContentLength < 0 { // not told
		if _, err := io.ReadFull(r.Body, make([]byte, 1)); errors.Is(err, io.EOF) {
			return nil
		}
	}
	return scimerr.InvalidSyntax("", "%s takes no body here; send none.", r.Method)
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
