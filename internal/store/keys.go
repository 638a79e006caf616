package store

import (
	"fmt"
	"time"
)

// Sealed is an encrypted value and the id of the data key that sealed it.
type Sealed struct {
	Key  string
	Data []byte
}

// SecretContext names the place of a resource's secret, for which it is sealed. A
// resource keeps its seq when its space is copied.
func SecretContext(seq int64, name string) []byte { return fmt.Appendf(nil, "%d/%s", seq, name) }

// MasterSetting is the setting that holds the fingerprint of the master key.
const MasterSetting = "key-fingerprint"

// DataKey is a key that seals values, wrapped by the master key.
type DataKey struct {
	ID string
	// Nr orders data keys; the one with the greatest seals.
	Nr int64
	// Master is the fingerprint of the master key.
	Master  string
	Wrapped []byte
	Created time.Time
	// Retired is when a newer key took over; zero for the newest.
	Retired time.Time
}

// Resealed counts sealed values that Reseal came by: Done have another key now,
// Failed could not be opened and stay.
type Resealed struct{ Done, Failed int64 }
