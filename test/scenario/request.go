package scenario

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// request makes a step's request and the text that shows it in a failure,
// without the token.
func (s *Step) request(ctx context.Context, target Target, v *variables) (*http.Request, string, error) {
	address, err := v.text(s.Path)
	if err != nil {
		return nil, "", err
	}
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		address = strings.TrimSuffix(target.Base, "/") + address
	}
	body, err := s.body(v)
	if err != nil {
		return nil, "", err
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, s.Method, target.Base, reader)
	if err != nil {
		return nil, "", err
	}
	if req.URL, err = verbatim(address); err != nil {
		return nil, "", err
	}
	req.Host = req.URL.Host
	req.Header.Set("Authorization", "Bearer "+target.Token)
	req.Header.Set("Accept", "application/scim+json")
	if body != nil {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	for name, value := range s.Headers {
		if value == nil {
			req.Header.Del(name)
			continue
		}
		text, err := v.text(*value)
		if err != nil {
			return nil, "", err
		}
		req.Header.Set(name, text)
	}
	return req, strings.TrimSpace(s.Method + " " + address + "\n" + string(body)), nil
}

func (s *Step) body(v *variables) ([]byte, error) {
	if s.RawBody != nil {
		text, err := v.text(*s.RawBody)
		return []byte(text), err
	}
	if s.Body == nil {
		return nil, nil
	}
	var tree any
	if err := strictly(s.Body, &tree); err != nil {
		return nil, err
	}
	tree, err := v.expand(tree)
	if err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}

// verbatim makes a URL whose request target is sent as written, but for the
// characters that may not stand in a URL: those are percent-encoded.
func verbatim(address string) (*url.URL, error) {
	scheme, rest, _ := strings.Cut(address, "://")
	host, target, ok := strings.Cut(rest, "/")
	if host == "" || !ok {
		return nil, fmt.Errorf("%q is not an absolute URL with a path", address)
	}
	return &url.URL{Scheme: scheme, Host: host, Opaque: encoded("/" + target)}, nil
}

func encoded(target string) string {
	var b strings.Builder
	for i := range len(target) {
		c := target[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}[]#", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// send reads the whole answer; redirects are answers like any other.
func (t Target) send(req *http.Request) (*answer, error) {
	client := *cmp.Or(t.Client, http.DefaultClient)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	return &answer{status: res.StatusCode, header: res.Header, body: body}, nil
}
