package server_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/canary"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/journal/hartest"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// What is to be found nowhere, and, as a check of the search, what is to be found.
const (
	canaryText   = "KanarieZq7Vx9Wp"
	canaryPart   = "KanarieZq7"
	canaryNumber = "918273645546372819"
	plainText    = "OffenBq4Ty"
)

// Encodings of a secret, each where it means the secret: everywhere, in URLs and
// forms, and in JSON.
var (
	anywhere = []func(string) string{
		func(s string) string { return s }, strings.ToLower, func(s string) string { return "x" + s + "y" },
		func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		func(s string) string { return hex.EncodeToString([]byte(s)) },
	}
	inURL  = append(slices.Clone(anywhere), each("%%%02x"), each("%%%02X"), each("%%25%02x"), each("%%5Cu%04x"))
	inJSON = append(slices.Clone(anywhere), each(`\u%04x`), each(`\u%04X`), each(`%%%02x`), func(s string) string { return `é \/ ` + s + ` + <&` })
)

// each writes each byte in a format.
func each(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
}

// place is where a request can hold a secret, which stands for {S}, in a JWT
// for {jwt}, with a name in base64 for {basic}. head are lines of
// the header, target the path with the query.
type secretPlace struct{ method, target, body, media, head string }

// places are all of them, without what encodings and cuts make of them.
func places(user, account string) []secretPlace {
	const (
		scim    = "application/scim+json"
		form    = "application/x-www-form-urlencoded"
		pamURN  = "urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"
		patchOp = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}`
		search  = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":%q}`
	)
	var list []secretPlace
	add := func(p secretPlace) { list = append(list, p) }
	// Headers.
	for _, h := range []string{
		"Authorization: Bearer {S}", "Authorization: bearer  {S}", "Authorization: {S}", "Authorization: Token {S}", `Authorization: Digest username="a", response="{S}"`,
		"Authorization: Basic {basic}", "Authorization: Negotiate {S}", "Authorization: DPoP {S}", "Authorization: {S}:{S}", "DPoP: {jwt}", "X-Forwarded-Access-Token: {S}", "X-Amz-Security-Token: {S}", "Set-Cookie: a={S}",
		"Authorization: Bearer {jwt}", "X-Original-URL: /scim/v2/Users?access_token={S}", "Via: 1.1 {S}", "X-Scimd-Fault: {S}", `X-Scimd-Fault: {"act":{"status":503,"body":"token={S}","headers":{"Set-Cookie":"a={S}"}}}`,
		"Proxy-Authorization: Basic {S}", "Cookie: session={S}; a=b", "X-Api-Key: {S}", "X-{S}: 1", "User-Agent: tool/1.0 token={S}", "User-Agent: {S}", "Referer: https://a.example/?token={S}",
		"Origin: https://u:{S}@a.example", "Accept: application/json;token={S}", "If-None-Match: {S}", "X-Forwarded-For: {S}", "X-Http-Method-Override: {S}", "X-Request-Id: {S}",
		"Content-Type: application/json; charset={S}", "Content-Type: {S}/json", `Content-Disposition: attachment; filename="{S}"`, "Content-Encoding: {S}", "Traceparent: 00-{S}-01", "Forwarded: for={S}",
	} {
		add(secretPlace{method: "GET", target: "/scim/v2/Users", head: h})
	}
	// Paths and queries.
	for _, target := range []string{
		"/scim/v2/Users/{S}", "/scim/v2/Users/password/{S}", "/scim/v2/Users;password={S}", "/scim/v2/{S}", "/{S}/scim/v2/Users", "/scim/v2/Users/" + user + "/{S}", "/oauth2/token/{S}/x", "/{S}",
		"/scim/v2/Users?access_token={S}", "/scim/v2/Users?{S}", "/scim/v2/Users?{S}=1", "/scim/v2/Users?Password={S}", "/scim/v2/Users?x={S}", "/scim/v2/Users?count={S}", "/scim/v2/Users?a=b;token={S}",
		"/scim/v2/Users?filter=password+eq+%22{S}%22", "/scim/v2/Users?filter=passw%6Frd%20sw%20{S}", "/scim/v2/Users?filter=password%20eq%20%22{S}", "/scim/v2/Users?filter=not%20(password%20co%20'{S}')",
		"/scim/v2/PrivilegedData?filter=" + pamURN + ":properties%5Bkey%20eq%20%22secret%22%20and%20value%20eq%20%22{S}%22%5D", "/scim/v2/Users?filter=password%20eq%20{S}%zz", "/scim/v2/Users?sortBy=password[value+eq+%22{S}%22]",
		"/oauth2/authorize/robot?client_id=robot%40corp.example&response_type=code&state={S}&nonce={S}&code_challenge={S}", "/oauth2/authorize/robot?password={S}", "/oauth2/authorize/robot?redirect_uri=https%3A%2F%2Fu%3A{S}%40a.example%2F%3Fcode%3D{S}",
		"/oauth2/token/robot?client_secret={S}", "/oauth2/authorize/robot?id_token_hint={jwt}", "/oauth2/authorize/robot?request={jwt}", "/scim/v2/Users?filter=userName+eq+%22a%22+and+password+eq+%22{S}+x%22", "/scim/v2/Users?%61ccess_token={S}",
		"/scim/v2/Users?access%255ftoken={S}", "/scim/v2/Users?authorization=Bearer+{S}", "/scim/v2/Users?code={S}&state={S}", "/oauth2/userinfo?access_token={S}", "/scim/v2/Users?filter=userName%20eq%20%22https://u:{S}@a.example/%22",
	} {
		add(secretPlace{method: "GET", target: target})
	}
	// Bodies: members at every depth, in every spelling, and in every form of a PATCH.
	body := func(method, target string, bodies ...string) {
		for _, b := range bodies {
			add(secretPlace{method: method, target: target, body: b, media: scim})
		}
	}
	deep := `"password":"{S}"`
	for _, name := range []string{"password", "PASSWORD", "newPassword", "client_secret", "accessToken", "ssh_private_key", "api-key", "name.password", "urn:ietf:params:scim:schemas:core:2.0:User:password", "p\\u0061ssword", "authorization", "searchIn"} {
		body("POST", "/scim/v2/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"displayName":"`+plainText+`","`+name+`":"{S}"}`)
	}
	for range 5 {
		deep = `"more":{"list":[[{` + deep + `}],1]}`
		body("POST", "/scim/v2/Users", `{"displayName":"`+plainText+`",`+deep+`}`)
	}
	body("POST", "/scim/v2/Users",
		`{"urn:ietf:params:scim:schemas:core:2.0:User":{"password":"{S}"}}`, `{"displayName":"{jwt}"}`, `{"note":"token={S}"}`, `{"x509Certificates":[{"value":"-----BEGIN PRIVATE KEY-----{S}-----END PRIVATE KEY-----"}],"PASSWORD":"{S}"}`,
		`{"password":["{S}",{"value":"{S}"}]}`, `{"unknown":"{S}"}`, `{"unknown":{"{S}":true}}`, `{"description":"the password is: {S}"}`, `{"profileUrl":"https://u:{S}@a.example/"}`, `{"profileUrl":"https://a.example/?token={S}"}`,
		`{"displayName":"{S}","password":"{S}"}`, `{"password":"{S}","password":"{S}"}`, `{"password":"{S}"`, `"{S}"`, `["{S}"]`, `{S}`, `{"value":"{\"password\":\"{S}\"}"}`)
	body("PUT", "/scim/v2/PrivilegedData/"+account, `{"name":"`+plainText+`","`+pamURN+`":{"safe":"None","properties":[{"value":"{S}","key":"Secret"},{"key":"username","value":"`+plainText+`"}]}}`)
	for _, path := range []string{"password", "PassWord", "urn:ietf:params:scim:schemas:core:2.0:User:password", "password.value", `password[value eq \"{S}\"]`, `emails[type eq \"work\" and password eq \"{S}\"].value`, `x.{S}[password`} {
		for _, value := range []string{`"{S}"`, `["{S}"]`, `{"value":"{S}"}`, `{"{S}":"{S}"}`} {
			body("PATCH", "/scim/v2/Users/"+user, fmt.Sprintf(patchOp, `{"op":"replace","path":"`+path+`","value":`+value+`}`), fmt.Sprintf(patchOp, `{"VALUE":`+value+`,"Path":"`+path+`","OP":"Add"}`))
		}
	}
	body("PATCH", "/scim/v2/Users/"+user, fmt.Sprintf(patchOp, `{"op":"add","value":{"password":"{S}"}}`), fmt.Sprintf(patchOp, `{"op":"add","value":"{S}"}`),
		fmt.Sprintf(patchOp, `{"op":"add","value":{"urn:ietf:params:scim:schemas:core:2.0:User":{"password":"{S}"}}}`))
	for _, f := range []string{`password eq "{S}"`, `userName eq "x" or password ew "{S}"`, `password eq "{S}`, `password {S}`} {
		body("POST", "/scim/v2/Users/.search", fmt.Sprintf(search, f))
	}
	body("POST", "/scim/v2/Bulk", `{"Operations":[{"method":"POST","path":"/Users","data":{"password":"{S}"}},{"method":"PATCH","path":"/Users/1","data":{"Operations":[{"op":"add","path":"password","value":"{S}"}]}}]}`)
	add(secretPlace{method: "POST", target: "/scim/v2/Users", body: "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{S}\r\n--b--\r\n", media: "multipart/form-data; boundary=b"})
	// Forms.
	for _, b := range []string{
		"grant_type=client_credentials&client_id=robot%40corp.example&client_secret={S}", "grant_type=password&username=ada&password={S}", "grant_type=authorization_code&code={S}&code_verifier={S}&redirect_uri=https://a.example/",
		"grant_type=refresh_token&refresh_token={S}", "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={S}", "client_assertion={S}", "{S}", "{S}=x", "x={S}", "password={S}%zz&a=b", "client_secret=a&client_secret={S}", `{"client_secret":"{S}"}`,
	} {
		for _, target := range []string{"/oauth2/token/robot", "/oauth2/introspect/robot"} {
			add(secretPlace{method: "POST", target: target, body: b, media: form})
		}
	}
	add(secretPlace{method: "POST", target: "/oauth2/revoke/robot", body: "token={S}&token_type_hint=access_token", media: form})
	add(secretPlace{method: "POST", target: "/oauth2/authorize/robot", body: "username=ada&password={S}&form_token={S}", media: form})
	return list
}

