package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// side is one end of a link as a resource shows it.
type side struct {
	Value   string `json:"value"`
	Ref     string `json:"$ref"`
	Name    string `json:"name"`
	Display string `json:"display"`
}

// Resources as lists show them.
type (
	seenUser struct {
		ID       string
		UserName string
		Groups   []side
	}
	seenGroup struct {
		ID          string
		DisplayName string
		Members     []side
	}
	seenSafe struct {
		ID, Name, DisplayName string
		Owner                 side
		PrivilegedData        []side
	}
	seenAccount struct {
		ID, Name string
		Account  struct{ Safe string } `json:"urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"`
	}
	seenPermission struct {
		ID                                     string
		Container, PrivilegedData, User, Group *side
		Rights                                 []string
		Member                                 struct{ MemberType string } `json:"urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember"`
	}
)

// view is all that a server has, as its lists show it, by id.
type view struct {
	base               string
	text               string // all resources, in their order
	users              map[string]seenUser
	groups             map[string]seenGroup
	safes              map[string]seenSafe
	accounts           map[string]seenAccount
	permissions        map[string]seenPermission
	accountPermissions map[string]seenPermission
	order              []string // the targets of permissions, as listed
}

// view reads everything.
func (s *server) view(t *testing.T) *view {
	t.Helper()
	v := &view{base: s.base}
	v.users = read(t, s, v, "Users", func(u seenUser) string { return u.ID })
	v.groups = read(t, s, v, "Groups", func(g seenGroup) string { return g.ID })
	v.safes = read(t, s, v, "Containers", func(c seenSafe) string { return c.ID })
	v.accounts = read(t, s, v, "PrivilegedData", func(a seenAccount) string { return a.ID })
	target := func(p seenPermission) string {
		for _, end := range []*side{p.Container, p.PrivilegedData} {
			if end != nil {
				v.order = append(v.order, end.Value)
			}
		}
		return p.ID
	}
	v.permissions = read(t, s, v, "ContainerPermissions", target)
	v.accountPermissions = read(t, s, v, "PrivilegedDataPermissions", target)
	return v
}

// read reads a collection page by page, and whole: both must show the same
// resources, as many as they say; and each is found by the id that it shows.
func read[T any](t *testing.T, s *server, v *view, collection string, id func(T) string) map[string]T {
	t.Helper()
	var pages []json.RawMessage
	total := 0
	for {
		list := s.list(t, fmt.Sprintf("/%s?startIndex=%d&count=50", collection, len(pages)+1))
		total = list.TotalResults
		pages = append(pages, list.Resources...)
		if len(list.Resources) == 0 || len(pages) >= total {
			break
		}
	}
	whole := s.list(t, "/"+collection)
	same := slices.EqualFunc(pages, whole.Resources, func(a, b json.RawMessage) bool { return string(a) == string(b) })
	if len(pages) != total || whole.TotalResults != total || !same {
		t.Errorf("%s: %d in pages, %d in one list, totals %d and %d, same %v", collection, len(pages), len(whole.Resources), total, whole.TotalResults, same)
	}
	out := map[string]T{}
	for _, text := range pages {
		var row T
		if err := json.Unmarshal(text, &row); err != nil {
			t.Fatalf("%s: %v: %s", collection, err, text)
		}
		if _, there := out[id(row)]; there {
			t.Errorf("%s: two have the id %s", collection, id(row))
		}
		out[id(row)] = row
		one := s.do(t, "GET", "/"+collection+"/"+url.PathEscape(id(row)), nil, 200, 404)
		if one.text != string(text) {
			t.Errorf("%s: the list shows\n%s\nand its id leads to\n%s", collection, text, one)
		}
		v.text += s.relative(string(text)) + "\n"
	}
	return out
}

// relative leaves the server's address out of a text.
func (s *server) relative(text string) string {
	base, err := url.Parse(s.base)
	if err != nil {
		return text
	}
	return strings.ReplaceAll(text, base.Host, "")
}

// listed is a list answer.
type listed struct {
	TotalResults int
	Resources    []json.RawMessage
}

