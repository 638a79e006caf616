package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// echoed is what an upstream got.
type echoed struct {
	Method, Target, Host string
	Header               http.Header
	Length               int64
	Body                 string // SHA-256
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// echo is an upstream that tells what it got.
func echo(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(echoed{r.Method, r.RequestURI, r.Host, r.Header, int64(len(body)), digest(body)})
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// raw sends bytes that no client library would, and reads one answer. HOST
// stands for the proxy's own name.
func (p *proxy) raw(t *testing.T, request string) (*http.Response, []byte) {
	t.Helper()
	conn, err := tls.Dial("tcp", p.addr, p.tls)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "HOST", p.addr)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.200q: %v", request, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%.200q: %v", request, err)
	}
	return res, body
}

// echoed reads what the upstream got.
func (p *proxy) echoed(t *testing.T, request string) echoed {
	t.Helper()
	res, body := p.raw(t, request)
	var e echoed
	if err := json.Unmarshal(body, &e); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%.200q: %d %s", request, res.StatusCode, body)
	}
	return e
}

// R7644-3.2-09, R7644-3.2-10, Q-79, Q-96, Q-102, Q-133.
func TestProxiesPassTheTargetOnByteForByte(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		p := kind.start(t, echo(t))
		for _, below := range []string{"", prefix} {
			for _, rest := range []string{
				"/scim/v2/Users", "/SCIM/V2/users/", "/scim/v2/Users/a%2Fb", "/scim/v2/Users/a%2fb", "/scim/v2/Users/a%20b", "/scim/v2/Users/a%3Ab",
				"/scim/v2/Containers/Safe:user@corp.example", "/scim/v2/Users/%C3%BC", "/scim/v2/Users/a+b", "/scim/v2/Users/a%2Bb", "/scim/v2/Users/a%2520b",
				"/scim/v2/Users/..%2f..%2fUsers", "/scim/v2/Users/%2e%2e", "/scim/v2//Users//", "//scim/v2/Users", "/scim/v2/Users/%41;b=c", "/scim/v2/Users/!$&'()*,;=~",
				"/scim/v2/Users/%3F%23%25", "/scim/v2/Users?", "/scim/v2/Users/?aadOptscim062020", "/scim/v2/Users?count=", "/scim/v2/Users?a?b/../c//d",
				"/scim/v2/Users?filter=userName+eq+%22a%2Bb%22", "/scim/v2/Users?filter=userName%20eq%20%22a%26b%3Dc%22&count=1",
				`/scim/v2/Users?filter=emails[type+eq+"work"].value+sw+"%C3%BC%25"`, "/scim/v2/Users?a;b&c=%2F%2f%zz|^`{}\\",
			} {
				target := below + rest
				if got := p.echoed(t, "GET "+target+" HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"); got.Target != target || got.Method != "GET" {
					t.Errorf("%s arrives as %s %s", target, got.Method, got.Target)
				}
			}
		}
	})
}

func TestProxiesPassHeadersOn(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		p := kind.start(t, echo(t))
		bearer := "Bearer " + strings.Repeat("aZ09-._~+/", 300) + "=="
		for _, sent := range []struct{ name, value string }{
			{"Authorization", bearer}, {"authorization", "bearer x"}, {"Authorization", "Basic dTpw"},
			{"Accept", "application/scim+json, application/json;q=0.5"}, {"Content-Type", "application/scim+json; charset=utf-8"},
			{"If-Match", `W/"3694e05e9dff590"`}, {"If-None-Match", "*"}, {"X-Request-Id", "mine"}, {"User-Agent", ""},
			{"X-Some_Thing.Else", "a,b;c=\"d\""}, {"Origin", "https://app.example"}, {"Prefer", "return=minimal"}, {"Accept-Encoding", "br"},
		} {
			got := p.echoed(t, fmt.Sprintf("DELETE /scim/v2/Users/1 HTTP/1.1\r\nHost: HOST\r\n%s: %s\r\nConnection: close\r\n\r\n", sent.name, sent.value))
			if value := got.Header.Get(sent.name); value != sent.value {
				t.Errorf("%s: %.60q arrives as %.60q", sent.name, sent.value, value)
			}
			if got.Host != p.addr {
				t.Errorf("Host arrives as %q", got.Host)
			}
		}
		if got := p.echoed(t, "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"); got.Header.Get("Accept-Encoding") != "" || got.Header.Get("Authorization") != "" {
			t.Errorf("headers are made up: %v", got.Header)
		}
	})
}

