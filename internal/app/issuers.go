package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
)

// readIssuers reads the issuers that the default tenant trusts by configuration: a
// file with a JSON list, as `scimd issuer list --json` prints it. "" has none.
func readIssuers(file string) ([]*scim.TrustedIssuer, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("trusted-issuers: %w", err)
	}
	var list []*scim.TrustedIssuer
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("trusted-issuers: %s is no list of issuers: %w", file, err)
	}
	for n, i := range list {
		if i == nil {
			return nil, fmt.Errorf("trusted-issuers: issuer %d of %s is null", n+1, file)
		}
		if err := auth.CheckIssuer(i); err != nil {
			return nil, fmt.Errorf("trusted-issuers: issuer %d of %s: %w", n+1, file, err)
		}
	}
	list, faults := scim.StoredTrust(scim.TrustText(list))
	if faults != nil {
		return nil, fmt.Errorf("trusted-issuers: %w", faults[0])
	}
	return list, nil
}