func (s *server) list(t *testing.T, path string) listed {
	t.Helper()
	var out listed
	if err := json.Unmarshal([]byte(s.do(t, "GET", path, nil, 200).text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// check fails the test where something does not fit together.
func (v *view) check(t *testing.T) {
	t.Helper()
	v.checkMembers(t)
	v.checkAccounts(t)
	seen := map[string]bool{}
	for _, p := range v.permissions {
		safe, ok := v.safes[value(p.Container)]
		if !ok || p.Container.Name != safe.Name || p.Container.Display != safe.DisplayName || p.PrivilegedData != nil {
			t.Errorf("permission %s is on %+v, the safe is %+v", p.ID, p.Container, safe)
		}
		v.checkGrantee(t, p, value(p.Container), seen)
		if want := map[bool]string{true: "User", false: "Group"}[p.User != nil]; p.Member.MemberType != want {
			t.Errorf("permission %s is of a %q", p.ID, p.Member.MemberType)
		}
	}
	for _, p := range v.accountPermissions {
		account, ok := v.accounts[value(p.PrivilegedData)]
		if !ok || p.PrivilegedData.Display != account.Name || p.Container != nil {
			t.Errorf("permission %s is on %+v, the account is %+v", p.ID, p.PrivilegedData, account)
		}
		v.checkGrantee(t, p, value(p.PrivilegedData), seen)
	}
	if groups := slices.Compact(slices.Clone(v.order)); len(groups) != len(unique(groups)) {
		t.Error("permissions on one target do not stand together")
	}
}

// checkGrantee: a permission is of one user or group, who has its name now, and
// the only one of the pair; its id is made of the target and the name, or of the
// target and the id where another has that name.
func (v *view) checkGrantee(t *testing.T, p seenPermission, target string, seen map[string]bool) {
	t.Helper()
	if (p.User == nil) == (p.Group == nil) {
		t.Errorf("permission %s is of %v and %v", p.ID, p.User, p.Group)
		return
	}
	who, name, there := p.User, "", false
	if who != nil {
		var u seenUser
		u, there = v.users[who.Value]
		if name = u.UserName; !there {
			name, there = who.Display, who.Value == v.service() // who is in no list
		}
	} else {
		var g seenGroup
		who = p.Group
		g, there = v.groups[who.Value]
		name = g.DisplayName
	}
	if !there || who.Display != name {
		t.Errorf("permission %s is of %+v, called %q, there %v", p.ID, *who, name, there)
	}
	if p.ID != target+":"+name && p.ID != target+":"+who.Value {
		t.Errorf("permission %s is of %q (%s) on %s", p.ID, name, who.Value, target)
	}
	if pair := target + "\x00" + who.Value; seen[pair] {
		t.Errorf("two permissions of %s on %s", who.Value, target)
	} else {
		seen[pair] = true
	}
}

// service is the id of the user that the token stands for: who owns the safes.
func (v *view) service() string {
	for _, s := range v.safes {
		return s.Owner.Value
	}
	return ""
}

// checkMembers: groups and their members name each other.
func (v *view) checkMembers(t *testing.T) {
	t.Helper()
	var down, up []string
	for _, g := range v.groups {
		for _, m := range g.Members {
			user, isUser := v.users[m.Value]
			group, isGroup := v.groups[m.Value]
			if isUser == isGroup || !slices.Contains([]string{user.UserName, group.DisplayName}, m.Display) && !isUser {
				t.Errorf("group %s has member %+v: a user %v, a group %v", g.ID, m, isUser, isGroup)
			}
			if isUser {
				down = append(down, g.ID+" "+m.Value+" "+g.DisplayName)
			}
		}
	}
	for _, u := range v.users {
		for _, g := range u.Groups {
			up = append(up, g.Value+" "+u.ID+" "+g.Display)
		}
	}
	equal(t, "members of groups and groups of users", down, up)
}

// checkAccounts: safes and their accounts name each other, and all safes have
// one owner.
func (v *view) checkAccounts(t *testing.T) {
	t.Helper()
	var down, up []string
	for _, s := range v.safes {
		if s.ID != s.Name || s.DisplayName != s.Name || s.Owner.Value == "" || s.Owner.Value != v.service() {
			t.Errorf("safe %+v", s)
		}
		for _, a := range s.PrivilegedData {
			down = append(down, s.ID+" "+a.Value+" "+a.Display)
		}
	}
	for _, a := range v.accounts {
		up = append(up, a.Account.Safe+" "+a.ID+" "+a.Name)
	}
	equal(t, "accounts of safes and safes of accounts", down, up)
}

// checkGone: what was deleted is not there, and nothing leads to it. Names of
// safes come again.
func (v *view) checkGone(t *testing.T, s *server, gone map[string][]string) {
	t.Helper()
	for collection, paths := range map[string][]string{
		"Users":          {"ContainerPermissions?filter=user.value", "PrivilegedDataPermissions?filter=user.value", "Groups?filter=members.value"},
		"Groups":         {"ContainerPermissions?filter=group.value", "PrivilegedDataPermissions?filter=group.value", "Users?filter=groups.value"},
		"PrivilegedData": {"PrivilegedDataPermissions?filter=privilegedData.value", "Containers?filter=privilegedData.value"},
	} {
		if len(gone[collection]) == 0 {
			t.Errorf("nothing of %s was deleted", collection)
		}
		for i, id := range gone[collection] {
			if regexp.MustCompile(`\b` + id + `\b`).MatchString(v.text) {
				t.Errorf("%s %s is gone, and still named", collection, id)
			}
			if i >= 25 {
				continue // the rest of the questions would take long, and tell nothing else
			}
			s.do(t, "GET", "/"+collection+"/"+id, nil, 404)
			for _, path := range paths {
				if n := s.list(t, "/"+path+url.QueryEscape(fmt.Sprintf(" eq %q", id))).TotalResults; n != 0 {
					t.Errorf("%d lead to %s %s: %s", n, collection, id, path)
				}
			}
		}
	}
}

func value(s *side) string {
	if s == nil {
		return ""
	}
	return s.Value
}

func unique(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// equal compares two lists in any order.
func equal(t *testing.T, what string, a, b []string) {
	t.Helper()
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) {
		t.Errorf("%s differ:\n%q\n%q", what, a, b)
	}
}
