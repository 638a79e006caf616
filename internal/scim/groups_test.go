package scim

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/store"
)

// directoryRow is a sentence about groups that holds on both engines.
type directoryRow struct {
	holds   string
	profile string // "" runs with both
	set     []string
	show    func(*directory)
}

// groupRows are about what groups and users show.
var groupRows = []directoryRow{
	{holds: "R7643-4.2-03 R7643-4.2-04 a member shows its URI, its type and what it is called", show: func(d *directory) {
		d.group("mixed", "ada", "other")
		_, body := d.get("Group", "mixed")
		for _, want := range []string{
			`{"value":"<ada>","$ref":"https://x.example/Scim/v2/Users/<ada>","type":"User","display":"ada"}`,
			`{"value":"<other>","$ref":"https://x.example/Scim/v2/Groups/<other>","type":"Group","display":"other"}`,
		} {
			if !strings.Contains(body, d.fill(want)) {
				d.Errorf("no %s in %s", d.fill(want), body)
			}
		}
		if _, body := d.get("Group", "empty"); strings.Contains(body, "members") {
			d.Errorf("an empty group shows %s", body) // R7643-2.5-03
		}
	}},
	{holds: "R7643-4.1.2-06 a user shows the groups that it is in, with how", profile: "rfc7644", show: func(d *directory) {
		d.group("outer", "crew")
		_, body := d.get("User", "ada")
		for _, want := range []string{
			`{"value":"<crew>","$ref":"https://x.example/Scim/v2/Groups/<crew>","type":"direct","display":"crew"}`,
			`{"value":"<outer>","$ref":"https://x.example/Scim/v2/Groups/<outer>","type":"indirect","display":"outer"}`,
		} {
			if !strings.Contains(body, d.fill(want)) {
				d.Errorf("no %s in %s", d.fill(want), body)
			}
		}
	}},
	{holds: "the tenant shows the groups that a user is in itself, without how (cyberark-scim 8.4)", profile: "cyberark", show: func(d *directory) {
		d.group("outer", "crew")
		_, body := d.get("User", "ada")
		want := d.fill(`"groups":[{"value":"<crew>","$ref":"https://x.example/Scim/v2/Groups/<crew>","display":"crew"}]`)
		if !strings.Contains(body, want) {
			d.Errorf("no %s in %s", want, body)
		}
	}},
	{holds: "R7643-4.1.2-08 filters on groups agree with what is shown", profile: "rfc7644", show: func(d *directory) {
		d.group("outer", "crew", "cyd")
		for filter, want := range map[string]string{
			`groups.value eq "<outer>"`:                                "ada bob cyd",
			`groups.display eq "OUTER"`:                                "ada bob cyd",
			`groups[value eq "<outer>" and type eq "direct"]`:          "cyd",
			`groups[value eq "<outer>" and type eq "indirect"]`:        "ada bob",
			`groups.type eq "indirect"`:                                "ada bob",
			`groups.$ref ew "/<crew>"`:                                 "ada bob",
			`not (groups.value eq "<crew>")`:                           "cyd",
			`groups eq "<crew>" and userName eq "ada"`:                 "ada",
			`groups[display eq "crew"] and groups[display eq "outer"]`: "ada bob",
		} {
			if got := d.found("User", filter); got != want {
				d.Errorf("%s finds %q, want %q", filter, got, want)
			}
		}
	}},
	{holds: "filters on groups know no indirect ones where none are shown", profile: "cyberark", show: func(d *directory) {
		d.group("outer", "crew", "cyd")
		for filter, want := range map[string]string{
			`groups.value eq "<outer>"`: "cyd", `groups.display eq "outer"`: "cyd", `groups.type pr`: "", `groups pr`: "ada bob cyd",
		} {
			if got := d.found("User", filter); got != want {
				d.Errorf("%s finds %q, want %q", filter, got, want)
			}
		}
	}},
	{holds: "R7644-3.4.2.2-33 rule 7 groups are found by their members", show: func(d *directory) {
		d.group("outer", "crew", "ada")
		for filter, want := range map[string]string{
			`members.value eq "<ada>"`:                       "crew outer",
			`members eq "<bob>"`:                             "crew",
			`members[value eq "<ada>"]`:                      "crew outer",
			`members[value eq "<crew>" and type eq "Group"]`: "outer",
			`members.type eq "group"`:                        "outer",
			`members.display eq "ADA"`:                       "crew outer",
			`members.$ref co "/Users/"`:                      "crew outer",
			`not (members pr)`:                               "empty other",
			`id eq "<crew>" and members eq "<ada>"`:          "crew",
			`displayName eq "CREW"`:                          "crew",
		} {
			if got := d.found("Group", filter); got != want {
				d.Errorf("%s finds %q, want %q", filter, got, want)
			}
		}
	}},
	{holds: "what members and groups are called is true after a rename, and moves no version", show: func(d *directory) {
		d.group("outer", "crew")
		if _, err := d.patch("crew", `{"op":"replace","path":"displayName","value":"Crew Two"}`); err != nil {
			d.Fatal(err)
		}
		body := `{"schemas":["` + urnPatchOp + `"],"Operations":[{"op":"replace","path":"userName","value":"ada2"}]}`
		if _, err := d.service.Patch(d.Context(), d.call, d.rt("User"), d.ids["ada"], []byte(body), &Params{}); err != nil {
			d.Fatal(err)
		}
		if got := d.members("crew") + ", " + d.members("outer"); got != "ada2 bob, Crew Two" {
			d.Errorf("members %s", got)
		}
		if u, _ := d.get("User", "bob"); u.Groups[0].Display != "Crew Two" {
			d.Errorf("groups %+v", u.Groups)
		}
		if d.version("Group", "outer") != 1 || d.version("Group", "crew") != 2 || d.version("User", "bob") != 1 {
			d.Error("a name that is shown elsewhere moved a version")
		}
	}},
	{holds: "R7643-4.1.2-09 Q-86 who is deleted is in no group, and the groups have changed", show: func(d *directory) {
		d.group("outer", "crew", "ada")
		d.remove("User", "ada")
		if got := d.members("crew") + ", " + d.members("outer"); got != "bob, crew" {
			d.Errorf("members %s", got)
		}
		if d.version("Group", "crew") != 2 || d.version("Group", "outer") != 2 || d.version("Group", "other") != 1 {
			d.Error("the groups that held the user have changed, and no others")
		}
		d.remove("Group", "crew")
		if got := d.members("outer"); got != "" || d.version("Group", "outer") != 3 {
			d.Errorf("members %q", got)
		}
		if u, _ := d.get("User", "bob"); len(u.Groups) != 0 {
			d.Errorf("groups %+v", u.Groups)
		}
		if v := d.version("User", "bob"); v != 1 {
			d.Errorf("bob is at version %d", v)
		}
		var log []string
		list, err := d.store.Events(d.Context(), d.call.Tenant.Space, 0, 100)
		if err != nil {
			d.Fatal(err)
		}
		for _, e := range list[len(list)-5:] {
			log = append(log, fmt.Sprintf("%s %s %d", e.Operation, e.ID, e.Version))
		}
		slices.Sort(log[:2])
		want := d.fill("patch <crew> 2, patch <outer> 2, delete <ada> 1, patch <outer> 3, delete <crew> 2")
		if got := strings.Join(log, ", "); got != want {
			d.Errorf("events %s, want %s", got, want)
		}
	}},
}

func TestGroups(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, s store.Store) {
		for _, row := range slices.Concat(groupRows, groupChangeRows) {
			for _, profile := range []string{"cyberark", "rfc7644"} {
				if row.profile != "" && row.profile != profile {
					continue
				}
				t.Run(profile+"/"+row.holds, func(t *testing.T) {
					t.Parallel()
					row.show(newDirectory(t, s, profile, row.set...))
				})
			}
		}
	})
}
