package app

import (
	"fmt"
	"io"
	"strings"
)

// tokenVariable is what the curl line reads the token from when the server
// does not know it in clear, or must not print it.
const tokenVariable = "$SCIMD_TOKEN"

// banner is what a person sees when the server is ready.
type banner struct {
	version, profile string
	baseURL          string // what to tell clients
	local            string // what reaches the server from this machine
	tenant, database string
	token            string // only when it was made just now
	known            bool   // the operator gave the token
	dataDir          string // only when it is not the default
	control          controlPlaces
	caFile           string // only when the server made its authority
}

// write prints the banner. Exactly one line begins with curl, and works when
// pasted into a shell.
func (b *banner) write(w io.Writer) error {
	rows := [][2]string{{"base URL", b.baseURL}}
	if b.local != b.baseURL {
		rows = append(rows, [2]string{"local URL", b.local})
	}
	if b.caFile != "" {
		rows = append(rows, [2]string{"CA file", b.caFile + "  (for clients to trust)"})
	}
	rows = append(rows, [2]string{"tenant", b.tenant}, [2]string{"database", b.database})
	shown := tokenVariable
	switch {
	case b.token != "":
		rows = append(rows, [2]string{"token", b.token + "  (shown this once; all rights)"})
		shown = b.token
	case b.known:
		rows = append(rows, [2]string{"token", "the one given"})
	default:
		rows = append(rows, [2]string{"new token", b.command()})
	}
	if b.control.socket != "" {
		rows = append(rows, [2]string{"control", b.control.socket + "  (name it with --control-socket)"})
	}
	if b.control.url != "" {
		rows = append(rows, [2]string{"control", b.control.url + b.controlNotes()})
	}
	var s strings.Builder
	fmt.Fprintf(&s, "scimd %s: SCIM 2.0 as profile %s\n\n", b.version, b.profile)
	for _, r := range rows {
		fmt.Fprintf(&s, "  %-10s %s\n", r[0], r[1])
	}
	trust := ""
	if b.caFile != "" {
		trust = "--cacert " + quote(b.caFile) + " "
	}
	fmt.Fprintf(&s, "\ncurl -sS %s-H \"Authorization: Bearer %s\" \"%s/Users?count=1\"\n", trust, shown, b.local)
	_, err := io.WriteString(w, s.String())
	return err
}

// controlNotes tell what a person cannot guess of the control API.
func (b *banner) controlNotes() string {
	var notes []string
	if b.control.moved {
		notes = append(notes, Defaults().ControlAddr+" is taken")
	}
	if b.control.tokenFile != "" {
		notes = append(notes, "token in "+b.control.tokenFile)
	}
	if len(notes) == 0 {
		return ""
	}
	return "  (" + strings.Join(notes, "; ") + ")"
}

// command makes another token.
func (b *banner) command() string {
	c := "scimd token create --name NAME"
	if b.dataDir != "" {
		c += " --data-dir " + quote(b.dataDir)
	}
	if b.control.socket != "" {
		c += " --control-socket " + quote(b.control.socket)
	}
	return c
}

// quote makes a path one word of a shell.
func quote(s string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(`/._-:\`, c)
	}
	if strings.IndexFunc(s, func(c rune) bool { return !plain(c) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
