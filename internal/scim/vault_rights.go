package scim

import (
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

// right is one right on a safe: its name, and those that older interfaces have
// for it (cyberark-scim section 15).
type right struct {
	name    string
	aliases []string
}

// rights are all rights, in the order in which they are shown.
var rights = []right{
	{"UseAccounts", []string{"RestrictedRetrieve"}},
	{"RetrieveAccounts", []string{"Retrieve"}},
	{"ListAccounts", []string{"ListContent"}},
	{"AddAccounts", []string{"Add", "AddContent"}},
	{"UpdateAccountContent", []string{"Update"}},
	{"UpdateAccountProperties", []string{"UpdateMetadata"}},
	{"InitiateCPMAccountManagementOperations", nil},
	{"SpecifyNextAccountContent", nil},
	{"RenameAccounts", []string{"Rename"}},
	{"DeleteAccounts", []string{"Delete"}},
	{"UnlockAccounts", []string{"Unlock"}},
	{"ManageSafe", nil},
	{"ManageSafeMembers", nil},
	{"BackupSafe", nil},
	{"ViewAuditLog", []string{"ViewAudit"}},
	{"ViewSafeMembers", []string{"ViewMembers"}},
	{"AccessWithoutConfirmation", nil},
	{"CreateFolders", []string{"AddRenameFolder"}},
	{"DeleteFolders", []string{"DeleteFolder"}},
	{"MoveAccountsAndFolders", []string{"MoveFilesAndFolders"}},
	{"RequestsAuthorizationLevel1", nil},
	{"RequestsAuthorizationLevel2", nil},
}

// rightNumbers finds the position of a right in the list by any of its names, in
// lower case.
var rightNumbers = func() map[string]int {
	m := map[string]int{}
	for i, r := range rights {
		for _, name := range append([]string{r.name}, r.aliases...) {
			m[strings.ToLower(name)] = i
		}
	}
	return m
}()

// canonicalRight is the stored name of a right by any of its names.
func canonicalRight(name string) (string, bool) {
	i, ok := rightNumbers[strings.ToLower(name)]
	if !ok {
		return "", false
	}
	return rights[i].name, true
}

// allRights are the rights of the one who made a safe.
func allRights() resource.Value {
	list := make([]resource.Value, len(rights))
	for i, r := range rights {
		list[i] = resource.Text(r.name)
	}
	return resource.List(list...)
}

// orderRights puts rights into the order of the list, each once.
func orderRights(_ *Profile, rt *schema.ResourceType, _, after *resource.Members) error {
	a := rt.Core("rights")
	v := getAttribute(after, a)
	if v.Kind() != resource.Array {
		return nil
	}
	list := slices.Clone(v.Items())
	slices.SortFunc(list, func(a, b resource.Value) int {
		return rightNumbers[strings.ToLower(a.Str())] - rightNumbers[strings.ToLower(b.Str())]
	})
	list = slices.CompactFunc(list, resource.Value.Equal)
	setAttribute(after, a, resource.List(list...))
	return nil
}

// vocabularies are the attributes, by path, whose values are names out of a list.
var vocabularies = map[string]vocabulary{"rights": {[]string{permissionURN, accountPermissionURN}, canonicalRight}}

const (
	permissionURN        = "urn:ietf:params:scim:schemas:pam:1.0:ContainerPermission"
	accountPermissionURN = "urn:ietf:params:scim:schemas:pam:1.0:PrivilegedDataPermission"
)

// vocabulary gives the stored name for any other, in the schemas that use it.
type vocabulary struct {
	schemas []string
	stored  func(string) (string, bool)
}

// vocabularyOf is that of an attribute, nil without one.
func vocabularyOf(a *schema.Attribute) func(string) (string, bool) {
	if v, ok := vocabularies[a.Path]; ok && a.Schema != nil && slices.Contains(v.schemas, a.Schema.ID) {
		return v.stored
	}
	return nil
}

// spelledRights is a document with the rights as the profile spells them: what
// changes is the case of first letters, so that nothing moves.
func spelledRights(p *Profile, rt *schema.ResourceType, doc []byte) []byte {
	a := rt.Core("rights")
	if p.RightsCase != "camel" || a == nil || vocabularyOf(a) == nil {
		return doc
	}
	if _, there := resource.Get(doc, a.Name); !there {
		return doc
	}
	out := slices.Clone(doc)
	list, _ := resource.Get(out, a.Name) // shares the bytes of out
	for i := range list {
		if list[i] == '"' && list[i+1] >= 'A' && list[i+1] <= 'Z' {
			list[i+1] += 'a' - 'A'
		}
	}
	return out
}
