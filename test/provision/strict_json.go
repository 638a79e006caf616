package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// number is a whole number written as digits.
func number(body map[string]any, name string) (int, error) {
	literal, _ := body[name].(json.Number)
	n, err := strconv.Atoi(string(literal))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is no whole number", name)
	}
	return n, nil
}

func texts(x any) ([]string, error) {
	var out []string
	list, ok := x.([]any)
	if x != nil && !ok {
		return nil, errors.New("no list")
	}
	for _, e := range list {
		text, ok := e.(string)
		if !ok || slices.Contains(out, text) {
			return nil, errors.New("not a list of different texts")
		}
		out = append(out, text)
	}
	return out, nil
}

// noNulls refuses null anywhere (RFC 7643 §2.5; clients section 3).
func noNulls(x any, path string) error {
	switch x := x.(type) {
	case nil:
		return fmt.Errorf("%s is null", path)
	case []any:
		for _, e := range x {
			if err := noNulls(e, path+"[]"); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, e := range x {
			if err := noNulls(e, path+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

// decode reads a JSON object in which no name stands twice.
func decode(data []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	x, err := value(dec)
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the body")
	}
	body, ok := x.(map[string]any)
	if !ok {
		return nil, errors.New("the body is no object")
	}
	return body, nil
}

func value(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			e, err := value(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, e)
		}
		_, err = dec.Token()
		return list, err
	case json.Delim('{'):
		object := map[string]any{}
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			if _, twice := object[name.(string)]; twice {
				return nil, fmt.Errorf("%s stands twice", name)
			}
			if object[name.(string)], err = value(dec); err != nil {
				return nil, err
			}
		}
		_, err = dec.Token()
		return object, err
	}
	return token, nil
}
