package server

import (
	"net/url"
	"strings"
	"testing"
)

func TestAPathIsSplitAtTheNameOfItsTenant(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]string{
		"/tenants/blue/scim/v2":   {"blue", "/scim/v2"},
		"/Tenants/BLUE":           {"blue", "/"},
		"//tenants//blue//x/%2F/": {"blue", "//x/%2F/"},
		"/%74enants/b%6Cue/a%20b": {"blue", "/a%20b"},
		"/tenants/a%2Fb/x":        {"a/b", "/x"}, // which is no name
		"/tenants/tenants/x":      {"tenants", "/x"},
	} {
		if name, rest, ok := tenantPrefix(path); !ok || name != want[0] || rest != want[1] {
			t.Errorf("%s: %q, %q, %t; want %q", path, name, rest, ok, want)
		}
	}
	for _, path := range []string{"", "/", "/tenants", "/tenants/", "/tenants//", "/tenant/blue", "/scim/tenants/blue", "/tenants/%zz/x"} {
		if name, rest, ok := tenantPrefix(path); ok {
			t.Errorf("%s names %q before %q", path, name, rest)
		}
	}
}

func FuzzTenantPrefix(f *testing.F) {
	for _, seed := range []string{"/tenants/blue/scim", "/tenants//%62/%", "tenants/x", "/%74enants/%2F%2f//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		name, rest, ok := tenantPrefix(path)
		if !ok {
			return
		}
		if name == "" || name != strings.ToLower(name) || rest == "" || rest[0] != '/' || !strings.HasSuffix(path, rest[1:]) {
			t.Errorf("%q: %q, %q", path, name, rest)
		}
		if _, err := url.PathUnescape(path); err != nil {
			return
		}
		if _, err := url.PathUnescape(rest); err != nil {
			t.Errorf("%q leaves %q: %v", path, rest, err)
		}
	})
}
