package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// envChaos sets for how long clients change a vault at random, as 5s.
const envChaos = "SCIMD_TEST_CHAOS"

func chaosTime(t *testing.T) time.Duration {
	t.Helper()
	d := 6 * time.Second
	if testing.Short() {
		d = 2 * time.Second
	}
	if text := os.Getenv(envChaos); text != "" {
		var err error
		if d, err = time.ParseDuration(text); err != nil || d <= 0 {
			t.Fatalf("%s is %q, not a time such as 5s", envChaos, text)
		}
	}
	return d
}

// Whatever many clients create, rename and delete at once: nobody is answered an
// error of the server, and what is left fits together.
func TestAVaultStaysWholeUnderManyClients(t *testing.T) {
	t.Parallel()
	const (
		clients = 16
		fewest  = 100 // acts of each
	)
	onEngines(t, func(t *testing.T, p place) {
		s := p.start(t, "--log-level", "warn")
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		h := &herd{ids: map[string][]string{}, gone: map[string][]string{}, answers: map[string]map[int]int{}}
		until := time.Now().Add(chaosTime(t))
		together(clients, func(i int) {
			c := &chaos{t: t, s: s, r: rand.New(rand.NewPCG(seed, uint64(i))), h: h}
			for n := 0; (n < fewest || time.Now().Before(until)) && !t.Failed(); n++ {
				c.act()
			}
		})
		h.report(t)
		v := s.view(t)
		v.check(t)
		v.checkGone(t, s, h.gone)
		t.Logf("left: %d users, %d groups, %d safes, %d accounts, %d and %d permissions",
			len(v.users), len(v.groups), len(v.safes), len(v.accounts), len(v.permissions), len(v.accountPermissions))
		p.checked(t)
		s.stop(t)
		p.checked(t)
		again := p.start(t, "--log-level", "warn")
		if w := again.view(t); w.text != v.text {
			t.Error("after a restart the vault is another")
		}
	})
}

// herd is what clients know of each other's resources: ids by collection.
type herd struct {
	mu      sync.Mutex
	ids     map[string][]string
	gone    map[string][]string // deleted, by collection
	answers map[string]map[int]int
}

func (h *herd) add(collection, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids[collection] = append(h.ids[collection], id)
}

// pick is a resource that was there a moment ago, or an id that never was.
func (h *herd) pick(r *rand.Rand, collection string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.ids[collection]); n > 0 {
		return h.ids[collection][r.IntN(n)]
	}
	return "none"
}

func (h *herd) count(collection string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ids[collection])
}

// lose forgets a resource that is gone.
func (h *herd) lose(collection, id string, deleted bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids[collection] = slices.DeleteFunc(h.ids[collection], func(other string) bool { return other == id })
	if deleted {
		h.gone[collection] = append(h.gone[collection], id)
	}
}

// report logs what was answered, and fails the test when a kind of request never
// succeeded.
func (h *herd) report(t *testing.T) {
	t.Helper()
	for what, statuses := range h.answers {
		t.Logf("%-36s %v", what, statuses)
		if statuses[200]+statuses[201]+statuses[204] == 0 {
			t.Errorf("%s never succeeded: %v", what, statuses)
		}
	}
	if len(h.answers) < 15 {
		t.Errorf("only %d kinds of requests", len(h.answers))
	}
}

// chaos is a client that acts at random.
type chaos struct {
	t *testing.T
	s *server
	r *rand.Rand
	h *herd
}

// send sends a request to a collection, or to a resource in it.
func (c *chaos) send(method, collection, id string, body any) answer {
	path := "/" + collection
	if id != "" {
		path += "/" + url.PathEscape(id)
	}
	a, err := c.s.try(method, path, body)
	if err != nil || a.status >= 500 {
		c.t.Errorf("%s %s %v: %s, %v", method, path, body, a, err)
	}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	collection, _, _ = strings.Cut(collection, "?")
	what := method + " " + collection
	if c.h.answers[what] == nil {
		c.h.answers[what] = map[int]int{}
	}
	c.h.answers[what][a.status]++
	return a
}

// names are those of users, groups and safes alike, so that they clash.
var names = []string{"ada", "Ada", "grace", "team a", "a:b", "b:ada", "é", "e\u0301", "ß", "100%", "x+y", "q?", "h#1", "x/y", "..", "O'Neil"}

func (c *chaos) name() string { return fmt.Sprintf("%s%d", names[c.r.IntN(len(names))], c.r.IntN(6)) }

func (c *chaos) safeName() string { return fmt.Sprintf("Safe %d", c.r.IntN(30)) }

// rights are some of the names of rights.
func (c *chaos) rights() []string {
	all := []string{"UseAccounts", "retrieveAccounts", "ListContent", "ManageSafe"}
	return all[:c.r.IntN(len(all)+1)]
}

// grantee names a user or a group by id.
func (c *chaos) grantee(body map[string]any) map[string]any {
	if c.r.IntN(3) == 0 {
		body["group"] = map[string]any{"value": c.h.pick(c.r, "Groups")}
	} else {
		body["user"] = map[string]any{"value": c.h.pick(c.r, "Users")}
	}
	return body
}

