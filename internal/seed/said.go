package seed

import (
	"errors"
	"strconv"
	"strings"
)

// said is a mention of a setting.
type said struct {
	file  int
	key   Position
	value *Node
}

// MistakeAt is a mistake in a setting of a tenant, or in a part of it: "profile",
// "limits.rate", "tokens[2].rights", where elements are counted over all mentions.
func (s *Seed) MistakeAt(t *Tenant, path, text string) error {
	m := &Mistakes{}
	file, at := t.place(path)
	m.add(Mistake{File: s.files[file], Line: at.Line, Column: at.Column, Text: text})
	return m
}

// CheckKey refuses a key that is not the one of the seed's secrets, and none where
// they have one; once, not for each of them.
func (s *Seed) CheckKey(key *SealingKey) error {
	for _, t := range s.Tenants {
		switch {
		case t.Sealed == "":
		case key == nil:
			return s.MistakeAt(t, "sealed", "The secrets are sealed; give the key that they were exported with (--key-file).")
		case t.Sealed != key.ID:
			return s.MistakeAt(t, "sealed", "The secrets are sealed with another key than the one that is given.")
		}
	}
	return nil
}

// place is where a setting stands, or as much of a part of it as there is.
func (t *Tenant) place(path string) (file int, at Position) {
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	name, part := path[:end], path[end:]
	mentions := t.said[name]
	if len(mentions) == 0 {
		return 0, Position{}
	}
	for _, x := range mentions {
		switch {
		case strings.HasPrefix(part, "."):
			if i, _ := x.value.longest(part[1:]); i >= 0 {
				return x.file, x.value.at(part)
			}
		case strings.HasPrefix(part, "["):
			number, rest, _ := strings.Cut(part[1:], "]")
			if i, _ := strconv.Atoi(number); i < len(x.value.Items) {
				return x.file, x.value.at(part)
			} else {
				part = "[" + strconv.Itoa(i-len(x.value.Items)) + "]" + rest
			}
		}
	}
	last := mentions[len(mentions)-1]
	return last.file, last.key
}

// Also puts the mistakes of an error together with those that were found before; any
// other error comes first. Nil stands for none.
func Also(before, more error) error {
	var have, found *Mistakes
	switch {
	case before == nil || more == nil:
		if before == nil {
			return more
		}
		return before
	case !errors.As(before, &have):
		return before
	case !errors.As(more, &found):
		return more
	}
	both := &Mistakes{More: have.More || found.More}
	for _, x := range append(have.List[:len(have.List):len(have.List)], found.List...) {
		both.add(x)
	}
	return both.err()
}
