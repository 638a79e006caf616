package audit

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// severities are those of CEF, 0 to 10, by category.
var severities = map[string]int{
	CategoryChange: 3, store.AuditSignIn: 3, store.AuditRefusal: 6, store.AuditManagement: 5, store.AuditRead: 1, store.AuditLost: 8,
}

// CEF is the record as a line of the ArcSight Common Event Format, version 0
// (Implementation Standard, revision 25), without its end. version is that of
// scimd.
func (r *Record) CEF(version string) string {
	severity := severities[r.Category]
	if r.Outcome != Success {
		severity = max(severity, severities[store.AuditRefusal])
	}
	var s strings.Builder
	s.WriteString("CEF:0")
	for _, field := range []string{"scimd", "scimd", version, r.Category + ":" + r.Action, strings.TrimSpace(r.Category + " " + r.Action + " " + r.Resource.Type), strconv.Itoa(severity)} {
		s.WriteString("|" + headerEscape.Replace(field))
	}
	s.WriteString("|rt=" + strconv.FormatInt(r.Time.UnixMilli(), 10))
	add := func(key, value string) {
		if value != "" {
			s.WriteString(" " + key + "=" + valueEscape.Replace(value))
		}
	}
	labelled := func(key, label, value string) {
		if value != "" {
			add(key+"Label", label)
			add(key, value)
		}
	}
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	add("act", r.Action)
	add("outcome", r.Outcome)
	add("reason", r.Code)
	add("suid", r.Actor.ID)
	add("suser", r.Actor.Display)
	if addr, err := netip.ParseAddr(r.Address); err == nil && addr.Is6() {
		labelled("c6a2", "Source IPv6 Address", r.Address)
	} else {
		add("src", r.Address)
	}
	add("externalId", r.RequestID)
	labelled("cs1", "tenant", r.Tenant)
	labelled("cs2", "credential", r.Credential)
	labelled("cs3", "resourceType", r.Resource.Type)
	labelled("cs4", "resourceId", r.Resource.ID)
	labelled("cs5", "attributes", strings.Join(r.Attributes, ","))
	labelled("cs6", "actorKind", r.Actor.Kind)
	labelled("cn1", "status", number(int64(r.Status)))
	labelled("cn2", "version", number(r.Resource.Version))
	add("cnt", number(r.Count))
	return s.String()
}

// In the header a pipe and a backslash are escaped, and lines end nowhere; in a
// value an equals sign and a backslash are, and ends of lines are written out.
var (
	headerEscape = strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\r", " ", "\n", " ")
	valueEscape  = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\r", `\r`, "\n", `\n`)
)
