package app_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

// bodies are what the routes of a tenant take, by operation.
var bodies = map[string]string{
	"updateTenant": `{"limits":{"rate":"100"}}`, "createToken": `{"rights":"read"}`, "createApplication": `{"appId":"A","rights":"read"}`,
	"addIssuer":       `{"name":"corp","issuer":"https://corp.example","audiences":["a"],"keysUrl":"https://corp.example/keys","rights":"read"}`,
	"applyTenantSeed": "version: 1\nUsers: [{userName: ada}]", "saveSnapshot": `{"name":"seed","replace":true}`, "setServiceUser": `{"active":false}`,
	"setClock": `{"mode":"running"}`, "advanceClock": `{"by":"1s"}`, "seedIds": `{"seed":"x"}`,
	"addFault": `{"act":{"status":500}}`, "setFaults": `{"faults":[{"ready":"flaky"}]}`, "replaceFault": `{"act":{"status":500}}`,
}

// Each route of a tenant is asked while the tenant is deleted: it is there, or it is
// not, and nothing else.
func TestATenantMayBeDeletedWhileItIsAskedFor(t *testing.T) {
	t.Parallel()
	d := describedServer(t)
	type request struct{ method, path, body string }
	var requests []request
	for path, item := range d.doc.Paths.Map() {
		for method, op := range item.Operations() {
			// A new key to sign with takes its time, and an export that has begun is cut off.
			if strings.Contains(path, "{tenant}") && op.OperationID != "rotateSigningKey" && op.OperationID != "exportTenantSeed" {
				requests = append(requests, request{method, filled(path, "gone", "A") + only(op, "timeout", "?timeout=1ms"), bodies[op.OperationID]})
			}
		}
	}
	for range 4 {
		d.each(t, "POST", "/_scimd/tenants", `{"name":"gone"}`)
		d.each(t, "POST", "/_scimd/tenants/gone/applications", bodies["createApplication"])
		var all sync.WaitGroup
		for _, r := range requests {
			all.Go(func() { d.each(t, r.method, r.path, r.body) })
		}
		all.Wait()
		d.each(t, "DELETE", "/_scimd/tenants/gone", "")
	}
}

// each asks, by itself, and expects what a server in order may answer.
func (d *described) each(t *testing.T, method, path, body string) {
	t.Helper()
	own := &described{doc: d.doc, s: d.s, seen: map[string]bool{}}
	if code, answer := own.ask(t, method, path, jsonType, body); code >= http.StatusInternalServerError {
		t.Errorf("%s %s: %d %s", method, path, code, answer)
	}
}
