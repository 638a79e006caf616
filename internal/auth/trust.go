package auth

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/scimd/scimd/internal/scim"
)

// Bounds of what is stored of trusted issuers.
const (
	// MaxTrusted bounds the trusted issuers of a tenant.
	MaxTrusted   = 50
	maxAudiences = 50
	maxGrants    = 200
	maxClaim     = 512
	maxInline    = 64 << 10
)

// CheckIssuer checks a trusted issuer and completes it with what is usual. Errors
// are sentences without a full stop.
func CheckIssuer(i *scim.TrustedIssuer) error {
	if !ValidAppID(i.Name) {
		return fmt.Errorf("the name has 1 to 64 letters, digits, hyphens, underscores and dots, and no dot first")
	}
	if i.Issuer == "" || len(i.Issuer) > maxClaim || !scim.PrintableName(i.Issuer) {
		return fmt.Errorf("the issuer is missing or cannot be an iss")
	}
	i.Audiences = slices.Compact(slices.Sorted(slices.Values(i.Audiences)))
	if len(i.Audiences) == 0 || len(i.Audiences) > maxAudiences || slices.Contains(i.Audiences, "") {
		return fmt.Errorf("at least one audience is needed: a token for somebody else must not be good here")
	}
	if i.PrincipalClaim == "" {
		i.PrincipalClaim = "sub"
	}
	if i.Rights == "" {
		i.Rights = All.String()
	}
	rights, err := ParseRights(i.Rights)
	if err != nil {
		return err
	}
	i.Rights = rights.String()
	if len(i.Grants) > 0 && i.RightsClaim == "" || len(i.Grants) > maxGrants {
		return fmt.Errorf("grants need the claim whose values they are about, and are at most %d", maxGrants)
	}
	for value, text := range i.Grants {
		if rights, err = ParseRights(text); err != nil {
			return fmt.Errorf("grant %s: %w", value, err)
		}
		i.Grants[value] = rights.String()
	}
	switch {
	case (i.KeysURL == "") == (len(i.Keys) == 0):
		return fmt.Errorf("the keys are needed: either the URL where they are published, or the key set itself")
	case i.KeysURL != "":
		return checkKeysURL(i.KeysURL)
	}
	i.Keys, err = publicKeys(i.Keys)
	return err
}

// checkKeysURL takes URLs of https, and of http on this machine.
func checkKeysURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || len(text) > maxClaim {
		return fmt.Errorf("the URL of the keys cannot be used")
	}
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && onThisMachine(u.Hostname()):
		return nil
	}
	return fmt.Errorf("the URL of the keys must begin with https://, unless it is on this machine")
}

func onThisMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && net.IP(addr.AsSlice()).IsLoopback()
}

// publicKeys is a key set as it is stored: what of it proves signatures, without
// anything else that came along.
func publicKeys(text json.RawMessage) (json.RawMessage, error) {
	if len(text) > maxInline {
		return nil, fmt.Errorf("the key set is larger than %d bytes", maxInline)
	}
	var all jose.JSONWebKeySet
	if err := json.Unmarshal(text, &all); err == nil {
		for _, k := range all.Keys {
			if !k.IsPublic() {
				return nil, fmt.Errorf("the key set has a key that is not public")
			}
		}
	}
	keys, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("the key set cannot be read: %w", err)
	}
	set := jose.JSONWebKeySet{}
	for _, k := range keys {
		if slices.ContainsFunc(externalAlgorithms, k.fits) {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.key, KeyID: k.id, Algorithm: k.alg, Use: "sig"})
		}
	}
	if len(set.Keys) == 0 {
		return nil, fmt.Errorf("the key set has no key that could be used: RSA of %d bits or more, P-256, P-384, P-521 or Ed25519", leastRSA)
	}
	return json.Marshal(set)
}

// issued are the rights that a token of an issuer has by its claims.
func issued(i *scim.TrustedIssuer, claims map[string]any) (Rights, error) {
	most, err := ParseRights(i.Rights)
	if err != nil || i.RightsClaim == "" {
		return most, err
	}
	var values []string
	switch v := claims[i.RightsClaim].(type) {
	case string:
		values = strings.Fields(v)
	case []any:
		for _, one := range v {
			if text, ok := one.(string); ok {
				values = append(values, text)
			}
		}
	}
	var has Rights
	for _, value := range values {
		r, err := worth(i, value)
		if err != nil {
			return 0, err
		}
		has |= r
	}
	return has & most, nil
}

// worth is what one value of the claim stands for, in any letter case; nothing
// when it is not known.
func worth(i *scim.TrustedIssuer, value string) (Rights, error) {
	if len(i.Grants) > 0 {
		for name, text := range i.Grants {
			if strings.EqualFold(name, value) {
				return ParseRights(text)
			}
		}
		return 0, nil
	}
	if r, ok := named(value); ok {
		return r, nil
	}
	return scopeRights(strings.ToLower(value)), nil
}