// What scimd would believe of a trusted proxy is never the client's word.
func TestProxiesDoNotLetClientsSpeakForThem(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		p := kind.start(t, echo(t))
		got := p.echoed(t, "GET /scim/v2/Users HTTP/1.1\r\nHost: HOST\r\n"+
			"Forwarded: proto=http;host=evil.example\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 99\r\n"+
			"X-Forwarded-Prefix: /evil\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n")
		for name, want := range map[string][]string{
			"Forwarded": nil, "X-Forwarded-Port": nil, "X-Forwarded-Prefix": nil,
			"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {p.addr}, "X-Forwarded-For": {"127.0.0.1"},
		} {
			if !slices.Equal(got.Header.Values(name), want) {
				t.Errorf("%s arrives as %q, want %q", name, got.Header.Values(name), want)
			}
		}
	})
}

func TestProxiesPassBodiesOn(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		p := kind.start(t, echo(t))
		big := bytes.Repeat([]byte("0123456789abcde\n"), 10<<20/16)
		for name, body := range map[string][]byte{"empty": nil, "small": []byte("{\"a\":\"\xc3\xbc\\u0000\"}\r\n\x00"), "10 MiB": big} {
			for _, chunked := range []bool{false, true} {
				for _, method := range []string{"POST", "PATCH", "PUT"} {
					req, err := http.NewRequest(method, "https://"+p.addr+prefix+"/scim/v2/Users", bytes.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					if chunked {
						req.Body, req.ContentLength, req.GetBody = io.NopCloser(bytes.NewReader(body)), -1, nil
					}
					res, err := p.client.Do(req)
					if err != nil {
						t.Fatalf("%s %s: %v", method, name, err)
					}
					text, err := io.ReadAll(res.Body)
					res.Body.Close()
					var got echoed
					if err != nil || json.Unmarshal(text, &got) != nil || got.Body != digest(body) || got.Method != method {
						t.Errorf("%s of the body %s, chunked %v: %v, %d %.300s", method, name, chunked, err, res.StatusCode, text)
					}
				}
			}
		}
		// The same by HTTP/1.1, where a chunked body has no other form.
		chunks := "POST /x HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n"
		if got := p.echoed(t, chunks); got.Body != digest([]byte(`{"a":1}`)) {
			t.Errorf("a chunked body arrives as %d bytes", got.Length)
		}
	})
}

// An answer of many chunks arrives whole. One that breaks off is an error for
// the client, by HTTP/1.1 and HTTP/2, and no short list.
func TestProxiesShowThatAnAnswerBrokeOff(t *testing.T) {
	t.Parallel()
	piece := []byte(`"` + strings.Repeat("x", 64<<10) + `",`)
	const pieces = 300
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"Resources":[`)
		for i := range pieces {
			if r.URL.Query().Has("broken") && i == pieces/2 {
				panic(http.ErrAbortHandler)
			}
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, `""]}`)
	}))
	t.Cleanup(upstream.Close)
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		p := kind.start(t, upstream.Listener.Addr().String())
		old := &http.Client{Transport: &http.Transport{TLSClientConfig: p.tls.Clone()}}
		t.Cleanup(old.CloseIdleConnections)
		for protocol, client := range map[string]*http.Client{"HTTP/2.0": p.client, "HTTP/1.1": old} {
			for query, broken := range map[string]bool{"": false, "?broken": true} {
				res, err := client.Get("https://" + p.addr + "/scim/v2/Containers" + query)
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(res.Body)
				res.Body.Close()
				var list struct{ Resources []string }
				whole := err == nil && json.Unmarshal(text, &list) == nil && len(list.Resources) == pieces+1
				if res.Proto != protocol || res.StatusCode != 200 || whole == broken || broken && kind.showsBreaks && err == nil {
					t.Errorf("%s %q: %s %d, %d bytes, %v", protocol, query, res.Proto, res.StatusCode, len(text), err)
				}
			}
		}
	})
}