// encoded are the requests of a place: with each secret in each encoding that fits.
func (p secretPlace) encoded() (out []secretPlace) {
	for _, secret := range []string{canaryText, canaryNumber} {
		encodings := anywhere
		switch {
		case secret == canaryNumber: // in clear alone: where a text is found, so is a number
			encodings = anywhere[:1]
		case strings.Contains(p.target, "{S}"), p.media == "application/x-www-form-urlencoded":
			encodings = inURL
		case p.body != "":
			encodings = inJSON
		}
		for _, encode := range encodings {
			out = append(out, p.with(encode(secret)))
		}
	}
	return out
}

// disguised are requests whose bodies no reader of JSON in UTF-8 can read: other
// charsets, compressed, of another type.
func (p secretPlace) disguised() (out []secretPlace) {
	if p.body == "" {
		return nil
	}
	var zipped, wide bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, p.body)
	_ = z.Close()
	for _, unit := range utf16.Encode([]rune(p.body)) {
		wide.Write([]byte{byte(unit), byte(unit >> 8)})
	}
	for _, q := range []secretPlace{
		{body: wide.String(), media: p.media}, {body: wide.String(), media: p.media + "; charset=utf-16"}, {body: zipped.String(), media: p.media},
		{body: zipped.String(), media: p.media, head: "Content-Encoding: gzip"}, {body: p.body, media: "text/plain"}, {body: p.body, media: "application/xml"},
		{body: p.body, media: "multipart/form-data; boundary=x"}, {body: "\xef\xbb\xbf" + p.body, media: p.media}, {body: p.body + "\xff", media: p.media}, {body: "x" + p.body, media: p.media},
	} {
		q.method, q.target = p.method, p.target
		out = append(out, q)
	}
	return out
}

