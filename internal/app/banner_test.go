package app

import (
	"bytes"
	"strings"
	"testing"
)

func TestTheBannerTellsWhatToDoNext(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		banner banner
		want   string
	}{
		"the first start": {
			banner{version: "1.2.3", profile: "cyberark", baseURL: "http://127.0.0.1:8080/scim/v2", local: "http://127.0.0.1:8080/scim/v2",
				tenant: "default", database: "sqlite in scimd-data", token: "scimd_abc"},
			`scimd 1.2.3: SCIM 2.0 as profile cyberark

  base URL   http://127.0.0.1:8080/scim/v2
  tenant     default
  database   sqlite in scimd-data
  token      scimd_abc  (shown this once; all rights)

curl -sS -H "Authorization: Bearer scimd_abc" "http://127.0.0.1:8080/scim/v2/Users?count=1"
`},
		"a later start elsewhere": {
			banner{version: "1.2.3", profile: "rfc7644", baseURL: "https://scim.example/scim/v2", local: "http://127.0.0.1:8080/scim/v2",
				tenant: "default", database: "postgres db:5432/scimd", dataDir: "/srv/my data",
				control: controlPlaces{socket: "/tmp/scimd-1/control.sock", url: "http://127.0.0.1:9000/_scimd", moved: true, tokenFile: "/srv/my data/control-token"}},
			`scimd 1.2.3: SCIM 2.0 as profile rfc7644

  base URL   https://scim.example/scim/v2
  local URL  http://127.0.0.1:8080/scim/v2
  tenant     default
  database   postgres db:5432/scimd
  new token  scimd token create --name NAME --data-dir '/srv/my data' --control-socket /tmp/scimd-1/control.sock
  control    /tmp/scimd-1/control.sock  (name it with --control-socket)
  control    http://127.0.0.1:9000/_scimd  (127.0.0.1:8081 is taken; token in /srv/my data/control-token)

curl -sS -H "Authorization: Bearer $SCIMD_TOKEN" "http://127.0.0.1:8080/scim/v2/Users?count=1"
`},
		"a given token": {
			banner{version: "1.2.3", profile: "cyberark", baseURL: "http://[::1]:1/scim/v2", local: "http://[::1]:1/scim/v2",
				tenant: "default", database: "sqlite, ephemeral", known: true},
			`scimd 1.2.3: SCIM 2.0 as profile cyberark

  base URL   http://[::1]:1/scim/v2
  tenant     default
  database   sqlite, ephemeral
  token      the one given

curl -sS -H "Authorization: Bearer $SCIMD_TOKEN" "http://[::1]:1/scim/v2/Users?count=1"
`},
		"an authority of its own": {
			banner{version: "1.2.3", profile: "cyberark", baseURL: "https://127.0.0.1:1/scim/v2", local: "https://127.0.0.1:1/scim/v2",
				tenant: "default", database: "sqlite, ephemeral", known: true, caFile: "/my data/ca.pem"},
			`scimd 1.2.3: SCIM 2.0 as profile cyberark

  base URL   https://127.0.0.1:1/scim/v2
  CA file    /my data/ca.pem  (for clients to trust)
  tenant     default
  database   sqlite, ephemeral
  token      the one given

curl -sS --cacert '/my data/ca.pem' -H "Authorization: Bearer $SCIMD_TOKEN" "https://127.0.0.1:1/scim/v2/Users?count=1"
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := tc.banner.write(&out); err != nil {
				t.Fatal(err)
			}
			if out.String() != tc.want {
				t.Errorf("got:\n%s\nwant:\n%s", &out, tc.want)
			}
			if n := strings.Count("\n"+out.String(), "\ncurl"); n != 1 {
				t.Errorf("%d lines begin with curl, want 1", n)
			}
		})
	}
}

func TestTheLocalURLReachesTheListener(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ configured, actual, want string }{
		{"127.0.0.1:0", "127.0.0.1:4711", "127.0.0.1:4711"},
		{":8080", "[::]:8080", "127.0.0.1:8080"},
		{"0.0.0.0:8080", "0.0.0.0:8080", "127.0.0.1:8080"},
		{"[::]:0", "[::]:99", "127.0.0.1:99"},
		{"localhost:0", "127.0.0.1:99", "localhost:99"},
		{"[::1]:0", "[::1]:99", "[::1]:99"},
	} {
		if got := reachable(tc.configured, tc.actual); got != tc.want {
			t.Errorf("%s on %s is reached at %s, want %s", tc.configured, tc.actual, got, tc.want)
		}
	}
}

func TestTheDatabaseIsNamedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"sqlite in data":               {DataDir: "data"},
		"sqlite, ephemeral":            {DataDir: "data", Ephemeral: true},
		"postgres db:5432/scim":        {DatabaseURL: "postgres://scimd:hunter2@db:5432/scim?password=hunter2"},
		"postgres db/scim, schema s_1": {DatabaseURL: "postgresql://db/scim?search_path=s_1"},
		"postgres":                     {DatabaseURL: "postgres://u:hunter2%zz@h/d"},
	} {
		if got := c.Database(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
