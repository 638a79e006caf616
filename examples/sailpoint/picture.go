package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// picture is what a collector knows of a vault in the end.
type picture struct {
	// safes by name.
	safes map[string]*safe
	// grantees are the users and groups that have a permission, by id.
	grantees map[string]bool
	// truncated lists came short.
	truncated []string
}

// safe is who may do what in it, and what it holds.
type safe struct {
	// rights by the grantee's id, in the order of the answer.
	rights map[string]string
	// accounts by id.
	accounts map[string]bool
}

func newPicture() *picture {
	return &picture{safes: map[string]*safe{}, grantees: map[string]bool{}}
}

func (p *picture) safe(name string) *safe {
	s := p.safes[name]
	if s == nil {
		s = &safe{rights: map[string]string{}, accounts: map[string]bool{}}
		p.safes[name] = s
	}
	return s
}

// grant adds a permission. A second one for the same pair would make a collector
// overwrite the first.
func (p *picture) grant(name string, perm *permission) error {
	who, err := perm.grantee()
	if err != nil {
		return err
	}
	s := p.safe(name)
	if _, there := s.rights[who.Value]; there {
		return fmt.Errorf("%s has two permissions on %s", who.Value, name)
	}
	s.rights[who.Value] = strings.Join(perm.Rights, " ")
	p.grantees[who.Value] = true
	return nil
}

// cameShort notes that a list was not handed out whole.
func (p *picture) cameShort(collection string, got, short int) {
	if short > 0 {
		p.truncated = append(p.truncated, fmt.Sprintf("%s: %d of %d", collection, got, got+short))
	}
}

func (p *picture) print(w io.Writer, title string) {
	permissions, accounts := 0, 0
	for _, s := range p.safes {
		permissions += len(s.rights)
		accounts += len(s.accounts)
	}
	fmt.Fprintf(w, "%-20s %6d safes %7d permissions of %d grantees %7d accounts\n", title, len(p.safes), permissions, len(p.grantees), accounts)
	for _, t := range p.truncated {
		fmt.Fprintln(w, "  truncated:", t)
	}
}

// compare tells where two pictures differ.
func (p *picture) compare(other *picture) []string {
	var differences []string
	names := maps.Clone(p.safes)
	maps.Copy(names, other.safes)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := p.safes[name], other.safes[name]
		switch {
		case a == nil || b == nil:
			differences = append(differences, "safe "+name+" is in one picture only")
		case !maps.Equal(a.rights, b.rights):
			differences = append(differences, "rights in safe "+name)
		case !maps.Equal(a.accounts, b.accounts):
			differences = append(differences, "accounts of safe "+name)
		}
	}
	return differences
}
