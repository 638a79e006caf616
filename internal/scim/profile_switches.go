package scim

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Confidence tells how the tenant's behaviour behind a switch is known.
type Confidence string

// The confidences, the surest first. A Choice is not about the tenant: the
// references leave the matter open, or a client needs it so.
const (
	Recorded   Confidence = "recorded"
	Documented Confidence = "documented"
	ClientCode Confidence = "client code"
	Inferred   Confidence = "inferred"
	Choice     Confidence = "choice"
)

// Switch describes one switch of a Profile.
type Switch struct {
	// Name is the JSON name of the field of Profile.
	Name string
	// Values are the allowed texts; nil for truths, numbers and free text.
	Values []string
	// Meaning is one line: what the switch decides.
	Meaning    string
	Confidence Confidence
	// Source names the clause of the RFCs or of the project's notes on the
	// tenant ("tenant") and on identity providers ("clients").
	Source string
}

// switches has one row per field of Profile, in the order of the fields.
var switches = []Switch{
	{"discovery", []string{"2024", "2021", "complete"}, "What /Schemas, /ResourceTypes and /ServiceProviderConfig say: the tenant of 2024, its documentation of 2021, or everything the server does.", Recorded, "tenant 5"},
	{"anonymousDiscovery", nil, "The discovery endpoints answer without a token.", Documented, "tenant 5; RFC 7643 §5"},
	{"advertiseSort", nil, "ServiceProviderConfig says that sorting is supported; sorting works either way.", Recorded, "tenant 5.1, 19.4"},
	{"linkPrefix", []string{"Scim", "scim"}, "First path segment of meta.location and $ref.", Recorded, "tenant 3, 19.2"},

	{"requireSchemas", nil, "A request body must name its schemas, the base URN among them.", Choice, "tenant 8.5, 10.3; RFC 7643 §3"},
	{"foreignSchemas", []string{"ignore", "reject"}, "What happens to a URN in schemas that the resource type does not have.", ClientCode, "tenant 10.3; clients Q-21"},
	{"unknownAttributes", []string{"ignore", "keep", "reject"}, "What happens to attributes that no schema of the type defines.", Choice, "clients rule 13"},
	{"bareExtensionNames", nil, "An attribute of an extension may be named without its URN (department, manager).", Choice, "clients rule 13"},
	{"dottedKeys", nil, "A PATCH value without path may have keys such as name.givenName.", Recorded, "tenant 6.6"},
	{"urnKeys", nil, "An attribute of an extension may be a member named by URN and attribute.", Choice, "tenant 6.6; clients rule 15"},
	{"dotAfterUrn", nil, "A path may have a dot between URN and attribute.", ClientCode, "tenant 6.6, 18.14"},
	{"textBooleans", nil, "The texts true and false, in any letter case, stand for booleans.", Choice, "tenant 6.6; clients rules 15, 16"},
	{"textAsValue", []string{"none", "single", "all"}, "Text stands for a complex value with that text as its value: nowhere, for single-valued attributes, for all.", Choice, "clients rule 17"},
	{"objectAsList", nil, "One object stands for a list of one.", Choice, "tenant 6.6"},
	{"listAsObject", nil, "A list of one stands for its object (manager).", ClientCode, "tenant 8.2; clients rule 17"},

	{"singleQuotes", nil, "Text in filters may stand in single quotes.", Documented, "tenant 6.3"},
	{"bareLiterals", nil, "Text in filters may stand without quotes.", ClientCode, "clients 15"},
	{"pathAfterFilter", nil, "Filters may go on after brackets, as in `emails[type eq \"work\"].value eq \"x\"`.", Choice, "R7644-3.4.2.2-24"},
	{"unknownSortBy", []string{"ignore", "reject"}, "What happens to a sortBy that names no attribute.", Choice, "tenant 6.4"},
	{"maxResults", nil, "The largest page, advertised as filter.maxResults.", Recorded, "tenant 5.1, 6.2"},
	{"defaultCount", nil, "The size of a page when the request has no count.", Inferred, "tenant 6.2"},

	{"selectorCreates", nil, "PATCH replace through an eq selector that matches nothing makes the value; otherwise it is noTarget.", Choice, "clients rule 16"},
	{"patchAnswer", []string{"resource", "none"}, "A PATCH answers 200 with the resource, or 204.", Recorded, "tenant 6.6"},
	{"patchAnswerMembers", nil, "A PATCH of a group with more members answers 204, unless the request names attributes to return or to leave out.", Choice, "R7644-3.5.2-13; clients rule 20"},
	{"unknownMember", []string{"notFound", "invalidValue"}, "A member that is no user or group is answered 404, or 400 invalidValue.", Recorded, "tenant 7, 9.4; R7643-2.3.7-03"},
	{"groupCycles", []string{"refuse", "tolerate"}, "What happens when a group would come to be in itself over other groups.", Choice, "tenant 9.4; R7643-4.2-06"},
	{"indirectGroups", nil, "The groups of a user hold those that it is in over other groups.", Inferred, "tenant 8.4; R7643-4.1.2-08"},
	{"groupTypes", nil, "Each of a user's groups says whether it is direct or indirect.", Recorded, "tenant 8.4; R7643-4.1.2-06"},
	{"putKeepsOmitted", nil, "A PUT of a user keeps displayName and active when it leaves them out.", Inferred, "tenant 6.7, 19.25"},
	{"immutableInPut", []string{"reject", "ignore"}, "What happens to another value of an immutable attribute in a PUT.", Choice, "tenant 6.7; RFC 7644 §3.5.1"},
	{"severalPrimaries", []string{"keepFirst", "reject"}, "What happens to a second primary value.", Choice, "R7643-2.4-02"},
	{"passwords", []string{"discard", "hash"}, "Passwords are taken and forgotten, or kept as salted hashes.", Choice, "R7643-4.1.1-06"},
	{"defaultActive", nil, "A new user is active unless the request says otherwise.", Choice, "tenant 8.3"},
	{"displayDefault", nil, "A new user without displayName gets the part of userName before the @.", Recorded, "tenant 8.3"},
	{"formattedFollows", nil, "name.formatted and displayName of a user are the same.", Recorded, "tenant 6.6, 8.3, 18.3"},
	{"emailDefaults", nil, "Addresses without a type are work addresses, and the first one is primary.", Inferred, "tenant 19.19"},
	{"phoneTypeAliases", nil, "The documentation's mobileNumber, homeNumber and officeNumber stand for mobile, home and work.", Documented, "tenant 8.2, 19.20"},
	{"strictNames", nil, "A userName must not hold any of `? < > * \" / \\`.", Documented, "tenant 8.6"},
	{"allowedSuffixes", nil, "The parts that may follow the @ of a userName, separated by commas; empty allows all.", ClientCode, "tenant 8.6"},
	{"managerMustExist", nil, "The manager of a user must be a user.", Choice, "R7643-4.3-05"},
	{"caseExactIds", nil, "Ids in paths are compared with letter case, whatever the resource type says.", Choice, "tenant 16; R7643-3.1-03"},
	{"listServiceUsers", nil, "Users that tokens stand for appear in /Users.", Choice, "tenant 4.1"},
	{"tenantErrorTexts", nil, "The details of 404 answers are the tenant's own texts.", Recorded, "tenant 7"},
	{"replyTimesInMeta", nil, "meta.created and meta.lastModified are the time of the answer.", Inferred, "tenant 6.8, 18.5"},
	{"faithfulErrorCodes", nil, "Malformed members and unknown schemas are answered 500, as the tenant does.", Recorded, "tenant 7, 18.7"},
}

