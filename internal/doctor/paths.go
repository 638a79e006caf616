package doctor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// echo is how a server's 404 tells what it got of a path.
type echo struct {
	// names: it names the id that it got.
	names bool
	// missing is what it says of a user that is not there, when that is another sentence
	// than for a path that is none, else "".
	missing string
}

func (p *patient) learnEcho(ctx context.Context) *echo {
	if p.echo != nil {
		return p.echo
	}
	id := made()
	user, none := p.get(ctx, "/Users/"+id), p.get(ctx, "/Users/"+id+"/x")
	p.echo = &echo{}
	if user.refused(http.StatusNotFound) {
		p.echo.names = strings.Contains(user.text("detail"), id)
		if none.text("detail") != user.text("detail") {
			p.echo.missing = user.text("detail")
		}
	}
	return p.echo
}

// inPath looks whether something in a path arrives as it was sent: the 404 of a user
// that is not there tells, by naming the id, or at least by not being the one of a
// path that is none.
func inPath(sent, want string) func(*patient, context.Context) finding {
	return func(p *patient, ctx context.Context) finding {
		id := made()
		e := p.learnEcho(ctx)
		if !e.names && e.missing == "" {
			return poor("a 404 does not tell", "What arrives of a path cannot be told from outside: errors are changed on the way, or the server says the same of every path.")
		}
		a := p.get(ctx, "/Users/"+id+sent+"x")
		switch detail := a.text("detail"); {
		case a.status >= 300 && a.status < 400 || !a.scim():
			return bad(a.seen(), "Paths with %s do not reach the server: %s", sent, a.stranger())
		case e.names && !strings.Contains(detail, id+want+"x"), !e.names && detail != e.missing:
			return bad(a.seen(), "The proxy decodes the path and writes it anew, so that %s does not arrive: have it pass the path on as it came (nginx: proxy_pass without a path).", sent)
		case !e.names:
			return good("arrives as part of the id")
		}
		return good("arrives")
	}
}

// doubledSlash looks whether two slashes lead elsewhere.
func (p *patient) doubledSlash(ctx context.Context) finding {
	a := p.get(ctx, "//Users?count=1")
	switch _, isList := a.list(); {
	case isList, a.refused(http.StatusNotFound):
		return good("no redirect")
	case a.status >= 300 && a.status < 400:
		return bad(a.seen(), "The proxy merges slashes by sending the client elsewhere, which clients with a slash at the end of their base URL do not survive: have it pass the path on as it came (nginx: merge_slashes off).")
	}
	return bad(a.seen(), "%s", a.stranger())
}

// lookUpNobody sends a filter that finds nobody, as it stands in the URL. taken tells
// whether the server has read it as a filter, lost what to say when it found users.
func (p *patient) lookUpNobody(ctx context.Context, filter string) (a *answer, taken bool, lost *finding) {
	a = p.get(ctx, "/Users?filter="+filter)
	total, isList := a.list()
	if total > 0 {
		f := bad(fmt.Sprintf("200 with %d users", total), "A look-up of a name that nobody has finds users: the filter is lost on the way; have the proxy pass the query on.")
		lost = &f
	}
	return a, isList, lost
}

// blanks looks at both spellings of a blank.
func (p *patient) blanks(ctx context.Context) finding {
	for _, blank := range []string{"+", "%20"} {
		a, taken, lost := p.lookUpNobody(ctx, "userName"+blank+"eq"+blank+"%22"+made()+"%22")
		switch {
		case lost != nil:
			return *lost
		case !taken:
			return bad(a.seen(), "A blank sent as %s does not arrive in a query: the proxy encodes the query anew; have it pass it on as it came.", blank)
		}
	}
	return good("both arrive as blanks")
}

// plus looks whether an encoded plus sign stays one: as a blank it would make a filter
// of what is none.
func (p *patient) plus(ctx context.Context) finding {
	a, taken, lost := p.lookUpNobody(ctx, "userName%2Beq%2B%22"+made()+"%22")
	switch {
	case lost != nil:
		return *lost
	case taken:
		return bad("a filter with %2B for blanks is taken", "The proxy decodes %%2B in the query, and the server reads a blank: users with a plus sign in their names are not found.")
	case a.refused(http.StatusBadRequest):
		return good("arrives as a plus sign")
	}
	return bad(a.seen(), "%s", a.stranger())
}

// delimiters looks at what would end a parameter, and at a percent sign.
func (p *patient) delimiters(ctx context.Context) finding {
	for _, sent := range []string{"%26", "%23", "%3D%3F", "%2522"} {
		a, taken, lost := p.lookUpNobody(ctx, "userName%20eq%20%22"+made()+sent+"x%22")
		switch {
		case lost != nil:
			return *lost
		case !taken:
			return bad(a.seen(), "The proxy decodes %s in the query, where it ends the value: have it pass the query on as it came.", sent)
		}
	}
	return good("arrive")
}
