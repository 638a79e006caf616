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
	// relations are the attributes that are read through links.
	relations []relationMap
	// ends are the columns with the seq of another resource.
	ends []endColumn
	// pair are those columns that together have a unique index; pairAttr is the
	// attribute to blame.
	pair     []string
	pairAttr string
	// aliases tells what names ids are made of beside the stored ones.
	aliases aliasing
	// order are the columns before seq in the default order.
	order []string
	// names says how the other side of a link calls a resource of this type;
	// the name for the zero end is the usual one. Types that nobody calls by a name
	// have none.
	names map[end]name
}

// endColumn is a relation that leads from each resource of a table to one other
// at most, of one of the target types. A required one never is null.
type endColumn struct {
	name     string
	relation store.Relation
	targets  []string
	required bool
	// named is the attribute that holds, in the document too, what the other side
	// is called.
	named string
}

// column is an attribute in a column of its own, as a comparison key cut to
// schema.MaxKey; booleans as 0 and 1.
type column struct {
	name, path string
	// unique columns have a unique index.
	unique bool
	// rest columns are of an attribute that is read through a relation, and count
	// where there is no link.
	rest bool
}

// allRelations are all relations there are.
var allRelations = []store.Relation{store.Member, store.Manager, store.Owner, store.Safe, store.Target, store.Grantee}

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
// links: value is the other side's id, displays what it is called, kind the name
// of its type. derived are the sub-attributes that exist only while the link
// does; those that are none of the three cannot be filtered by in SQL.
type relationMap struct {
	path string
	end  end
	// targets are the types at the other side. They have tables of their own.
	targets  []string
	value    string
	displays []string
	kind     string
	derived  []string
}

// Prefixes of the paths of extension attributes.
const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
	safe       = "urn:ietf:params:scim:schemas:cyberark:1.0:Safe:"
	safeMember = "urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember:"
	account    = "urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData:"
)

// maps by resource type name.
var maps = map[string]*tableMap{
	"User": {
		table: "user_r", aliases: ownName,
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
				displays: []string{"displayName"}, derived: []string{"$ref", "displayName"},
			},
			{
				path: "groups", end: end{relation: store.Member, reverse: true}, targets: []string{"Group"},
				value: "value", displays: []string{"display"}, derived: []string{"value", "$ref", "display", "type"},
			},
		},
		names: map[end]name{
			{}:                        {text: "label", key: "display_name", paths: []string{"displayName"}},
			{relation: store.Member}:  login,
			{relation: store.Owner}:   login,
			{relation: store.Grantee}: login,
		},
	},
	"Group": {
		table: "group_r", aliases: ownName,
		columns: []column{
			{name: "display_name", path: "displayName", unique: true},
			{name: "external_id", path: "externalId"},
		},
		relations: []relationMap{{
			path: "members", end: end{relation: store.Member}, targets: []string{"User", "Group"},
			value: "value", displays: []string{"display"}, kind: "type", derived: []string{"value", "$ref", "display", "type"},
		}},
		names: map[end]name{{}: {text: "label", key: "display_name", paths: []string{"displayName"}}},
	},
	"Container": {
		table: "container_r",
		columns: []column{
			{name: "name", path: "name", unique: true},
			{name: "display_name", path: "displayName"},
			{name: "external_id", path: "externalId"},
			{name: "description", path: "description"},
			{name: "kind", path: "type"},
			{name: "owner_value", path: "owner.value"},
			{name: "owner_display", path: "owner.display", rest: true},
		},
		rows: []string{safe + "NumberOfDaysRetention", safe + "ManagingCPM"},
		relations: []relationMap{
			{
				path: "owner", end: end{relation: store.Owner}, targets: []string{"User"},
				displays: []string{"display"}, derived: []string{"$ref", "display"},
			},
			{
				path: "privilegedData", end: end{relation: store.Safe, reverse: true}, targets: []string{"PrivilegedData"},
				value: "value", displays: []string{"display"}, derived: []string{"value", "$ref", "display", "type"},
			},
		},
		ends:  []endColumn{{name: "owner", relation: store.Owner, targets: []string{"User"}}},
		names: map[end]name{{}: {text: "label", key: "name", paths: []string{"name"}}},
	},
	"PrivilegedData": {
		table: "account_r",
		columns: []column{
			{name: "name", path: "name"},
			{name: "external_id", path: "externalId"},
			{name: "description", path: "description"},
			{name: "kind", path: "type"},
			{name: "safe_name", path: account + "safe"},
		},
		rows: []string{
			account + "properties", account + "remoteMachinesAccess.remoteMachines",
			account + "remoteMachinesAccess.accessRestrictedToRemoteMachines",
		},
		ends:  []endColumn{{name: "safe", relation: store.Safe, targets: []string{"Container"}, required: true, named: account + "safe"}},
		names: map[end]name{{}: {text: "label", key: "name", paths: []string{"name"}}},
	},
	"ContainerPermission": permissionMap("container_permission_r", "container", "Container",
		safeMember+"membershipExpirationDate", safeMember+"memberType"),
	"PrivilegedDataPermission": permissionMap("account_permission_r", "privilegedData", "PrivilegedData"),
}

// login is what a user is called where the login name tells best who it is.
var login = name{text: "login", key: "user_name", paths: []string{"userName"}}

// permissionMap is the map of permissions on the resources of a type, which the
// attribute path names; rows are more attributes in value rows.
func permissionMap(table, path, target string, rows ...string) *tableMap {
	to := func(path string, r store.Relation, target string, displays ...string) relationMap {
		return relationMap{
			path: path, end: end{relation: r}, targets: []string{target}, value: "value", displays: displays,
			derived: []string{"value", "$ref", "name", "display", "type"},
		}
	}
	return &tableMap{
		table: table,
		rows:  append([]string{"externalId", "rights"}, rows...),
		relations: []relationMap{
			to(path, store.Target, target, "name", "display"),
			to("user", store.Grantee, "User", "display"),
			to("group", store.Grantee, "Group", "display"),
		},
		ends: []endColumn{
			{name: "target", relation: store.Target, targets: []string{target}, required: true},
			{name: "grantee", relation: store.Grantee, targets: []string{"User", "Group"}, required: true},
		},
		pair: []string{"target", "grantee"}, pairAttr: path,
		order: []string{"target", "grantee"}, aliases: pairName,
	}
}

// genericMap serves the types that have no table map.
var genericMap = &tableMap{
	table: "resource_r", typed: true, allRows: true,
	names: map[end]name{{}: {text: "label", key: "label_key", paths: []string{"displayName", "name", "label"}}},
}

// tables are the tables of all resources, each with a map that tells its names.
// Rows of several are locked in this order.
var tables = []*tableMap{
	maps["User"], maps["Group"], maps["Container"], maps["PrivilegedData"], maps["ContainerPermission"], maps["PrivilegedDataPermission"],
	genericMap,
}

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

// display is the text of that name as an SQL expression, "" without one; o is
// the alias of the table.
func (m *tableMap) display(e end) string {
	if n := m.called(e); n.text != "" {
		return "COALESCE(o." + n.text + ", '')"
	}
	return "''"
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
