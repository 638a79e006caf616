package server

import (
	"net/url"
	"strings"
	"testing"

	"github.com/scimd/scimd/schemas"
)

func locator(t testing.TB) *server {
	t.Helper()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	return &server{Config: Config{Registry: reg, BasePath: "/idm/x"}}
}

func TestAPathIsReadOnce(t *testing.T) {
	t.Parallel()
	s := locator(t)
	for escaped, want := range map[string]place{
		"":                                {},
		"/healthz":                        {path: "/healthz"},
		"/idm/x":                          {base: "/idm/x"},
		"/idm/x/healthz":                  {base: "/idm/x", path: "/healthz"},
		"/idm/xy/scim":                    {path: "/idm/xy/scim"},
		"/IDM/x/scim":                     {path: "/IDM/x/scim"},
		"/scim/v2/Users/a%2Fb":            {scim: true, version: "/v2", path: "/scim/Users/a%2Fb"},
		"/Scim/Users/":                    {scim: true, path: "/scim/Users"},
		"/SCIM/Users":                     {scim: true, loose: true, path: "/scim/Users"},
		"/scim/V2/users/.SEARCH":          {scim: true, version: "/v2", loose: true, path: "/scim/Users/.search"},
		"/scim/v2/Users/.Search":          {scim: true, version: "/v2", loose: true, path: "/scim/Users/.search"},
		"//scim/Users":                    {scim: true, loose: true, path: "/scim/Users"},
		"/CyberArk/scim/v2/Users":         {scim: true, legacy: true, version: "/v2", path: "/scim/Users"},
		"/cyberark/scim/v2/Users":         {scim: true, legacy: true, version: "/v2", loose: true, path: "/scim/Users"},
		"/CyberArk/x":                     {path: "/CyberArk/x"},
		"/tenants/blue/scim/v2":           {name: "blue", scim: true, version: "/v2", path: "/scim"},
		"/tenants/BLUE/scim":              {name: "blue", scim: true, path: "/scim"},
		"/Tenants/blue/scim":              {name: "blue", scim: true, loose: true, path: "/scim"},
		"//tenants/blue/scim":             {name: "blue", scim: true, loose: true, path: "/scim"},
		"/tenants//blue/scim":             {name: "blue", scim: true, loose: true, path: "/scim"},
		"/%74enants/b%6Cue/%73cim/a%20b":  {name: "blue", scim: true, path: "/scim/a%20b"},
		"/idm/x/tenants/blue/scim/Groups": {base: "/idm/x", name: "blue", scim: true, path: "/scim/Groups"},
		"/tenants/blue/idm/x/scim":        {name: "blue", path: "/tenants/blue/idm/x/scim"},
		"/tenants/blue/CyberArk/scim":     {name: "blue", scim: true, legacy: true, path: "/scim"},
		"/tenants/blue/healthz":           {name: "blue", path: "/tenants/blue/healthz"},
		"/tenants/a%2Fb/x":                {name: "a/b", path: "/tenants/a%2Fb/x"}, // which is no name
		"/tenants/tenants/x":              {name: "tenants", path: "/tenants/tenants/x"},
		"/tenants":                        {path: "/tenants"},
		"/tenants//":                      {loose: true, path: "/tenants//"},
		"/tenant/blue":                    {path: "/tenant/blue"},
		"/scim/tenants/blue":              {scim: true, path: "/scim/tenants/blue"},
		// The long s and the Kelvin sign are no s and no K.
		"/tenant%C5%BF/blue/scim":    {path: "/tenant%C5%BF/blue/scim"},
		"/%C5%BFcim/Users":           {path: "/%C5%BFcim/Users"},
		"/tenants/%E2%84%AA1/x":      {name: "\u212a1", path: "/tenants/%E2%84%AA1/x"},
		"/scim/U%C5%BFers":           {scim: true, path: "/scim/U%C5%BFers"},
		"/scim/%C5%BFchemas":         {scim: true, path: "/scim/%C5%BFchemas"},
		"/scim/Users/.%C5%BFearch":   {scim: true, path: "/scim/Users/.%C5%BFearch"},
		"/Cyber%C3%84rk/scim/v2":     {path: "/Cyber%C3%84rk/scim/v2"},
		"/CyberAr%E2%84%AA/scim/":    {path: "/CyberAr%E2%84%AA/scim/"},
		"/tenants/blue/%C5%BFcim/v2": {name: "blue", path: "/tenants/blue/%C5%BFcim/v2"},
	} {
		p := s.locate(escaped)
		if p.base != want.base || p.name != want.name || p.scim != want.scim || p.legacy != want.legacy || p.version != want.version ||
			p.loose != want.loose || p.path != want.path {
			t.Errorf("%s: %+v, want %+v", escaped, p, want)
		}
	}
}

func FuzzLocate(f *testing.F) {
	for _, seed := range []string{
		"/tenants/blue/scim", "/tenants//%62/%", "tenants/x", "/%74enants/%2F%2f//", "/idm/x//SCIM/V2/users/%2e", "/scim/V2/V2", "/CyberArk/scim/v2/Users/.SEARCH",
	} {
		f.Add(seed)
	}
	s := locator(f)
	f.Fuzz(func(t *testing.T, escaped string) {
		p := s.locate(escaped)
		if p.name != strings.ToLower(p.name) && isASCII(p.name) {
			t.Errorf("%q: %+v", escaped, p)
		}
		if !p.scim {
			if p.base+p.path != escaped {
				t.Errorf("%q is no SCIM and becomes %q", escaped, p.path)
			}
			return
		}
		if _, err := url.PathUnescape(p.path); err != nil || strings.Contains(p.path, "//") {
			t.Errorf("%q becomes %q: %v", escaped, p.path, err)
		}
		again := s.locate(p.path)
		if left := p.segments; !again.scim || again.path != p.path && (len(left) == 0 || !strings.EqualFold(left[0], version)) {
			t.Errorf("%q becomes %q, and that %q", escaped, p.path, again.path)
		}
	})
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c > 0x7f })
}
