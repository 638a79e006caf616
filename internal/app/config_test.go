package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/app"
)

// load reads a configuration from flags, environment and the text of a file.
func load(t *testing.T, args []string, env map[string]string, file string) (app.Config, error) {
	t.Helper()
	if file != "" {
		path := filepath.Join(t.TempDir(), "scimd.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config="+path)
	}
	c := app.Defaults()
	fs := pflag.NewFlagSet("scimd", pflag.ContinueOnError)
	c.Flags(fs, true)
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	return c, c.Load(fs, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
}

func TestFlagsComeBeforeTheEnvironmentBeforeTheFileBeforeDefaults(t *testing.T) {
	t.Parallel()
	file := "addr: file:1\nmigrate: check\nmax-body: 1MiB\nset:\n  discovery: \"2021\"\n"
	env := map[string]string{"SCIMD_ADDR": "env:2", "SCIMD_MIGRATE": "AUTO", "SCIMD_DATA_DIR": "", "SCIMD_PORT": "tcp://10.0.0.1:80"}
	for _, tc := range []struct {
		name string
		args []string
		env  map[string]string
		file string
		addr string
		mode string
	}{
		{"nothing set", nil, nil, "", "127.0.0.1:8080", "auto"},
		{"the file", nil, nil, file, "file:1", "check"},
		{"the environment over the file", nil, env, file, "env:2", "auto"},
		{"flags over all", []string{"--addr=flag:3"}, env, file, "flag:3", "auto"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c, err := load(t, tc.args, tc.env, tc.file)
			if err != nil || c.Addr != tc.addr || c.Migrate != tc.mode {
				t.Fatalf("addr %q, migrate %q, %v", c.Addr, c.Migrate, err)
			}
			if c.DataDir != "scimd-data" {
				t.Errorf("an empty variable sets data-dir to %q", c.DataDir)
			}
			if tc.file != "" && (c.MaxBody != 1<<20 || len(c.Switches) != 1 || c.Switches[0] != "discovery=2021") {
				t.Errorf("max-body %d, set %q", c.MaxBody, c.Switches)
			}
		})
	}
}

func TestListsTakeOneOrManyValues(t *testing.T) {
	t.Parallel()
	want := "allowedSuffixes=a.example,b.example|discovery=2021"
	for name, tc := range map[string]struct {
		args []string
		env  map[string]string
		file string
	}{
		"repeated flags":      {args: []string{"--set=allowedSuffixes=a.example,b.example", "--set", "discovery=2021"}},
		"one variable":        {env: map[string]string{"SCIMD_SET": "allowedSuffixes=a.example,b.example,discovery=2021"}},
		"a list in the file":  {file: "set: [\"allowedSuffixes=a.example,b.example\", discovery=2021]"},
		"a mapping in a file": {file: "set: {allowedSuffixes: \"a.example,b.example\", discovery: 2021}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := load(t, tc.args, tc.env, tc.file)
			if err != nil || strings.Join(c.Switches, "|") != want {
				t.Fatalf("%q, %v", c.Switches, err)
			}
		})
	}
	c, err := load(t, []string{"--trusted-proxies=10.1.2.3/8,::1"}, nil, "")
	if err != nil || len(c.TrustedProxy) != 2 || c.TrustedProxy[0].String() != "10.0.0.0/8" || c.TrustedProxy[1].String() != "::1/128" {
		t.Fatalf("%v, %v", c.TrustedProxy, err)
	}
}

func TestSecretsComeFromFilesToo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"SCIMD_TOKEN_FILE": path}
	if c, err := load(t, nil, env, ""); err != nil || c.Token != "from-file" {
		t.Fatalf("%q, %v", c.Token, err)
	}
	if c, err := load(t, []string{"--token=from-flag"}, env, ""); err != nil || c.Token != "from-flag" {
		t.Fatalf("with a flag: %q, %v", c.Token, err)
	}
	env["SCIMD_TOKEN"] = "from-env"
	if _, err := load(t, nil, env, ""); err == nil || !strings.Contains(err.Error(), "SCIMD_TOKEN_FILE") || strings.Contains(err.Error(), "from-") {
		t.Fatalf("both at once: %v", err)
	}
	if _, err := load(t, nil, map[string]string{"SCIMD_KEY_FILE": path + "x"}, ""); err == nil || !strings.Contains(err.Error(), "SCIMD_KEY_FILE") {
		t.Fatalf("a missing file: %v", err)
	}
}

