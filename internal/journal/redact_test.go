package journal

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/schemas"
)

func testNames(t testing.TB) *names {
	t.Helper()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	return newNames(reg)
}

const (
	userURN    = "urn:ietf:params:scim:schemas:core:2.0:User"
	accountURN = "urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"
)

func TestBodiesKeepWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	js := &Journals{names: testNames(t), key: []byte("k")}
	for _, c := range []struct{ body, want string }{
		{`{"userName":"ada","password":"x1"}`, `{"userName":"ada","password":"***"}`},
		{`{"userName":"ada","PassWord":12345}`, `{"userName":"ada","PassWord":"***"}`},
		{`{"a":{"b":[{"newPassword":["x",{"y":1}]}]}}`, `{"a":{"b":[{"newPassword":"***"}]}}`},
		{`{"p\u0061ssword":"x"}`, `{"password":"***"}`},
		{`{"password":null,"secret":""}`, `{"password":null,"secret":""}`},
		{`{"` + userURN + `:password":"x"}`, `{"` + userURN + `:password":"***"}`},
		{`{"name.password":"x"}`, `{"name.password":"***"}`},
		{`{"` + accountURN + `":{"password":"x","safe":"S"}}`, `{"` + accountURN + `":{"password":"***","safe":"S"}}`},
		{`{"properties":[{"key":"username","value":"root"},{"value":"x","key":"Secret"}]}`, `{"properties":[{"key":"username","value":"root"},{"value":"***","key":"Secret"}]}`},
		{`{"properties":["secret","x"]}`, `{"properties":["***","***"]}`},
		{`{"Operations":[{"op":"add","value":"x"},{"op":"add","path":"` + userURN + `","value":["x"]}]}`, `{"Operations":[{"op":"add","value":"***"},{"op":"add","path":"` + userURN + `","value":"***"}]}`},
		{`{"properties":"x"}`, `{"properties":"***"}`},
		{`{"Properties":[{"value":"x"},5,{"key":"username","value":"root"}]}`, `{"Properties":["***","***",{"key":"username","value":"root"}]}`},
		{`{"Operations":[{"op":"add","path":"` + accountURN + `:properties","value":[{"key":"username","value":"root"},"x"]}]}`,
			`{"Operations":[{"op":"add","path":"` + accountURN + `:properties","value":[{"key":"username","value":"root"},"***"]}]}`},
		{`{"Operations":[{"op":"add","path":"properties[key eq \"username\"].value","value":"root"}]}`, `{"Operations":[{"op":"add","path":"properties[key eq \"username\"].value","value":"root"}]}`},
		{`{"Operations":[{"op":"add","path":"properties[value eq \"x\"]","value":"y"}]}`, `{"Operations":[{"op":"add","path":"properties[value eq \"***\"]","value":"***"}]}`},
		{`{"searchIn":"/dir"}`, `{"searchIn":"***"}`},
		{`{"Operations":[{"op":"replace","path":"password","value":"x"}]}`, `{"Operations":[{"op":"replace","path":"password","value":"***"}]}`},
		{`{"Operations":[{"op":"add","value":{"password":"x","active":true}}]}`, `{"Operations":[{"op":"add","value":{"password":"***","active":true}}]}`},
		{`{"Operations":[{"op":"add","path":"properties[key eq \"secret\" and value eq \"x\"].value","value":"y"}]}`,
			`{"Operations":[{"op":"add","path":"properties[key eq \"secret\" and value eq \"***\"].value","value":"***"}]}`},
		{`{"Operations":[{"op":"replace","path":"` + userURN + `:userName","value":"ada"}]}`, `{"Operations":[{"op":"replace","path":"` + userURN + `:userName","value":"ada"}]}`},
		{`{"schemas":["x"],"attributes":["password","userName"],"filter":"userName eq \"ada\""}`, `{"schemas":["x"],"attributes":["password","userName"],"filter":"userName eq \"ada\""}`},
		{`{"filter":"userName eq \"ada\" and password eq \"x y\""}`, `{"filter":"userName eq \"***\" and password eq \"***\""}`},
		{`{"externalId":"00u1a2B3c4D5e6F7g8H9","displayName":"Password Admins"}`, `{"externalId":"00u1a2B3c4D5e6F7g8H9","displayName":"Password Admins"}`},
		{`{"description":"password: x"}`, `{"description":"password: ***"}`},
		{`{"unheardOf":"aB3dE6gH9jK2mN5p","heardOf":"plain words"}`, `{"unheardOf":"***","heardOf":"plain words"}`},
		{`{"profileUrl":"https://ada:ge/ heim@example.com/x","$ref":"https://example.com:8080/x/ada@corp"}`, `{"profileUrl":"https://***@example.com/x","$ref":"https://example.com:8080/x/ada@corp"}`},
		{`{"profileUrl":"https://ada:geheim@example.com/x"}`, `{"profileUrl":"https://***@example.com/x"}`},
		{`{"displayName":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"}`, `{"displayName":"***"}`},
		{`{"displayName":"my secret-of-mine","password":"secret-of-mine"}`, `{"displayName":"my ***","password":"***"}`},
		{`{"members":[{"value":"1","display":"x"}],"active":false,"count":1.50}`, `{"members":[{"value":"1","display":"x"}],"active":false,"count":1.50}`},
		{`{"meta":{"version":"W/\"1\""},"changePassword":{"supported":true}}`, `{"meta":{"version":"W/\"1\""},"changePassword":{"supported":true}}`},
		{`{"token_endpoint":"https://x/oauth2/token","token_type":"Bearer","expires_in":5,"id_token":"x"}`,
			`{"token_endpoint":"https://x/oauth2/token","token_type":"Bearer","expires_in":5,"id_token":"***"}`},
	} {
		x := &item{recording: &Recording{request: bytes.NewBufferString(c.body), read: int64(len(c.body))}}
		if got := js.entry(x).Body; string(got.JSON) != c.want {
			t.Errorf("%s\n is kept as %s%+v,\n want       %s", c.body, got.JSON, got.Hash, c.want)
		}
	}
}

func TestURLsKeepWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, query, want string
		found             bool
	}{
		{"/scim/v2/Users", "filter=userName+eq+%22ada%22&count=5", "/scim/v2/Users?filter=userName+eq+%22ada%22&count=5", true},
		{"/scim/v2/Users", "filter=password+eq+%22x%22", "/scim/v2/Users?filter=password+eq+%22***%22", true},
		{"/scim/v2/Users", "filter=passw%6Frd+eq+x", "/scim/v2/Users?filter=password+eq+***", false},
		{"/scim/v2/Users", "access_token=x&aadOptscim062020", "/scim/v2/Users?access_token=***&***", true},
		{"/scim/v2/Users", "startIndex=password+eq+%22x%22", "/scim/v2/Users?startIndex=password+eq+%22***%22", true},
		{"/scim/v2/Users", "filter=%zz&x=%41", "/scim/v2/Users?***&x=***", false},
		{"/scim/v2/Users/3fa85f64-5717-4562-b3fc-2c963f66afa6", "", "/scim/v2/Users/3fa85f64-5717-4562-b3fc-2c963f66afa6", false},
		{"/scim/v2/Users/ada@example.com", "", "/scim/v2/Users/ada@example.com", false},
		{"/scim/v2/Users/aB3dE6gH9jK2mN5p", "", "/scim/v2/Users/***", false},
		{"/scim/v2/Users/aB3dE6gH9jK2mN5p", "", "/scim/v2/Users/aB3dE6gH9jK2mN5p", true},
		{"/tenants/T-b7pkglwf364rudc5/scim/v2/Users", "", "/tenants/T-b7pkglwf364rudc5/scim/v2/Users", false},
		{"/tenants/t-22opdkwiafp67dcb/scim/v2/Users/t-b7pkglwf364rudc5", "", "/tenants/***/scim/v2/Users/***", false},
		{"/scim/v2/Users/scimd_0123456789abcdef", "", "/scim/v2/Users/***", true},
		{"/scim/v2/User", "", "/scim/v2/User", false},
		{"/scim/v2/Users/password/x", "", "/scim/v2/Users/password/***", false},
		{"/scim/v2/Users;password=x", "", "/scim/v2/***", false},
		{"/oauth2/token/robot", "", "/oauth2/token/robot", true},
		{"/oauth2/authorize/robot", "code=x&state=y&redirect_uri=https%3A%2F%2Fa.example%2Fcb%3Fkey%3Dz&scope=openid", "/oauth2/authorize/robot?code=***&state=***&redirect_uri=https%3A%2F%2Fa.example%2Fcb%3Fkey%3D***&scope=openid", true},
	} {
		m := &masker{names: testNames(t), found: c.found, tenant: "t-b7pkglwf364rudc5"}
		got := m.path(c.path)
		if c.query != "" {
			got += "?" + m.query(c.query)
		}
		if got != c.want {
			t.Errorf("%s?%s (found %t)\n is kept as %s,\n want       %s", c.path, c.query, c.found, got, c.want)
		}
	}
}

func TestHeadersKeepWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"Authorization", "Bearer abc", "Bearer ***"},
		{"Authorization", "Basic YTpi", "Basic ***"},
		{"Authorization", "abc", "***"},
		{"Authorization", "Abrakadabra abc", "***"},
		{"Cookie", "a=b", "***"},
		{"X-Api-Key", "abc", "***"},
		{"User-Agent", "Microsoft-SCIM-Client/1.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", "Microsoft-SCIM-Client/1.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"},
		{"User-Agent", "curl/8.5.0", "curl/8.5.0"},
		{"User-Agent", "tool token=abc", "*** token=***"},
		{"Content-Type", "application/scim+json; charset=utf-8", "application/scim+json; charset=utf-8"},
		{"Accept", "application/scim+json, application/json;q=0.5", "application/scim+json, application/json;q=0.5"},
		{"Content-Disposition", `attachment; filename="abc"`, "***"},
		{"Location", "https://a.example/cb?code=abc&state=x#id_token=abc", "https://a.example/cb?code=***&state=***#id_token=***"},
		{"Location", "https://u:p@a.example/scim/v2/Users/3fa85f64-5717-4562-b3fc-2c963f66afa6", "https://***@a.example/scim/v2/Users/3fa85f64-5717-4562-b3fc-2c963f66afa6"},
		{"Www-Authenticate", `Bearer realm="scim", error="invalid_token"`, `Bearer realm="scim", error="invalid_token"`},
		{"X-Request-Id", "q7x2c5v8b1n4m6k9j3h0", "q7x2c5v8b1n4m6k9j3h0"},
	} {
		m := &masker{names: testNames(t)}
		if got := m.headers(map[string][]string{c.name: {c.value}}, true)[c.name]; len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %s is kept as %q, want %q", c.name, c.value, got, c.want)
		}
	}
}

func TestABodyThatCannotBeReadIsKeptByLengthAndKeyedHash(t *testing.T) {
	t.Parallel()
	a, b := &Journals{names: testNames(t), key: []byte("a")}, &Journals{names: testNames(t), key: []byte("b")}
	hash := func(js *Journals, text string) *Body {
		return js.entry(&item{recording: &Recording{request: bytes.NewBufferString(text), read: int64(len(text))}}).Body
	}
	one := hash(a, `{"password":"x`)
	if one.Hash == "" || one.JSON != nil || one.Text != "" || one.Bytes != 14 {
		t.Errorf("kept as %+v", one)
	}
	if hash(a, `{"password":"x`).Hash != one.Hash || hash(a, `{"password":"y`).Hash == one.Hash || hash(b, `{"password":"x`).Hash == one.Hash {
		t.Error("a hash is that of its body and its process alone")
	}
}

func TestWhatIsTooLongEndsAfterSomethingWhole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cut, want string }{
		{`{"a":1,"Resources":[{"b":1},{"b":2},{"b`, `{"a":1,"Resources":[{"b":1},{"b":2}]}`},
		{`{"a":1,"Resources":[{"b":1},{"b":2}`, `{"a":1,"Resources":[{"b":1},{"b":2}]}`},
		{`{"a":"x\"},]","b":"y`, `{"a":"x\"},]"}`},
		{`{"a":{"b":[1,2]},"c`, `{"a":{"b":[1,2]}}`},
		{`{"a":{"b":[1,2`, ``},
		{`[1,2,3`, `[1,2]`},
		{`"abc`, ``},
		{`}`, ``},
		{``, ``},
	} {
		if got := string(mended([]byte(c.cut))); got != c.want {
			t.Errorf("%s is mended as %s, want %s", c.cut, got, c.want)
		}
	}
}

// The credentials of a request stand nowhere in its entry, whatever stands around
// them, and wherever else the request or its answer has them.
func FuzzRedaction(f *testing.F) {
	for _, text := range []string{`{"password":"x"}`, `password eq "x`, "a=b&token=c", "/Users/%2541", `\u0041%41&#65;`, "Bearer abcDEF123456", "Bearer\rabcDEF123456", "https://u:p@h/?x#y"} {
		f.Add(text, text)
	}
	const canary = "KanarieZq7Vx9Wp"
	names := testNames(f)
	f.Fuzz(func(t *testing.T, before, after string) {
		js := &Journals{names: names, key: []byte("k")}
		text := before + canary + after
		body := resource.AppendString([]byte(`{"displayName":`), text)
		body = append(body, '}')
		r := &Recording{request: bytes.NewBuffer(body), answer: bytes.NewBuffer(body), read: int64(len(body)), written: int64(len(body))}
		e := js.entry(&item{
			Exchange: Exchange{
				Entry: Entry{Path: text, Query: text, ID: text, Status: 400, Origin: "http://" + text}, Form: len(before)%2 == 0,
				Headers:       map[string][]string{"Authorization": {"Bearer " + canary}, "User-Agent": {text}, "Content-Type": {"application/json"}},
				AnswerHeaders: map[string][]string{"Location": {text}, "Content-Type": {"application/json"}},
			}, recording: r,
		})
		out, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(out, []byte(canary)); i >= 0 {
			t.Errorf("%q is kept: %s", text, out)
		}
	})
}
