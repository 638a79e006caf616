package audit

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/store"
)

var moment = time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)

func TestARecordIsALineOfJSONAndOfCEF(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		record    Record
		json, cef string
	}{
		"a change": {
			ofChange("default", &store.Event{At: moment, Operation: "patch", Type: "User", ID: "0190", Version: 3, RequestID: "r1", Credential: "entra",
				Address: "10.1.2.3", Attributes: "active,emails", Principal: store.Principal{Kind: "service", ID: "0191", Display: "Service"}}),
			`{"time":"2026-03-04T05:06:07.123456Z","tenant":"default","category":"change","action":"patch","outcome":"success",` +
				`"actor":{"kind":"service","id":"0191","display":"Service"},"credential":"entra","address":"10.1.2.3",` +
				`"resource":{"type":"User","id":"0190","version":3},"attributes":["active","emails"],"requestId":"r1"}`,
			`CEF:0|scimd|scimd|1.2|change:patch|change patch User|3|rt=1772600767123 act=patch outcome=success suid=0191 suser=Service src=10.1.2.3 ` +
				`externalId=r1 cs1Label=tenant cs1=default cs2Label=credential cs2=entra cs3Label=resourceType cs3=User cs4Label=resourceId cs4=0190 ` +
				`cs5Label=attributes cs5=active,emails cs6Label=actorKind cs6=service cn2Label=version cn2=3`,
		},
		"a refusal": {
			ofAudit("blue", &store.Audit{At: moment, Category: store.AuditRefusal, Action: "GET", Status: 401, Code: "invalid_token", Address: "2001:db8::1", RequestID: "r2"}),
			`{"time":"2026-03-04T05:06:07.123456Z","tenant":"blue","category":"refusal","action":"GET","outcome":"refused","status":401,` +
				`"code":"invalid_token","address":"2001:db8::1","requestId":"r2"}`,
			`CEF:0|scimd|scimd|1.2|refusal:GET|refusal GET|6|rt=1772600767123 act=GET outcome=refused reason=invalid_token ` +
				`c6a2Label=Source IPv6 Address c6a2=2001:db8::1 externalId=r2 cs1Label=tenant cs1=blue cn1Label=status cn1=401`,
		},
		"a person, by id alone": {
			ofChange("blue", &store.Event{At: moment, Operation: "delete", Type: "User", ID: "0190", Version: 3, Principal: store.Principal{Kind: "user", ID: "0192", Display: "ada"}}),
			`{"time":"2026-03-04T05:06:07.123456Z","tenant":"blue","category":"change","action":"delete","outcome":"success",` +
				`"actor":{"kind":"user","id":"0192"},"resource":{"type":"User","id":"0190","version":3}}`,
			`CEF:0|scimd|scimd|1.2|change:delete|change delete User|3|rt=1772600767123 act=delete outcome=success suid=0192 cs1Label=tenant cs1=blue ` +
				`cs3Label=resourceType cs3=User cs4Label=resourceId cs4=0190 cs6Label=actorKind cs6=user cn2Label=version cn2=3`,
		},
		"a loss": {
			ofAudit("", &store.Audit{At: moment, Category: store.AuditLost, Action: "overload", Count: 12}),
			`{"time":"2026-03-04T05:06:07.123456Z","category":"lost","action":"overload","outcome":"failed","count":12}`,
			`CEF:0|scimd|scimd|1.2|lost:overload|lost overload|8|rt=1772600767123 act=overload outcome=failed cnt=12`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := json.Marshal(tc.record); err != nil || string(got) != tc.json {
				t.Errorf("JSON, %v:\n%s\nwant\n%s", err, got, tc.json)
			}
			if got := tc.record.CEF("1.2"); got != tc.cef {
				t.Errorf("CEF:\n%s\nwant\n%s", got, tc.cef)
			}
		})
	}
}

var (
	cefHeader = regexp.MustCompile(`^CEF:0((?:\|(?:[^|\\]|\\.)*){6})\|(.*)$`)
	cefKey    = regexp.MustCompile(`(?:^| )([A-Za-z0-9]+)=`)
)

// readCEF reads a line by the rules of the format: seven fields with pipes
// between, then pairs, in whose values an equals sign is escaped.
func readCEF(t *testing.T, line string) (header []string, pairs map[string]string) {
	t.Helper()
	m := cefHeader.FindStringSubmatch(line)
	if m == nil || strings.ContainsAny(line, "\r\n") {
		t.Fatalf("%q is not CEF", line)
	}
	for _, f := range regexp.MustCompile(`\|((?:[^|\\]|\\.)*)`).FindAllStringSubmatch(m[1], -1) {
		header = append(header, strings.NewReplacer(`\\`, `\`, `\|`, `|`).Replace(f[1]))
	}
	pairs = map[string]string{}
	at := cefKey.FindAllStringSubmatchIndex(m[2], -1)
	for i, k := range at {
		end := len(m[2])
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		pairs[m[2][k[2]:k[3]]] = strings.NewReplacer(`\\`, `\`, `\=`, `=`, `\n`, "\n", `\r`, "\r").Replace(m[2][k[1]:end])
	}
	return header, pairs
}

func FuzzCEFIsReadBack(f *testing.F) {
	for _, s := range []string{"plain", `a|b\c=d`, "two\nlines\r", ` cs1=forged`, `\`, `|rt=1`, "ü", `x\=y act=z`} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, display, credential string) {
		if strings.ContainsRune(display+credential, 0) {
			return
		}
		r := Record{Time: moment, Category: CategoryChange, Action: "patch", Outcome: Success, Actor: Actor{Kind: "user", ID: "i", Display: display},
			Credential: credential, Resource: Resource{Type: "U|" + strings.NewReplacer("\r", "", "\n", "").Replace(display)}}
		header, pairs := readCEF(t, r.CEF("1"))
		if len(header) != 6 || header[0] != "scimd" || pairs["suser"] != display || pairs["cs2"] != credential || pairs["act"] != "patch" || pairs["suid"] != "i" {
			t.Errorf("%q and %q: %q, %q", display, credential, header, pairs)
		}
	})
}
