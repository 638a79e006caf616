package storetest

import (
	"sync"
	"testing/fstest"

	"github.com/scimd/scimd/internal/schema"
)

// The suite's schemas. All types but Device have the attribute paths of the real
// resource types, so that an engine's table maps apply to them. Device is made up and has no
// table map: it shows what the generic table can do.
const (
	commonJSON = `{"id":"common","attributes":[
	{"name":"schemas","multiValued":true,"required":true,"caseExact":true,"mutability":"readOnly","returned":"always"},
	{"name":"id","caseExact":true,"mutability":"readOnly","returned":"always","uniqueness":"server"},
	{"name":"externalId","caseExact":true},
	{"name":"meta","type":"complex","mutability":"readOnly","subAttributes":[
		{"name":"resourceType","caseExact":true,"mutability":"readOnly"},
		{"name":"created","type":"dateTime","mutability":"readOnly"},
		{"name":"lastModified","type":"dateTime","mutability":"readOnly"},
		{"name":"location","type":"reference","mutability":"readOnly"},
		{"name":"version","caseExact":true,"mutability":"readOnly"}]}]}`

	userURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	userJSON = `{"id":"` + userURN + `","name":"User","attributes":[
	{"name":"userName","required":true,"uniqueness":"server"},
	{"name":"name","type":"complex","subAttributes":[
		{"name":"formatted"},{"name":"familyName"},{"name":"givenName"},{"name":"middleName"},
		{"name":"honorificPrefix"},{"name":"honorificSuffix"}]},
	{"name":"displayName"},{"name":"nickName"},{"name":"title"},{"name":"userType"},
	{"name":"preferredLanguage"},{"name":"locale"},{"name":"timezone"},
	{"name":"active","type":"boolean"},
	{"name":"emails","type":"complex","multiValued":true,"subAttributes":[
		{"name":"value"},{"name":"display"},{"name":"type"},{"name":"primary","type":"boolean"}]},
	{"name":"phoneNumbers","type":"complex","multiValued":true,"subAttributes":[
		{"name":"value"},{"name":"display"},{"name":"type"},{"name":"primary","type":"boolean"}]},
	{"name":"roles","type":"complex","multiValued":true,"subAttributes":[
		{"name":"value"},{"name":"display"},{"name":"type"},{"name":"primary","type":"boolean"}]},
	{"name":"groups","type":"complex","multiValued":true,"mutability":"readOnly","subAttributes":[
		{"name":"value","caseExact":true,"mutability":"readOnly"},{"name":"$ref","type":"reference","mutability":"readOnly"},
		{"name":"display","mutability":"readOnly"},
		{"name":"type","canonicalValues":["direct","indirect"],"mutability":"readOnly"}]},
	{"name":"x509Certificates","type":"complex","multiValued":true,"subAttributes":[
		{"name":"value","type":"binary"},{"name":"type"},{"name":"primary","type":"boolean"}]}]}`

	groupURN  = "urn:ietf:params:scim:schemas:core:2.0:Group"
	groupJSON = `{"id":"` + groupURN + `","name":"Group","attributes":[
	{"name":"displayName","required":true,"uniqueness":"server"},
	{"name":"members","type":"complex","multiValued":true,"subAttributes":[
		{"name":"value","caseExact":true,"mutability":"immutable"},
		{"name":"$ref","type":"reference","mutability":"immutable"},
		{"name":"type","canonicalValues":["User","Group"],"mutability":"immutable"},
		{"name":"display","mutability":"immutable"}]}]}`

	enterpriseURN  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	enterpriseJSON = `{"id":"` + enterpriseURN + `","name":"EnterpriseUser","attributes":[
	{"name":"employeeNumber"},{"name":"costCenter"},{"name":"organization"},{"name":"division"},{"name":"department"},
	{"name":"manager","type":"complex","subAttributes":[
		{"name":"value"},
		{"name":"$ref","type":"reference","mutability":"readOnly"},
		{"name":"displayName","mutability":"readOnly"}]}]}`

	// The vault's types: a container holds privileged data, and permissions on both
	// lead to a user or a group.
	containerURN  = "urn:ietf:params:scim:schemas:pam:1.0:Container"
	containerJSON = `{"id":"` + containerURN + `","name":"Container","attributes":[
	{"name":"name","required":true,"mutability":"immutable","uniqueness":"server"},
	{"name":"displayName","mutability":"readOnly"},
	{"name":"description"},
	{"name":"type","canonicalValues":["safe"],"mutability":"readOnly"},
	{"name":"owner","type":"complex","mutability":"readOnly","subAttributes":[
		{"name":"value","mutability":"readOnly"},{"name":"$ref","type":"reference","mutability":"readOnly"},{"name":"display","mutability":"readOnly"}]},
	{"name":"privilegedData","type":"complex","multiValued":true,"mutability":"readOnly","subAttributes":[
		{"name":"value","caseExact":true,"mutability":"readOnly"},{"name":"$ref","type":"reference","mutability":"readOnly"},
		{"name":"display","mutability":"readOnly"},{"name":"type","mutability":"readOnly"}]}]}`

	safeURN  = "urn:ietf:params:scim:schemas:cyberark:1.0:Safe"
	safeJSON = `{"id":"` + safeURN + `","name":"Safe","attributes":[{"name":"NumberOfDaysRetention","type":"integer"},{"name":"ManagingCPM"}]}`

	accountURN  = "urn:ietf:params:scim:schemas:pam:1.0:PrivilegedData"
	accountJSON = `{"id":"` + accountURN + `","name":"PrivilegedData","attributes":[{"name":"name","required":true},{"name":"description"},{"name":"type"}]}`

	accountExtensionURN  = "urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"
	accountExtensionJSON = `{"id":"` + accountExtensionURN + `","name":"CyberArkPrivilegedData","attributes":[
	{"name":"safe","mutability":"immutable"},
	{"name":"remoteMachinesAccess","type":"complex","subAttributes":[
		{"name":"remoteMachines"},{"name":"accessRestrictedToRemoteMachines","type":"boolean"}]},
	{"name":"properties","type":"complex","multiValued":true,"subAttributes":[{"name":"key","uniqueness":"server"},{"name":"value"}]}]}`

	granteeJSON = `{"name":"user","type":"complex","mutability":"immutable","subAttributes":[
		{"name":"value","mutability":"immutable"},{"name":"$ref","type":"reference","mutability":"immutable"},{"name":"display","mutability":"immutable"}]},
	{"name":"group","type":"complex","mutability":"immutable","subAttributes":[
		{"name":"value","caseExact":true,"mutability":"immutable"},{"name":"$ref","type":"reference","mutability":"immutable"},{"name":"display","mutability":"immutable"}]},
	{"name":"rights","multiValued":true}`

	permissionURN  = "urn:ietf:params:scim:schemas:pam:1.0:ContainerPermission"
	permissionJSON = `{"id":"` + permissionURN + `","name":"ContainerPermission","attributes":[
	{"name":"container","type":"complex","mutability":"immutable","subAttributes":[
		{"name":"value","mutability":"immutable"},{"name":"$ref","type":"reference","mutability":"immutable"},
		{"name":"name","mutability":"immutable"},{"name":"display","mutability":"readOnly"}]},
	` + granteeJSON + `]}`

	memberURN  = "urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember"
	memberJSON = `{"id":"` + memberURN + `","name":"SafeMember","attributes":[
	{"name":"membershipExpirationDate","type":"integer"},{"name":"memberType"},{"name":"searchIn","mutability":"writeOnly","returned":"never"}]}`

	accountPermissionURN  = "urn:ietf:params:scim:schemas:pam:1.0:PrivilegedDataPermission"
	accountPermissionJSON = `{"id":"` + accountPermissionURN + `","name":"PrivilegedDataPermission","attributes":[
	{"name":"privilegedData","type":"complex","mutability":"immutable","subAttributes":[
		{"name":"value","caseExact":true,"mutability":"immutable"},{"name":"$ref","type":"reference","mutability":"immutable"},
		{"name":"name","mutability":"immutable"},{"name":"display","mutability":"readOnly"},{"name":"type","mutability":"readOnly"}]},
	` + granteeJSON + `]}`

	customURN  = "urn:scim:schemas:extension:custom:2.0"
	customJSON = `{"id":"` + customURN + `","name":"Custom","open":true,"attributes":[]}`

	deviceURN  = "urn:example:scim:schemas:2.0:Device"
	deviceJSON = `{"id":"` + deviceURN + `","name":"Device","attributes":[
	{"name":"serial","required":true,"caseExact":true,"uniqueness":"server"},
	{"name":"alias","uniqueness":"server"},
	{"name":"label"},
	{"name":"slots","type":"integer"},
	{"name":"load","type":"decimal"},
	{"name":"seen","type":"dateTime"},
	{"name":"firmware","type":"binary"},
	{"name":"enabled","type":"boolean"},
	{"name":"home","type":"reference"},
	{"name":"tags","multiValued":true},
	{"name":"maker","type":"complex","subAttributes":[{"name":"name"},{"name":"founded","type":"integer"}]},
	{"name":"ports","type":"complex","multiValued":true,"subAttributes":[
		{"name":"value","type":"integer"},{"name":"type"},{"name":"primary","type":"boolean"},
		{"name":"since","type":"dateTime"}]}]}`

	typesJSON = `[
	{"name":"User","endpoint":"/Users","schema":"` + userURN + `","family":"users","schemaExtensions":[
		{"schema":"` + enterpriseURN + `"},{"schema":"` + customURN + `"}]},
	{"name":"Group","endpoint":"/Groups","schema":"` + groupURN + `","family":"groups","idCaseExact":true},
	{"name":"Container","endpoint":"/Containers","schema":"` + containerURN + `","family":"vault","schemaExtensions":[{"schema":"` + safeURN + `"}]},
	{"name":"PrivilegedData","endpoint":"/PrivilegedData","schema":"` + accountURN + `","family":"vault","idCaseExact":true,"schemaExtensions":[
		{"schema":"` + accountExtensionURN + `"}]},
	{"name":"ContainerPermission","endpoint":"/ContainerPermissions","schema":"` + permissionURN + `","family":"vault","schemaExtensions":[
		{"schema":"` + memberURN + `"}]},
	{"name":"PrivilegedDataPermission","endpoint":"/PrivilegedDataPermissions","schema":"` + accountPermissionURN + `","family":"vault"},
	{"name":"Device","endpoint":"/Devices","schema":"` + deviceURN + `","family":"users","idCaseExact":true}]`
)

