// Package scenarios holds, as data, the requests that real provisioning clients
// send to a SCIM server and what each answer must look like. Package scenario
// describes the format and plays the files.
package scenarios

import "embed"

// Files are the scenarios, one JSON file each, and pending.json: the steps
// whose resource types the server does not serve yet.
//
//go:embed *.json
var Files embed.FS
