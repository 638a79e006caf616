package journal

import (
	"regexp"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/schema"
)

// names tell what is secret by what it is called, and which words are nobody's.
type names struct {
	// never are the attributes that no answer has, folded.
	never map[string]bool
	// attributes are the names that schemas and messages have, folded: their values
	// are what the schema says. plain are those and words of filters and paths.
	attributes, plain map[string]bool
	// types are the names of the resource types.
	types []string
	// schemas are URNs, folded.
	schemas map[string]bool
	// judged remembers which names are secret: of a few hundred, each comes in many
	// requests. One goroutine asks.
	judged map[string]bool
	// plainValues remembers values of headers that nothing has to be left out of.
	plainValues map[string]bool
}

// Names that are remembered are short, and not too many.
const maxJudged, longestJudged = 4096, 80

// Words that stand in requests and are no values.
var (
	messageNames = strings.Fields(`operations op path value schemas filter sortby sortorder startindex count attributes excludedattributes
		detail status scimtype totalresults itemsperpage resources bulkid method data failonerrors $ref error error_description scope`)
	filterWords = strings.Fields(`eq ne co sw ew gt ge lt le pr and or not`)
	// secretNames are names of secrets that may be shown as names.
	secretNames = strings.Fields(`password newpassword secret secrets client_secret clientsecret passphrase pwd token access_token refresh_token
		id_token assertion credential authorization apikey api_key ssh_private_key sshkey`)
	pathWords = strings.Fields(`scim v1 v2 tenants cyberark oauth2 token platformtoken authorize userinfo introspect revoke keys .well-known
		openid-configuration serviceproviderconfig resourcetypes schemas bulk me .search healthz readyz`)
)

func newNames(reg *schema.Registry) *names {
	n := &names{never: map[string]bool{}, attributes: map[string]bool{}, plain: map[string]bool{}, schemas: map[string]bool{}, judged: map[string]bool{}, plainValues: map[string]bool{}}
	for _, s := range append([]*schema.Schema{reg.Common}, reg.Schemas...) {
		n.schemas[schema.FoldName(s.ID)] = true
		for _, part := range words(s.ID) {
			n.plain[schema.FoldName(part)] = true
		}
		for _, a := range s.Attributes {
			n.add(a)
		}
	}
	for _, rt := range reg.Types {
		n.types = append(n.types, rt.Name)
		n.plain[schema.FoldName(rt.Name)], n.plain[schema.FoldName(strings.Trim(rt.Endpoint, "/"))] = true, true
	}
	for _, list := range [][]string{messageNames, filterWords, secretNames, pathWords} {
		for _, word := range list {
			n.plain[word] = true
		}
	}
	for _, word := range messageNames {
		n.attributes[word] = true
	}
	for word := range n.attributes {
		n.plain[word] = true
	}
	return n
}

func (n *names) add(a *schema.Attribute) {
	name := schema.FoldName(a.Name)
	n.attributes[name] = true
	if a.Mutability == schema.WriteOnly || a.Returned == schema.ReturnedNever {
		n.never[name] = true
	}
	for _, sub := range a.Sub {
		n.add(sub)
	}
}

// Names of credentials contain one of credentialWords or are one of
// credentialNames; letters only, folded.
var (
	credentialWords = []string{"token", "assertion", "credential", "authorization", "cookie", "codeverifier"}
	credentialNames = map[string]bool{"pin": true, "otp": true, "jwt": true, "samlresponse": true, "signature": true}
	// harmless are what names of credentials end in that are none.
	harmless = []string{"type", "hint", "endpoint", "supported", "uri", "url", "expires", "expiresin", "expiresat", "lifetime", "name"}
)

// secret tells that what has this name is a secret: by itself, or as the end of a
// path of names with dots, or after a URN.
func (n *names) secret(name string) bool {
	is, known := n.judged[name]
	if !known {
		is = n.judge(name)
		if len(name) <= longestJudged && len(n.judged) < maxJudged {
			n.judged[strings.Clone(name)] = is
		}
	}
	return is
}

func (n *names) judge(name string) bool {
	text := decoded(name)
	var letters strings.Builder
	for _, c := range schema.Fold(text) {
		if c >= 'a' && c <= 'z' {
			letters.WriteRune(c)
		}
	}
	whole := letters.String()
	if whole == "changepassword" || whole == "granttype" { // of ServiceProviderConfig, and of forms
		return false
	}
	if schema.SecretName(text) || credentialNames[whole] {
		return true
	}
	for _, word := range words(text) {
		if n.never[schema.Fold(word)] {
			return true
		}
	}
	for _, end := range harmless {
		if strings.HasSuffix(whole, end) {
			return false
		}
	}
	for _, word := range credentialWords {
		if strings.Contains(whole, word) {
			return true
		}
	}
	return false
}

// carrier is the attribute of accounts whose elements are secrets or not, as their key
// says (cyberark-scim section 12).
const carrier = "properties"

// carries tells that a name is that of the carrier, perhaps after a URN.
func carries(name string) bool {
	list := words(decoded(name))
	return len(list) > 0 && schema.Fold(list[len(list)-1]) == carrier
}

// keyedBy is a comparison that says by which key, in a path or a filter in lower case.
var keyedBy = regexp.MustCompile(`\bkey\s+eq\s+(?:"([^"]*)"|'([^']*)')`)

// ambiguous tells that a path or a filter is about what the carrier has, and does not
// say by which key, or says what is no name of one.
func ambiguous(text string) bool {
	text = schema.Fold(decoded(text))
	if !slices.Contains(words(text), carrier) {
		return false
	}
	found := keyedBy.FindAllStringSubmatch(text, -1)
	for _, m := range found {
		if key := m[1] + m[2]; !schema.ValidName(key) || random(key) {
			return true
		}
	}
	return len(found) == 0
}

// mentions tells that a text has the name of a secret among its words.
func (n *names) mentions(text string) bool {
	for _, word := range words(decoded(text)) {
		if n.secret(word) {
			return true
		}
	}
	return false
}
