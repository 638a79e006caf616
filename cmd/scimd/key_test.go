package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/control"
)

// account is a privileged data with a password, in a container.
func account(name, password string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:PrivilegedData"],"name":%q,"type":"password",
"urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData":{"safe":"S","properties":[{"key":"password","value":%q}]}}`, name, password)
}

func TestKeysAreRotatedBesideAServerAndWithoutOne(t *testing.T) {
	t.Parallel()
	for name, env := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, env(t)...)
			s := p.serve()
			if got := s.request("POST", "/Containers", s.Token, `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:Container"],"name":"S"}`); got != 201 {
				t.Fatalf("container: status %d", got)
			}
			for i := range 5 {
				if got := s.request("POST", "/PrivilegedData", s.Token, account(fmt.Sprint("a", i), "pass-word")); got != 201 {
					t.Fatalf("account: status %d", got)
				}
			}
			keys := func() (list []control.DataKey) {
				t.Helper()
				p.succeed(&list, "key", "list")
				return list
			}
			before := keys()
			if len(before) != 1 || before[0].Values != 5 || !before[0].Retired.IsZero() {
				t.Fatalf("keys %+v", before)
			}
			values := int64(5)
			rotate := func() {
				t.Helper()
				var r control.Rotation
				p.succeed(&r, "key", "rotate")
				list := keys()
				last := list[len(list)-1]
				if !r.Made || r.Resealed != values || r.Failed != 0 || r.Key != last.ID || last.Values != values {
					t.Errorf("rotation %+v, keys %+v", r, list)
				}
			}
			rotate()
			human, _, _ := p.run("key", "list")
			if !strings.Contains(human, before[0].ID) || strings.Contains(human, "pass-word") {
				t.Errorf("key list prints:\n%s", human)
			}
			if name == "ephemeral" {
				return
			}
			s.interrupt(terminate)
			rotate()
			if name != "sqlite" {
				return
			}
			p.wrongKey()
			s = p.serve()
			rotate()
			// A key that signs access tokens is sealed as well, and goes along.
			var app control.Application
			p.succeed(&app, "app", "create", "app")
			if obtain(t, app) == "" {
				t.Error("the application gets no token")
			}
			values++
			p.refuse("new-key-file", "key", "master")
			p.refuse("not 32 bytes", "key", "master", "--new-key-file", filepath.Join(p.dir, "scimd-data", "scimd.lock"))
			file := filepath.Join(p.dir, "new")
			if err := os.WriteFile(file, []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
				t.Fatal(err)
			}
			var m control.Master
			p.succeed(&m, "key", "master", "--new-key-file", file)
			kept, err := os.ReadFile(filepath.Join(p.dir, "scimd-data", "key"))
			if got, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(string(kept))); err != nil || fmt.Sprintf("%x", got) != strings.Repeat("ab", 32) {
				t.Errorf("the key's file holds %q, error %v", kept, err)
			}
			rotate()
			s.interrupt(terminate)
			p.serve()
			rotate()
			if c := p.check(0); !c.Opened || c.Checked["secret_r"] != values {
				t.Errorf("%+v", c)
			}
		})
	}
}

// wrongKey checks that commands refuse another key than the database's.
func (p *place) wrongKey() {
	p.t.Helper()
	p.env = append(p.env, "SCIMD_KEY="+strings.Repeat("11", 32))
	p.refuse("belongs to another key", "key", "rotate")
	p.env = p.env[:len(p.env)-1]
}
