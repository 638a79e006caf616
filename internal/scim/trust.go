package scim

import (
	"encoding/json"
	"errors"
	"fmt"
)

// TrustedIssuer is somebody else who issues tokens (JWTs) that a tenant accepts.
// It is checked where it is made, see auth.CheckIssuer.
type TrustedIssuer struct {
	// Name is how commands and the log call it.
	Name string `json:"name"`
	// Issuer is the iss of its tokens, character for character.
	Issuer string `json:"issuer"`
	// Audiences are those of which a token must name one.
	Audiences []string `json:"audiences"`
	// KeysURL is where its keys are published (RFC 7517 §5), Keys is the key set
	// itself; one of the two is given.
	KeysURL string          `json:"keysUrl,omitempty"`
	Keys    json.RawMessage `json:"keys,omitempty"`
	// PrincipalClaim names the claim that tells whom a token stands for; sub, when it
	// is left out.
	PrincipalClaim string `json:"principalClaim,omitempty"`
	// Rights are the most that a token may do. With RightsClaim it may do what the
	// values of that claim stand for: as Grants say, else scopes and rights.
	Rights      string            `json:"rights"`
	RightsClaim string            `json:"rightsClaim,omitempty"`
	Grants      map[string]string `json:"grants,omitempty"`
	// AnyType accepts tokens that are not of the type at+jwt (RFC 9068 §4).
	AnyType bool `json:"anyType,omitempty"`
	// Text is all of the above, as it is stored.
	Text string `json:"-"`
}

// StoredTrust reads the stored issuers of a tenant; "" has none. Those that cannot
// be read, which faults name, are not trusted.
func StoredTrust(text string) (list []*TrustedIssuer, faults []error) {
	if text == "" {
		return nil, nil
	}
	var stored []json.RawMessage
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return nil, []error{errors.New("the stored issuers are no JSON list")}
	}
	for n, one := range stored {
		i := &TrustedIssuer{Text: string(one)}
		if err := json.Unmarshal(one, i); err != nil {
			faults = append(faults, fmt.Errorf("the stored issuer %d cannot be read: %w", n+1, err))
			continue
		}
		list = append(list, i)
	}
	return list, faults
}

// TrustText is what StoredTrust reads.
func TrustText(list []*TrustedIssuer) string {
	if len(list) == 0 {
		return ""
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // texts, and a key set that was parsed, always marshal
	}
	return string(text)
}
