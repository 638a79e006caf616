package doctor

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// entra plays the connection test of Entra ID: a look-up of a userName that nobody
// has must be an empty list.
func (p *patient) entra(ctx context.Context) finding {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	guid := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	a, taken, lost := p.lookUpNobody(ctx, "userName+eq+%22"+guid+"%22")
	switch {
	case lost != nil:
		return *lost
	case taken:
		return good("200 with an empty list")
	case a.refused(http.StatusBadRequest):
		return bad(a.seen(), "The filter does not arrive as it was sent: the proxy changes + or percent signs in the query.")
	case a.refused(http.StatusNotFound):
		return bad(a.seen(), "What is not found must be 200 with an empty list: Entra ID puts jobs into quarantine for 404.")
	}
	return bad(a.seen(), "%s", a.stranger())
}

// create makes a user as Okta's spec test does. Its name has a plus sign, since names
// of people have.
func (p *patient) create(ctx context.Context) finding {
	p.userName = made() + "+check@doctor.invalid"
	a := p.postUser(ctx)
	p.user = a.id()
	switch _, isText := a.doc["id"].(string); {
	case a.refused(http.StatusForbidden):
		return bad(a.seen(), "The token may not write users: make one with the right users:write, or look with --read-only.")
	case a.scim() && a.status != http.StatusCreated:
		return bad(a.seen(), "A new user should be answered 201: the server refuses what Okta sends.")
	case a.status != http.StatusCreated:
		return bad(a.seen(), "%s", a.stranger())
	case p.user == "":
		return bad(a.seen(), "The answer to a new user has no id: something takes the body off, and Okta and Entra ID need it.")
	case !isText:
		return bad("the id "+p.user, "The id of a user is a number, and should be a text (RFC 7643 §3.1).")
	}
	meta, _ := a.doc["meta"].(map[string]any)
	text, _ := meta["created"].(string)
	p.created, _ = time.Parse(time.RFC3339Nano, text)
	p.createdAt = a.began.Add(a.took / 2)
	return good("201 with its id")
}

// postUser sends the user. It is not cut short, since then nobody knew its id.
func (p *patient) postUser(ctx context.Context) *answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.Timeout)
	defer cancel()
	a := p.send(ctx, ask{method: http.MethodPost, path: "/Users", body: encoded(p.newUser())})
	p.lost = p.lost || a.id() == "" && (a.err != nil || a.status < 300 || a.status >= 500)
	return a
}

func (p *patient) newUser() map[string]any {
	return map[string]any{
		"schemas": []string{userSchema}, "userName": p.userName, "displayName": "scimd doctor", "active": true, "locale": "en-US",
		"name":   map[string]any{"givenName": "Doctor", "familyName": "Check"},
		"emails": []any{map[string]any{"value": p.userName, "type": "work", "primary": true}}, "groups": []any{},
	}
}

// lookUp finds the user by its name, in capitals too.
func (p *patient) lookUp(ctx context.Context) finding {
	for _, name := range []string{p.userName, strings.ToUpper(p.userName)} {
		a := p.get(ctx, "/Users?filter=userName%20eq%20%22"+queried(name)+"%22&startIndex=1&count=100")
		total, isList := a.list()
		switch {
		case !isList:
			return bad(a.seen(), "A look-up by userName should be 200 with a list.")
		case total == 0 && name == p.userName:
			return bad("the user just made is not found", "The filter does not arrive as it was sent, %%2B as a plus sign; or a cache, or another replica, answers from before.")
		case total == 0:
			return bad("not found in capitals", "The server tells capital letters in userName apart, which RFC 7643 §4.1.1 does not allow.")
		case total > 1:
			return bad(fmt.Sprintf("%d users", total), "A look-up by userName finds others too: the filter is lost on the way.")
		}
	}
	return good("found by its userName")
}

func (p *patient) createAgain(ctx context.Context) finding {
	a := p.postUser(ctx)
	if a.refused(http.StatusConflict) {
		return good("409")
	}
	if id := a.id(); a.status < 300 && id != "" && id != p.user {
		p.more = append(p.more, id)
		return bad(a.seen(), "The same user was made twice: userName has to be unique (RFC 7644 §3.3).")
	}
	return bad(a.seen(), "A userName that is in use should be answered 409 with a SCIM error.")
}

