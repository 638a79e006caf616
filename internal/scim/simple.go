package scim

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// simple checks one simple value against the attribute's type (RFC 7643 §2.3).
func (s *shaper) simple(a *schema.Attribute, v resource.Value) (resource.Value, error) {
	wrong := func(want string) (resource.Value, error) {
		return resource.Value{}, scimerr.InvalidValue(a.Declared(), "%s must be %s, not %s.", a.Path, want, kindName(v))
	}
	unfit := func(want string) (resource.Value, error) {
		return resource.Value{}, scimerr.InvalidValue(a.Declared(), "%s must be %s.", a.Path, want)
	}
	if s.p.ListAsObject && !a.MultiValued && v.Kind() == resource.Array && len(v.Items()) == 1 &&
		v.Items()[0].Kind() != resource.Array {
		return s.simple(a, v.Items()[0])
	}
	switch a.Type {
	case schema.Boolean:
		if v.Kind() == resource.String && s.p.TextBooleans {
			switch {
			case strings.EqualFold(v.Str(), "true"):
				return resource.Truth(true), nil
			case strings.EqualFold(v.Str(), "false"):
				return resource.Truth(false), nil
			}
			return unfit("a boolean")
		}
		if v.Kind() != resource.Bool {
			return wrong("a boolean")
		}
	case schema.Integer:
		if v.Kind() != resource.Number {
			return wrong("an integer")
		}
		if _, err := strconv.ParseInt(v.Literal(), 10, 64); err != nil {
			return unfit("an integer of at most 64 bits, without fraction or exponent")
		}
	case schema.Decimal:
		if v.Kind() != resource.Number {
			return wrong("a number")
		}
		if _, err := schema.NumberKey(v.Literal()); err != nil {
			return unfit("a number of a size that can be compared")
		}
	case schema.Any:
		if v.Kind() == resource.Array || v.Kind() == resource.Object {
			return wrong("a text, a number or a boolean")
		}
		if v.Kind() == resource.Number {
			if _, err := schema.NumberKey(v.Literal()); err != nil {
				return unfit("a number of a size that can be compared")
			}
		}
	default:
		if v.Kind() != resource.String {
			return wrong("a text")
		}
		if stored := vocabularyOf(a); stored != nil {
			word, ok := stored(v.Str())
			if !ok {
				return resource.Value{}, scimerr.InvalidValue(a.Path, "%.120q is none of the values that %s takes.", v.Str(), a.Path)
			}
			v = resource.Text(word)
		}
		switch a.Type {
		case schema.DateTime:
			if _, err := schema.ParseTime(v.Str()); err != nil {
				return unfit("a dateTime such as 2026-01-02T15:04:05Z")
			}
		case schema.Binary:
			if _, ok := decodeBase64(v.Str()); !ok {
				return unfit("base64")
			}
		}
		if want := s.p.form(a, v.Str()); want != "" {
			return unfit(want)
		}
		if text := s.p.canonical(a, v.Str()); text != v.Str() {
			return resource.Text(text), nil
		}
	}
	return v, nil
}

// decodeBase64 takes the standard and the URL alphabet, padded or not
// (R7643-2.3.6-01).
func decodeBase64(text string) ([]byte, bool) {
	enc := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		enc = base64.RawURLEncoding
	}
	body := strings.TrimRight(text, "=")
	if pad := len(text) - len(body); pad > 0 && (pad > 2 || len(text)%4 != 0) {
		return nil, false
	}
	data, err := enc.DecodeString(body)
	return data, err == nil && !strings.ContainsAny(text, "\r\n")
}

// kindName names a value's JSON type for an error text.
func kindName(v resource.Value) string {
	switch v.Kind() {
	case resource.Array, resource.Object:
		return "an " + v.Kind().String()
	case resource.Null:
		return "null"
	}
	return "a " + v.Kind().String()
}
