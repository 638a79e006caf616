package e2e_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/canary"
	"github.com/scimd/scimd/internal/pgtest"
)

// What canaries are made of. Secrets hold one of the first two, and stand
// nowhere afterwards; what is no secret holds the last, which must be found, so
// that the search is known to look in the right places.
const (
	secretText   = "KanarieZq7Vx9Wp"
	secretNumber = "918273645546372819"
	plainText    = "OffenBq4Ty8Lm"
	// masterKey, given as a flag, is a secret as well: 32 bytes.
	masterKey = "SchluesselHq3Ny6TbRw5Kz1Gx8Dp4Fv"
)

// confide replaces {S} and {N} in the parts of a request by secrets; around what
// is searched for stand characters that are written in several ways.
func confide(text string) string {
	return strings.NewReplacer("{S}", `é/`+secretText+`+ <&`, "{N}", secretNumber, "{P}", plainText).Replace(text)
}

// confidences are requests that carry a secret, in every place that takes one and
// in many that do not. A path is relative to the SCIM base; {user} and {account}
// are ids.
func confidences() []confidence {
	const (
		account  = `{"schemas":["` + pam + `PrivilegedData"],"name":"{P}","` + accountProperty + `":{"safe":"Canary",%s}}`
		property = accountProperty + ":properties"
		perm     = `{"container":{"value":"Canary"},"user":{"value":"{user}"},"rights":[],"urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember":{"searchIn":%s}}`
	)
	var list []confidence
	add := func(method, path string, bodies ...string) {
		for _, b := range bodies {
			list = append(list, confidence{method, path, b})
		}
	}
	one := func(op, path, value string) string {
		return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":%q,"path":%q,"value":%s}]}`, op, path, value)
	}
	whole := func(op, value string) string {
		return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":%q,"value":%s}]}`, op, value)
	}

	// Accounts: properties by every kind of key, the attribute, in every form.
	var extensions []string
	for _, key := range []string{"secret", "Secret", "PASSWORD", "password", "NewPassword", "new_password", "ssh_private_key", "sshKey", "passphrase", "secretValue", "Admin-Pwd", "secretKey", "accessKey", "api_key"} {
		extensions = append(extensions, fmt.Sprintf(`"properties":[{"key":"username","value":"{P}"},{"key":%q,"value":"{S}"}]`, key))
	}
	extensions = append(extensions,
		`"password":"{S}"`, `"Password":"{S}"`, `"password":{N}`, `"password":["{S}"]`, `"password":{"value":"{S}"}`, `"secret":"{S}"`,
		`"properties":[{"value":"{S}","key":"secret"}]`, `"properties":[{"KEY":"secret","Value":"{S}"}]`, `"properties":{"key":"secret","value":"{S}"}`,
		`"properties":[{"key":"secret","value":"{S}","more":"{S}"}]`, `"properties":[{"key":"secret","value":{N}}]`, `"properties":[{"key":"secret","value":{"x":"{S}"}}]`,
		`"properties":[{"key":"secret","value":["{S}"]}]`, `"properties":[{"key":"secret","value":"{S}"},{"key":"SECRET","value":"{S}2"}]`,
		`"properties":[{"key":"secret","value":"1","value":"{S}"}]`, `"properties":{"secret":"{S}"}`, `"properties":["secret","{S}"]`, `"properties":"secret={S}"`,
		`"properties":[{"key":["secret"],"value":"{S}"}]`, `"properties":[[{"key":"secret","value":"{S}"}]]`, `"password":"{S}","password":"{S}3"`,
		`"properties":[{"key":"secret","value":"{S}"}],"password":true`, `"properties":[{"key":"secret","value":"{S}"}],"remoteMachinesAccess":7`,
		`"properties":[{"key":"secret","value":"{S}\u0000"}]`, `"properties":[{"key":"secret","value":"{S}\ud800"}]`, `"properties":[{"key":"secret","value":"{S}"}]]`,
	)
	for _, e := range extensions {
		body := fmt.Sprintf(account, e)
		add("POST", "/PrivilegedData", body, strings.Replace(body, `"Canary"`, `"No such safe"`, 1), strings.Replace(body, `"name"`, `"noName"`, 1), body[:len(body)-3])
		add("PUT", "/PrivilegedData/{account}", body, strings.Replace(body, `"Canary"`, `"Other"`, 1), body+"x")
		add("PATCH", "/PrivilegedData/{account}", whole("replace", "{"+e+"}"), whole("add", `{"`+accountProperty+`":{`+e+`}}`), whole("what", `{"`+accountProperty+`":{`+e+`}}`))
		add("PATCH", "/PrivilegedData/0_0", whole("replace", `{"`+accountProperty+`":{`+e+`}}`))
		add("POST", "/PrivilegedDatas", body)
		add("POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"POST","path":"/PrivilegedData","bulkId":"1","data":`+body+`}]}`)
	}
	for _, op := range []string{"add", "replace", "remove", "REPLACE", "set"} {
		for _, path := range []string{
			property, accountProperty + ".properties", "properties", property + ".value", property + `[key eq "secret"].value`, property + `[key eq "secret"]`,
			property + `[key eq "secret" and value eq "{S}"].value`, property + `[value eq "{S}"].value`, property + `[value eq "{S}"]`, property + `[key sw "sec"].value`,
			property + `[key eq "{S}`, property + `[key eq "secret"].{S}`, property + `[key eq "NewPassword" or key eq "secret"].value`, property + `[key eq "username"].key`,
			accountProperty + ":password", accountProperty + ".password", "password", accountProperty + `:password[value eq "{S}"]`, accountProperty + ":secret", accountProperty,
		} {
			for _, value := range []string{
				`"{S}"`, `{N}`, `["{S}"]`, `{"value":"{S}"}`, `[{"value":"{S}"}]`, `{"key":"secret","value":"{S}"}`, `[{"key":"secret","value":"{S}"}]`, `{"password":"{S}"}`, `{"properties":[{"key":"secret","value":"{S}"}]}`,
			} {
				if strings.Contains(path, `"username"`) && !strings.Contains(value, "secret") ||
					path == accountProperty && (strings.HasPrefix(value, `{"value"`) || strings.HasPrefix(value, `{"key"`)) ||
					strings.HasSuffix(path, "properties.value") || strings.HasSuffix(path, `[key sw "sec"].value`) && op != "remove" {
					continue // these say that the value of what is no secret is this
				}
				add("PATCH", "/PrivilegedData/{account}", one(op, path, value))
			}
		}
	}
	// Members of safes: a directory to search in, write-only.
	for _, v := range []string{`"{S}"`, `["{S}"]`, `{N}`, `{"x":"{S}"}`} {
		add("POST", "/ContainerPermissions", fmt.Sprintf(perm, v))
		add("PUT", "/ContainerPermissions/Canary:canary", fmt.Sprintf(perm, v))
		add("PATCH", "/ContainerPermissions/Canary:canary", one("replace", "urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember:searchIn", v))
	}
	// Users.
	const userURN = "urn:ietf:params:scim:schemas:core:2.0:User"
	for i, v := range []string{`"{S}"`, `{N}`, `["{S}"]`, `{"value":"{S}"}`, `[{"value":"{S}"}]`, `"{S}\u0000"`, `"` + strings.Repeat("{S}", 200) + `"`, `"{S}","password":"{S}2"`, `"{S}","active":"maybe"`} {
		add("POST", "/Users", fmt.Sprintf(`{"userName":"{P}-%d","password":%s}`, i, v), fmt.Sprintf(`{"userName":"canary","Password":%s}`, v), fmt.Sprintf(`{"password":%s`, v),
			fmt.Sprintf(`{"userName":"{P}-urn-%d","%s:password":%s}`, i, userURN, v), fmt.Sprintf(`{"password":%s}`, v))
		add("PUT", "/Users/{user}", fmt.Sprintf(`{"userName":"canary","password":%s}`, v))
		if i%2 == 1 {
			continue // hashes take their time
		}
		for _, op := range []string{"add", "remove", "Replace", "set"} {
			add("PATCH", "/Users/{user}", whole(op, fmt.Sprintf(`{"password":%s}`, v)))
			for _, path := range []string{"password", "PASSWORD", userURN + ":password", "password.value", `password[value eq "{S}"]`, `password eq "{S}"`} {
				add("PATCH", "/Users/{user}", one(op, path, v))
			}
		}
	}
	// Filters, sort keys and names of attributes.
	for _, f := range []string{
		`password eq "{S}"`, `password sw "{S}"`, `password eq {N}`, `password eq '{S}'`, `password eq {S}`, `not (password co "{S}")`, `userName eq "x" and password eq "{S}"`, `password eq "{S}`, `password eq "{S}" oder`, `password pr and "{S}"`,
		property + `[key eq "secret" and value eq "{S}"]`, property + `.value eq "{S}"`, accountProperty + `:password eq "{S}"`, property + `[key eq "secret" and value eq "{S}"`, `secret eq "{S}"`,
	} {
		for _, collection := range []string{"Users", "PrivilegedData", ""} {
			add("GET", "/"+collection+"?sortBy="+url.QueryEscape(f)+"&attributes="+url.QueryEscape(f)+"&startIndex="+url.QueryEscape(f), "")
			add("POST", strings.TrimSuffix("/"+collection, "/")+"/.search", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":%q}`, f))
			add("GET", "/"+collection+"?filter="+url.QueryEscape(f), "")
		}
	}
	return list
}

// confidence is a request with secrets in it.
type confidence struct{ method, path, body string }

// R7643-4.1.1-05, R7643-7-07, R7644-7.5.2-02, Q-98: what clients confide stands in no answer, no line of the log and no file or table,
// in no form, whether it was taken or refused.
func TestNoSecretIsFoundAnywhere(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{
		"cyberark": {"--set", "passwords=hash"},
		"rfc7644":  {"--profile", "rfc7644", "--set", "requireSchemas=false"},
		"keeping":  {"--set", "unknownAttributes=keep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEngines(t, func(t *testing.T, p place) {
				s := p.start(t, slices.Concat(flags, []string{"--journal-entries", "100000", "--journal-bytes", "256MiB", "--log-level", "debug", "--log-format", "json", "--key", hex.EncodeToString([]byte(masterKey))})...)
				statuses := s.confideAll(t)
				t.Logf("answers: %v", statuses)
				if statuses[200] == 0 || statuses[201] == 0 || statuses[400] == 0 || statuses[404] == 0 || statuses[409] == 0 {
					t.Errorf("a kind of answer is missing: %v", statuses)
				}
				p.search(t, s, p.commands(t)) // with what is not in the main file of the database yet
				s.stop(t)
				p.search(t, s, nil)
			})
		})
	}
}

