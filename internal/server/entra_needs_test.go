package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/scim"
)

// need is a switch that Entra ID depends on: with value its request works, with
// off it is refused, or what it sends is passed over.
type need struct {
	name, value, off string
	sends            string // for the guide
	send             func(*client) *answer
	status           int    // with off
	scimType         string // with off
	lost             string // what the answer lacks with off, when it is no refusal
}

var entraNeeds = []need{
	{name: "opLetterCase", value: "true", off: "false", sends: "`Add`, `Replace`, `Remove`, without the flag", status: 400, scimType: "invalidSyntax",
		send: func(c *client) *answer { return c.patch(c.user(ada), `{"op":"Add","path":"title","value":"t"}`) }},
	{name: "removeByValue", value: "true", off: "false", sends: "Remove of `members` with a list, without the flag", status: 400, scimType: "invalidSyntax",
		send: func(c *client) *answer {
			u := c.user(ada)
			return c.patchGroup(c.group("Crew", u), `{"op":"Remove","path":"members","value":`+memberList(u)+`}`)
		}},
	{name: "textBooleans", value: "true", off: "false", sends: "`\"active\":\"False\"`, without the flag", status: 400, scimType: "invalidValue",
		send: func(c *client) *answer { return c.patch(c.user(ada), replace("active", `"False"`)) }},
	{name: "selectorAdds", value: "true", off: "false", sends: "Add of a mail address that is not there", status: 400, scimType: "noTarget",
		send: func(c *client) *answer { return c.patch(c.user(ada), add(`emails[type eq "work"].value`, `"a@x"`)) }},
	{name: "selectorCreates", value: "true", off: "false", sends: "Replace of a mail address that is not there", status: 400, scimType: "noTarget",
		send: func(c *client) *answer { return c.patch(c.user(ada), replace(`emails[type eq "work"].value`, `"a@x"`)) }},
	{name: "pathAfterFilter", value: "true", off: "false", sends: "a look-up by `emails[type eq \"work\"].value`", status: 400, scimType: "invalidFilter",
		send: func(c *client) *answer { return c.query("/Users", "filter", `emails[type eq "work"].value eq "a@x"`) }},
	{name: "bareExtensionNames", value: "true", off: "false", sends: "a look-up by `manager`", status: 400, scimType: "invalidFilter",
		send: func(c *client) *answer { return c.query("/Users", "filter", `id eq "i" and manager eq "m"`) }},
	{name: "dottedKeys", value: "true", off: "false", sends: "keys such as `name.givenName`, with the flag", lost: "name/givenName",
		send: func(c *client) *answer {
			return c.patch(c.user(ada), `{"op":"replace","value":{"name.givenName":"Ada"}}`)
		}},
	{name: "selectorKeys", value: "true", off: "false", sends: "keys such as `emails[type eq \"work\"].value`, with the flag", lost: "emails",
		send: func(c *client) *answer {
			return c.patch(c.user(ada), `{"op":"add","value":{"emails[type eq \"work\"].value":"a@x"}}`)
		}},
	{name: "urnKeys", value: "true", off: "false", sends: "keys such as `urn:…:User:department`, with the flag", lost: enterpriseURN,
		send: func(c *client) *answer {
			return c.patch(c.user(ada), `{"op":"replace","value":{"`+enterpriseURN+`:department":"D"}}`)
		}},
	{name: "textAsValue", value: "single", off: "none", sends: "the manager as text; at `all` also `roles` as text", status: 400, scimType: "invalidValue",
		send: func(c *client) *answer { return c.patch(c.user(ada), add(enterpriseURN+":manager", `"m"`)) }},
	{name: "listAsObject", value: "true", off: "false", sends: "the manager as a list of one", status: 400, scimType: "invalidValue",
		send: func(c *client) *answer { return c.patch(c.user(ada), add("manager", `[{"value":"m"}]`)) }},
	{name: "foreignSchemas", value: "reject", off: "rejectAll", sends: "groups with a URN of Microsoft's in `schemas`; `ignore` will do too", status: 400, scimType: "invalidValue",
		send: func(c *client) *answer {
			return created(c.do("POST", "/Groups", `{"schemas":["`+groupURN+`","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"displayName":"Crew"}`))
		}},
	{name: "unknownAttributes", value: "ignore", off: "reject", sends: "attributes in a POST that no schema has", status: 400, scimType: "invalidSyntax",
		send: func(c *client) *answer { return created(c.do("POST", "/Users", userBody(ada+`,"surplus":"x"`))) }},
}

// created is an answer whose success is 200, as that of other requests.
func created(a *answer) *answer {
	if a.status == 201 {
		a.status = 200
	}
	return a
}

// needRows show each switch with the value that Entra ID needs, and without.
func needRows() []row {
	var rows []row
	for _, n := range entraNeeds {
		rows = append(rows,
			row{holds: n.name + " as needed", set: []string{n.name + "=" + n.value}, show: func(c *client) {
				a := n.send(c).is(200)
				if _, there := a.at(n.lost); n.lost != "" && !there {
					c.Errorf("%s is lost: %s", n.lost, a.body)
				}
			}},
			row{holds: n.name + " otherwise", set: []string{n.name + "=" + n.off}, show: func(c *client) {
				if n.lost != "" {
					n.send(c).is(200).lacks(n.lost)
				} else {
					n.send(c).refused(n.status, n.scimType)
				}
			}})
	}
	return rows
}

func TestTheGuidesHoldTheSwitchesThatEntraNeeds(t *testing.T) {
	var table strings.Builder
	table.WriteString("| Entra ID sends | needs | otherwise | `cyberark` | `rfc7644` | `strict` |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, n := range entraNeeds {
		otherwise := "passed over"
		if n.lost == "" {
			otherwise = itoa(n.status) + " `" + n.scimType + "`"
		}
		cells := []string{n.sends, "[`" + n.name + "`](profiles.md#" + strings.ToLower(n.name) + ") at `" + n.value + "`", otherwise}
		for _, profile := range []string{cyberark, rfc7644, "strict"} {
			p, _ := behaviour(t, profile, nil)
			i := slices.IndexFunc(p.Switches(), func(s scim.SwitchValue) bool { return s.Name == n.name })
			cells = append(cells, p.Switches()[i].Value)
		}
		table.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	holdsTable(t, "entra-id.md", "needs", table.String())
}

// Every switch that says so has its row, but for the two that the guide
// mentions beside the table.
func TestEverySwitchThatEntraNeedsHasARow(t *testing.T) {
	t.Parallel()
	p, _ := behaviour(t, cyberark, nil)
	for _, s := range p.Switches() {
		listed := slices.ContainsFunc(entraNeeds, func(n need) bool { return n.name == s.Name })
		beside := s.Name == "patchAnswer" || s.Name == "patchAnswerMembers"
		if strings.Contains(s.Clients, "Entra") && !listed && !beside {
			t.Errorf("%s is needed by %s, and has no row", s.Name, s.Clients)
		}
	}
}
