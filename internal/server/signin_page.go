package server

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/fault"
)

//go:embed signin.html
var signInHTML string

//go:embed signin.css
var signInCSS string

var signInTemplate = template.Must(template.New("sign-in").Parse(signInHTML))

// pagePolicy lets a page have its own style and nothing else: no script, no frame
// around it. What a form may lead to is not bounded, as browsers would hold that
// against all that an application then redirects to.
var pagePolicy = func() string {
	hash := sha256.Sum256([]byte(signInCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
}()

// page is what the template shows: the form of an application, or with none only
// the problem.
type page struct {
	Style    template.CSS
	App      string
	Problem  string
	Action   string
	UserName string
	// Hidden are the parameters of the request, and the form token.
	Hidden []struct{ Name, Value string }
}

// page runs a handler that answers a person; what it refuses is a page.
func (s *server) page(fn func(*oauthRequest) error) http.HandlerFunc {
	endpoint := s.oauthEndpoint(fault.OAuth, func(w http.ResponseWriter, r *http.Request) {
		_, err := s.oauthAnswer(w, r, func(q *oauthRequest) (any, error) { return nil, fn(q) })
		if err != nil {
			s.refusePage(w, r, auth.OAuthRefusal(err))
		}
	})
	return func(w http.ResponseWriter, r *http.Request) {
		placeOf(r).page = true
		endpoint(w, r)
	}
}

// refusePage tells a person of a refusal.
func (s *server) refusePage(w http.ResponseWriter, r *http.Request, e *auth.OAuthError) {
	entry(r).refuse(e)
	retryAfter(w, e)
	writePage(w, e.Status, page{Problem: e.Description})
}

// signInPage shows the form.
func (s *server) signInPage(q *oauthRequest, a *auth.Authorization, params url.Values, status int, userName, problem string) error {
	if problem != "" {
		entry(q.r).detail = problem
	}
	p := page{App: a.App.ID, Problem: problem, UserName: userName, Action: formAction(q.r)}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		p.Hidden = append(p.Hidden, struct{ Name, Value string }{name, params.Get(name)})
	}
	p.Hidden = append(p.Hidden, struct{ Name, Value string }{formTokenField, q.formToken()})
	writePage(q.w, status, p)
	return nil
}

// formAction is the path of the request as a reference that holds wherever a proxy
// has put it: its last segment.
func formAction(r *http.Request) string {
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	up := ""
	for strings.HasSuffix(asked, "/") {
		asked, up = strings.TrimSuffix(asked, "/"), up+"../"
	}
	return up + path.Base(asked)
}

func writePage(w http.ResponseWriter, status int, p page) {
	p.Style = template.CSS(signInCSS)
	var body bytes.Buffer
	if err := signInTemplate.Execute(&body, p); err != nil { // a fault of the template
		status = http.StatusInternalServerError
		body.Reset()
	}
	h := w.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Pragma", "no-cache")
	writeBytes(w, status, "text/html; charset=utf-8", body.Bytes())
}

func retryAfter(w http.ResponseWriter, e *auth.OAuthError) {
	if e.RetryAfter != 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
}

// A form is taken only from the page: it holds what can be made of a cookie alone,
// which other sites can neither read nor set. So nobody is signed in as somebody
// else unawares (RFC 6749 §10.12).

// formCookie is the cookie of the page; over https no other host can set it.
func (q *oauthRequest) formCookie() http.Cookie {
	c := http.Cookie{Name: "scimd_form", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if strings.HasPrefix(q.root, "https:") {
		c.Name, c.Secure = "__Host-"+c.Name, true
	}
	return c
}

// formValue is the value of the cookie that came, "" for none.
func (q *oauthRequest) formValue() string {
	list := q.r.CookiesNamed(q.formCookie().Name)
	if len(list) != 1 || len(list[0].Value) != len(rand.Text()) {
		return ""
	}
	return list[0].Value
}

// formToken is what the form holds; it sets the cookie when none came.
func (q *oauthRequest) formToken() string {
	value := q.formValue()
	if value == "" {
		c := q.formCookie()
		value = rand.Text()
		c.Value = value
		http.SetCookie(q.w, &c)
	}
	return tokenOf(value)
}

func tokenOf(value string) string {
	hash := sha256.Sum256([]byte("sign-in form " + value))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// fromPage tells that a form comes from the page.
func (q *oauthRequest) fromPage(token string) bool {
	value, site := q.formValue(), q.r.Header.Get("Sec-Fetch-Site")
	return value != "" && (site == "" || site == "same-origin") && subtle.ConstantTimeCompare([]byte(token), []byte(tokenOf(value))) == 1
}
