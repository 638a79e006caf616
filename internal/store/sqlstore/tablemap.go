package sqlstore

import "github.com/scimd/scimd/internal/store"

// tableMap says where the attributes of a resource type live, beside the
// document: in a column of the type's own table, in value rows, or in a
// relation. What is nowhere can still be filtered and sorted by, through
// Query.Match and Query.SortKey.
type tableMap struct {
	table string
	// typed tables hold several resource types and tell them by a type column.
	typed   bool
	columns []column
	// rows are the paths of attributes kept in value rows: a leaf, or a
	// multi-valued complex attribute with value, type and primary. With allRows
	// every attribute is kept so.
	rows    []string
	allRows bool
	// relations are the attributes that are read through edges.
	relations []relationMap
	// names says how the other side of an edge calls a resource of this type;
	// the name for the zero end is the usual one.
	names map[end]name
}

// column is an attribute in a column of its own, as a comparison key cut to
// schema.MaxKey; booleans as 0 and 1.
type column struct {
	name, path string
	// unique columns have a unique index.
	unique bool
}

// end is one side of a relation: the one that a link leads to.
type end struct {
	relation store.Relation
	reverse  bool
}

// name is a text column with what a resource is called, the column with its
// comparison key, and the attribute that the text comes from: the first of
// paths that has a value.
type name struct {
	text, key string
	paths     []string
}

// relationMap is a complex attribute whose sub-attributes are read through
// edges: value is the other side's id, display what it is called, kind the name
// of its type. derived are the sub-attributes that exist only while the edge
// does; those that are none of the three cannot be filtered by in SQL.
type relationMap struct {
	path string
	end  end
	// targets are the types at the other side. They have tables of their own.
	targets []string
	value   string
	display string
	kind    string
	derived []string
}

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"

// maps by resource type name.
var maps = map[string]*tableMap{
	"User": {
		table: "user_r",
		columns: []column{
			{name: "user_name", path: "userName", unique: true},
			{name: "external_id", path: "externalId"},
			{name: "display_name", path: "displayName"},
			{name: "family_name", path: "name.familyName"},
			{name: "given_name", path: "name.givenName"},
			{name: "title", path: "title"},
			{name: "user_type", path: "userType"},
			{name: "active", path: "active"},
		},
		rows: []string{
			"name.formatted", "preferredLanguage", "emails", "phoneNumbers", "roles",
			enterprise + "employeeNumber", enterprise + "costCenter", enterprise + "organization",
			enterprise + "division", enterprise + "department", enterprise + "manager.value",
		},
		relations: []relationMap{
			{
				path: enterprise + "manager", end: end{relation: store.Manager}, targets: []string{"User"},
				display: "displayName", derived: []string{"$ref", "displayName"},
			},
			{
				path: "groups", end: end{relation: store.Member, reverse: true}, targets: []string{"Group"},
				value: "value", display: "display", derived: []string{"value", "$ref", "display", "type"},
			},
		},
		names: map[end]name{
			{}:                       {text: "label", key: "display_name", paths: []string{"displayName"}},
			{relation: store.Member}: {text: "login", key: "user_name", paths: []string{"userName"}},
		},
	},
	"Group": {
		table: "group_r",
		columns: []column{
			{name: "display_name", path: "displayName", unique: true},
			{name: "external_id", path: "externalId"},
		},
		relations: []relationMap{{
			path: "members", end: end{relation: store.Member}, targets: []string{"User", "Group"},
			value: "value", display: "display", kind: "type", derived: []string{"value", "$ref", "display", "type"},
		}},
		names: map[end]name{{}: {text: "label", key: "display_name", paths: []string{"displayName"}}},
	},
}

// genericMap serves the types that have no table map.
var genericMap = &tableMap{
	table: "resource_r", typed: true, allRows: true,
	names: map[end]name{{}: {text: "label", key: "label_key", paths: []string{"displayName", "name", "label"}}},
}

// tables are the tables of all resources, each with a map that tells its names.
var tables = []*tableMap{maps["User"], maps["Group"], genericMap}

func mapOf(typeName string) *tableMap {
	if m := maps[typeName]; m != nil {
		return m
	}
	return genericMap
}

// called is how resources of the table are called at one end of a relation.
func (m *tableMap) called(e end) name {
	if n, ok := m.names[e]; ok {
		return n
	}
	return m.names[end{}]
}

// typeName is the name of the one resource type of a table that is not typed.
func (m *tableMap) typeName() string {
	for name, x := range maps {
		if x == m {
			return name
		}
	}
	return ""
}
