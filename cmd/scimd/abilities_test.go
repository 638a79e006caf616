package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
)

// abilities are the commands that do what the operations of the control API do, and
// the methods of scimdtest, or "" where Control does it, which is for each path below
// that of a tenant, or - where it is not about one tenant.
var abilities = map[string][2]string{
	"getInfo": {"", "-"}, "getHealth": {"ping", "-"}, "getDescription": {"", "-"}, "checkDatabase": {"check", "-"}, "readAudit": {"audit tail", "-"},
	"listTenants": {"tenant list", "-"}, "createTenant": {"tenant create", "Tenant"}, "getTenant": {"tenant show", ""},
	"updateTenant": {"tenant update", ""}, "deleteTenant": {"tenant delete", ""},
	"listTokens": {"token list", ""}, "createToken": {"token create", ""}, "revokeToken": {"token revoke", ""},
	"listApplications": {"app list", ""}, "createApplication": {"app create", ""}, "rotateApplication": {"app rotate", ""}, "deleteApplication": {"app delete", ""},
	"listServiceUsers": {"service-user list", ""}, "setServiceUser": {"service-user deactivate", ""},
	"listIssuers": {"issuer list", ""}, "addIssuer": {"issuer add", ""}, "removeIssuer": {"issuer remove", ""},
	"listDataKeys": {"key list", "-"}, "rotateDataKeys": {"key rotate", "-"}, "changeMasterKey": {"key master", "-"},
	"listSigningKeys": {"key list", ""}, "rotateSigningKey": {"key rotate-signing", ""},
	"applySeed": {"seed apply", "Seed"}, "applyTenantSeed": {"seed apply", "SeedText"}, "exportSeed": {"seed export", "-"}, "exportTenantSeed": {"seed export", ""},
	"listSnapshots": {"snapshot list", ""}, "saveSnapshot": {"snapshot save", "Snapshot"}, "restoreSnapshot": {"snapshot restore", "Snapshot"},
	"deleteSnapshot": {"snapshot delete", "Snapshot"}, "resetTenant": {"reset", "Reset"},
	"getClock": {"clock show", "Now"}, "setClock": {"clock freeze", "Freeze"}, "advanceClock": {"clock advance", "Advance"}, "resetClock": {"clock reset", "Freeze"},
	"getIdSeed": {"ids show", ""}, "seedIds": {"ids seed", "SeedIDs"}, "randomIds": {"ids random", "SeedIDs"},
	"listFaults": {"fault list", "Hits"}, "addFault": {"fault add", "Fault"}, "setFaults": {"fault replace", "FaultJSON"}, "clearFaults": {"fault clear", "Remove"},
	"getFault": {"fault list", "Hits"}, "replaceFault": {"fault replace", ""}, "removeFault": {"fault remove", "Remove"},
	"findRequests": {"journal list", "Received"}, "countRequests": {"journal list", "Expect"}, "awaitRequests": {"journal wait", "WaitFor"},
	"archiveRequests": {"journal export", ""}, "listMarks": {"journal marks", ""}, "setMark": {"journal mark", "Mark"}, "getRequest": {"journal show", ""},
	"clearRequests": {"journal clear", ""},
}

func TestEachAbilityIsACommandAMethodAndALineWithCurl(t *testing.T) {
	t.Parallel()
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(control.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	mux, missing := http.NewServeMux(), maps.Clone(abilities)
	operations := map[string]string{} // by pattern
	for path, methods := range doc.Paths {
		for method, op := range methods {
			pattern := strings.ToUpper(method) + " " + path
			operations[pattern] = op.OperationID
			mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
			ability, listed := abilities[op.OperationID]
			if !listed {
				t.Errorf("%s (%s) is no ability here", pattern, op.OperationID)
			}
			if ofTenant := strings.HasPrefix(path, "/_scimd/tenants/{tenant}"); ability[1] == "" && !ofTenant {
				t.Errorf("scimdtest cannot do %s", pattern)
			}
			delete(missing, op.OperationID)
		}
	}
	for id := range missing {
		t.Errorf("there is no operation %s", id)
	}

	public := methods(t)
	for id, ability := range abilities {
		cmd, rest, err := newRoot(app.Streams{Out: io.Discard, Err: io.Discard}).Find(strings.Fields(ability[0]))
		if err != nil || len(rest) > 0 || ability[0] != "" && cmd.CommandPath() != "scimd "+ability[0] {
			t.Errorf("%s: there is no command %s", id, ability[0])
		}
		if m := ability[1]; m != "" && m != "-" && !slices.Contains(public, m) {
			t.Errorf("%s: scimdtest has no method %s", id, m)
		}
	}

	shown := map[string]bool{"getDescription": true, "getHealth": true}
	pages := documents(t)
	for _, page := range []string{"testing.md", "seeds.md", "running.md"} {
		for line := range strings.Lines(pages["../../docs/"+page]) {
			if method, path, ok := asked(line); ok {
				_, pattern := mux.Handler(httptest.NewRequest(method, control.BasePath+path, nil))
				if pattern == "" {
					t.Errorf("%s: no route takes %s", page, line)
				}
				shown[operations[pattern]] = true
			}
		}
	}
	for id := range abilities {
		if !shown[id] {
			t.Errorf("no line with curl shows %s", id)
		}
	}
}

// asked is what a line with curl asks of the control API.
func asked(line string) (method, path string, ok bool) {
	_, path, ok = strings.Cut(line, "$CONTROL")
	if !ok || !strings.HasPrefix(line, "curl ") {
		return "", "", false
	}
	path, _, _ = strings.Cut(strings.TrimSpace(path), " ")
	method = http.MethodGet
	if _, after, given := strings.Cut(line, "-X "); given {
		method, _, _ = strings.Cut(after, " ")
	} else if strings.Contains(line, " -d ") || strings.Contains(line, " --data-binary ") || strings.Contains(line, " -F ") {
		method = http.MethodPost
	}
	return method, strings.TrimSuffix(path, `"`), true
}

// methods are those of scimdtest's Server and Fault.
func methods(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir("../../scimdtest")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile("../../scimdtest/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func \(\w+ \*(?:Server|Fault)\) ([A-Z]\w*)\(t testing\.TB`).FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
	}
	return names
}
