package server_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the mapping tables of the guides")

// mapped is one row of the attribute mapping of an identity provider: what it
// sends for one of its attributes, and what is kept of it. A row is a test, and
// a line of the table in the provider's guide.
type mapped struct {
	from string // the provider's attribute
	to   string // the SCIM path that it is mapped to
	on   string // the endpoint; "" is /Users

	// create are members of a POST body; change is what comes later: the value of
	// a PATCH for Entra ID, members of a body for the others.
	create, change string
	flag           string // the value that Entra ID sends with its feature flag, when it is another
	empty          string // members of a body that stand for no value, as a template without one makes them

	// What the answer has where the attribute stands: after the POST, after the
	// change, after the value was taken away, and after it was added again to a
	// resource without it. added is changed unless it is given.
	created, changed, cleared, added kept

	found string                // a filter that finds the new resource, with {id} for its id
	note  string                // for the guide
	ids   string                // what the row shows, by the notes on identity providers
	part  bool                  // the element that the path selects has other parts, and stays without this one
	show  func(*client, mapped) // in place of the requests that all rows have in common
}

// kept is JSON text by profile; "" is nothing.
type kept struct{ cyberark, rfc7644 string }

// both is what either profile keeps.
func both(json string) kept { return kept{json, json} }

// required stands for what cannot be taken away.
var required = both("400")

func (k kept) in(profile string) string {
	if profile == rfc7644 {
		return k.rfc7644
	}
	return k.cyberark
}

// place is where an answer has the attribute, see answer.at.
func (m mapped) place() string {
	path, _, _ := strings.Cut(m.to, "[")
	if name, ok := strings.CutPrefix(path, enterpriseURN+":"); ok {
		return enterpriseURN + "/" + strings.ReplaceAll(name, ".", "/")
	}
	return strings.ReplaceAll(path, ".", "/")
}

func (m mapped) endpoint() string { return cmp.Or(m.on, "/Users") }

// body is a resource with the members given, and with the name that it needs.
func (m mapped) body(members string) string {
	urn, name := userURN, "userName"
	if m.on == "/Groups" {
		urn, name = groupURN, "displayName"
	}
	if !strings.Contains(","+members, `,"`+name+`":`) {
		members = strings.TrimSuffix(`"`+name+`":"ingrid@contoso.example",`+members, ",")
	}
	return `{"schemas":["` + urn + `"],` + members + `}`
}

// keeps checks what the answer, and a read after it, have in the attribute's
// place.
func (m mapped) keeps(a *answer, want kept) {
	a.c.Helper()
	a.is(200)
	text := want.in(a.c.site.tenant.Profile.Name)
	for _, a := range []*answer{a, a.c.do("GET", m.endpoint()+"/"+a.text("id"), "").is(200)} {
		if text == "" {
			a.lacks(m.place())
		} else {
			a.has(m.place(), raw(text))
		}
	}
}

// make creates the resource of a row, and finds it again.
func (m mapped) make(c *client) (id string) {
	c.Helper()
	a := c.do("POST", m.endpoint(), m.body(m.create)).is(201)
	id = a.text("id")
	a.status = 200
	m.keeps(a, m.created)
	if m.found != "" {
		c.query(m.endpoint(), "filter", strings.ReplaceAll(m.found, "{id}", id), "attributes", "id").is(200).has("totalResults", 1).has("Resources/0/id", id)
	}
	return id
}

// rowsOf makes requirements of a mapping.
func rowsOf(mapping []mapped, show func(*client, mapped)) []row {
	rows := make([]row, len(mapping))
	for i, m := range mapping {
		rows[i] = row{holds: strings.TrimSpace(m.ids + " " + m.from + " goes to " + m.to), show: func(c *client) {
			if m.show != nil {
				m.show(c, m)
			} else {
				show(c, m)
			}
		}}
	}
	return rows
}