// confideAll sends all secrets, and searches each answer.
func (s *server) confideAll(t *testing.T) map[int]int {
	t.Helper()
	statuses := map[int]int{}
	for _, name := range []string{"Canary", "Other"} {
		s.do(t, "POST", "/Containers", map[string]any{"name": name, "description": plainText}, 201)
	}
	ids := strings.NewReplacer(
		"{user}", s.do(t, "POST", "/Users", user("canary", map[string]any{"displayName": plainText}), 201).body["id"].(string),
		"{account}", s.do(t, "POST", "/PrivilegedData", map[string]any{"name": plainText, accountProperty: map[string]any{"safe": "Canary"}}, 201).body["id"].(string))
	leaks := 0
	for _, c := range confidences() {
		for _, authorization := range []string{"", "Bearer {S}", "Basic e1M6{N}"} {
			if authorization != "" && c.method != "GET" {
				continue
			}
			status, answer := s.confide(t, c.method, ids.Replace(c.path), ids.Replace(c.body), authorization)
			statuses[status]++
			hits := slices.Concat(canary.Found(answer, secretText), canary.Found(answer, secretNumber))
			if status >= 500 && status != 501 || len(hits) > 0 {
				leaks++
				t.Errorf("%s %s %s: %d\n%s", c.method, c.path, c.body, status, strings.Join(hits, "\n"))
			}
			if leaks > 20 {
				t.Fatal("too many to go on")
			}
		}
	}
	for _, path := range []string{"/Users", "/PrivilegedData", "/ContainerPermissions", "/Containers"} {
		_, answer := s.confide(t, "GET", path, "", "")
		if hits := slices.Concat(canary.Found(answer, secretText), canary.Found(answer, secretNumber)); len(hits) > 0 {
			t.Errorf("%s: %s", path, strings.Join(hits, "\n"))
		}
	}
	return statuses
}

