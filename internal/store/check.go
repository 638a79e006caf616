package store

import "time"

// CheckOptions say what Check looks at.
type CheckOptions struct {
	// Tenant is the name of one tenant; "" means all, and what belongs to none.
	Tenant string
	// Opens tells whether a sealed value opens; nil when the keys are not at hand.
	Opens func(sealed Sealed, context []byte) bool
	// Unreadable names the columns of a row that package auth makes nothing of; nil
	// looks at none. row is a Tenant, a Token, an Application, a Session or a
	// PasswordHash.
	Unreadable func(row any) []string
	// ServiceUser is, after TenantSettings, the key of the setting with the id of
	// the user that every tenant has, hidden.
	ServiceUser string
	// Settled is a time before which deleted tenants must have been swept.
	Settled time.Time
}

// PasswordHash is the hash of the password of a resource.
type PasswordHash []byte

// Finding is something that Check has found wrong, without values.
type Finding struct {
	// Rule names what does not hold: see docs/running.md.
	Rule string `json:"rule"`
	// Table and Tenant tell where; Type and ID are the resource, where there is one.
	Table  string `json:"table"`
	Tenant string `json:"tenant,omitempty"`
	Type   string `json:"type,omitempty"`
	ID     string `json:"id,omitempty"`
	// Detail names a column, an attribute or another place.
	Detail string `json:"detail,omitempty"`
}