func TestAWrongConfigurationIsNamed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		env  map[string]string
		file string
		want string
	}{
		"an unknown key":           {file: "addr: x:1\nadress: y:2\n", want: `line 2: there is no option "adress"`},
		"a nested unknown key":     {file: "log:\n  format: json\n", want: `there is no option "log"`},
		"a key twice":              {file: "addr: x:1\naddr: y:2\n", want: "line 2: addr stands there twice"},
		"a nested value":           {file: "addr:\n  - [a, b]\n", want: "addr is neither"},
		"no mapping":               {file: "- addr", want: "not a mapping"},
		"no YAML":                  {file: "addr: [", want: "not YAML"},
		"a missing file":           {args: []string{"--config=missing.yaml"}, want: "missing.yaml"},
		"a wrong flag value":       {args: []string{"--max-body=huge"}, want: "--max-body"},
		"a wrong variable":         {env: map[string]string{"SCIMD_READ_TIMEOUT": "soon"}, want: "SCIMD_READ_TIMEOUT"},
		"a wrong key":              {file: "log-level: loud", want: "key log-level"},
		"a wrong word":             {args: []string{"--migrate=never"}, want: "use auto or check"},
		"no port":                  {args: []string{"--addr=localhost"}, want: "HOST:PORT"},
		"a certificate alone":      {args: []string{"--tls-cert=c"}, want: "tls-key need each other"},
		"two certificates":         {args: []string{"--tls-cert=c", "--tls-key=k", "--tls-self-signed"}, want: "exclude each other"},
		"two authorities":          {args: []string{"--tls-acme-host=a.example.com", "--tls-self-signed"}, want: "exclude each other"},
		"a name for no use":        {args: []string{"--tls-name=a.example.com"}, want: "tls-name needs tls-self-signed"},
		"a name that is none":      {args: []string{"--tls-self-signed", "--tls-name=a_b/c"}, want: "host names such as"},
		"an ACME host of no use":   {args: []string{"--tls-acme-host=localhost"}, want: "full host names"},
		"an ACME address":          {args: []string{"--tls-acme-host=10.1.2.3"}, want: "full host names"},
		"an ACME URL in clear":     {args: []string{"--tls-acme-directory=http://acme.example.com/"}, want: "use a URL such as"},
		"ACME questions of nobody": {args: []string{"--tls-acme-http=:80"}, want: "need tls-acme-host"},
		"ACME without a port":      {args: []string{"--tls-acme-host=a.example.com", "--tls-acme-http=80"}, want: "HOST:PORT"},
		"HSTS in clear":            {args: []string{"--tls-hsts"}, want: "tls-hsts needs a certificate"},
		"no control port":          {args: []string{"--control-addr=0.0.0.0"}, want: "neither HOST:PORT, auto nor none"},
		"a control token, blanks":  {args: []string{"--control-token=hunter2 x"}, want: "control-token has characters"},
		"control hosts by a star":  {args: []string{"--control-host=*.example.com"}, want: "whole host names"},
		"a port of a control host": {args: []string{"--control-host=a.example.com:1"}, want: "host names such as"},
		"two servers meant":        {args: []string{"--control-url=http://a:1", "--control-socket=s"}, want: "exclude each other"},
		"two databases":            {args: []string{"--ephemeral", "--database-url=postgres://u:hunter2@h/d"}, want: "exclude"},
		"a migration URL alone":    {args: []string{"--migration-url=postgres://u:hunter2@h/d"}, want: "needs database-url"},
		"another database":         {args: []string{"--database-url=mysql://u:hunter2@h/d"}, want: "postgres://"},
		"a token with blanks":      {args: []string{"--token=hunter2 x"}, want: "token has characters"},
		"a short key":              {args: []string{"--key=hunter2"}, want: "32 bytes"},
		"a URL without host":       {args: []string{"--public-url=scim.example.com"}, want: "--public-url"},
		"a proxy that is no net":   {args: []string{"--trusted-proxies=proxy"}, want: "10.0.0.0/8"},
		"a switch without a value": {args: []string{"--set=discovery"}, want: "SWITCH=VALUE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, tc.args, tc.env, tc.file)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("%v, want %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error holds a secret or several lines: %v", err)
			}
		})
	}
}

func TestTheEffectiveConfigurationReadsBackWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	c, err := load(t, []string{
		"--token=hunter2", "--database-url=postgres://u:hunter2@h/d", "--max-body=1536", "--max-url=8KiB", "--write-timeout=90s",
		"--set=discovery=2021", "--trusted-proxies=10.0.0.0/8", "--public-url=https://scim.example/base/", "--log-level=warn", "--exit-when-stdin-closes",
	}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Write(&out, false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "hunter2") || strings.Count(out.String(), "********") != 2 {
		t.Fatalf("secrets are not masked:\n%s", &out)
	}
	for _, line := range []string{"max-body: \"1536\"", "max-url: 8KiB", "write-timeout: 1m30s", "public-url: https://scim.example/base", "log-level: warn", "exit-when-stdin-closes: true"} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("no line %q in:\n%s", line, &out)
		}
	}
	back, err := load(t, []string{"--token=hunter2", "--database-url=postgres://u:hunter2@h/d"}, nil, out.String())
	if err != nil {
		t.Fatal(err)
	}
	if d := app.Defaults(); back.ControlAddr != d.ControlAddr || !back.ControlMoves {
		t.Errorf("the default of control-addr reads back as %q, as if it were given", back.ControlAddr)
	}
	if given, err := load(t, nil, nil, "control-addr: 127.0.0.1:8081"); err != nil || given.ControlMoves {
		t.Errorf("%v; the address that was given may move", err)
	}
	back.File = ""
	var again, asJSON bytes.Buffer
	if err := back.Write(&again, false); err != nil || again.String() != out.String() {
		t.Errorf("%v; read back:\n%s", err, &again)
	}
	if err := c.Write(&asJSON, true); err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(asJSON.Bytes(), &m); err != nil || m["token"] != "********" || m["exit-when-stdin-closes"] != true {
		t.Errorf("%v in %s", err, &asJSON)
	}
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	c, err := load(t, nil, nil, "")
	if err != nil || c.ReadTimeout < time.Second || c.ShutdownTimeout < time.Second {
		t.Fatalf("%+v, %v", c, err)
	}
}

func FuzzAFileOfAnyTextIsReadOrRefused(f *testing.F) {
	for _, s := range []string{"addr: x:1", "set: {a: b}", "- a", "set: [a=b]", "a: &x [*x]", "? [a]: b", "addr: ~"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return
		}
		c, err := load(t, nil, nil, text)
		if err == nil {
			var out bytes.Buffer
			if err := c.Write(&out, false); err != nil {
				t.Fatal(err)
			}
		}
	})
}