// cut are requests whose body ends at each byte after the part of a secret that is
// looked for.
func (p secretPlace) cut() (out []secretPlace) {
	i := strings.Index(p.body, "{S}") // of {jwt} the beginning shows nothing
	whole := p.with(canaryText)
	for n := i + len(canaryPart); i >= 0 && n < len(whole.body); n++ {
		q := whole
		q.body = whole.body[:n]
		out = append(out, q)
	}
	return out
}

// with is the request with a secret.
func (p secretPlace) with(secret string) secretPlace {
	coded := base64.RawURLEncoding.EncodeToString
	jwt := coded([]byte(`{"alg":"HS256"}`)) + "." + coded([]byte(`{"sub":"`+secret+`"}`)) + "." + coded([]byte(secret))
	forms := strings.NewReplacer("{S}", secret, "{jwt}", jwt, "{basic}", base64.StdEncoding.EncodeToString([]byte("robot:"+secret)))
	for _, text := range []*string{&p.target, &p.body, &p.head} {
		*text = forms.Replace(*text)
	}
	return p
}

// rawClient sends requests byte by byte as they are written.
type rawClient struct {
	addr  string
	token string
	conn  net.Conn
	r     *bufio.Reader
}

// send gives the whole answer; what HTTP itself refuses closes the connection.
func (c *rawClient) send(p secretPlace) (int, []byte, error) {
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.addr)
		if err != nil {
			return 0, nil, err
		}
		c.conn, c.r = conn, bufio.NewReader(conn)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: example.com\r\nContent-Length: %d\r\n", p.method, p.target, len(p.body))
	if p.head != "" {
		b.WriteString(p.head + "\r\n")
	}
	if !strings.HasPrefix(p.head, "Authorization:") && !strings.Contains(p.body, "client_secret") {
		b.WriteString("Authorization: Bearer " + c.token + "\r\n")
	}
	if p.media != "" {
		b.WriteString("Content-Type: " + p.media + "\r\n")
	}
	b.WriteString("\r\n" + p.body)
	_ = c.conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := c.conn.Write(b.Bytes()); err != nil {
		return 0, nil, err
	}
	res, err := http.ReadResponse(c.r, &http.Request{Method: p.method})
	if err != nil {
		return 0, nil, err
	}
	var answer bytes.Buffer
	if err := res.Header.Write(&answer); err != nil {
		return 0, nil, err
	}
	_, err = answer.ReadFrom(res.Body)
	_ = res.Body.Close()
	if res.Close || err != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
	return res.StatusCode, answer.Bytes(), err
}

