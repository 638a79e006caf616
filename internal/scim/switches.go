package scim

// switches has one row per field of Profile, in the order of the fields: name,
// meaning, values, confidence, source, and the clients that need it.
var switches = []Switch{
	{"discovery", "What /Schemas, /ResourceTypes and /ServiceProviderConfig say.", []Value{
		{"2024", "what a tenant advertised in October 2024"},
		{"2021", "what the documentation of 2021 showed"},
		{"complete", "everything the server does"},
	}, Recorded, "tenant 5", "SailPoint and others that read the tenant's schemas"},
	{"anonymousDiscovery", "The discovery endpoints answer without a token.", either(
		"they do", "they need a token, like all else",
	), Documented, "tenant 5; RFC 7643 §5", ""},
	{"advertiseSort", "ServiceProviderConfig says that sorting is supported.", either(
		"it says so", "it denies it; sorting works all the same",
	), Recorded, "tenant 5.1, 19.4", ""},
	{"schemaAliases", "A schema is found by its name, or the last segment of its URN, as well as by its URN.", either(
		"it is, and so by the name of its resource type", "it is found by its URN only",
	), Recorded, "tenant 5.3, 18.7", "clients that ask for /Schemas/User"},
	{"loosePaths", "Fixed segments of paths are taken in any letter case, and empty ones passed over.", either(
		"they are: `/users` and `/scim//Users` are `/Users`", "such paths are 404; a slash at the end is harmless all the same",
	), ClientCode, "tenant 3; R7644-3.2-07; clients Q-100", "SailPoint's connector for the tenant"},
	{"linkPrefix", "The first path segment of meta.location and $ref.", []Value{
		{"Scim", "`/Scim/…`"}, {"scim", "`/scim/…`"},
	}, Recorded, "tenant 3, 19.2", ""},
	{"linkVersion", "Whether links name the version after that.", []Value{
		{"mirror", "as the request did"}, {"v2", "always: `/Scim/v2/…`"}, {"none", "never: `/Scim/…`"},
	}, Recorded, "tenant 3, 19.1, 19.2", ""},

	{"requireSchemas", "A request body must name its schemas, the base URN among them.", either(
		"a body without is 400 invalidSyntax, one without the base URN 400 invalidValue", "schemas may be left out",
	), Choice, "tenant 8.5, 10.3; RFC 7643 §3", "published clients of the tenant that leave them out"},
	{"foreignSchemas", "What happens to a URN in schemas that the resource type does not have.", []Value{
		{"ignore", "it is passed over"}, {"reject", "one of another type is 400 invalidValue; one that the server does not know is passed over"},
		{"rejectAll", "400 invalidValue"},
	}, ClientCode, "tenant 10.3; clients Q-21", "Entra ID (groups)"},
	{"unknownAttributes", "What happens to attributes that no schema of the type defines.", []Value{
		{"ignore", "they are passed over in bodies; a PATCH path to one is 400 invalidPath"},
		{"keep", "they are stored and returned as sent; a PATCH path to one sets or removes it"},
		{"reject", "they are 400 invalidSyntax; a PATCH path to one is 400 invalidPath"},
	}, Choice, "clients rule 13", "Entra ID, Okta (ignore)"},
	{"unadvertisedAttributes", "What happens to attributes that scimd knows and discovery does not show: with 2024 title, nickName, addresses and others, but never externalId, which every resource has.", []Value{
		{"store", "they are stored and returned"},
		{"ignore", "they are passed over as if not sent; a PATCH path to one changes nothing"},
		{"refuse", "they are 400 invalidValue, in a PATCH path invalidPath"},
	}, Choice, "tenant 8.2, 19.18", "identity providers whose mappings have more than the tenant shows (store)"},
	{"bareExtensionNames", "An attribute of an extension may be named without its URN (department, manager).", either(
		"it may", "such a name is unknown",
	), Choice, "clients rule 13", "Entra ID"},
	{"dottedKeys", "A PATCH value without path may have keys such as name.givenName.", either(
		"it may", "such keys are unknown attributes",
	), Recorded, "tenant 6.6", "Entra ID"},
	{"selectorKeys", "A PATCH value without path may have whole paths as keys, such as `emails[type eq \"work\"].value`.", either(
		"it may", "such keys are unknown attributes",
	), ClientCode, "R7644-3.5.2-09; clients 2.5", "Entra ID"},
	{"urnKeys", "An attribute of an extension may be a member named by URN and attribute.", either(
		"it may", "such keys are unknown attributes",
	), Choice, "tenant 6.6; clients rule 15", "Entra ID"},
	{"dotAfterUrn", "A path may have a dot between URN and attribute.", either(
		"it may", "such a path is 400 invalidPath",
	), ClientCode, "tenant 6.6, 18.14", "CyberArk's clients of privileged data"},
	{"extensionPaths", "The URN of an extension is a PATCH path: the extension as a whole.", either(
		"it is", "such a path is 400 invalidPath",
	), Choice, "R7644-3.5.2.2-10", ""},
	{"textBooleans", "The texts true and false, in any letter case, stand for booleans.", either(
		"they do, in bodies, selectors and filters", "they are 400 invalidValue, in filters invalidFilter",
	), Choice, "tenant 6.6; clients rules 15, 16", "Entra ID"},
	{"textAsValue", "Text stands for a complex value with that text as its value.", []Value{
		{"none", "nowhere: 400 invalidValue, and 400 invalidFilter where a filter compares manager with text"},
		{"single", "for single-valued attributes (manager), in filters too"},
		{"all", "for all, elements of lists too (roles)"},
	}, Choice, "clients rule 17", "Entra ID (manager, roles)"},
	{"objectAsList", "One object stands for a list of one.", either(
		"it does, and one text in schemas", "it is 400 invalidValue, in schemas invalidSyntax; a PATCH add may have one all the same",
	), Choice, "tenant 6.6", ""},
	{"listAsObject", "A list of one stands for its object (manager).", either(
		"it does", "it is 400 invalidValue",
	), ClientCode, "tenant 8.2; clients rule 17", "Entra ID (manager)"},

	{"singleQuotes", "Text in filters may stand in single quotes.", either(
		"it may", "such a filter is 400 invalidFilter",
	), Documented, "tenant 6.3", "the tenant's documented examples"},
	{"bareLiterals", "Text in filters may stand without quotes.", either(
		"it may", "such a filter is 400 invalidFilter",
	), ClientCode, "clients 15", "an old PAM client"},
	{"literalCase", "true, false and null in filters are taken in any letter case.", either(
		"they are", "True is 400 invalidFilter",
	), Choice, "R7644-3.4.2.2-12", ""},
	{"pathAfterFilter", "Filters may go on after brackets, as in `emails[type eq \"work\"].value eq \"x\"`.", either(
		"they may", "such a filter is 400 invalidFilter",
	), Choice, "R7644-3.4.2.2-24", "Entra ID"},
	{"unknownSortBy", "What happens to a sortBy that names no attribute.", []Value{
		{"ignore", "the order is that without sortBy"}, {"reject", "400 invalidPath"},
	}, Choice, "tenant 6.4", ""},
	{"sortOrderForms", "sortOrder may be asc or desc, and in any letter case.", either(
		"it may", "it is ascending or descending; anything else is 400 invalidValue",
	), Documented, "tenant 6.4; R7644-3.4.2.3-02", ""},
	{"maxResults", "The largest page, advertised as filter.maxResults.", nil, Recorded, "tenant 5.1, 6.2", ""},
	{"defaultCount", "The size of a page when the request has no count.", nil, Inferred, "tenant 6.2", "clients that never page"},
	{"unpagedLimit", "The same for the types of the vault; 0 is everything, streamed.", nil, Inferred, "tenant 6.2, 17; clients 10.2", "SailPoint's and IdentityIQ's collectors, which read one page"},
	{"emptyResources", "The member Resources of a list without resources.", []Value{
		{"list", "an empty list"}, {"omit", "left out"},
		{"omitVault", "left out for the types of the vault, an empty list for users and groups"},
	}, ClientCode, "tenant 6.1, 19.23; clients 15", "identity providers (list), published connectors for the tenant's vault (omitVault)"},

	{"opLetterCase", "The op of a PATCH operation is taken in any letter case.", either(
		"it is", "it is add, remove or replace; Add is 400 invalidSyntax",
	), ClientCode, "R7644-3.5.2-04; clients Q-06, Q-82", "Entra ID, OneLogin"},
	{"selectorAdds", "PATCH add through an eq selector that matches nothing makes the value.", either(
		"it does", "it is 400 noTarget",
	), Choice, "R7644-3.5.2.1-09; clients rule 16", "Entra ID and its Validator"},
	{"selectorCreates", "PATCH replace through an eq selector that matches nothing makes the value.", either(
		"it does", "it is 400 noTarget",
	), Choice, "clients rule 16", "Entra ID"},
	{"removeByValue", "PATCH remove may have a value: it removes what the value names, and nothing else.", either(
		"it may", "a remove with a value is 400 invalidSyntax",
	), ClientCode, "R7644-3.5.2.2-11; clients 15, rule 18", "Entra ID, JumpCloud, authentik (members)"},
	{"patchAnswer", "What a PATCH answers, unless the request names attributes to return or to leave out.", []Value{
		{"resource", "200 with the resource"}, {"none", "204"},
	}, Recorded, "tenant 6.6", "the Entra SCIM Validator (resource)"},
	{"patchAnswerMembers", "A PATCH of a group with more members answers 204, unless the request names attributes to return or to leave out.",
		nil, Choice, "R7644-3.5.2-13; clients rule 20", "Entra ID (large groups)"},
	{"unknownMember", "What is answered to a member that is no user or group.", []Value{
		{"notFound", "404"}, {"invalidValue", "400 invalidValue"},
	}, Recorded, "tenant 7, 9.4; R7643-2.3.7-03", ""},
	{"groupCycles", "What happens when a group would come to be in itself over other groups.", []Value{
		{"refuse", "400 invalidValue"}, {"tolerate", "the cycle is stored, and cut wherever groups are followed"},
	}, Choice, "tenant 9.4; R7643-4.2-06", ""},
	{"indirectGroups", "The groups of a user hold those that it is in over other groups.", either(
		"they do", "they are those that hold the user itself",
	), Inferred, "tenant 8.4; R7643-4.1.2-08", ""},
	{"groupTypes", "Each of a user's groups says whether it is direct or indirect.", either(
		"it does, in type", "there is no type",
	), Recorded, "tenant 8.4; R7643-4.1.2-06", ""},
	{"putKeepsOmitted", "A PUT of a user keeps displayName and active when it leaves them out.", either(
		"it does", "it clears them, like all that it leaves out",
	), Inferred, "tenant 6.7, 19.25", ""},
	{"immutableInPut", "What happens to another value of an immutable attribute in a PUT.", []Value{
		{"reject", "400 mutability"}, {"ignore", "the old value stays"},
	}, Choice, "tenant 6.7; RFC 7644 §3.5.1", ""},
	{"severalPrimaries", "What happens to a second primary value.", []Value{
		{"keepFirst", "it is not primary"}, {"reject", "400 invalidValue"},
	}, Choice, "R7643-2.4-02", ""},
	{"certificates", "What a value of x509Certificates must be; never more than one certificate, which is 400 invalidValue.", []Value{
		{"base64", "base64 of anything"}, {"der", "base64 of a certificate in DER; anything else is 400 invalidValue"},
	}, Choice, "R7643-2.3.6-01, R7643-4.1.2-05", ""},
	{"passwords", "What becomes of passwords.", []Value{
		{"discard", "they are taken and forgotten"}, {"hash", "they are kept as salted hashes"},
	}, Choice, "R7643-4.1.1-06", ""},
	{"defaultActive", "A new user is active unless the request says otherwise.", either(
		"it is", "active stays unassigned",
	), Choice, "tenant 8.3", ""},
	{"displayDefault", "A new user without displayName gets the part of userName before the @.", either(
		"it does", "displayName stays unassigned",
	), Recorded, "tenant 8.3", ""},
	{"formattedFollows", "name.formatted and displayName of a user are the same.", either(
		"a change of one changes the other", "each is what was sent",
	), Recorded, "tenant 6.6, 8.3, 18.3", ""},
	{"emailDefaults", "Addresses without a type are work addresses, and the first one is primary.", either(
		"they are", "they are stored as sent",
	), Inferred, "tenant 19.19", ""},
	{"phoneTypeAliases", "The documentation's mobileNumber, homeNumber and officeNumber stand for mobile, home and work.", either(
		"they do, in values, selectors and filters", "they are types like any other",
	), Documented, "tenant 8.2, 19.20", ""},
	{"strictNames", "A userName must not hold any of `? < > * \" / \\`, a safe's name none of `\\ / : * < > \" . |` and be of 1 to 28 characters without a blank at the start.", either(
		"one that breaks this is 400 invalidValue", "it may; `:` and `/` are refused in names of safes all the same",
	), Documented, "tenant 8.6, 10.3", ""},
	{"allowedSuffixes", "The parts that may follow the @ of a userName, separated by commas; empty allows all.", nil, ClientCode, "tenant 8.6", ""},
	{"managerMustExist", "The manager of a user must be a user.", either(
		"another id is 400 invalidValue", "any text is stored; $ref and displayName are shown while it is a user's id",
	), Choice, "R7643-4.3-05", "identity providers that send managers before their users (false)"},
	{"caseExactIds", "Ids in paths, and of members in bodies and PATCH paths, are compared with letter case, whatever the resource type says.", either(
		"they are", "ids of users are taken in any letter case",
	), Choice, "tenant 16; R7643-3.1-03", ""},
	{"listServiceUsers", "Users that tokens stand for appear in /Users.", either(
		"they do", "they are found by id only",
	), Choice, "tenant 4.1", ""},
	{"tenantErrorTexts", "The details of 404 answers are the tenant's own texts.", either(
		"they are", "they are sentences of scimd",
	), Recorded, "tenant 7", "CyberArk's clients, which look for them"},
	{"metaTimes", "What meta.created and meta.lastModified tell.", []Value{
		{"real", "when the resource was made and last changed"}, {"reply", "the time of the answer"},
	}, Inferred, "tenant 6.8, 18.5", ""},
	{"faithfulErrorCodes", "Malformed members and unknown schemas are answered 500, as the tenant does.", either(
		"they are", "they are 400 and 404",
	), Recorded, "tenant 7, 18.7", ""},
	{"retryAfter", "A 429 answer says with Retry-After when to send the request again.", either(
		"it does", "it does not: clients have to wait by a rule of their own",
	), Choice, "tenant 7, 20; R7644-3.12-09; clients 1", "Okta"},

	{"vaultMode", "What users and groups are.", []Value{
		{"off", "users and roles of the directory, with ids as in the records of 2024"},
		{"cloud", "those of Privilege Cloud: new ones carry the vault's extension with directoryType"},
		{"selfHosted", "those of a self-hosted vault: as cloud, with decimal ids, and groups are filtered by eq on displayName alone, all else is 400 invalidFilter"},
	}, Documented, "tenant 2, 6.3, 14, 16", "cybr-pam-scim (selfHosted)"},
	{"vaultProvisioning", "The users who may become members of a safe.", []Value{
		{"all", "every user"},
		{"role", "the members of the group that vaultRole names, direct or not; another is not found"},
		{"none", "users with the vault's extension; another is not found"},
	}, Inferred, "tenant 2, 8.6", ""},
	{"vaultRole", "The displayName of the group whose members may become members of safes.", nil, Inferred, "tenant 2, 16", ""},
	{"creatorPermission", "Who makes a safe gets all rights on it.", either(
		"a permission comes into being with the safe", "there is none until one is made",
	), ClientCode, "tenant 10.3", ""},
	{"containerDelete", "DELETE of a safe with accounts in it.", []Value{
		{"cascade", "the accounts go along"}, {"refuse", "409"},
	}, Inferred, "tenant 10.3, 20", ""},
	{"retentionDefault", "A safe without NumberOfDaysRetention has 7.", either(
		"it does", "it has none",
	), Inferred, "tenant 10.3", ""},
	{"permissionIds", "Ids of permissions as they are shown; both are found.", []Value{
		{"names", "`{safe}:{userName or displayName}`; the younger of two with one name shows the stable one"},
		{"stable", "`{safe}:{id of the user or group}`"},
	}, ClientCode, "tenant 16", "cybr-pam-scim (names)"},
	{"rightsCase", "How rights are spelled in answers; any letter case and the names of older interfaces are taken.", []Value{
		{"pascal", "UseAccounts"}, {"camel", "useAccounts"},
	}, ClientCode, "tenant 15, 19.16", "SailPoint's connector for the tenant (pascal)"},
	{"expiredMembers", "Permissions whose membershipExpirationDate has passed.", []Value{
		{"show", "they are shown like any other"}, {"hide", "they are in no list, and not found; who held one may be given another"},
	}, Choice, "tenant 11.2", ""},
	{"requirePlatform", "An account needs the property platformId.", either(
		"one without it is 400 invalidValue", "it does not",
	), ClientCode, "tenant 12.2", ""},
	{"legacyAlias", "The base `/CyberArk/scim/v2` of the on-premises server, with Basic credentials (those of an application, or a token as password) and names for ids of users and groups.", either(
		"it is there beside the other", "it is 404",
	), ClientCode, "tenant 2, 16", "Siemplify's integration, Netwrix"},
}

// either are the values of a truth: what it means on and off.
func either(on, off string) []Value { return []Value{{"true", on}, {"false", off}} }
