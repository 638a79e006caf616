package scim

// Profile is the resolved set of switches of a tenant: every deviation from
// the RFCs, and every choice that they leave open, is one field. Profiles are
// data (schemas/profiles/*.json); switches.go says what each does, docs/profiles.md is made from it.
//
// The json tag is the switch's name.
type Profile struct {
	Name        string `json:"-"`
	Description string `json:"-"` // one line for people; may be empty
	Base        string `json:"-"` // the nearest built-in profile that it is or extends; "" without one

	// Discovery, addresses and links.

	Discovery          string `json:"discovery"`          // 2024 | 2021 | complete
	AnonymousDiscovery bool   `json:"anonymousDiscovery"` // discovery without a token
	AdvertiseSort      bool   `json:"advertiseSort"`      // sort.supported in ServiceProviderConfig
	SchemaAliases      bool   `json:"schemaAliases"`      // /Schemas/User beside /Schemas/URN
	LoosePaths         bool   `json:"loosePaths"`         // /users, //Users for /Users
	LinkPrefix         string `json:"linkPrefix"`         // Scim | scim: first segment of links
	LinkVersion        string `json:"linkVersion"`        // mirror | v2 | none: second segment of links

	// Names and message forms.

	RequireSchemas         bool   `json:"requireSchemas"`         // bodies must carry schemas with the base URN
	ForeignSchemas         string `json:"foreignSchemas"`         // ignore | reject | rejectAll: a URN in schemas that the type lacks
	UnknownAttributes      string `json:"unknownAttributes"`      // ignore | keep | reject
	UnadvertisedAttributes string `json:"unadvertisedAttributes"` // store | ignore | refuse: what discovery does not show
	BareExtensionNames     bool   `json:"bareExtensionNames"`     // department for URN:department
	DottedKeys             bool   `json:"dottedKeys"`             // "name.givenName" as a key of a path-less value
	SelectorKeys           bool   `json:"selectorKeys"`           // "emails[type eq …].value" as a key
	URNKeys                bool   `json:"urnKeys"`                // "URN:department" as a key
	DotAfterURN            bool   `json:"dotAfterUrn"`            // URN.attr for URN:attr
	ExtensionPaths         bool   `json:"extensionPaths"`         // the URN of an extension as a path
	TextBooleans           bool   `json:"textBooleans"`           // "True" for true
	TextAsValue            string `json:"textAsValue"`            // none | single | all: text for {"value": text}
	ObjectAsList           bool   `json:"objectAsList"`           // one object for a list of one
	ListAsObject           bool   `json:"listAsObject"`           // a list of one for an object

	// Filters and queries.

	SingleQuotes    bool   `json:"singleQuotes"`    // 'text' in filters
	BareLiterals    bool   `json:"bareLiterals"`    // unquoted text in filters
	LiteralCase     bool   `json:"literalCase"`     // True, NULL in filters
	PathAfterFilter bool   `json:"pathAfterFilter"` // emails[…].value eq in filters
	UnknownSortBy   string `json:"unknownSortBy"`   // ignore | reject
	SortOrderForms  bool   `json:"sortOrderForms"`  // asc, Descending for ascending, descending
	MaxResults      int    `json:"maxResults"`      // filter.maxResults: the largest page
	DefaultCount    int    `json:"defaultCount"`    // page size without count
	UnpagedLimit    int    `json:"unpagedLimit"`    // the same for the vault; 0 is everything
	EmptyResources  string `json:"emptyResources"`  // list | omit | omitVault: Resources of an empty list

	// Writes.

	OpLetterCase       bool   `json:"opLetterCase"`       // Replace for replace
	SelectorAdds       bool   `json:"selectorAdds"`       // add through an unmatched eq selector creates
	SelectorCreates    bool   `json:"selectorCreates"`    // replace through one creates
	RemoveByValue      bool   `json:"removeByValue"`      // remove with a value takes what it names
	PatchAnswer        string `json:"patchAnswer"`        // resource | none
	PatchAnswerMembers int    `json:"patchAnswerMembers"` // a group of more members answers a PATCH without a body
	UnknownMember      string `json:"unknownMember"`      // notFound | invalidValue: an id that is no user or group
	GroupCycles        string `json:"groupCycles"`        // refuse | tolerate
	IndirectGroups     bool   `json:"indirectGroups"`     // groups of a user hold those over other groups
	GroupTypes         bool   `json:"groupTypes"`         // groups of a user say whether they are direct
	PutKeepsOmitted    bool   `json:"putKeepsOmitted"`    // PUT keeps displayName and active when left out
	ImmutableInPut     string `json:"immutableInPut"`     // reject | ignore: another immutable value in PUT
	SeveralPrimaries   string `json:"severalPrimaries"`   // keepFirst | reject
	Certificates       string `json:"certificates"`       // base64 | der: values of x509Certificates
	Passwords          string `json:"passwords"`          // discard | hash
	DefaultActive      bool   `json:"defaultActive"`      // a new user is active unless it says otherwise
	DisplayDefault     bool   `json:"displayDefault"`     // displayName from userName's local part
	FormattedFollows   bool   `json:"formattedFollows"`   // name.formatted mirrors displayName
	EmailDefaults      bool   `json:"emailDefaults"`      // type work, first address primary
	PhoneTypeAliases   bool   `json:"phoneTypeAliases"`   // mobileNumber for mobile …
	StrictNames        bool   `json:"strictNames"`        // refuse ? < > * " / \ in userName
	AllowedSuffixes    string `json:"allowedSuffixes"`    // comma-separated; "" allows all
	ManagerMustExist   bool   `json:"managerMustExist"`   // refuse an unknown manager
	CaseExactIDs       bool   `json:"caseExactIds"`       // ids in paths compare with letter case
	ListServiceUsers   bool   `json:"listServiceUsers"`   // service users appear in /Users
	TenantErrorTexts   bool   `json:"tenantErrorTexts"`   // the tenant's literal 404 texts
	MetaTimes          string `json:"metaTimes"`          // real | reply: created and lastModified
	FaithfulErrorCodes bool   `json:"faithfulErrorCodes"` // the tenant's 500s for bad ids and member values
	RetryAfter         bool   `json:"retryAfter"`         // 429 answers say when to come again

	// The vault.

	VaultMode         string `json:"vaultMode"`         // off | cloud | selfHosted
	VaultProvisioning string `json:"vaultProvisioning"` // all | role | none: users who may become members of safes
	VaultRole         string `json:"vaultRole"`         // the group whose members may, with role
	CreatorPermission bool   `json:"creatorPermission"` // who makes a safe has all rights on it
	ContainerDelete   string `json:"containerDelete"`   // cascade | refuse: a safe with accounts in it
	RetentionDefault  bool   `json:"retentionDefault"`  // NumberOfDaysRetention is 7 unless it is given
	PermissionIDs     string `json:"permissionIds"`     // names | stable: ids of permissions as they are shown
	RightsCase        string `json:"rightsCase"`        // pascal | camel
	ExpiredMembers    string `json:"expiredMembers"`    // show | hide
	RequirePlatform   bool   `json:"requirePlatform"`   // an account needs the property platformId
	LegacyAlias       bool   `json:"legacyAlias"`       // the base and the ids of the on-premises server
}
