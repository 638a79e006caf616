package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/app"
)

func TestIssuersOfTheConfigurationAreChecked(t *testing.T) {
	t.Parallel()
	const key = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	const good = `{"name":"login","issuer":"https://login.example","audiences":["scim"],"keys":` + key + `}`
	c := config(t)
	c.TrustedIssuers = filepath.Join(t.TempDir(), "issuers.json")
	for text, want := range map[string]string{
		`{`:                               "is no list of issuers",
		`{"name":"login"}`:                "is no list of issuers",
		`[{"nam":"login"}]`:               `unknown field "nam"`,
		`[null]`:                          "issuer 1 of " + c.TrustedIssuers + " is null",
		`[` + good + `,{"name":"other"}]`: "issuer 2 of " + c.TrustedIssuers + ": the issuer is missing",
	} {
		if err := os.WriteFile(c.TrustedIssuers, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := app.Start(t.Context(), c, app.Streams{})
		if err == nil {
			stop(t, s)
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "trusted-issuers") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
