package resource

// AppendJSON appends v as canonical JSON: no space, members in their order,
// number literals as they are, strings as AppendString writes them.
func AppendJSON(dst []byte, v Value) []byte {
	switch v.kind {
	case Bool:
		if v.b {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case Number:
		return append(dst, v.text...)
	case String:
		return AppendString(dst, v.text)
	case Array:
		dst = append(dst, '[')
		for i := range v.list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSON(dst, v.list[i])
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, m := range v.obj.list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendMember(dst, m)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

func appendMember(dst []byte, m Member) []byte {
	dst = AppendString(dst, m.Name)
	dst = append(dst, ':')
	return AppendJSON(dst, m.Value)
}

// AppendString appends s, which must be UTF-8, as a JSON string. Only what must
// be escaped is: the quote, the backslash and control characters; so the bytes
// of a name without them can be compared as they stand.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = appendText(dst, s)
	return append(dst, '"')
}

// appendText appends what stands between the quotes of a JSON string.
func appendText(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, s[start:]...)
}