// Registry is the registry of the suite. It is one for all tests, as bound
// predicates point into it.
var Registry = sync.OnceValue(func() *schema.Registry {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	reg, err := schema.Load(fstest.MapFS{
		"common.json":          file(commonJSON),
		"core/user.json":       file(userJSON),
		"core/enterprise.json": file(enterpriseJSON),
		"core/custom.json":     file(customJSON),
		"core/device.json":     file(deviceJSON),
		"core/group.json":      file(groupJSON),
		"core/container.json":  file(containerJSON),
		"core/safe.json":       file(safeJSON),
		"core/account.json":    file(accountJSON),
		"core/properties.json": file(accountExtensionJSON),
		"core/permission.json": file(permissionJSON),
		"core/member.json":     file(memberJSON),
		"core/grant.json":      file(accountPermissionJSON),
		"resource-types.json":  file(typesJSON),
	})
	if err != nil {
		panic(err)
	}
	return reg
})

func userType() *schema.ResourceType   { return Registry().Type("User") }
func groupType() *schema.ResourceType  { return Registry().Type("Group") }
func deviceType() *schema.ResourceType { return Registry().Type("Device") }

func containerType() *schema.ResourceType  { return Registry().Type("Container") }
func accountType() *schema.ResourceType    { return Registry().Type("PrivilegedData") }
func permissionType() *schema.ResourceType { return Registry().Type("ContainerPermission") }
func accountPermissionType() *schema.ResourceType {
	return Registry().Type("PrivilegedDataPermission")
}