// confide sends a request with secrets and gives the whole answer, headers too.
func (s *server) confide(t *testing.T, method, path, body, authorization string) (int, []byte) {
	t.Helper()
	// What is encoded in an URL is put in encoded.
	target := strings.NewReplacer(url.QueryEscape("{S}"), url.QueryEscape(confide("{S}")), url.QueryEscape("{N}"), secretNumber).Replace(path)
	req, err := http.NewRequest(method, s.base+target, strings.NewReader(confide(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if authorization != "" {
		req.Header.Set("Authorization", strings.ReplaceAll(confide(authorization), "é", "e"))
	}
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	var answer bytes.Buffer
	fmt.Fprintln(&answer, res.Status)
	if err := res.Header.Write(&answer); err != nil {
		t.Fatal(err)
	}
	if _, err := answer.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer.Bytes()
}

// search looks for secrets, the server's token and its key in all that the
// server and commands wrote.
func (p place) search(t *testing.T, s *server, printed map[string][]byte) {
	t.Helper()
	stored := files(t, p.flag("--data-dir"))
	if p.engine == "postgres" {
		// Backslashes stand twice in what COPY writes.
		stored["tables"] = bytes.ReplaceAll(pgtest.Dump(t, p.flag("--database-url")), []byte(`\\`), []byte(`\`))
	}
	plain := 0
	for _, data := range stored {
		plain += len(canary.Found(data, plainText))
	}
	if plain == 0 {
		t.Errorf("what is no secret is not found either, in %v", slices.Sorted(maps.Keys(stored)))
	}
	maps.Copy(stored, files(t, s.cmd.Dir))
	maps.Copy(stored, printed)
	for _, name := range []string{s.log, s.stdout} {
		if stored[name] = files(t, name)[name]; len(stored[name]) == 0 {
			t.Errorf("nothing is in %s", name)
		}
	}
	for name, data := range stored {
		for _, text := range []string{secretText, secretNumber, masterKey, token} {
			for _, hit := range canary.Found(data, text) {
				t.Errorf("in %s: %s", name, hit)
			}
		}
	}
}

// commands runs commands beside the server and gives what they print.
func (p place) commands(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, line := range []string{"key rotate", "key list", "tenant list", "token list", "token create", "tenant show default", "journal list", "snapshot save kept --replace", "snapshot list", "fault list", "check"} {
		for _, form := range []string{"", " --json"} {
			data, err := command(t, slices.Concat(strings.Fields(line+form), p.flags)...).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v: %s", line+form, err, data)
			}
			out[line+form] = data
		}
	}
	for _, line := range []string{"audit export", "config"} {
		data, err := command(t, slices.Concat(strings.Fields(line), p.flags)...).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", line, err, data)
		}
		out[line] = data
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("what the secrets of an export are sealed with\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"journal export", "seed export", "seed export --secrets encrypted --key-file " + key} {
		data, err := command(t, slices.Concat(strings.Fields(line), p.flags)...).Output()
		if err != nil || len(canary.Found(data, plainText)) == 0 {
			t.Errorf("%s does not give what is no secret: %v", line, err)
		}
		out[line] = data
	}
	return out
}
