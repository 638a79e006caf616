package server_test

import (
	"fmt"
	"slices"
	"strings"
)

// sortRows are about sortBy and sortOrder (RFC 7644 §3.4.2.3).
var sortRows = []row{
	{holds: "R7644-3.4.2.3-01 R7644-3.4.2.3-02 R7644-3.4.2.3-03 Q-117 text sorts without letter case, in both directions", show: func(c *client) {
		c.users("bram", "Ada", "chloe", "Étienne", "dan")
		up := []string{"Ada", "bram", "chloe", "dan", "Étienne"}
		down := slices.Clone(up)
		slices.Reverse(down)
		c.listed([]string{"sortBy", "userName"}, up...)
		c.listed([]string{"sortBy", "USERNAME", "sortOrder", "Ascending"}, up...)
		c.listed([]string{"sortBy", "userName", "sortOrder", "descending"}, down...)
		c.listed([]string{"sortBy", "userName", "sortOrder", "DESCENDING", "startIndex", "2", "count", "2"}, down[1:3]...)
		c.query("/Users", "sortBy", "userName", "sortOrder", "up").refused(400, "invalidValue").mentions("sortOrder")
	}},
	{holds: "R7644-3.4.2.3-03 case-exact text sorts with letter case", show: func(c *client) {
		for _, e := range []string{"b", "A", "a", "B"} {
			c.user(`"userName":"u` + e + `1` + c.site.tenant.NewID(nil) + `","externalId":"` + e + `"`)
		}
		if got := strings.Join(c.query("/Users", "sortBy", "externalId").is(200).each("Resources", "externalId"), ""); got != "ABab" {
			c.Errorf("order %s", got)
		}
	}},
	{holds: "R7644-3.4.2.3-04 a multi-valued attribute sorts by its primary, else its first element", on: rfc7644, show: func(c *client) {
		c.user(`"userName":"second","emails":[{"value":"z@x"},{"value":"b@x","primary":true}]`)
		c.user(`"userName":"third","emails":[{"value":"c@x"},{"value":"a@x"}]`)
		c.user(`"userName":"first","emails":[{"value":"a@x","primary":true},{"value":"y@x"}]`)
		for _, key := range []string{"emails", "emails.value"} {
			c.listed([]string{"sortBy", key}, "first", "second", "third")
		}
	}},
	{holds: "R7644-3.4.2.3-05 a complex attribute needs a sub-attribute", on: rfc7644, show: func(c *client) {
		c.user(`"userName":"b","name":{"familyName":"B"}`)
		c.user(`"userName":"a","name":{"familyName":"A"}`)
		c.listed([]string{"sortBy", "name.familyName"}, "a", "b")
		c.query("/Users", "sortBy", "name").refused(400, "invalidPath").mentions("name")
	}},
	{holds: "R7644-3.4.2.3-06 missing values are last ascending and first descending", show: func(c *client) {
		c.user(`"userName":"none1"`)
		c.user(`"userName":"y","title":"y"`)
		c.user(`"userName":"none2"`)
		c.user(`"userName":"x","title":"x"`)
		c.listed([]string{"sortBy", "title"}, "x", "y", "none1", "none2")
		c.listed([]string{"sortBy", "title", "sortOrder", "descending"}, "none1", "none2", "y", "x")
	}},
	{holds: "R7644-3.4.2.3-07 meta.created sorts as time", show: func(c *client) {
		c.users("b", "a", "c")
		c.listed([]string{"sortBy", "meta.created"}, "b", "a", "c")
		c.listed([]string{"sortBy", "meta.lastmodified", "sortOrder", "descending"}, "c", "a", "b")
	}},
	{holds: "R7644-3.4.2.3-08 Q-70 Q-72 the order is total across pages, also among equal keys", show: func(c *client) {
		var names []string
		for i := range 20 {
			names = append(names, fmt.Sprintf("u%02d", i))
			c.user(fmt.Sprintf(`"userName":"u%02d","title":"same","nickName":"n%d","ims":[{"value":"%d"}]`, i, i%3, i%2))
		}
		for _, key := range []string{"title", "nickName", "locale", "active", "ims"} {
			var seen []string
			for start := 1; start <= 20; start += 7 {
				page := c.query("/Users", "sortBy", key, "startIndex", fmt.Sprint(start), "count", "7").is(200).has("totalResults", 20)
				seen = append(seen, page.each("Resources", "userName")...)
			}
			whole := c.query("/Users", "sortBy", key).each("Resources", "userName")
			if !slices.Equal(seen, whole) {
				c.Errorf("by %s: pages %v, whole %v", key, seen, whole)
			}
			if slices.Sort(seen); !slices.Equal(seen, names) {
				c.Errorf("by %s: %v", key, seen)
			}
		}
	}},
	{holds: "R7644-3.4.2.3-09 sortOrder alone does nothing", show: func(c *client) {
		c.users("b", "a")
		c.listed([]string{"sortOrder", "descending"}, "b", "a")
	}},
	{holds: "R7644-3.4.2.3-09 an unknown sort key is refused", on: rfc7644, show: func(c *client) {
		for _, key := range []string{"bogus", "name.bogus", "emails[type eq \"work\"]", "a b", "password", groupURN + ":displayName"} {
			c.query("/Users", "sortBy", key).refused(400, "invalidPath")
		}
	}},
	{holds: "R7644-3.4.2.3-09 tenant-6.4 an unknown sort key is ignored", on: cyberark, show: func(c *client) {
		c.users("b", "a")
		c.listed([]string{"sortBy", "bogus"}, "b", "a")
	}},
	{holds: "R7644-3.4.2.3-10 extension attributes are sort keys by their URN", show: func(c *client) {
		for _, n := range []string{"2", "1", "3"} {
			c.user(`"userName":"u` + n + `","` + enterpriseURN + `":{"employeeNumber":"` + n + `","division":"d` + n + `"},"` + customURN + `":{"rank":` + n + `}`)
		}
		for _, key := range []string{enterpriseURN + ":employeeNumber", strings.ToUpper(enterpriseURN) + ":DIVISION", customURN + ":rank"} {
			c.listed([]string{"sortBy", key}, "u1", "u2", "u3")
		}
	}},
	{holds: "R7644-3.4.2.3-11 R7643-5-06 sorting works whatever the configuration says of it", show: func(c *client) {
		c.do("GET", "/ServiceProviderConfig", "").has("sort/supported", c.site.tenant.Profile.AdvertiseSort)
		c.users("b", "a")
		c.listed([]string{"sortBy", "userName"}, "a", "b")
	}},
}

