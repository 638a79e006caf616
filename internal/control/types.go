package control

import (
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// dateTime is the format of a time (RFC 3339 §5.6).
const dateTime = "date-time"

var (
	refusalType = reflect.TypeFor[refusal]()
	timeType    = reflect.TypeFor[time.Time]()
	jsonType    = reflect.TypeFor[json.Marshaler]()
	textType    = reflect.TypeFor[encoding.TextMarshaler]()
)

// types makes JSON Schemas of Go types, as encoding/json writes their values. Named
// structs stand in named, and are referred to. A struct tag doc describes a member,
// enum lists its values with commas between.
type types struct {
	named object
	names map[reflect.Type]string
}

func newTypes() *types { return &types{object{}, map[reflect.Type]string{}} }

func (s *types) of(t reflect.Type) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return s.of(t.Elem())
	case t == timeType:
		return object{"type": "string", "format": dateTime}
	case t.Implements(jsonType):
		return object{} // any value
	case t.Implements(textType):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		if t.Name() == "" {
			return s.members(t)
		}
		return ref("schemas", s.name(t))
	}
	return object{} // any value
}

// name puts a struct into named, at its first mention, by its name in typeNames or
// its own. Of two of one name the later has its package before it.
func (s *types) name(t reflect.Type) string {
	if name, ok := s.names[t]; ok {
		return name
	}
	name := cmp.Or(typeNames[t.String()], strings.ToUpper(t.Name()[:1])+t.Name()[1:])
	if _, taken := s.named[name]; taken {
		pkg := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	s.names[t] = name
	s.named[name] = object{} // it may lead to itself
	s.named[name] = s.members(t)
	return name
}

func (s *types) members(t reflect.Type) object {
	members, required := object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" || !f.IsExported() || name == "-" || s.hidden(t, f) {
			continue
		}
		if name == "" {
			name = f.Name
		}
		schema := s.of(f.Type)
		if about := cmp.Or(f.Tag.Get("doc"), memberAbouts[t.String()][name]); about != "" {
			schema["description"] = about
		}
		if enum := f.Tag.Get("enum"); enum != "" {
			schema["enum"] = strings.Split(enum, ",")
		}
		members[name] = schema
		if !strings.Contains(options, "omit") && f.Type.Kind() != reflect.Pointer {
			required = append(required, name)
		}
	}
	out := object{"type": "object", "properties": members}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// requiredMembers are those that the JSON of a struct must have.
func requiredMembers(t reflect.Type) []string {
	names, _ := newTypes().members(t)["required"].([]string)
	return names
}

// hidden tells whether a field is one of an embedded struct that has a name of its
// own in JSON, and so is not a member here.
func (s *types) hidden(t reflect.Type, f reflect.StructField) bool {
	for i := 1; i < len(f.Index); i++ {
		if parent := t.FieldByIndex(f.Index[:i]); parent.Tag.Get("json") != "" {
			return true
		}
	}
	return false
}
