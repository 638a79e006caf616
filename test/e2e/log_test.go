package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// R7644-7.5.2-02, R6750-5-01: whatever a client sends as a value stays out of the log, at every level.
func TestTheLogHoldsNoValues(t *testing.T) {
	t.Parallel()
	const mark = "Zq7marker"
	onEngines(t, func(t *testing.T, p place) {
		s := p.start(t, "--log-level", "debug", "--log-format", "json")
		made := s.do(t, "POST", "/Users", user(mark+"@contoso.example", map[string]any{
			"password": mark + "-Passw0rd!", "displayName": mark, "emails": []map[string]any{{"value": mark + "@mail.example"}},
		}), 201)
		at := "/Users/" + made.body["id"].(string)
		s.do(t, "POST", "/Users", user(mark+"@contoso.example", nil), 409)
		s.do(t, "GET", "/Users?filter="+url.QueryEscape(`userName eq "`+mark+`@contoso.example"`), nil, 200)
		s.do(t, "GET", "/Users?filter="+url.QueryEscape(`userName zz "`+mark+`"`), nil, 400)
		s.do(t, "POST", "/Users", user("other", map[string]any{"active": mark}), 400)
		s.do(t, "POST", "/Users", `{"userName": "`+mark, 400)
		s.do(t, "PATCH", at, patch([3]any{"replace", "emails[value eq \"" + mark + "\"].nothing", mark}), 200, 204, 400)
		s.do(t, "PATCH", at, patch([3]any{"replace", "password", mark}), 200, 204)
		s.do(t, "GET", "/Users/"+mark, nil, 404)
		s.do(t, "GET", "/"+mark, nil, 404)
		req, err := http.NewRequest("GET", s.base+"/Users", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+mark)
		res, err := s.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 401 {
			t.Errorf("a wrong token: %d", res.StatusCode)
		}
		s.stop(t)

		data, err := os.ReadFile(s.log)
		if err != nil {
			t.Fatal(err)
		}
		requests := 0
		for line := range strings.Lines(string(data)) {
			if strings.Contains(line, mark) || strings.Contains(line, token) {
				t.Errorf("a value in the log: %s", line)
			}
			if !json.Valid([]byte(line)) {
				t.Errorf("a line that is not JSON: %s", line)
			}
			if strings.Contains(line, made.header.Get("X-Request-Id")) {
				requests++
			}
		}
		if requests == 0 || made.header.Get("X-Request-Id") == "" {
			t.Errorf("the request id %q of an answer is not in the log:\n%s", made.header.Get("X-Request-Id"), data)
		}
	})
}