func (p *patient) deactivate(ctx context.Context) finding {
	a := p.patchActive(ctx, false)
	if a.err == nil && (a.status == http.StatusOK && a.scim() || a.status == http.StatusNoContent) {
		p.patched = true
		return good("%d", a.status)
	}
	if a.scim() {
		return bad(a.seen(), "Okta deactivates by PATCH with active false, which should be 200 or 204.")
	}
	return bad(a.seen(), "%s", a.stranger())
}

func (p *patient) patchActive(ctx context.Context, active bool) *answer {
	return p.send(ctx, ask{method: http.MethodPatch, path: "/Users/" + url.PathEscape(p.user), body: encoded(map[string]any{
		"schemas":    []string{patchSchema},
		"Operations": []any{map[string]any{"op": "replace", "value": map[string]any{"active": active}}},
	})})
}

// readBack looks whether a read shows what was written: caches do not. The user is
// read twice, once between the writes, so that a cache has something to show; where
// changes do not arrive, it is as it was made.
func (p *patient) readBack(ctx context.Context) finding {
	path := "/Users/" + url.PathEscape(p.user)
	wants := []bool{false, true}
	if !p.patched {
		wants = wants[1:]
	}
	for _, want := range wants {
		a := p.get(ctx, path)
		active, isBool := a.doc["active"].(bool)
		switch {
		case a.status != http.StatusOK || !isBool:
			return bad(a.seen(), "A user that is there should be 200 with active.")
		case active != want:
			note := ""
			if age := a.header.Get("Age") + a.header.Get("X-Cache"); age != "" {
				note = ", as its headers Age or X-Cache say"
			}
			return bad(fmt.Sprintf("active is %t after it was set to %t", active, want), "A cache answers with what was before%s: have the proxy cache nothing of SCIM.", note)
		}
		if !want {
			if a := p.patchActive(ctx, true); a.status != http.StatusOK && a.status != http.StatusNoContent {
				return bad(a.seen(), "A user could be deactivated, but not activated again.")
			}
		}
	}
	return good("as it was written")
}

// remove deletes the user, which is answered 204 without a body.
func (p *patient) remove(ctx context.Context) finding {
	path := "/Users/" + url.PathEscape(p.user)
	a := p.send(ctx, ask{method: http.MethodDelete, path: path})
	switch {
	case a.err == nil && a.status == http.StatusOK:
		p.user = ""
		return bad(a.seen(), "Something turns 204 without a body into 200: clients look for 204 (RFC 7644 §3.6).")
	case a.status != http.StatusNoContent:
		return bad(a.seen(), "%s", a.stranger())
	}
	p.user = ""
	if a := p.get(ctx, path); a.status == http.StatusOK {
		return bad("the user is there after it was deleted", "A cache answers with what was before: have the proxy cache nothing of SCIM.")
	}
	return good("204")
}

// cleanUp removes what was made and is still there.
func (p *patient) cleanUp(ctx context.Context) (f finding, needed bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*p.Timeout)
	defer cancel()
	ids := p.more
	if p.user != "" {
		ids = append(ids, p.user)
	}
	if p.lost {
		ids = append(ids, p.found(ctx)...)
	}
	var left []string
	var last *answer
	for _, id := range ids {
		a := p.send(ctx, ask{method: http.MethodDelete, path: "/Users/" + url.PathEscape(id)})
		if a.err != nil || a.status != http.StatusNoContent && a.status != http.StatusOK && a.status != http.StatusNotFound {
			left, last = append(left, id), a
		}
	}
	if len(left) > 0 {
		return bad(last.seen(), "The user %s, with the id %s, could not be removed: delete it by hand.", p.userName, strings.Join(left, " and ")), true
	}
	return good("what was made is removed"), len(ids) > 0
}

// found are the ids of users that have the name of the user made.
func (p *patient) found(ctx context.Context) (ids []string) {
	a := p.get(ctx, "/Users?filter=userName%20eq%20%22"+queried(p.userName)+"%22")
	list, _ := a.doc["Resources"].([]any)
	for _, r := range list {
		user, _ := r.(map[string]any)
		if name, _ := user["userName"].(string); strings.EqualFold(name, p.userName) { // and not all that there are
			if id := idOf(user); id != "" && id != p.user && !slices.Contains(p.more, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// queried is a text within a query.
func queried(text string) string { return strings.ReplaceAll(url.PathEscape(text), "+", "%2B") }