// SwitchValue is a switch with its value in a profile.
type SwitchValue struct {
	Switch
	// Type is boolean, integer or string.
	Type  string
	Value string
}

// Switches lists every switch with its value in p, in the order of the fields.
func (p *Profile) Switches() []SwitchValue {
	list := make([]SwitchValue, len(switches))
	for i, s := range switches {
		field := p.field(s.Name)
		typ := "string"
		switch field.Kind() {
		case reflect.Bool:
			typ = "boolean"
		case reflect.Int:
			typ = "integer"
		}
		list[i] = SwitchValue{Switch: s, Type: typ, Value: fmt.Sprint(field.Interface())}
	}
	return list
}

// Set gives the switch of that name a value written as text. The error names
// the switch and what it takes, or the nearest switch to an unknown name.
func (p *Profile) Set(name, value string) error {
	i := slices.IndexFunc(switches, func(s Switch) bool { return s.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no switch %q; the nearest is %q", name, nearestSwitch(name))
	}
	field := p.field(name)
	switch field.Kind() {
	case reflect.Bool:
		if value != "true" && value != "false" {
			return fmt.Errorf("switch %s takes true or false, not %q", name, value)
		}
		field.SetBool(value == "true")
	case reflect.Int:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("switch %s takes a whole number from 1, not %q", name, value)
		}
		field.SetInt(int64(n))
	default:
		if allowed := switches[i].Values; allowed != nil && !slices.Contains(allowed, value) {
			return fmt.Errorf("switch %s takes %s, not %q", name, strings.Join(allowed, ", "), value)
		}
		field.SetString(value)
	}
	return nil
}

// field is the field of p for a switch; the zero Value when there is none.
func (p *Profile) field(name string) reflect.Value {
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// nearestSwitch is the switch with the fewest edits to name, letter case aside.
func nearestSwitch(name string) string {
	nearest := slices.MinFunc(switches, func(a, b Switch) int {
		return edits(strings.ToLower(a.Name), strings.ToLower(name)) - edits(strings.ToLower(b.Name), strings.ToLower(name))
	})
	return nearest.Name
}

// edits is the Levenshtein distance of two texts in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
