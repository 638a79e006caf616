package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"golang.org/x/oauth2"
)

// envWithoutBrowser names the variable by which a developer goes without a
// browser. CI refuses skipped tests.
const envWithoutBrowser = "SCIMD_TEST_WITHOUT_BROWSER"

// browse starts a browser without a window that reaches this machine alone and
// runs no script of a page.
func browse(t *testing.T) context.Context {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		if os.Getenv(envWithoutBrowser) != "" {
			t.Skipf("chromium is not here and %s is set: NOTHING is known of the sign-in page in a browser", envWithoutBrowser)
		}
		t.Fatalf("chromium is not on the PATH: install it (Debian: apt-get install chromium), or set %s=1 to go without", envWithoutBrowser)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"), chromedp.Flag("no-proxy-server", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok && e.Entry.Source == log.EntrySourceSecurity {
			t.Errorf("the browser says: %s", e.Entry.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// see gives what an action sees in a browser.
func see[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// manage runs a command beside the server and reads its JSON.
func (p place) manage(t *testing.T, v any, args ...string) {
	t.Helper()
	out, err := command(t, append(append(args, "--json"), p.flags...)...).Output()
	if err == nil {
		err = json.Unmarshal(out, v)
	}
	if err != nil {
		t.Fatalf("scimd %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// A person signs in with a browser, and the application that they came from then
// acts for them.
func TestSomebodySignsInWithABrowser(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, p place) {
		s := p.start(t)
		came := make(chan url.Values, 1)
		home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`<h1 id="home">Home</h1>`)) }))
		t.Cleanup(home.Close)
		client := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			came <- r.URL.Query()
			http.Redirect(w, r, home.URL, http.StatusFound) // to another origin
		}))
		t.Cleanup(client.Close)
		var app struct{ ClientID, AuthorizeURL, TokenURL string }
		p.manage(t, &app, "app", "create", "portal", "--public", "--redirect-uri", client.URL+"/cb", "--rights", "read", "--person-rights", "users:read")
		body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@corp.example","active":true,"password":"Enigma, 1843"}`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/Users", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.token)
		req.Header.Set("Content-Type", "application/scim+json")
		res, err := s.client.Do(req)
		if err != nil || res.StatusCode != http.StatusCreated {
			t.Fatal(res, err)
		}
		res.Body.Close()

		config := oauth2.Config{
			ClientID: app.ClientID, RedirectURL: client.URL + "/cb", Scopes: []string{"openid", "scim"},
			Endpoint: oauth2.Endpoint{AuthURL: app.AuthorizeURL, TokenURL: app.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
		}
		proof := oauth2.GenerateVerifier()
		ctx := browse(t)
		see(t, ctx, chromedp.Navigate(config.AuthCodeURL("a state", oauth2.S256ChallengeOption(proof))))
		title := see(t, ctx, chromedp.Title())
		button := see(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("button")).backgroundColor`))
		focused := see(t, ctx, chromedp.Evaluate[bool](`document.activeElement.name == "username" && document.querySelectorAll("label").length == 2`))
		see(t, ctx, chromedp.Steps(
			chromedp.SendKeys(chromedp.CSS("#username"), "ada@corp.example"), chromedp.SendKeys(chromedp.CSS("#password"), "wrong"), chromedp.Click(chromedp.CSS("button")),
		))
		problem := see(t, ctx, chromedp.Text(chromedp.CSS("#problem")))
		see(t, ctx, chromedp.Steps(
			chromedp.SendKeys(chromedp.CSS("#password"), "Enigma, 1843"), chromedp.Click(chromedp.CSS("button")), chromedp.WaitVisible(chromedp.CSS("#home")),
		))
		if title != "Sign in to portal" || problem != "The user name or the password is wrong." || button != "rgb(11, 92, 173)" || !focused {
			t.Errorf("title %q, problem %q, button %s, focus %t", title, problem, button, focused)
		}
		answer := <-came
		if answer.Get("state") != "a state" || answer.Get("code") == "" {
			t.Fatalf("the application got %v", answer)
		}
		token, err := config.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(proof))
		if err != nil {
			t.Fatal(err)
		}
		for target, want := range map[string]int{"/Users": http.StatusOK, "/Me": http.StatusNotImplemented} {
			res, err := config.Client(t.Context(), token).Get(s.base + target)
			if err != nil || res.StatusCode != want {
				t.Fatalf("%s: %v, %v", target, res, err)
			}
			res.Body.Close()
		}
		if _, err := config.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(proof)); err == nil {
			t.Error("a code is good twice")
		}
	})
}
