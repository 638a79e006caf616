package resource

import "bytes"

// Scanner walks the members of one object or the elements of one array as byte
// ranges of canonical JSON:
//
//	for s := Scan(raw); s.Next(); {
//		use(s.Name(), s.Value())
//	}
//
// It trusts its input. On anything but canonical JSON it ends early; it never
// panics and always ends.
type Scanner struct {
	raw    []byte
	object bool
	next   int // where the next member or element begins
	name   int // where the current member begins, at its quote
	colon  int // where the current member's name has ended
	value  int // where the current value begins
	end    int // where the current value has ended
}

// Scan begins a walk over raw. A value that is neither an object nor an array
// has nothing to walk over.
func Scan(raw []byte) Scanner {
	if len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return Scanner{}
	}
	return Scanner{raw: raw, object: raw[0] == '{', next: 1}
}

// Next steps to the next member or element; it reports whether there is one.
func (s *Scanner) Next() bool {
	if s.next <= 0 {
		return false
	}
	at := s.next
	s.next = 0
	s.name, s.colon, s.value = at, at, at
	if s.object {
		if at >= len(s.raw) || s.raw[at] != '"' {
			return false
		}
		s.colon = stringEnd(s.raw, at)
		if s.colon < 0 || s.colon >= len(s.raw) || s.raw[s.colon] != ':' {
			return false
		}
		s.value = s.colon + 1
	}
	if s.end = valueEnd(s.raw, s.value); s.end < 0 {
		return false
	}
	if s.end < len(s.raw) && s.raw[s.end] == ',' {
		s.next = s.end + 1
	}
	return true
}

// Name is the current member's name, empty in an array.
func (s *Scanner) Name() []byte {
	if !s.object {
		return nil
	}
	quoted := s.raw[s.name:s.colon]
	if bytes.IndexByte(quoted, '\\') >= 0 {
		name, _ := Unquote(quoted)
		return []byte(name)
	}
	return quoted[1 : len(quoted)-1]
}

// Value is the current value as canonical JSON, a part of the scanned bytes.
func (s *Scanner) Value() []byte { return s.raw[s.value:s.end] }

// member is the current member, name and value.
func (s *Scanner) member() []byte { return s.raw[s.name:s.end] }

// prefix is the current member's name with its colon.
func (s *Scanner) prefix() []byte { return s.raw[s.name:s.value] }

// Get finds the value at a path of member names, spelled exactly, in canonical
// JSON; without names it is doc itself. It does not look into arrays.
func Get(doc []byte, path ...string) (raw []byte, ok bool) {
	from, to, ok := find(doc, path)
	if !ok {
		return nil, false
	}
	return doc[from:to], true
}

// find is Get by offsets.
func find(doc []byte, path []string) (from, to int, ok bool) {
	to = len(doc)
	for _, name := range path {
		s := Scan(doc[from:to])
		found := false
		for s.object && !found && s.Next() {
			found = string(s.Name()) == name
		}
		if !found {
			return 0, 0, false
		}
		from, to = from+s.value, from+s.end
	}
	return from, to, true
}

// Unquote reads a JSON string; ok is false when raw is none.
func Unquote(raw []byte) (text string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	p := parser{text: string(raw)}
	text, err := p.str()
	return text, err == nil && p.pos == len(raw)
}

// valueEnd is the offset behind the value that begins at i, or -1.
func valueEnd(raw []byte, i int) int {
	if i >= len(raw) {
		return -1
	}
	switch raw[i] {
	case '"':
		return stringEnd(raw, i)
	case '{', '[':
		return bracketEnd(raw, i)
	}
	start := i
	for i < len(raw) && raw[i] != ',' && raw[i] != '}' && raw[i] != ']' {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

// bracketEnd is the offset behind the array or object that begins at i, or -1.
// It counts instead of descending, so that depth costs nothing.
func bracketEnd(raw []byte, i int) int {
	for depth := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			if i = stringEnd(raw, i) - 1; i < 0 {
				return -1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// stringEnd is the offset behind the string that begins at i, or -1. It jumps
// from quote to quote; one after an odd number of backslashes is escaped.
func stringEnd(raw []byte, i int) int {
	for start := i + 1; ; {
		step := bytes.IndexByte(raw[i+1:], '"')
		if step < 0 {
			return -1
		}
		i += 1 + step
		text := i
		for text > start && raw[text-1] == '\\' {
			text--
		}
		if (i-text)%2 == 0 {
			return i + 1
		}
	}
}
