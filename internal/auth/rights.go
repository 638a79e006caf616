// Package auth tells who a request is from and what it may do: opaque bearer
// tokens (RFC 6750), access tokens that it issues to applications (RFC 6749 §4.4,
// RFC 7519), the principals they stand for, and the rights they carry.
package auth

import (
	"fmt"
	"strings"

	"github.com/scimd/scimd/internal/scimerr"
)

// Rights is a set of pairs of a family of resource types and read or write.
// Writing does not include reading.
type Rights uint8

// The single rights.
const (
	UsersRead Rights = 1 << iota
	UsersWrite
	GroupsRead
	GroupsWrite
	VaultRead
	VaultWrite
)

// The sets that have a name of their own.
const (
	Read  = UsersRead | GroupsRead | VaultRead
	Write = UsersWrite | GroupsWrite | VaultWrite
	All   = Read | Write
)

type rightName struct {
	name   string
	rights Rights
}

var setNames = []rightName{{"all", All}, {"read", Read}, {"write", Write}}

var singleNames = []rightName{
	{"users:read", UsersRead},
	{"users:write", UsersWrite},
	{"groups:read", GroupsRead},
	{"groups:write", GroupsWrite},
	{"vault:read", VaultRead},
	{"vault:write", VaultWrite},
}

// ParseRights reads rights separated by commas or blanks, in any letter case:
// "read", "users:read,users:write". At least one is needed.
func ParseRights(text string) (Rights, error) {
	var r Rights
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
	for _, word := range words {
		one, ok := named(word)
		if !ok {
			return 0, fmt.Errorf("%q is not a right: use read, write, all, or users, groups, vault followed by :read or :write", word)
		}
		r |= one
	}
	if r == 0 {
		return 0, fmt.Errorf("no right is named")
	}
	return r, nil
}

// noRights is the word for an empty set.
const noRights = "none"

// ParsePersonRights is ParseRights where none are fine too: no text, or "none".
func ParsePersonRights(text string) (Rights, error) {
	if text == "" || strings.EqualFold(text, noRights) {
		return 0, nil
	}
	return ParseRights(text)
}

func named(word string) (Rights, bool) {
	for _, names := range [][]rightName{setNames, singleNames} {
		for _, n := range names {
			if strings.EqualFold(n.name, word) {
				return n.rights, true
			}
		}
	}
	return 0, false
}

// String is the canonical text: the name of the whole set if it has one, else
// its single rights joined by commas, "none" without any. ParsePersonRights reads it
// back.
func (r Rights) String() string {
	if r == 0 {
		return noRights
	}
	for _, n := range setNames {
		if n.rights == r {
			return n.name
		}
	}
	var names []string
	for _, n := range singleNames {
		if r&n.rights != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ",")
}

// Allows reports whether r holds reading, or writing, of a family (see
// schema.ResourceType.Family).
func (r Rights) Allows(family string, write bool) bool {
	need, ok := named(single(family, write))
	return ok && r&need == need
}

// Require is nil if r allows the access, else 403 naming the missing right
// (RFC 6750 §3.1, insufficient_scope).
func (r Rights) Require(family string, write bool) error {
	if r.Allows(family, write) {
		return nil
	}
	need := single(family, write)
	e := scimerr.Forbidden("The token lacks the right %s.", need)
	e.Challenge = challenge("insufficient_scope", e.Detail) + fmt.Sprintf(`, scope="%s"`, need)
	return e
}

func single(family string, write bool) string {
	if write {
		return family + ":write"
	}
	return family + ":read"
}
