package app_test

import (
	"strings"
	"testing"
)

func TestOriginsAreReadAsBrowsersWriteThem(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://app.example.com":        "https://app.example.com",
		"HTTPS://App.Example.com:443":    "https://app.example.com",
		"http://localhost:5173":          "http://localhost:5173",
		"http://[::1]:80":                "http://[::1]",
		"https://*.example.com:8443":     "https://*.example.com:8443",
		"*":                              "*",
		"https://a.example,http://b.c:1": "https://a.example,http://b.c:1",
		"app.example.com":                "", "https://": "", "https://a.example/": "", "https://a.example/x": "", "https://a.example?": "",
		"ftp://a.example": "", "null": "", "https://u@a.example": "", "https://a.*.example": "", "https://*": "", "https://*.com": "",
		"https://*a.example.com": "", "https://*.*.example.com": "", "https://ü.example": "", "https://a.example:x": "",
	} {
		c, err := load(t, []string{"--cors-origin", given}, nil, "")
		if got := strings.Join(c.CORSOrigins, ","); got != want && want != "" || (want == "") != (err != nil) {
			t.Errorf("%s: %q, %v", given, got, err)
		}
		if want == "" && err != nil && !strings.Contains(err.Error(), "https://app.example.com") {
			t.Errorf("%s: the error shows no example: %v", given, err)
		}
	}
}

func TestABasePathHidesNothing(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"/idm/scimd": "/idm/scimd", "idm/": "/idm", "/a-b/c_d.e~1": "/a-b/c_d.e~1", "": "", "/": "",
		"/scim": "-", "/SCIM/v2": "-", "/tenants/x": "-", "/healthz": "-", "/a//b": "-", "/a/../b": "-", "/a b": "-", "/a%20b": "-", "/a?b": "-", "/ü": "-",
	} {
		c, err := load(t, []string{"--base-path=" + given}, nil, "")
		if (want == "-") != (err != nil) || err == nil && c.BasePath != want {
			t.Errorf("%s: %q, %v", given, c.BasePath, err)
		}
	}
}

func FuzzOriginsAndBasePathsAreRefusedOrReadTheSameAgain(f *testing.F) {
	for _, s := range []string{"https://app.example.com:443", "http://[::1]:80", "https://*.a.b", "*", "/idm/scimd/", "/scim", "a//b", "http://a:80:80", "https://a:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := load(t, []string{"--cors-origin=" + text}, nil, ""); err == nil {
			once := strings.Join(c.CORSOrigins, ",")
			if again, err := load(t, []string{"--cors-origin=" + once}, nil, ""); err != nil || strings.Join(again.CORSOrigins, ",") != once {
				t.Errorf("%q is read as %q, and that as %q, %v", text, once, again.CORSOrigins, err)
			}
		}
		if c, err := load(t, []string{"--base-path=" + text}, nil, ""); err == nil {
			if again, err := load(t, []string{"--base-path=" + c.BasePath}, nil, ""); err != nil || again.BasePath != c.BasePath {
				t.Errorf("%q is read as %q, and that as %q, %v", text, c.BasePath, again.BasePath, err)
			}
		}
	})
}
