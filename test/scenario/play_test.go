package scenario_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/scimd/scimd/test/scenario"
	"github.com/scimd/scimd/test/scenarios"
)

// play plays one scenario text against a handler and gives the outcome per step.
func play(t *testing.T, text string, pending scenario.Pending, h http.HandlerFunc) (map[string]scenario.Outcome, *scenario.Report) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s, err := scenario.Load(fstest.MapFS{"s.json": {Data: []byte(text)}}, "s.json")
	if err != nil {
		t.Fatal(err)
	}
	report, err := scenario.Play(t.Context(), scenario.Target{Base: srv.URL + "/scim", Token: "secret"}, s, pending)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]scenario.Outcome{}
	for _, r := range report.Results {
		outcomes[r.Step] = r.Outcome
	}
	return outcomes, report
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestARequestIsSentAsTheStepWritesIt(t *testing.T) {
	t.Parallel()
	var target, auth, accept, media, body string
	_, report := play(t, `[{"name": "a", "method": "POST", "path": "/Users/..%2f?filter=a eq \"ü\"&b=1+2",
		"headers": {"Accept": null, "Content-Type": "application/json"}, "body": {"n": 1.50, "id": "${run}"},
		"expect": {"status": [201]}}]`, nil, func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		target, auth, accept, media, body = r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Accept"), r.Header.Get("Content-Type"), string(data)
		answer(w, 201, `{}`)
	})
	if want := "/scim/Users/..%2f?filter=a%20eq%20%22%C3%BC%22&b=1+2"; target != want {
		t.Errorf("the request target is %s, want %s", target, want)
	}
	if auth != "Bearer secret" || accept != "" || media != "application/json" {
		t.Errorf("headers: %q %q %q", auth, accept, media)
	}
	if !strings.Contains(body, `"n":1.50`) || strings.Contains(body, "${") {
		t.Errorf("the body is %s", body)
	}
	if len(report.Failures()) != 0 {
		t.Error(report.Failures())
	}
}

// TestWrongAnswersFail shows for each expectation an answer that breaks it.
func TestWrongAnswersFail(t *testing.T) {
	t.Parallel()
	const list = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`
	const scimError = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":`
	for name, c := range map[string]struct{ expect, right, wrong string }{
		"status":        {`{"status":[201,200]}`, `{}`, "status 404"},
		"JSON":          {`{}`, `{}`, `{`},
		"assert":        {`{"asserts":[{"path":"$.a","equals":1}]}`, `{"a":1}`, `{"a":2}`},
		"ifStatus":      {`{"ifStatus":{"200":[{"path":"$.a","exists":true}]}}`, `{"a":1}`, `{}`},
		"emptyBody":     {`{"emptyBody":true}`, ``, `{}`},
		"resource":      {`{"resource":"User"}`, `{"id":"1","schemas":["u"],"meta":{"resourceType":"User","location":"x"}}`, `{"id":"1","schemas":["u"],"meta":{"resourceType":"Group","location":"x"}}`},
		"list":          {`{"list":true}`, list + `0,"Resources":[]}`, list + `0}`},
		"list numbers":  {`{"list":true}`, list + `0,"Resources":[]}`, list + `0.5,"Resources":[]}`},
		"list total":    {`{"list":{"total":1}}`, list + `1,"Resources":[{}]}`, list + `2,"Resources":[{}]}`},
		"list returned": {`{"list":{"returned":1}}`, list + `9,"Resources":[{}]}`, list + `9,"Resources":[]}`},
		"list omitted":  {`{"list":{"emptyMayOmit":true}}`, list + `0}`, list + `1}`},
		"scimError":     {`{"scimError":true}`, scimError + `"200"}`, scimError + `200}`},
		"scimType":      {`{"scimError":["a","b"]}`, scimError + `"200","scimType":"b"}`, scimError + `"200","scimType":"c"}`},
		"header":        {`{"headers":{"X-A":{"equals":"ok"}}}`, `{}`, "header"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcomes, _ := play(t, `[{"name":"right","method":"GET","path":"/right","expect":`+c.expect+`},
				{"name":"wrong","method":"GET","path":"/wrong","expect":`+c.expect+`}]`, nil, func(w http.ResponseWriter, r *http.Request) {
				wrong := strings.HasSuffix(r.URL.Path, "wrong")
				switch {
				case wrong && c.wrong == "status 404":
					answer(w, 404, `{}`)
				case wrong && c.wrong == "header":
					answer(w, 200, `{}`)
				case wrong:
					answer(w, 200, c.wrong)
				default:
					w.Header().Set("X-A", "ok")
					answer(w, 200, c.right)
				}
			})
			if outcomes["right"] != scenario.Passed || outcomes["wrong"] != scenario.Failed {
				t.Error(outcomes)
			}
		})
	}
}

func TestAMediaTypeThatIsNotJSONFails(t *testing.T) {
	t.Parallel()
	outcomes, report := play(t, `[{"name":"a","method":"GET","path":"/"}]`, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `{}`)
	})
	if outcomes["a"] != scenario.Failed {
		t.Error(outcomes)
	}
	if p := report.Failures()[0].Problem; strings.Contains(p, "secret") || !strings.Contains(p, "GET ") {
		t.Errorf("the failure shows the token or hides the request: %s", p)
	}
}