// R7643-4.1.1-05, R7643-7-07, R7644-7.5.2-02: secrets and tokens in every place that a request can hold
// them, in every encoding, and in bodies cut at every byte, stand afterwards in no
// journal, archive, log, trail or answer that refuses them.
func TestSecretsInEveryPlaceOfARequestStandNowhereAfterwards(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) store.Store{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sendSecrets(t, open(t))
		})
	}
}

// sendSecrets sends all of them and looks for them afterwards.
func sendSecrets(t *testing.T, s store.Store) {
	c := newClient(t, s, cyberark)
	c.application("robot")
	user := c.user(`"userName":"` + plainText + `"`)
	trail := audit.NewRecorder(s, slog.New(slog.DiscardHandler), time.Now)
	js := journal.New(journal.Options{Entries: 50_000, Bytes: 512 << 20}, c.site.tenant.Registry)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go js.Run(ctx)
	c = c.serve(func(config *server.Config) {
		config.Journal, config.Audit, config.AuditReads = js, trail, true
	})
	raw := &rawClient{addr: strings.TrimPrefix(c.site.url, "http://"), token: allRights}
	var all []secretPlace
	for i, p := range places(user, "none") {
		encoded := p.encoded()
		all = append(all, encoded...)
		all = append(all, p.cut()...)
		if i%4 == 0 {
			all = append(all, p.with(canaryText).disguised()...)
		}
	}
	statuses := map[int]int{}
	for _, p := range all {
		status, answer, err := raw.send(p)
		if err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		statuses[status]++
		// The tenant's own sentence repeats the id that was asked for.
		if status < 400 || status == 404 && strings.HasPrefix(p.target, "/scim/v2/Users/") && p.body == "" {
			continue
		}
		for _, hit := range append(canary.Found(answer, canaryPart), canary.Found(answer, canaryNumber)...) {
			t.Errorf("%s %s %s %s: the answer has %s", p.method, p.target, p.head, p.body, hit)
		}
	}
	t.Logf("%d requests, answered %v", len(all), statuses)
	if err := trail.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := js.Of(c.site.tenant.ID).Find(t.Context(), journal.Query{})
	if err != nil || page.Lost != 0 || len(page.Entries) < len(all)*9/10 {
		t.Fatalf("%d entries of %d requests, %d lost, %v", len(page.Entries), len(all), page.Lost, err)
	}
	var records []audit.Record
	for cursor, more := "", true; more; {
		p, err := audit.Read(t.Context(), s, c.site.tenant.Space, c.site.tenant.Name, audit.Query{Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		records, cursor, more = append(records, p.Records...), p.Next, len(p.Records) == audit.MaxPage
	}
	if len(records) == 0 {
		t.Error("the trail is empty")
	}
	for where, v := range map[string]any{"journal": page, "archive": page.Archive("test", http.StatusText), "trail": records, "log": c.site.log.String()} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if where == "archive" {
			hartest.Check(t, text)
		}
		for _, secret := range []string{canaryPart, canaryNumber, allRights} {
			for _, hit := range canary.Found(text, secret) {
				t.Errorf("the %s has %s", where, hit)
			}
		}
		if (where == "journal" || where == "archive") && len(canary.Found(text, plainText)) == 0 {
			t.Errorf("the %s does not have what is no secret either", where)
		}
	}
}
