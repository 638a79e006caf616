package scim

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/store"
)

// The wire forms of the samples of cyberark-scim sections 10.3, 11.3, 12.3 and
// 13, byte for byte.
func TestTheVaultsWireFormsAreTheSamples(t *testing.T) {
	onEngines(t, func(t *testing.T, s store.Store) {
		for _, profile := range []string{"cyberark", "rfc7644"} {
			t.Run(profile, func(t *testing.T) {
				d := newDirectory(t, s, profile)
				d.call.Principal = store.Principal{Kind: "user", ID: d.ids["ada"]}
				var answers []json.RawMessage
				keep := func(typ, name, body string) {
					res, err := d.service.Create(t.Context(), d.call, d.rt(typ), []byte(d.fill(body)), &Params{})
					if err != nil {
						t.Fatalf("%s: %v", typ, err)
					}
					d.ids[name] = decoded(t, res.Body).ID
					answers = append(answers, res.Body)
				}
				keep("Container", "safe", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:Container","urn:ietf:params:scim:schemas:cyberark:1.0:Safe"],
					"name":"HR-Win","description":"HR servers","urn:ietf:params:scim:schemas:cyberark:1.0:Safe":{"NumberOfDaysRetention":7,"ManagingCPM":"PasswordManager"}}`)
				keep("PrivilegedData", "account", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:PrivilegedData","urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"],
					"name":"win01-admin","type":"password","urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData":{"safe":"HR-Win","properties":[
					{"key":"username","value":"admin"},{"key":"address","value":"win01.corp.example"},{"key":"platformId","value":"WinDomain"},{"key":"secret","value":"x"}]}}`)
				keep("ContainerPermission", "user", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:ContainerPermission"],"user":{"value":"<bob>"},"container":{"name":"HR-Win"},
					"rights":["UseAccounts","RetrieveAccounts","ListAccounts"]}`)
				keep("ContainerPermission", "group", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:ContainerPermission"],"group":{"display":"crew"},"container":{"value":"HR-Win"},
					"rights":["ListContent"],"urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember":{"membershipExpirationDate":1893456000,"searchIn":"Vault"}}`)
				keep("PrivilegedDataPermission", "target", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:PrivilegedDataPermission"],
					"privilegedData":{"value":"<account>"},"user":{"display":"bob"},"rights":["UseAccounts"]}`)
				res, err := d.service.Get(t.Context(), d.call, d.rt("Container"), "HR-Win", &Params{})
				if err != nil {
					t.Fatal(err)
				}
				answers = append(answers, res.Body)
				for _, typ := range []string{"Container", "ContainerPermission", "PrivilegedData", "PrivilegedDataPermission"} {
					list, err := d.service.Query(t.Context(), d.call, d.rt(typ), &Params{})
					if err != nil {
						t.Fatal(err)
					}
					var out bytes.Buffer
					if err := list.Write(t.Context(), &out); err != nil {
						t.Fatal(err)
					}
					answers = append(answers, out.Bytes())
				}
				all, err := json.Marshal(answers)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, "vault-"+profile+".json", []byte(strings.ReplaceAll(string(all), d.ids["account"], "52_88")))
			})
		}
	})
}
