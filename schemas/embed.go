// Package schemas holds what is data in scimd: the schemas and resource types
// that the engine enforces (common.json, core/, pam/, cyberark/, resource-types.json), what
// tenants advertise instead (advertised/), and the profiles (profiles/).
package schemas

import (
	"embed"

	"github.com/scimd/scimd/internal/schema"
)

// FS is the data.
//
//go:embed common.json resource-types.json core pam cyberark advertised profiles
var FS embed.FS

// Registry loads the engine's schemas and resource types. Each call makes a
// registry of its own, to which further schemas and types can be added.
func Registry() (*schema.Registry, error) { return schema.Load(FS) }