func TestRepetitionCountsStatusesAndCollects(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	outcomes, _ := play(t, `[
		{"name":"race","method":"POST","path":"/","repeat":{"count":4,"parallel":true},"expect":{"statusCounts":{"201":1,"409":3}}},
		{"name":"miscount","method":"POST","path":"/","repeat":{"count":2},"expect":{"statusCounts":{"201":1,"409":1}}},
		{"name":"collect","method":"POST","path":"/","repeat":{"count":3},"append":{"ids":"$.n"}},
		{"name":"each","method":"GET","path":"/${item}","repeat":{"each":"ids"},"expect":{"asserts":[{"path":"$.path","equals":"/scim/${item}"}]}},
		{"name":"list","method":"GET","path":"/","when":{"var":"ids","equals":["5"]}}
	]`, nil, func(w http.ResponseWriter, r *http.Request) {
		status := 409
		if n.Add(1) == 1 {
			status = 201
		}
		answer(w, status, `{"n":"x","path":"`+r.URL.Path+`"}`)
	})
	want := map[string]scenario.Outcome{
		"race": scenario.Passed, "miscount": scenario.Failed, "collect": scenario.Passed,
		"each": scenario.Passed, "list": scenario.NotApplicable,
	}
	for step, outcome := range want {
		if outcomes[step] != outcome {
			t.Errorf("%s: %v, want %v", step, outcomes[step], outcome)
		}
	}
	if n.Load() != 4+2+3+3 {
		t.Errorf("%d requests", n.Load())
	}
}

func TestAPendingStepHasToFailAndItsDependentsAreLeftOut(t *testing.T) {
	t.Parallel()
	var cleaned atomic.Bool
	pending := scenario.Pending{{Scenario: "s", Step: "make"}, {Scenario: "s", Step: "works"}}
	outcomes, report := play(t, `{"name":"s","client":"","family":"","description":"","steps":[
		{"name":"make","method":"POST","path":"/Groups","expect":{"status":[201]},"save":{"g":"$.id"}},
		{"name":"use","method":"GET","path":"/Groups/${g}","save":{"h":"$.id"}},
		{"name":"use what that saved","method":"GET","path":"/${h}"},
		{"name":"half","method":"GET","path":"/Users","expect":{"asserts":[{"path":"$.g","equals":"${g}"},{"path":"$.ok","equals":1}]},"save":{"u":"$.ok"}},
		{"name":"use the half","method":"GET","path":"/Users/${u}"},
		{"name":"half wrong","method":"GET","path":"/Users","expect":{"asserts":[{"path":"$.g","equals":"${g}"},{"path":"$.ok","equals":2}]}},
		{"name":"works","method":"GET","path":"/Users"},
		{"name":"misspelt","method":"GET","path":"/${gg}"}],
		"cleanup":[{"name":"c","method":"DELETE","path":"/Groups/${g}"},{"name":"d","method":"DELETE","path":"/Users"}]}`,
		pending, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				cleaned.Store(r.URL.Path == "/scim/Users")
			}
			if strings.Contains(r.URL.Path, "Groups") {
				answer(w, 404, `{"id":"1"}`)
				return
			}
			answer(w, 200, `{"ok":1}`)
		})
	want := map[string]scenario.Outcome{
		"make": scenario.Awaited, "use": scenario.Dependent, "use what that saved": scenario.Dependent,
		"half": scenario.Dependent, "use the half": scenario.Passed, "half wrong": scenario.Failed,
		"works": scenario.Failed, "misspelt": scenario.Failed,
	}
	for step, outcome := range want {
		if outcomes[step] != outcome {
			t.Errorf("%s: %v, want %v", step, outcomes[step], outcome)
		}
	}
	if report.Count(scenario.Dependent) != 3 || !cleaned.Load() {
		t.Errorf("%+v, cleaned up: %v", report, cleaned.Load())
	}
}

func TestEveryScenarioFileLoadsAndEveryPendingEntryNamesAStep(t *testing.T) {
	t.Parallel()
	all, err := scenario.LoadAll(scenarios.Files, "pending.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 30 {
		t.Errorf("only %d scenarios", len(all))
	}
	pending, err := scenario.LoadPending(scenarios.Files, "pending.json")
	if err != nil {
		t.Fatal(err)
	}
	if unknown := pending.Unknown(all); len(unknown) > 0 {
		t.Errorf("pending steps that no scenario has: %+v", unknown)
	}
	for _, p := range pending {
		if p.Reason == "" {
			t.Errorf("%s, %s: no reason", p.Scenario, p.Step)
		}
	}
}

func TestABrokenFileIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"unknown key":    `[{"name":"a","methd":"GET"}]`,
		"unknown check":  `[{"name":"a","expect":{"asserts":[{"path":"$","is":1}]}}]`,
		"text behind":    `[{"name":"a"}] x`,
		"without a step": `[]`,
	} {
		if _, err := scenario.Load(fstest.MapFS{"s.json": {Data: []byte(text)}}, "s.json"); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}
