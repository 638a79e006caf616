package scim

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/schema"
)

const (
	// BasePath ends the base URL that clients are given.
	BasePath = "/scim/v2"
	// TenantsSegment begins a path that names its tenant: /tenants/{tenant}/….
	TenantsSegment = "tenants"
)

// MaxName, maxTenantName and maxHostName bound names in bytes.
const (
	MaxName       = 128
	maxTenantName = 63
	maxHostName   = 253
)

const nameLetters = "abcdefghijklmnopqrstuvwxyz0123456789-"

// ValidTenantName reports whether text can be the name of a tenant, which is a
// segment of paths.
func ValidTenantName(text string) bool {
	return text != "" && len(text) <= maxTenantName && strings.Trim(text, nameLetters) == ""
}

// PrintableName reports whether text can name a token or a profile: names are
// shown in logs and lists.
func PrintableName(text string) bool {
	return len(text) <= MaxName && utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) })
}

// TenantName is a name that a client gave as tenants have it: in lower case.
// Letters other than A to Z stay, and make no valid name.
func TenantName(text string) string { return schema.FoldName(text) }

// HostName is the host of a request or a URL as tenants have it: in lower case,
// without port and final dot.
func HostName(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.Contains(host[i:], "]") {
		host = host[:i]
	}
	return strings.TrimSuffix(schema.FoldName(host), ".")
}

// ValidHostName reports whether text, in the form of HostName, can be a host of a
// tenant: a name or an IPv4 address.
func ValidHostName(text string) bool {
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, nameLetters+"_") != "" {
			return false
		}
	}
	return len(text) <= maxHostName
}