// member names a user or a group as a member of a group.
func (c *chaos) member() []map[string]any {
	return []map[string]any{{"value": c.h.pick(c.r, []string{"Users", "Users", "Groups"}[c.r.IntN(3)])}}
}

const (
	pam             = "urn:ietf:params:scim:schemas:pam:1.0:"
	accountProperty = "urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"
)

// create creates a resource, unless there are many.
func (c *chaos) create(collection string, most int, body map[string]any) {
	if c.h.count(collection) > most {
		return
	}
	if a := c.send("POST", collection, "", body); a.status == 201 {
		c.h.add(collection, a.body["id"].(string))
	}
}

func (c *chaos) drop(collection string) {
	id := c.h.pick(c.r, collection)
	if a := c.send("DELETE", collection, id, nil); a.status == 204 || a.status == 404 {
		c.h.lose(collection, id, a.status == 204)
	}
}

// shown is the id of some permission on a target as a list shows it now; of a
// user who is renamed in the next moment it leads nowhere.
func (c *chaos) shown(collection, filter string) string {
	a := c.send("GET", collection+"?count=5&filter="+url.QueryEscape(filter), "", nil)
	list, _ := a.body["Resources"].([]any)
	if len(list) == 0 {
		return "none"
	}
	return list[c.r.IntN(len(list))].(map[string]any)["id"].(string)
}

// act does one thing.
func (c *chaos) act() {
	switch c.r.IntN(26) {
	case 0, 1:
		c.create("Users", 60, user(c.name(), nil))
	case 2:
		c.create("Groups", 30, map[string]any{"displayName": c.name(), "members": c.member()})
	case 3:
		c.create("Containers", 20, map[string]any{"name": c.safeName()})
	case 4, 5, 6:
		c.create("PrivilegedData", 100, map[string]any{"name": c.name(), accountProperty: map[string]any{
			"safe": c.h.pick(c.r, "Containers"), "properties": []map[string]any{{"key": "address", "value": c.name()}, {"key": "secret", "value": c.name()}},
		}})
	case 7, 8, 9, 10:
		c.send("POST", "ContainerPermissions", "", c.grantee(map[string]any{"container": map[string]any{"value": c.h.pick(c.r, "Containers")}, "rights": c.rights()}))
	case 11:
		c.send("POST", "ContainerPermissions", "", map[string]any{
			"container": map[string]any{"name": c.safeName()}, "user": map[string]any{"display": c.name()}, "rights": c.rights(),
		})
	case 12, 13:
		c.send("POST", "PrivilegedDataPermissions", "", c.grantee(map[string]any{"privilegedData": map[string]any{"value": c.h.pick(c.r, "PrivilegedData")}, "rights": c.rights()}))
	case 14:
		c.send("PATCH", "Users", c.h.pick(c.r, "Users"), patch([3]any{"replace", "userName", c.name()}))
	case 15:
		c.send("PATCH", "Groups", c.h.pick(c.r, "Groups"), patch([3]any{"replace", "displayName", c.name()}))
	case 16:
		c.send("PATCH", "Groups", c.h.pick(c.r, "Groups"), patch([3]any{[]string{"add", "remove"}[c.r.IntN(2)], "members", c.member()}))
	case 17:
		c.send("PATCH", "PrivilegedData", c.h.pick(c.r, "PrivilegedData"), patch([3]any{"replace", "name", c.name()},
			[3]any{"replace", accountProperty + ":properties", []map[string]any{{"key": "password", "value": c.name()}}}))
	case 18:
		c.send("PUT", "Containers", c.h.pick(c.r, "Containers"), map[string]any{"description": c.name()})
	case 19:
		c.send("PATCH", "ContainerPermissions", c.shown("ContainerPermissions", fmt.Sprintf("container.value eq %q", c.safeName())), patch([3]any{"replace", "rights", c.rights()}))
	case 20:
		c.send("DELETE", "ContainerPermissions", c.shown("ContainerPermissions", fmt.Sprintf("user.value eq %q", c.h.pick(c.r, "Users"))), nil)
	case 21:
		c.send("DELETE", "PrivilegedDataPermissions", c.shown("PrivilegedDataPermissions", "rights pr"), nil)
	case 22:
		c.drop("Users")
	case 23:
		c.drop("Groups")
	case 24:
		c.drop([]string{"Containers", "PrivilegedData", "PrivilegedData"}[c.r.IntN(3)])
	case 25:
		c.send("GET", []string{"Containers", "PrivilegedData", "ContainerPermissions", "PrivilegedDataPermissions"}[c.r.IntN(4)], "", nil)
	}
}

// checked lets scimd check what is stored, beside a running server or not; it
// must find nothing.
func (p place) checked(t *testing.T) {
	t.Helper()
	out, err := command(t, slices.Concat([]string{"check"}, p.flags)...).CombinedOutput()
	if err != nil {
		t.Errorf("scimd check: %v\n%s", err, out)
	}
}
