package scim

import (
	"encoding/asn1"
	"strings"

	"github.com/scimd/scimd/internal/schema"
)

// This file is about what the texts of single attributes are beyond their data
// type: other words for a value, and forms that RFC 7643 §4 gives them.

const coreUserURN = "urn:ietf:params:scim:schemas:core:2.0:User"

// words stand for other words in the values of an attribute, by lower case.
type words struct {
	schema string
	on     func(*Profile) bool
	stored map[string]string
}

// aliases by attribute path.
var aliases = map[string]words{
	// The names of the tenant's documentation for the types on the wire
	// (cyberark-scim 19.20).
	"phoneNumbers.type": {coreUserURN, func(p *Profile) bool { return p.PhoneTypeAliases }, map[string]string{
		"officenumber": "work", "homenumber": "home", "mobilenumber": "mobile",
	}},
}

// canonical is the word that is stored for a text, in values, selectors and
// filters alike.
func (p *Profile) canonical(a *schema.Attribute, text string) string {
	if named := vocabularyOf(a); named != nil {
		if stored, ok := named(text); ok {
			return stored
		}
		return text
	}
	w, ok := aliases[a.Path]
	if !ok || a.Schema == nil || a.Schema.ID != w.schema || !w.on(p) {
		return text
	}
	if stored, ok := w.stored[strings.ToLower(text)]; ok {
		return stored
	}
	return text
}

// forms by attribute path; each tells what a value must be, "" when it is.
var forms = map[string]struct {
	schema string
	check  func(*Profile, string) string
}{
	"x509Certificates.value": {coreUserURN, certificate},
}

// form tells what the text of an attribute must be, "" when it is.
func (p *Profile) form(a *schema.Attribute, text string) string {
	f, ok := forms[a.Path]
	if !ok || a.Schema == nil || a.Schema.ID != f.schema {
		return ""
	}
	return f.check(p, text)
}

// certificate checks that a value is one certificate (R7643-4.1.2-05): never
// several one after the other; where the profile wants DER, the outer structure
// of RFC 5280 §4.1 too. Signatures, dates and names are not looked at.
func certificate(p *Profile, text string) string {
	data, _ := decodeBase64(text)
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(data, &outer)
	if err == nil && outer.Tag == asn1.TagSequence && outer.IsCompound && len(rest) > 0 {
		return "one certificate, with nothing after it"
	}
	if p.Certificates != "der" {
		return ""
	}
	var parts struct {
		ToBeSigned, Algorithm asn1.RawValue
		Signature             asn1.BitString
	}
	rest, err = asn1.Unmarshal(data, &parts)
	if err != nil || len(rest) > 0 || parts.ToBeSigned.Tag != asn1.TagSequence || parts.Algorithm.Tag != asn1.TagSequence {
		return "a certificate in DER, as base64"
	}
	return ""
}