// pageRows are about startIndex and count (RFC 7644 §3.4.2.4).
var pageRows = []row{
	{holds: "R7644-3.4.2.4-01 rule-10 startIndex counts from 1 and less counts as 1", show: func(c *client) {
		c.users("a", "b", "c")
		for _, start := range []string{"1", "0", "-5", "-2147483648"} {
			c.listed([]string{"startIndex", start, "count", "2"}, "a", "b").has("startIndex", 1)
		}
		c.listed([]string{"startIndex", "2"}, "b", "c").has("startIndex", 2).has("itemsPerPage", 2).has("totalResults", 3)
	}},
	{holds: "R7644-3.4.2.4-02 R7644-3.4.2.4-07 at most count resources, itemsPerPage is their number", show: func(c *client) {
		c.users("a", "b", "c")
		c.listed([]string{"count", "2"}, "a", "b").has("itemsPerPage", 2)
		c.listed([]string{"count", "2", "startIndex", "3"}, "c").has("itemsPerPage", 1).has("totalResults", 3)
	}},
	{holds: "R7644-3.4.2.4-03 R7644-3.4.2.4-04 count 0 and less gives the total alone", show: func(c *client) {
		c.users("a", "b")
		for _, count := range []string{"0", "-1", "-2147483648"} {
			c.listed([]string{"count", count}).has("totalResults", 2).has("itemsPerPage", 0)
		}
		c.do("POST", "/Users/.search", searchBody(`"count":0,"filter":"userName eq \"a\""`)).has("totalResults", 1).has("itemsPerPage", 0)
	}},
	{holds: "R7644-3.4.2.4-05 R7644-3.4.2.4-11 pages are cut to maxResults, and to defaultCount without count", set: []string{"maxResults=3", "defaultCount=2"}, show: func(c *client) {
		c.users("a", "b", "c", "d")
		c.listed([]string{"count", "100000"}, "a", "b", "c").has("totalResults", 4)
		c.listed(nil, "a", "b").has("totalResults", 4)
		c.do("GET", "/ServiceProviderConfig", "").has("filter/maxResults", 3)
	}},
	{holds: "R7644-3.4.2.4-06 a page beyond the end is empty", show: func(c *client) {
		c.users("a", "b")
		c.listed([]string{"startIndex", "3"}).has("totalResults", 2).has("startIndex", 3).has("itemsPerPage", 0).has("Resources", raw(`[]`))
		c.listed([]string{"startIndex", "2147483647"}).has("totalResults", 2)
	}},
	{holds: "R7644-3.4.2.4-08 what is no number is refused", show: func(c *client) {
		for _, name := range []string{"count", "startIndex"} {
			for _, value := range []string{"abc", "1.5", "99999999999999999999", "1e2", "", "0x1"} {
				c.query("/Users", name, value).refused(400, "invalidValue").mentions(name)
			}
		}
	}},
	{holds: "R7644-3.4.2.4-10 Q-70 paging visits each resource once, in the order of creation", show: func(c *client) {
		var names, seen []string
		for i := range 50 {
			names = append(names, fmt.Sprintf("user-%02d", (i*37)%50))
		}
		c.users(names...)
		for start := 1; start <= 50; start += 7 {
			seen = append(seen, c.query("/Users", "startIndex", fmt.Sprint(start), "count", "7").is(200).has("totalResults", 50).each("Resources", "userName")...)
		}
		if !slices.Equal(seen, names) {
			c.Errorf("saw %v", seen)
		}
		c.listed([]string{"filter", `userName ew "7"`, "startIndex", "2", "count", "2"}, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasSuffix(n, "7") })[1:3]...).
			has("totalResults", 5)
	}},
}
