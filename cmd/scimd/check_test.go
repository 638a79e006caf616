package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/store"
)

// create posts a resource and gives its id.
func (s *process) create(endpoint, body string) string {
	s.t.Helper()
	req, err := http.NewRequest("POST", s.BaseURL+endpoint, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var made struct{ ID string }
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 201 || json.Unmarshal(text, &made) != nil {
		s.t.Fatalf("POST %s: %s %s", endpoint, resp.Status, text)
	}
	return made.ID
}

// check runs scimd check, which must end with a code, and gives what it found.
func (p *place) check(code int, args ...string) *control.Check {
	p.t.Helper()
	stdout, stderr, got := p.run(append([]string{"check", "--json"}, args...)...)
	var c control.Check
	if err := json.Unmarshal([]byte(stdout), &c); err != nil || got != code || stderr != "" {
		p.t.Fatalf("check ends with %d, want %d, and prints %s%s", got, code, stdout, stderr)
	}
	return &c
}

// damage is what SQL does to a healthy database, in which users are named u0 and
// so on, and what is then found. Each does harm to other resources.
var damage = []struct {
	what, sql string
	found     store.Finding
}{
	{"a stale unique column", "UPDATE user_r SET user_name = 'stale' WHERE user_name = 'u0'", store.Finding{Rule: "key", Table: "user_r", Type: "User", Detail: "column user_name"}},
	{"a stale column", "UPDATE user_r SET active = 0 WHERE user_name = 'u1'", store.Finding{Rule: "key", Table: "user_r", Type: "User", Detail: "column active"}},
	{"a stale id key", "UPDATE user_r SET id_key = 'stale' WHERE user_name = 'u2'", store.Finding{Rule: "key", Table: "user_r", Type: "User", Detail: "column id_key"}},
	{"a stale text", "UPDATE user_r SET label = 'stale' WHERE user_name = 'u3'", store.Finding{Rule: "key", Table: "user_r", Type: "User", Detail: "column label"}},
	{"a version of 0", "UPDATE user_r SET version = 0 WHERE user_name = 'u4'", store.Finding{Rule: "version", Table: "user_r", Type: "User", Detail: "less than 1"}},
	{"another version than the last event's", "UPDATE user_r SET version = 7 WHERE user_name = 'u5'", store.Finding{Rule: "event", Table: "user_r", Type: "User", Detail: "version of the last event"}},
	{"modified before created", "UPDATE user_r SET modified = created - 1 WHERE user_name = 'u6'", store.Finding{Rule: "times", Table: "user_r", Type: "User", Detail: "modified before created"}},
	{"a document that is not canonical", "UPDATE user_r SET doc = replace(doc, '\"schemas\":', '\"schemas\" :') WHERE user_name = 'u7'", store.Finding{Rule: "document", Table: "user_r", Type: "User", Detail: "not canonical"}},
	{"a document without schemas", "UPDATE user_r SET doc = replace(doc, '\"schemas\":', '\"scheme\":') WHERE user_name = 'u8'", store.Finding{Rule: "document", Table: "user_r", Type: "User", Detail: "no schemas"}},
	{"a document that is no JSON", "UPDATE user_r SET doc = '{' WHERE user_name = 'u9'", store.Finding{Rule: "document", Table: "user_r", Type: "User", Detail: "not JSON"}},
	{"a cut at another place", "UPDATE user_r SET cut = cut + 1 WHERE user_name = 'u10'", store.Finding{Rule: "document", Table: "user_r", Type: "User", Detail: "cut at another place"}},
	{"a stale value", "UPDATE value_r SET v = 'stale' WHERE v = 'u11@example.com'", store.Finding{Rule: "value", Table: "user_r", Type: "User", Detail: "attribute emails"}},
	{"a lost value", "DELETE FROM value_r WHERE v = 'u12@example.com'", store.Finding{Rule: "value", Table: "user_r", Type: "User", Detail: "attribute emails"}},
	{"a value too many", "INSERT INTO value_r SELECT space, seq, attr, 9, typ, prim, 0, v FROM value_r WHERE v = 'u13@example.com'", store.Finding{Rule: "value", Table: "user_r", Type: "User", Detail: "attribute emails"}},
	{"a unique value of nobody's document", "INSERT INTO resource_unique SELECT r.space, a.nr, 'x', r.seq FROM user_r r, (SELECT min(nr) AS nr FROM attribute WHERE path = 'emails') a WHERE r.user_name = 'u14'", store.Finding{Rule: "unique", Table: "user_r", Type: "User", Detail: "attribute emails"}},
	{"a resource that was deleted by the log", "UPDATE event SET operation = 'delete' WHERE type = 'Group' AND operation = 'create'", store.Finding{Rule: "event", Table: "group_r", Type: "Group", Detail: "deleted, and there"}},
	{"a resource that is gone without an event", "DELETE FROM user_r WHERE user_name = 'u15'", store.Finding{Rule: "event", Table: "user_r", Type: "User", Detail: "not deleted, and not there"}},
	{"a value of nobody (whose row was just lost)", "SELECT 1", store.Finding{Rule: "orphan", Table: "value_r", Detail: "#"}},
	{"a password of nobody", "INSERT INTO password SELECT space, 987654, sealed FROM secret_r LIMIT 1", store.Finding{Rule: "orphan", Table: "password", Detail: "#987654"}},
	{"an edge to nobody", "UPDATE edge SET dst = 987654 WHERE relation = 1 AND dst = (SELECT min(dst) FROM edge WHERE relation = 1)", store.Finding{Rule: "link", Table: "edge", Type: "Group", Detail: "relation 1, dst"}},
	{"an edge from nobody", "UPDATE edge SET src = 987655 WHERE relation = 1 AND dst = (SELECT max(dst) FROM edge WHERE relation = 1 AND dst <> 987654)", store.Finding{Rule: "link", Table: "edge", Type: "User", Detail: "relation 1, src"}},
	{"an edge of a relation that has a column", "INSERT INTO edge SELECT space, 4, 1, 2, src_type, dst_type FROM edge LIMIT 1", store.Finding{Rule: "link", Table: "edge", Type: "User", Detail: "relation 4 has no edges"}},
	{"an owner that is no user", "UPDATE container_r SET owner = seq WHERE name = 's0'", store.Finding{Rule: "link", Table: "container_r", Type: "Container", Detail: "column owner"}},
	{"an account in another container than it says", "UPDATE account_r SET safe = (SELECT seq FROM container_r WHERE name = 's1') WHERE name = 'a0'", store.Finding{Rule: "name", Table: "account_r", Type: "PrivilegedData", Detail: "safe"}},
	{"an account without its container", "UPDATE account_r SET safe = 987654 WHERE name = 'a1'", store.Finding{Rule: "link", Table: "account_r", Type: "PrivilegedData", Detail: "column safe"}},
	{"a permission with an id of others", "UPDATE container_permission_r SET id = 'x:y', id_key = 'x:y' WHERE seq = (SELECT min(seq) FROM container_permission_r)", store.Finding{Rule: "id", Table: "container_permission_r", Type: "ContainerPermission"}},
	{"a permission of nobody", "UPDATE container_permission_r SET grantee = 987654 WHERE seq = (SELECT max(seq) FROM container_permission_r)", store.Finding{Rule: "link", Table: "container_permission_r", Type: "ContainerPermission", Detail: "column grantee"}},
	{"a secret of another account", "UPDATE secret_r SET sealed = (SELECT sealed FROM secret_r WHERE seq = (SELECT max(seq) FROM secret_r)) WHERE seq = (SELECT min(seq) FROM secret_r WHERE seq > 0)", store.Finding{Rule: "sealed", Table: "secret_r", Type: "PrivilegedData", Detail: "does not open"}},
	{"a secret without its key", "UPDATE secret_r SET key = 'gone' WHERE seq = (SELECT max(seq) FROM secret_r)", store.Finding{Rule: "sealed", Table: "secret_r", Type: "PrivilegedData", Detail: "no data key"}},
	{"a signing key of another place", "UPDATE secret_r SET sealed = (SELECT sealed FROM secret_r WHERE seq = (SELECT max(seq) FROM secret_r)) WHERE seq = 0", store.Finding{Rule: "sealed", Table: "secret_r", Detail: "does not open"}},
	{"an issuer without audience", `UPDATE tenant SET trust = '[{"name":"a","issuer":"b"}]'`, store.Finding{Rule: "unreadable", Table: "tenant", Detail: "column trust"}},
	{"rights of a token that there are not", "UPDATE token SET rights = 'fly'", store.Finding{Rule: "unreadable", Table: "token", Detail: ": column rights"}},
	{"rights of an application that there are not", "UPDATE application SET rights = ''", store.Finding{Rule: "unreadable", Table: "application", Detail: "application ScimClient: column rights"}},
	{"rights of people that there are not", "UPDATE application SET person_rights = 'fly'", store.Finding{Rule: "unreadable", Table: "application", Detail: "column person_rights"}},
	{"scopes that there are not", "UPDATE application SET scopes = 'fly'", store.Finding{Rule: "unreadable", Table: "application", Detail: "column scopes"}},
	{"a redirect URI that leads to no application", "UPDATE application SET redirects = 'http://example.com/'", store.Finding{Rule: "unreadable", Table: "application", Detail: "column redirects"}},
	{"grants that there are not", "UPDATE application SET grants = 'fly'", store.Finding{Rule: "unreadable", Table: "application", Detail: "column grants"}},
	{"a secret that is no hash", "UPDATE application SET secret = 'topsecret'", store.Finding{Rule: "unreadable", Table: "application", Detail: "column secret"}},
	{"a password that is no hash", "UPDATE password SET hash = (SELECT sealed FROM secret_r LIMIT 1) WHERE seq = (SELECT seq FROM user_r WHERE user_name = 'u13')", store.Finding{Rule: "unreadable", Table: "password", Type: "User", Detail: "column hash"}},
	{"a session of nobody", "INSERT INTO session (tenant, id, app_key, user_id, handle, current, redeemed, about, created, expires) SELECT tenant, 's1', 'scimclient', 'nobody', hash, hash, 0, '{', 1, 9000000000000000 FROM token LIMIT 1", store.Finding{Rule: "principal", Table: "session", Detail: "session s1"}},
	{"a session of which nothing can be read", "UPDATE session SET id = 's2'", store.Finding{Rule: "unreadable", Table: "session", Detail: "session s2: column about"}},
	{"an application of nobody", "UPDATE application SET user_id = 'nobody'", store.Finding{Rule: "principal", Table: "application", Detail: "application ScimClient"}},
	{"a token of nobody", "UPDATE token SET principal_id = 'nobody'", store.Finding{Rule: "principal", Table: "token", Detail: "token "}},
	{"a service user that all can see", "UPDATE user_r SET hidden = 0", store.Finding{Rule: "service-user", Table: "setting"}},
	{"rows of no tenant", "INSERT INTO named_lock (space, name) VALUES (987654, 'x')", store.Finding{Rule: "no-tenant", Table: "named_lock", Detail: "space 987654"}},
	{"a deleted tenant that stays", "INSERT INTO doomed_space (space, since) VALUES (987655, 1)", store.Finding{Rule: "not-swept", Table: "doomed_space", Detail: "space 987655"}},
	{"a type that nobody knows", "INSERT INTO resource_type (nr, name) VALUES (99, 'Lost'); INSERT INTO resource_r (space, seq, id, id_key, version, created, modified, hidden, cut, type, doc) SELECT space, 987656, 'l', 'l', 1, 1, 1, 0, 1, 99, '{}' FROM user_r WHERE user_name = 'u14'", store.Finding{Rule: "type", Table: "resource_r", Type: "Lost", Detail: "not registered"}},
}

func TestCheckFindsEachKindOfDamageAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, open := database(t)
			p := newPlace(t, env...)
			s := p.serve()
			members := []string{}
			for i := range 16 {
				id := s.create("/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u%d","displayName":"D%d","active":true,"password":"Pass-%d","emails":[{"value":"u%d@example.com","type":"work"}]}`, i, i, i, i))
				members = append(members, fmt.Sprintf(`{"value":%q}`, id))
			}
			s.create("/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"G","members":[`+strings.Join(members[:4], ",")+`]}`)
			for i := range 2 {
				s.create("/Containers", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:Container"],"name":"S%d"}`, i))
				s.create("/ContainerPermissions", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:ContainerPermission"],"container":{"value":"S%d"},"user":{"display":"u14"},"rights":["useAccounts"]}`, i))
			}
			for i := range 4 {
				s.create("/PrivilegedData", strings.Replace(account(fmt.Sprintf("a%d", i), "pass-word"), `"safe":"S"`, `"safe":"S0"`, 1))
			}
			var app control.Application
			p.succeed(&app, "app", "create", "ScimClient")
			if obtain(t, app) == "" { // signed with a key that is sealed
				t.Error("the application gets no token")
			}
			healthy := p.check(0)
			for table, n := range map[string]int64{"user_r": 18, "group_r": 1, "edge": 4, "container_permission_r": 4, "secret_r": 5, "tenant": 1, "token": 1, "application": 1, "session": 0} {
				if healthy.Checked[table] != n {
					t.Errorf("%d rows of %s were checked, want %d", healthy.Checked[table], table, n)
				}
			}
			if !healthy.Opened || healthy.Findings == nil {
				t.Errorf("%+v", healthy)
			}
			if _, stderr, code := p.run("check", "--tenant", "nobody"); code != 2 || !strings.Contains(stderr, "There is no tenant nobody") {
				t.Errorf("no such tenant: exit code %d, %s", code, stderr)
			}
			p.check(0, "--tenant", "default")
			before := healthy
			for _, d := range damage {
				execute(p, open, d.sql)
				after := p.check(1)
				fresh := slices.DeleteFunc(slices.Clone(after.Findings), func(f store.Finding) bool {
					return d.sql != "SELECT 1" && slices.Contains(before.Findings, f)
				})
				if !slices.ContainsFunc(fresh, func(f store.Finding) bool {
					return f.Rule == d.found.Rule && f.Table == d.found.Table && f.Type == d.found.Type && strings.Contains(f.Detail, d.found.Detail)
				}) {
					t.Errorf("%s: found %+v, want %+v", d.what, fresh, d.found)
				}
				before = after
			}
			human, _, code := p.run("check")
			if code != 1 || strings.Contains(human, "pass-word") || strings.Contains(human, "@example.com") || !strings.Contains(human, "column user_name") {
				t.Errorf("check ends with %d and prints\n%s", code, human)
			}
			s.interrupt(terminate)
			stopped := p.check(1)
			if len(stopped.Findings) != len(before.Findings) || !stopped.Opened {
				t.Errorf("without a server, %d findings, with it %d; opened %t", len(stopped.Findings), len(before.Findings), stopped.Opened)
			}
			if name == "sqlite" {
				execute(p, open, "DELETE FROM schema_migrations")
				if _, stderr, code := p.run("check"); code != 2 || strings.Count(stderr, "\n") != 1 {
					t.Errorf("a database that cannot be read: exit code %d, %s", code, stderr)
				}
			}
		})
	}
}