// putting shows the rows of a provider that sends a user anew for each change,
// in every way that it has for that.
func putting(ways ...func(c *client, id, body string) *answer) func(*client, mapped) {
	return func(c *client, m mapped) {
		id := m.make(c)
		put := func(body string) *answer { return c.do("PUT", "/Users/"+id, body) }
		for _, change := range ways {
			m.keeps(change(c, id, m.body(m.change)), m.changed)
			c.untouched(id, func() { change(c, id, m.body(m.change)).is(200) })
			if m.cleared == required {
				put(`{"schemas":["`+userURN+`"]}`).refused(400, "invalidValue").mentions(m.to)
				continue
			}
			m.keeps(put(m.body("")), m.cleared)
			if m.empty != "" {
				m.keeps(change(c, id, m.body(m.change)), m.changed)
				m.keeps(put(m.body(m.empty)), m.cleared)
			}
		}
	}
}

// put sends a user as it is given.
func put(c *client, id, body string) *answer { return c.do("PUT", "/Users/"+id, body) }

// readThenPut sends all that a read gave, id, meta and groups among it, with
// the members of body in place of its own.
func readThenPut(c *client, id, body string) *answer {
	c.Helper()
	user, _ := c.get(id).value.(map[string]any)
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		c.Fatal(err)
	}
	for name, v := range members {
		if name != "schemas" {
			user[name] = v
		}
	}
	user["groups"] = []any{}
	return put(c, id, show(user, true))
}

// pathlessReplace sends a user as the value of one operation.
func pathlessReplace(c *client, id, body string) *answer {
	return c.patch(id, `{"op":"replace","value":`+body+`}`)
}

// The guides have tables made of the mappings; go test -update makes them anew.
func TestTheGuidesHoldTheMappings(t *testing.T) {
	for _, guide := range []struct {
		file, provider string
		mapping        []mapped
		later          string // heading of what is sent after the POST
		away           string // heading of what stays of a value that was taken away
	}{
		{"entra-id.md", "Entra ID", entraMapping, "PATCH value", "after Remove"},
		{"okta.md", "Okta", oktaMapping, "PUT has", "left out of a PUT"},
		{"onelogin.md", "OneLogin", oneLoginMapping, "PUT has", "left out or empty"},
		{"jumpcloud.md", "JumpCloud", jumpCloudMapping, "PUT has", "left out of a PUT"},
		{"pingone.md", "PingOne", pingOneMapping, "PUT or PATCH has", "left out of a PUT"},
	} {
		holdsTable(t, guide.file, "mapping", mappingTable(guide.provider, guide.later, guide.away, guide.mapping))
	}
}

// holdsTable checks the part of a guide that is made from a test, or makes it.
func holdsTable(t *testing.T, guide, name, table string) {
	t.Helper()
	file := "../../docs/" + guide
	begin, end := "<!-- "+name+": made by go test ./internal/server -run Guides -update -->\n", "<!-- end of "+name+" -->"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no markers for %s", file, name)
	}
	want := before + begin + table + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s is stale; go test ./internal/server -run Guides -update makes it anew", file)
	}
}

func mappingTable(provider, later, away string, mapping []mapped) string {
	code := func(text string) string {
		if text == "" {
			return ""
		}
		return "`" + strings.ReplaceAll(text, enterpriseURN, "urn:…:User") + "`"
	}
	stays := func(k kept, sent string) string {
		switch {
		case k == required:
			return "refused, 400"
		case k == kept{}:
			return "nothing"
		case k.cyberark == k.rfc7644 && strings.Contains(sent, k.cyberark):
			return "as sent"
		case k.cyberark == k.rfc7644:
			return code(k.cyberark)
		}
		return code(k.cyberark) + "; " + cmp.Or(code(k.rfc7644), "nothing") + " in `rfc7644`"
	}
	var table strings.Builder
	line := func(cells ...string) { table.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(provider, "SCIM attribute", "POST has", "kept as", later, "kept as", away, "found by", "note")
	line(strings.Split(strings.Repeat("---,", 8)+"---", ",")...)
	for _, m := range mapping {
		line(m.from, code(m.to), code(m.create), stays(m.created, m.create), code(m.change), stays(m.changed, m.change), stays(m.cleared, ""), code(m.found), m.note)
	}
	return table.String()
}
