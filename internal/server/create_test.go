package server_test

import (
	"fmt"
	"strings"
	"sync"
)

// createRows are about POST and GET by id (RFC 7644 §3.3, §3.4.1).
var createRows = []row{
	{holds: "R7644-3.3-01 R7644-3.3-02 R7644-3.3-03 R7644-3.4.1-01 rule-12 a create answers 201 with Location and the whole resource", show: func(c *client) {
		a := c.do("POST", "/Users", userBody(ada+`,"title":"t","emails":[{"value":"a@x","type":"work","primary":true}]`)).is(201).
			has("userName", "ada").has("title", "t").has("schemas", raw(`["`+userURN+`"]`)).has("meta/resourceType", "User")
		got := c.send("GET", a.header.Get("Location"), "").is(200)
		if string(got.body) != string(a.body) {
			c.Errorf("created %s\nread    %s", a.body, got.body)
		}
	}},
	{holds: "R7644-3.3-06 Q-148 of creates at once with one userName one succeeds", show: func(c *client) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		status := map[int]int{}
		for i := range 20 {
			wg.Go(func() {
				name := []string{"race", "RACE", "Race"}[i%3]
				s := c.chunked("POST", "/Users", strings.NewReader(userBody(`"userName":"`+name+`"`)))
				mu.Lock()
				defer mu.Unlock()
				status[s]++
			})
		}
		wg.Wait()
		if status[201] != 1 || status[409] != 19 {
			c.Errorf("statuses %v", status)
		}
		c.query("/Users", "filter", `userName eq "race"`).is(200).has("totalResults", 1)
	}},
	{holds: "R7644-3.3-08 null and the empty list override a default", on: cyberark, show: func(c *client) {
		c.get(c.user(`"userName":"a"`)).has("active", true)
		c.get(c.user(`"userName":"b","active":false`)).has("active", false)
	}},
	{holds: "R7644-3.3-08 nothing is defaulted", on: rfc7644, show: func(c *client) {
		c.get(c.user(`"userName":"a","emails":[{"value":"a@x"}]`)).lacks("active", "displayName", "emails/0/type", "emails/0/primary")
	}},
	{holds: "R7644-3.3-11 rule-13 Q-126 Q-170 unknown attributes and null sub-attributes are left out", show: func(c *client) {
		c.get(c.user(ada+`,"bogus":{"a":[1]},"emails":[{"value":"a@x","bogus":1,"display":null}],"urn:x:y":{"z":1},"`+enterpriseURN+`":{"nope":1}`)).
			lacks("bogus", "emails/0/bogus", "emails/0/display", "urn:x:y", enterpriseURN)
	}},
	{holds: "R7644-3.3-12 a refused create leaves nothing, not even the name", show: func(c *client) {
		c.do("POST", "/Users", userBody(ada+`,"active":"maybe"`)).refused(400, "invalidValue")
		c.do("POST", "/Users", userBody(ada+`,"emails":[{"value":5}]`)).refused(400, "invalidValue")
		c.listed(nil).has("totalResults", 0)
		c.user(ada)
	}},
	{holds: "R7644-3.4-01 R7643-7-11 a plain GET shows what is returned always and by default", show: func(c *client) {
		c.get(c.user(ada+`,"title":"t","name":{"givenName":"g"}`)).has("title", "t").has("name/givenName", "g").has("userName", "ada")
	}},
	{holds: "R7644-3.4.1-02 R7644-3.12-07 an unknown id is 404 without scimType", show: func(c *client) {
		for _, method := range []string{"GET", "DELETE"} {
			c.do(method, "/Users/none", "").refused(404, "")
		}
	}},
	{holds: "R7644-3.4.1-05 a write is seen by the next read", show: func(c *client) {
		id := c.user(ada)
		for i := range 20 {
			title := fmt.Sprint("t", i)
			c.patch(id, `{"op":"replace","path":"title","value":"`+title+`"}`).is(200)
			c.get(id).has("title", title)
			c.found(`title eq "`+title+`"`, "ada")
		}
	}},
	{holds: "R7644-3.4.2-08 a filter on a single resource is ignored", show: func(c *client) {
		id := c.user(ada)
		c.do("GET", "/Users/"+id+"?filter=userName+eq+%22bob%22&sortBy=x&count=0", "").is(200).has("id", id)
	}},
	{holds: "Q-78 any text can be stored and found", show: func(c *client) {
		for i, text := range []string{`a@b#c/d{e,f}`, `it's "quoted"`, `back\slash`, `100% _under_ *star*`, `a;b--c`, `${x}{{y}}`} {
			c.user(fmt.Sprintf(`"userName":"u%d","title":%s`, i, quoted(text)))
			c.found(`title eq `+quoted(text), fmt.Sprint("u", i))
			c.found(`title co `+quoted(text[1:4]), fmt.Sprint("u", i))
		}
	}},
}
