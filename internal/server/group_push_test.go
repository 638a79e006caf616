package server_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// groupPushRows are groups as providers send and change them. The ids are those
// of the notes on identity providers.
var groupPushRows = []row{
	{holds: "Q-45 Q-83 Q-150 Entra ID: a rename, or a user who goes and comes back, leaves members alone", show: func(c *client) {
		u := c.user(ada)
		g := c.group("Crew", u)
		c.patchGroup(g, `{"op":"Replace","path":"displayName","value":"Team"}`).is(200)
		c.patchGroup(g, `{"op":"replace","value":{"displayName":"Band","externalId":"x"}}`).is(200)
		c.holds(g, u)
		c.patch(u, `{"op":"Replace","path":"active","value":"False"}`).is(200)
		c.holds(g, u)
		c.patch(u, `{"op":"Replace","path":"active","value":"True"}`).is(200).has("groups/0/value", g)
		c.do("GET", "/Groups/"+g+"?excludedAttributes=members", "").is(200).has("displayName", "Band").lacks("members")
	}},
	{holds: "Q-68 Q-69 Q-73 Q-75 Okta: a group is pushed with a description, renamed along with its members, and emptied", show: func(c *client) {
		u, other := c.user(ada), c.user(`"userName":"bob"`)
		g := c.do("POST", "/Groups", `{"schemas":["`+groupURN+`","urn:okta:custom:group:1.0"],"displayName":"Crew","members":[{"value":"`+u+`","display":null}],
			"urn:okta:custom:group:1.0":{"description":"d"}}`).is(201).has("members/0/display", "ada").text("id")
		rename := `{"op":"replace","value":{"id":"` + g + `","displayName":"Team"}}`
		for range 2 {
			c.patchGroup(g, rename, remove(`members[value eq "`+u+`"]`), add("members", `[{"value":"`+other+`","display":"somebody"}]`)).is(200).has("displayName", "Team")
			c.holds(g, other)
		}
		c.patchGroup(g, replace("members", `[{"value":"`+u+`"},{"value":"`+other+`"}]`)).is(200)
		c.holds(g, u, other)
		c.do("PUT", "/Groups/"+g, `{"schemas":["`+groupURN+`"],"id":"`+g+`","displayName":"Wizards","members":[{"value":"`+u+`"}]}`).is(200).has("displayName", "Wizards")
		c.holds(g, u)
		c.patchGroup(g, replace("members", `[]`)).is(200)
		c.holds(g)
		c.do("DELETE", "/Groups/"+g, "").is(204)
	}},
	{holds: "Q-27 JumpCloud: a member that is added again is there once, and a list removes those it names", show: func(c *client) {
		u, other := c.user(ada), c.user(`"userName":"bob"`)
		g := c.group("Crew", other)
		c.patchGroup(g, add("members", memberList(u)), add("members", memberList(u, other))).is(200)
		c.holds(g, u, other)
		c.patchGroup(g, `{"op":"remove","path":"members","value":`+memberList(u)+`}`).is(200)
		c.holds(g, other)
	}},
	{holds: "Q-28 PingOne: members merged without a path, and overwritten", show: func(c *client) {
		u, other := c.user(ada), c.user(`"userName":"bob"`)
		g := c.group("Crew", other)
		for range 2 {
			c.patchGroup(g, `{"op":"add","value":{"members":`+memberList(u)+`}}`).is(200)
			c.holds(g, u, other)
		}
		c.patchGroup(g, replace("members", memberList(u))).is(200)
		c.holds(g, u)
	}},
}

// A guide names what is known to break elsewhere by an id; a requirement shows
// that it does not break here.
func TestEachBreakageInAGuideHasARequirement(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{"Q-60": true, "Q-61": true} // of every answer: see answer.check
	id := regexp.MustCompile(`Q-\d+`)
	for _, a := range areas {
		for _, r := range a.rows {
			for _, q := range id.FindAllString(r.holds, -1) {
				shown[q] = true
			}
		}
	}
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, file := range files {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(page)) {
			if !strings.HasPrefix(line, "| Q-") {
				continue
			}
			named++
			for _, q := range id.FindAllString(strings.Split(line, "|")[1], -1) {
				if !shown[q] {
					t.Errorf("%s: no requirement shows %s", file, q)
				}
			}
		}
	}
	if named < 30 {
		t.Errorf("the guides name only %d breakages", named)
	}
}
