package seed

import (
	"bufio"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/resource"
)

// The forms of an export.
const (
	YAML = "yaml"
	JSON = "json"
)

// documentSize is about how long a YAML document of an export is: a reader holds
// one at a time.
const documentSize = 1 << 20

// Writer writes a seed, tenant by tenant, section by section, and holds none of it.
type Writer struct {
	out  *bufio.Writer
	json bool
	// head is what each document says of the tenant.
	head     *resource.Members
	tenants  int
	section  string
	items    int
	document int // bytes in the YAML document so far
	buf      []byte
	err      error
}

// NewWriter writes a seed in a form.
func NewWriter(w io.Writer, form string) *Writer {
	x := &Writer{out: bufio.NewWriterSize(w, 64<<10), json: form == JSON}
	if x.json {
		x.text(`{"version":1,"tenants":[`)
	} else {
		x.text("version: 1\ntenants:\n")
	}
	return x
}

func (x *Writer) text(s string) {
	if x.err == nil {
		_, x.err = x.out.WriteString(s)
	}
}

func (x *Writer) flush() error {
	if x.err == nil {
		_, x.err = x.out.Write(x.buf)
	}
	x.document += len(x.buf)
	x.buf = x.buf[:0]
	return x.err
}

// Tenant begins a tenant. identity is what each mention of it says, settings are what
// is said once.
func (x *Writer) Tenant(identity, settings *resource.Members) error {
	x.endSection()
	x.endTenant()
	x.head, x.section, x.items = identity, "", 0
	x.tenants++
	if x.json {
		if x.tenants > 1 {
			x.buf = append(x.buf, ',')
		}
		all := identity.Clone()
		for name, v := range settings.All() {
			all.Set(name, v)
		}
		object := resource.AppendJSON(nil, resource.Of(all))
		x.buf = append(append(x.buf, '\n'), object[:len(object)-1]...)
		return x.flush()
	}
	x.begin()
	x.buf = appendYAMLMembers(x.buf, settings, 4)
	return x.flush()
}

// begin says in YAML which tenant it is about.
func (x *Writer) begin() {
	at := len(x.buf)
	x.buf = appendYAMLMembers(x.buf, x.head, 4)
	copy(x.buf[at:], "  - ")
}

// Resource adds a resource to the section of its endpoint.
func (x *Writer) Resource(endpoint string, m *resource.Members) error {
	if x.section != endpoint || !x.json && x.document > documentSize {
		x.endSection()
		x.section = endpoint
		if x.json {
			x.buf = append(resource.AppendString(append(x.buf, ",\n"...), endpoint), ":["...)
		} else {
			if x.document > documentSize {
				x.document = 0
				x.buf = append(x.buf, "---\nversion: 1\ntenants:\n"...)
				x.begin()
			}
			x.buf = append(x.buf, "    "+endpoint+":\n"...)
		}
	}
	x.items++
	if x.json {
		if x.items > 1 {
			x.buf = append(x.buf, ',')
		}
		x.buf = resource.AppendJSON(append(x.buf, '\n'), resource.Of(m))
	} else {
		at := len(x.buf)
		x.buf = appendYAMLMembers(x.buf, m, 8)
		copy(x.buf[at:], "      - ")
	}
	return x.flush()
}

func (x *Writer) endSection() {
	if x.json && x.items > 0 {
		x.buf = append(x.buf, ']')
	}
	x.items = 0
}

func (x *Writer) endTenant() {
	if x.json && x.tenants > 0 {
		x.buf = append(x.buf, '}')
	}
}

// Close ends the seed.
func (x *Writer) Close() error {
	x.endSection()
	x.endTenant()
	if x.json {
		x.buf = append(x.buf, "\n]}\n"...)
	}
	if err := x.flush(); err != nil {
		return err
	}
	return x.out.Flush()
}

// appendYAMLMembers writes the members of an object, one line or more each.
func appendYAMLMembers(dst []byte, m *resource.Members, indent int) []byte {
	for name, v := range m.All() {
		dst = append(dst, strings.Repeat(" ", indent)...)
		dst = append(appendYAMLText(dst, name), ':')
		dst = appendYAMLValue(dst, v, indent)
	}
	return dst
}

// appendYAMLValue writes a value after a colon, and ends the line.
func appendYAMLValue(dst []byte, v resource.Value, indent int) []byte {
	switch v.Kind() {
	case resource.Object:
		if v.Members().Len() == 0 {
			return append(dst, " {}\n"...)
		}
		return appendYAMLMembers(append(dst, '\n'), v.Members(), indent+2)
	case resource.Array:
		return appendYAMLList(dst, v, indent)
	}
	return append(appendYAMLScalar(append(dst, ' '), v), '\n')
}

func appendYAMLList(dst []byte, v resource.Value, indent int) []byte {
	if len(v.Items()) == 0 {
		return append(dst, " []\n"...)
	}
	if !slices.ContainsFunc(v.Items(), func(x resource.Value) bool { return x.Kind() == resource.Array || x.Kind() == resource.Object }) {
		dst = append(dst, " ["...)
		for i, x := range v.Items() {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendYAMLScalar(dst, x)
		}
		return append(dst, "]\n"...)
	}
	dst = append(dst, '\n')
	for _, x := range v.Items() {
		if x.Kind() == resource.Object && small(x) {
			dst = append(dst, strings.Repeat(" ", indent+2)+"- {"...)
			first := true
			for name, y := range x.Members().All() {
				if !first {
					dst = append(dst, ", "...)
				}
				first = false
				dst = appendYAMLScalar(append(appendYAMLText(dst, name), ": "...), y)
			}
			dst = append(dst, "}\n"...)
			continue
		}
		at := len(dst)
		if x.Kind() == resource.Object {
			dst = appendYAMLMembers(dst, x.Members(), indent+4)
		} else {
			dst = append(dst, strings.Repeat(" ", indent+3)...)
			dst = appendYAMLValue(dst, x, indent+4)
		}
		copy(dst[at:], strings.Repeat(" ", indent+2)+"- ")
	}
	return dst
}

// small tells that an object fits on a line.
func small(v resource.Value) bool {
	if v.Members().Len() == 0 || v.Members().Len() > 3 {
		return false
	}
	size := 0
	for name, x := range v.Members().All() {
		if x.Kind() == resource.Array || x.Kind() == resource.Object {
			return false
		}
		size += len(name) + len(x.Str()) + len(x.Literal())
	}
	return size < 100
}

func appendYAMLScalar(dst []byte, v resource.Value) []byte {
	if v.Kind() == resource.String {
		return appendYAMLText(dst, v.Str())
	}
	return resource.AppendJSON(dst, v)
}

// plain are texts that mean themselves without quotes, in flow and block alike, and
// words are those among them that mean something else.
var (
	plain = regexp.MustCompile(`^[A-Za-z$][A-Za-z0-9_$]*([ .@+/:-]?[A-Za-z0-9_$]+)*$`)
	words = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
)

func appendYAMLText(dst []byte, s string) []byte {
	if len(s) < 200 && plain.MatchString(s) && !slices.Contains(words, strings.ToLower(s)) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			dst = append(dst, `\uFFFD`...)
		case r < ' ' || r > '~' && (!unicode.IsPrint(r) || r > 0xffff):
			dst = append(dst, `\U`...)
			hex := strconv.FormatInt(int64(r), 16)
			dst = append(dst, strings.Repeat("0", 8-len(hex))+hex...)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
